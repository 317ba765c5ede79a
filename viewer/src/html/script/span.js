// A span of time, and what each call stack did in it. Everything on the page below the timeline is made
// from the columns that this file computes.

class Span {
  // From the beginning of span `from` to the end of the one before `to`.
  constructor(run, from, to) {
    this.run = run;
    this.from = from;
    this.to = to;
  }

  static whole(run) {
    return new Span(run, 0, run.spans);
  }

  get isWhole() {
    return this.from === 0 && this.to === this.run.spans;
  }

  get fromNs() {
    return this.run.edges[this.from] ?? 0;
  }

  get toNs() {
    return this.isWhole ? this.run.facts.duration_ns : this.run.edges[this.to] ?? 0;
  }

  get text() {
    // The last span may reach beyond the end of the run.
    const end = Math.min(this.toNs, this.run.facts.duration_ns);
    return this.isWhole ? "the whole run" : `${timeText(this.fromNs)} to ${timeText(end)}`;
  }

  // Whether something that happened once happened in it.
  holds(ns) {
    return this.isWhole || (ns >= this.fromNs && ns < this.toNs);
  }

  // A column for each of COSTS, with a figure for each site.
  get columns() {
    this.cached ??= this.compute();
    return this.cached;
  }

  compute() {
    const { run } = this;
    const { sites, marks } = run;
    const columns = COSTS.map(() => new Float64Array(sites.length));
    const [peak, left, allocations, bytes, temporary] = columns;
    this.peakBlocks = new Float64Array(sites.length);
    this.leftBlocks = new Float64Array(sites.length);
    this.peakSlack = new Float64Array(sites.length);
    const moment = this.peakMoment();
    for (let site = 0; site < sites.length; site++) {
      const before = lastMark(marks, site, this.from - 1);
      const end = lastMark(marks, site, this.to - 1);
      const grown = (column) => (end < 0 ? 0 : column[end]) - (before < 0 ? 0 : column[before]);
      left[site] = grown(marks.liveBytes);
      this.leftBlocks[site] = grown(marks.liveBlocks);
      allocations[site] = grown(marks.allocations);
      bytes[site] = grown(marks.bytes);
      temporary[site] = grown(marks.temporary);
      if (moment.isRunsPeak) {
        peak[site] = sites.peakBytes[site];
        this.peakBlocks[site] = sites.peakBlocks[site];
        this.peakSlack[site] = sites.peakSlack[site];
      } else {
        const then = lastMark(marks, site, moment.span);
        peak[site] = then < 0 ? 0 : marks.liveBytes[then];
        this.peakBlocks[site] = then < 0 ? 0 : marks.liveBlocks[then];
        this.peakSlack[site] = then < 0 ? 0 : marks.liveSlack[then];
      }
    }
    return columns;
  }

  // When the heap was largest: exactly where the peak of the run lies inside, else at the beginning or at
  // the end of a span, which are the moments at which every stack's balance is known.
  peakMoment() {
    const { run } = this;
    const peakNs = run.facts.peak_ns;
    if (this.isWhole || (peakNs >= this.fromNs && peakNs < this.toNs)) {
      return { isRunsPeak: true, atNs: peakNs };
    }
    let best = this.from - 1;
    for (let span = this.from; span < this.to; span++) {
      if (best < 0 || run.liveAtEnd[span] > run.liveAtEnd[best]) best = span;
    }
    return { isRunsPeak: false, span: best, atNs: run.edges[best + 1] ?? 0 };
  }

  // The call stacks that are to be shown: those that match the search and have any figure in the span.
  kept(search) {
    const { columns } = this;
    return Uint8Array.from(columns[0], (_, site) =>
      (search.isEmpty || search.isKept[site]) && columns.some((column) => column[site] !== 0));
  }

  // The figures of threads and size classes, which are kept in the same way.
  grown(table, column, owner) {
    const before = lastMark(table, owner, this.from - 1);
    const end = lastMark(table, owner, this.to - 1);
    return (end < 0 ? 0 : table[column][end]) - (before < 0 ? 0 : table[column][before]);
  }
}

// An owner's last mark up to the end of this span; -1 if it has none.
function lastMark({ first, span: spans }, owner, span) {
  let low = first[owner];
  let high = first[owner + 1];
  const begin = low;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle] <= span) low = middle + 1;
    else high = middle;
  }
  return low > begin ? low - 1 : -1;
}

function total(column, isKept) {
  let sum = 0;
  for (let site = 0; site < column.length; site++) if (!isKept || isKept[site]) sum += column[site];
  return sum;
}
