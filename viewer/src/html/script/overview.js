// The run in words: its figures, and the three worst call stacks of each kind in the span.

const WORST = 3;

class Overview {
  constructor(run, showStacksOf) {
    this.run = run;
    this.showStacksOf = showStacksOf;
    this.element = byId("overview");
  }

  update({ span }) {
    const { run } = this;
    refill(this.element,
      make("div", { class: "tiles" }, ...this.tiles()),
      this.found(),
      make("h3", {}, span.isWhole ? "What stands out" : `What stands out from ${span.text}`),
      make("div", { class: "worst" }, ...COSTS.map((cost, column) => this.worst(span, cost, column))));
  }

  tiles() {
    const { facts } = this.run;
    const tile = (name, figure, more) => make("div", { class: "tile" }, name, make("b", {}, figure), make("small", {}, more));
    return [
      tile("Heap peak", bytesText(facts.peak_bytes), `${plural(facts.peak_blocks, "block")}, after ${timeText(facts.peak_ns)}`),
      tile("Never freed", bytesText(facts.left_bytes), plural(facts.left_blocks, "block")),
      tile("Allocations", countText(facts.allocations), `${bytesText(facts.bytes)} in all, ${plural(facts.frees, "free")}`),
      tile("Temporary", countText(facts.temporary), `${percentText(facts.temporary, facts.allocations)} of all allocations`),
      tile("Duration", timeText(facts.duration_ns), plural(this.run.threads.length, "thread")),
      facts.resident_peak_bytes
        ? tile("Resident peak", bytesText(facts.resident_peak_bytes), "of the whole process") : undefined,
      facts.stack_peak_bytes ? tile("Stack peak", bytesText(facts.stack_peak_bytes), "of the deepest call stack") : undefined,
    ].filter(Boolean);
  }

  // What a checked run found, in a sentence.
  found() {
    const { faults, leaks } = this.run;
    const said = [];
    if (faults.length > 0) said.push(`${plural(faults.length, "error")}, the first a ${faults[0].kind}.`);
    if (leaks && leaks.definite.bytes > 0) {
      said.push(`${bytesText(leaks.definite.bytes)} in ${plural(leaks.definite.blocks, "block")} definitely lost.`);
    }
    return said.length > 0 ? make("p", { class: "warning" }, said.join(" ")) : undefined;
  }

  worst(span, cost, column) {
    const figures = span.columns[column];
    const all = total(figures);
    const sites = [];
    for (let site = 0; site < figures.length; site++) if (figures[site] > 0) keepLargest(sites, figures, site);
    const list = make("ol", {}, ...sites.map((site) => make("li", {}, ...this.sentence(span, cost, site, figures[site], all))));
    const says = cost.key === "left" && span.isWhole ? "never freed" : cost.says;
    return make("div", {}, make("h3", {}, `${cost.label}: ${says}`),
      sites.length > 0 ? list : make("p", { class: "muted" }, "None."));
  }

  sentence(span, cost, site, figure, all) {
    const { run } = this;
    const inner = run.sites.stack[site];
    const name = (stack) => run.frames[run.frameOf[stack]].name;
    const said = `${costText(cost, figure)}, ${percentText(figure, all)}`;
    const blocks = { peak: span.peakBlocks, left: span.leftBlocks }[cost.key];
    const of = span.columns[costIndex("allocations")][site];
    const more = {
      peak: () => ` in ${plural(blocks[site], "block")}`,
      left: () => ` in ${plural(blocks[site], "block")}`,
      allocations: () => ` of ${bytesText(span.columns[costIndex("bytes")][site])}`,
      bytes: () => ` in ${plural(of, "allocation")}`,
      temporary: () => ` of its ${plural(of, "allocation")}`,
    }[cost.key]();
    if (!inner) return [`${said}${more}, through `, make("code", {}, run.words[run.sites.called[site]])];
    const outer = this.ownFrame(inner);
    const link = (stack) => make("button", { type: "button", class: "link name", onclick: () => this.showStacksOf(name(stack)) }, name(stack));
    const words = [make("b", {}, said), `${more}, by `, link(inner), ...this.at(inner)];
    if (outer) words.push(", called from ", link(outer), ...this.at(outer));
    return words;
  }

  at(stack) {
    const place = this.run.placeText(this.run.placeOf[stack]) || this.run.moduleText(this.run.placeOf[stack]);
    return place ? [` (${place})`] : [];
  }

  // The caller that has a source line, or is in the program itself: where the reader would look. When all of
  // them do, the next one.
  ownFrame(inner) {
    const { run } = this;
    const isOwn = (stack) => {
      const place = run.placeOf[stack];
      return run.places.line[place] > 0 || run.moduleText(place) === run.facts.program;
    };
    for (let stack = run.outer[inner]; stack; stack = run.outer[stack]) if (isOwn(stack)) return stack;
    return undefined;
  }
}

// Keeps the few largest, largest first.
function keepLargest(sites, figures, site) {
  if (sites.length === WORST && figures[site] <= figures[sites.at(-1)]) return;
  sites.push(site);
  sites.sort((a, b) => figures[b] - figures[a]);
  sites.length = Math.min(sites.length, WORST);
}
