// What a checked run found: the errors first seen in the selected span, each with the stacks of the access, of the
// allocation and of the free; leaks by kind, which are of one moment.

class Errors {
  constructor(run, showSource) {
    this.run = run;
    this.showSource = showSource;
    this.element = byId("errors");
  }

  update({ span }) {
    const { faults } = this.run;
    if (faults.length === 0) {
      const said = "No errors were recorded. Errors are found by ldt check; with --profile it records a trace as well.";
      refill(this.element, make("p", { class: "muted" }, said));
      return;
    }
    const shown = faults.filter((fault) => span.holds(fault.at_ns));
    const said = span.isWhole ? plural(faults.length, "error")
      : `${countText(shown.length)} of ${plural(faults.length, "error")}: first seen ${span.text}`;
    const list = make("div");
    refill(this.element, make("p", { class: "muted" }, said), list);
    fillInSteps(list, shown, 50, (fault) => this.article(fault, this.showSource));
  }

  article(fault, showSource) {
    const seen = fault.count > 1 ? `seen ${countText(fault.count)} times, ` : "";
    return make("article", { class: "fault", "data-kind": fault.kind },
      make("h3", {}, `${fault.kind}: ${fault.headline}`),
      make("p", { class: "muted" }, `${seen}found by ${fault.detected_by}, after ${timeText(fault.at_ns)}`),
      ...fault.notes.map((note) => make("p", {}, note)),
      make("div", { class: "stacks" }, ...fault.stacks.map((stack) => foundStack(this.run, stack, showSource))));
  }
}

function foundStack(run, { title, frames }, showSource) {
  return titledFrames(title, frames.map((place) => frameLine(run, place, showSource)));
}

// Longer stacks are recursions; the flame graph has them whole.
const MOST_FRAMES = 200;

// The call stack of a site, below the function that was called there.
function siteStack(run, site, title, showSource) {
  const lines = [make("li", {}, make("span", { class: "name" }, run.words[run.sites.called[site]]))];
  for (let stack = run.sites.stack[site]; stack && lines.length <= MOST_FRAMES; stack = run.outer[stack]) {
    lines.push(frameLine(run, run.placeOf[stack], showSource));
  }
  return titledFrames(title, lines);
}

function titledFrames(title, lines) {
  return make("div", {}, make("h4", {}, title), make("ol", { class: "frames" }, ...lines));
}

function frameLine(run, place, showSource) {
  const where = [run.placeText(place), run.moduleText(place)].filter(Boolean).join(", ");
  const name = make("span", { class: "name" }, run.words[run.places.function[place]]);
  const shown = showSource.has(place)
    ? make("button", { type: "button", class: "link place", onclick: () => showSource.show(place) }, where)
    : make("span", { class: "place" }, where);
  return make("li", {}, make("span", {}, name, shown));
}

const LEAK_KINDS = [
  ["definite", "Nothing points to these blocks."], ["indirect", "Only lost blocks point to these."],
  ["possible", "Only pointers into their insides lead to these."],
  ["reachable", "The program could still have freed these."],
];

class Leaks {
  constructor(run, showSource) {
    this.run = run;
    this.showSource = showSource;
    this.element = byId("leaks");
    this.shown = new Set(["definite", "possible"]);
    if (!run.leaks) {
      const said = "No leak check was recorded: ldt check makes one at the end. What was never freed, reachable or not, "
        + "is the cost “Leaked” of the other views.";
      refill(this.element, make("p", { class: "muted" }, said));
      return;
    }
    this.list = make("div");
    this.when = make("p", { class: "muted" });
    refill(this.element, this.when, this.kinds(), this.list);
    this.fill();
  }

  // A leak check knows what is lost when it looks, not since when.
  update({ span }) {
    const { leaks } = this.run;
    if (!leaks) return;
    const outside = span.holds(leaks.at_ns) ? "" : ", which is not in the selected span";
    const always = span.isWhole ? "" : " When blocks were lost is not known, so this does not follow the span.";
    this.when.textContent = `What the last leak check found, after ${timeText(leaks.at_ns)}${outside}.${always}`;
  }

  kinds() {
    const box = (kind) => make("input", {
      type: "checkbox", checked: this.shown.has(kind), "aria-label": `show ${kind}`,
      onchange: ({ target }) => { this.shown[target.checked ? "add" : "delete"](kind); this.fill(); },
    });
    return make("div", { class: "wide" }, make("table", { class: "kinds" },
      make("thead", {}, make("tr", {}, ...["Kind", "Bytes", "Blocks"].map((name) => make("th", {}, name)))),
      make("tbody", {}, ...LEAK_KINDS.map(([kind, says]) => {
        const { bytes, blocks } = this.run.leaks[kind];
        const label = make("label", { title: says }, box(kind), ` ${kind}`);
        return make("tr", {}, make("td", {}, label),
          barCell(bytesText(bytes), bytes, 0), barCell(countText(blocks), blocks, 0));
      }))));
  }

  fill() {
    const records = this.run.leaks.records.filter((record) => this.shown.has(record.kind));
    records.sort((a, b) => b.bytes + b.indirect_bytes - a.bytes - a.indirect_bytes);
    fillInSteps(this.list, records, 50, (record) => {
      const more = record.indirect_bytes > 0 ? `, and ${bytesText(record.indirect_bytes)} that hang off them` : "";
      return make("article", { class: "fault", "data-kind": record.kind },
        make("h3", {}, `${bytesText(record.bytes)} in ${plural(record.blocks, "block")}: ${record.kind}${more}`),
        foundStack(this.run, record.stack, this.showSource));
    });
    if (records.length === 0) refill(this.list, make("p", { class: "muted" }, "None of these kinds."));
  }
}
