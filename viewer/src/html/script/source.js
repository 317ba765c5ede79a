// Source lines with what was allocated through them beside each: by the line itself, or by what it called.

class Source {
  constructor(run, openTab) {
    this.run = run;
    this.openTab = openTab;
    this.element = byId("source");
    this.files = new Map(run.sources.map((source, number) => [source.file, number]));
    this.numberLines();
  }

  // A line is the same whatever function it was inlined into.
  numberLines() {
    const { file, line } = this.run.places;
    const numbers = new Map();
    this.lines = [];
    this.lineOf = Int32Array.from(file, (word, place) => {
      const source = this.files.get(word - 1);
      if (source === undefined || !line[place]) return -1;
      const key = source * 2 ** 32 + line[place];
      if (!numbers.has(key)) {
        numbers.set(key, this.lines.length);
        this.lines.push({ source, line: line[place] });
      }
      return numbers.get(key);
    });
  }

  has(place) {
    return this.lineOf[place] >= 0;
  }

  show(place) {
    const { source, line } = this.lines[this.lineOf[place]];
    this.chosen = source;
    this.openTab("source");
    this.element.querySelector(`[data-line="${line}"]`)?.scrollIntoView({ block: "center" });
  }

  update(view) {
    this.view = view;
    const { sources } = this.run;
    if (sources.length === 0) {
      const said = "No source file of this program could be read where its debug information says it is.";
      refill(this.element, make("p", { class: "muted" }, said));
      return;
    }
    const sums = this.sumLines();
    const ofFile = new Float64Array(sources.length);
    this.lines.forEach(({ source }, line) => { ofFile[source] = Math.max(ofFile[source], sums[line]); });
    const order = [...ofFile.keys()].sort((a, b) => ofFile[b] - ofFile[a]);
    this.chosen ??= order[0];
    const choose = make("select", {
      id: "source-file", "aria-label": "Source file",
      onchange: ({ target }) => { this.chosen = Number(target.value); this.update(this.view); },
    }, ...order.map((source) => make("option", { value: source, selected: source === this.chosen },
      this.run.words[sources[source].file])));
    const { doubt } = sources[this.chosen];
    refill(this.element, make("div", { class: "line" }, choose),
      doubt ? make("p", { class: "warning" }, doubt) : undefined, this.listing(sums));
  }

  // Each stack counts once for a line, however often a recursion goes through it.
  sumLines() {
    const { run, view } = this;
    const column = view.span.columns[view.cost];
    const kept = view.span.kept(view.search);
    const sums = new Float64Array(this.lines.length);
    const countedFor = new Int32Array(this.lines.length).fill(-1);
    for (let site = 0; site < column.length; site++) {
      if (!kept[site] || column[site] === 0) continue;
      for (let stack = run.sites.stack[site]; stack; stack = run.outer[stack]) {
        const line = this.lineOf[run.placeOf[stack]];
        if (line < 0 || countedFor[line] === site) continue;
        countedFor[line] = site;
        sums[line] += column[site];
      }
    }
    return sums;
  }

  listing(sums) {
    const cost = COSTS[this.view.cost];
    const figures = new Map();
    this.lines.forEach(({ source, line }, number) => { if (source === this.chosen) figures.set(line, sums[number]); });
    const most = Math.max(1, ...figures.values());
    const body = make("tbody");
    this.run.sources[this.chosen].parts.forEach((part, number) => {
      if (number > 0) body.append(make("tr", { class: "gap" }, make("td", { colspan: 3 }, "⋯")));
      part.lines.forEach((text, index) => {
        const line = part.first + index;
        const figure = figures.get(line) ?? 0;
        body.append(make("tr", { "data-line": line },
          make("td", { class: "number" }, String(line)),
          barCell(figure ? costText(cost, figure) : "", figure, figure / most),
          make("td", {}, text)));
      });
    });
    return make("div", { class: "wide" }, make("table", { class: "source" },
      make("thead", {}, make("tr", {}, make("th", {}, "Line"), make("th", {}, cost.label), make("th", { style: "text-align: left" }, "Source"))), body));
  }
}
