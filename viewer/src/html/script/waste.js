// Where memory is wasted: sums, then the call stacks, those first that save most, each with a plain sentence.

class Waste {
  constructor(run, showSource) {
    this.element = byId("waste");
    if (!run.waste) {
      refill(this.element, make("p", { class: "muted" }, "Nobody looked for waste in this run."));
      return;
    }
    const { totals, records } = run.waste;
    const peak = run.facts.peak_bytes;
    const list = make("div");
    refill(this.element,
      make("p", { class: "muted" }, "What could be saved without allocating less, in the whole run."),
      make("div", { class: "tiles" }, ...totals.map(({ name, bytes, says }) => make("div", { class: "tile" },
        name, make("b", {}, bytesText(bytes)), make("small", {}, `${percentText(bytes, peak)} ${says}`)))),
      list);
    fillInSteps(list, records, 50, ({ kind, saves_bytes, sentence, stack }) =>
      make("article", { class: "fault saving", "data-kind": kind },
        make("h3", {}, `${bytesText(saves_bytes)}: ${kind}`), make("p", {}, sentence), foundStack(run, stack, showSource)));
    if (records.length === 0) refill(list, make("p", { class: "muted" }, "No call stack wastes enough to be worth a change."));
  }

  update() {}
}
