// Two tables of bars that follow the span: sizes of blocks, and threads.

class Sizes {
  constructor(run) {
    this.run = run;
    this.element = byId("sizes");
  }

  update({ span }) {
    const { sizes } = this.run;
    const rows = [];
    for (let size = 0; size < sizes.length; size++) {
      rows.push({ size, allocations: span.grown(sizes, "allocations", size), bytes: span.grown(sizes, "bytes", size) });
    }
    const used = rows.map((row) => row.allocations > 0);
    const shown = rows.slice(Math.max(0, used.indexOf(true)), used.lastIndexOf(true) + 1);
    const most = { allocations: largest(shown, "allocations"), bytes: largest(shown, "bytes") };
    refill(this.element,
      make("p", { class: "muted" }, `How large the blocks were that were asked for: ${span.text}.`),
      shown.length === 0 ? make("p", {}, "No allocations here.") : make("div", { class: "wide" }, make("table", { class: "sizes" },
        make("thead", {}, make("tr", {}, ...["Size", "Allocations", "Bytes in them"].map((name) => make("th", {}, name)))),
        make("tbody", {}, ...shown.map(({ size, allocations, bytes }) => make("tr", {},
          make("td", {}, sizeText(sizes.from[size], sizes.to[size])),
          barCell(countText(allocations), allocations, allocations / most.allocations),
          barCell(bytesText(bytes), bytes, bytes / most.bytes)))))));
  }
}

function largest(rows, column) {
  return rows.reduce((most, row) => Math.max(most, row[column]), 0);
}

function sizeText(from, to) {
  return from === to ? bytesText(from) : `${sizeEnd(from)} to ${to > 2 ** 63 ? "more" : sizeEnd(to)}`;
}

function sizeEnd(bytes) {
  // Ends of classes are powers of two, less one byte.
  return bytes < 1024 ? `${bytes} B` : bytes % 1024 === 0 ? tickBytes(bytes) : `<${tickBytes(bytes + 1)}`;
}

class Threads {
  constructor(run) {
    this.run = run;
    this.element = byId("threads");
    this.sortedBy = "bytes";
  }

  update(view) {
    this.view = view;
    const { span } = view;
    const { threads } = this.run;
    const columns = [
      ["allocations", "Allocations", countText], ["bytes", "Bytes", bytesText], ["frees", "Frees", countText],
      ["temporary", "Temporary", countText],
    ];
    if (span.isWhole) columns.push(["left", "Leaked", bytesText]);
    const rows = [];
    for (let thread = 0; thread < threads.length; thread++) {
      const row = { name: threads.names[thread], left: threads.leftBytes[thread] };
      for (const [column] of columns) if (column !== "left") row[column] = span.grown(threads, column, thread);
      if (span.isWhole || columns.some(([column]) => row[column] > 0)) rows.push(row);
    }
    const by = columns.some(([column]) => column === this.sortedBy) ? this.sortedBy : "bytes";
    rows.sort((a, b) => b[by] - a[by]);
    const most = Object.fromEntries(columns.map(([column]) => [column, largest(rows, column)]));
    const body = make("tbody");
    const sort = (column) => () => { this.sortedBy = column; this.update(this.view); };
    refill(this.element,
      make("p", { class: "muted" }, `${plural(rows.length, "thread")}: ${span.text}.`),
      make("div", { class: "wide" }, make("table", { class: "threads" },
        make("thead", {}, make("tr", {}, make("th", {}, "Thread"), ...columns.map(([column, label]) =>
          make("th", { "aria-sort": column === by ? "descending" : "none" },
            make("button", { type: "button", onclick: sort(column) }, label))))),
        body)));
    fillInSteps(body, rows, 200, (row) => make("tr", {}, make("td", {}, row.name),
      ...columns.map(([column, , text]) => barCell(text(row[column]), row[column], row[column] / most[column]))));
  }
}
