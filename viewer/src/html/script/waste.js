// Where memory is wasted in the selected span: sums, then the call stacks, those first that save most, each with a
// plain sentence. The same rules as in `ldt report`, at the moment that the cost “Peak” is of.

// Less is not worth anybody's time, nor is a smaller part of the heap.
const LEAST_SAVED = 1024;
const LEAST_SAVED_SHARE = 1000;
// Blocks that are smaller than this on average are small ones.
const SMALL_BLOCK = 128;
const WASTE_KINDS = ["slack", "alignment", "fragmentation"];

class Waste {
  constructor(run, showSource) {
    this.run = run;
    this.showSource = showSource;
    this.element = byId("waste");
  }

  update({ span }) {
    const { run } = this;
    if (!run.waste) {
      refill(this.element, make("p", { class: "muted" }, "Nobody looked for waste in this run."));
      return;
    }
    const heap = total(span.columns[costIndex("peak")]);
    const found = this.findings(span);
    const list = make("div");
    refill(this.element,
      make("p", { class: "muted" }, `What could be saved without allocating less: ${span.text}.`),
      make("div", { class: "tiles" }, ...this.tiles(span, heap, found)),
      this.hasShares() && !this.knowsShares(span) ? make("p", { class: "muted no-shares" },
        "Which call stacks keep pages that are mostly free was found out at one moment only, when most of them were: "
        + `after ${timeText(run.waste.shares_at_ns)}, which is not in this span.`) : undefined,
      list);
    const least = Math.max(LEAST_SAVED, Math.floor(heap / LEAST_SAVED_SHARE));
    const worth = found.filter(({ saves }) => saves >= least);
    worth.sort((a, b) => b.saves - a.saves || WASTE_KINDS.indexOf(a.kind) - WASTE_KINDS.indexOf(b.kind) || a.site - b.site);
    fillInSteps(list, worth, 50, (finding) =>
      make("article", { class: "fault saving", "data-kind": finding.kind },
        make("h3", {}, `${bytesText(finding.saves)}: ${finding.kind}`), make("p", {}, this.sentence(span, finding)),
        siteStack(run, finding.site, "allocated here", this.showSource)));
    if (worth.length === 0) refill(list, make("p", { class: "muted" }, "No call stack wastes enough to be worth a change."));
  }

  hasShares() {
    return this.run.sites.sharedFree.some((bytes) => bytes > 0);
  }

  knowsShares(span) {
    return span.holds(this.run.waste.shares_at_ns);
  }

  // All that is wasted, however little.
  findings(span) {
    const { sites } = this.run;
    const knowsShares = this.knowsShares(span);
    const made = Span.whole(this.run).columns[costIndex("allocations")];
    const found = [];
    for (let site = 0; site < sites.length; site++) {
      if (span.peakSlack[site] > 0) found.push({ kind: "slack", site, saves: span.peakSlack[site] });
      if (sites.alignment[site] > 0) {
        // What one of its blocks loses on average, for those that are live then.
        const saves = Math.floor((sites.padding[site] * span.peakBlocks[site]) / Math.max(1, made[site]));
        found.push({ kind: "alignment", site, saves });
      }
      if (knowsShares && sites.sharedFree[site] > 0) found.push({ kind: "fragmentation", site, saves: sites.sharedFree[site] });
    }
    return found;
  }

  tiles(span, heap, found) {
    const { waste } = this.run;
    const moment = span.peakMoment();
    const when = moment.isRunsPeak ? "of the peak" : `of the heap after ${timeText(moment.atNs)}`;
    const sum = (kind) => found.reduce((all, finding) => all + (finding.kind === kind ? finding.saves : 0), 0);
    const tile = (name, bytes, says) => make("div", { class: "tile", "data-waste": name.toLowerCase() },
      name, make("b", { "data-value": bytes }, bytesText(bytes)), make("small", {}, says));
    const tiles = [];
    if (waste.knows_slack) {
      const slack = sum("slack");
      tiles.push(tile("Slack", slack, `${percentText(slack, heap)} ${when}, beyond what was asked for`));
    }
    const padding = sum("alignment");
    tiles.push(tile("Alignment", padding, `${percentText(padding, heap)} ${when}, between aligned blocks`));
    const worst = this.worstMoment(span);
    if (!worst) tiles.push(make("div", { class: "tile" }, "Fragmentation", make("b", {}, "unknown"), make("small", {}, "not measured so early")));
    else {
      const measured = worst.at_ns < span.fromNs ? ", the last measurement before the span" : "";
      tiles.push(tile("Fragmentation", worst.free_bytes, `${percentText(worst.free_bytes, heap)} ${when}, held for nothing after `
        + `${timeText(worst.at_ns)}, by the rules of ${waste.allocator}${measured}`));
    }
    return tiles;
  }

  // When most was held for nothing in the span; where nobody measured in it, the measurement before it.
  worstMoment(span) {
    let worst;
    let before;
    for (const moment of this.run.waste.moments) {
      if (!span.isWhole && moment.at_ns >= span.toNs) break;
      if (!span.isWhole && moment.at_ns < span.fromNs) before = moment;
      else if (!worst || moment.free_bytes > worst.free_bytes) worst = moment;
    }
    return worst ?? before;
  }

  sentence(span, { kind, site, saves }) {
    const { sites, waste } = this.run;
    const bytes = span.columns[costIndex("peak")][site];
    const blocks = span.peakBlocks[site];
    const moment = span.peakMoment();
    const when = moment.isRunsPeak ? "At the peak" : `After ${timeText(moment.atNs)}`;
    const number = blocks === 1 ? "its one block" : `its ${countText(blocks)} blocks`;
    if (kind === "slack") {
      const asked = Math.floor(bytes / Math.max(1, blocks));
      const held = Math.floor((bytes + saves) / Math.max(1, blocks));
      const remedy = asked < SMALL_BLOCK ? "putting several into one block" : "asking for what blocks can hold";
      return `${when} ${number} of ${bytesText(asked)} on average held ${bytesText(held)}: ${remedy} would save ${bytesText(saves)}.`;
    }
    if (kind === "alignment") {
      return `${when} ${number} began at multiples of ${bytesText(sites.alignment[site])}, with ${bytesText(saves)} between them `
        + "that only smaller blocks can use: a smaller alignment would save up to that.";
    }
    return `After ${timeText(waste.shares_at_ns)} its blocks kept pages of which ${bytesText(saves)} were free: what lives long, `
      + "allocated apart from what is soon freed, would let the allocator give them back.";
  }
}
