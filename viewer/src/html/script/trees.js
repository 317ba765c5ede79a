// Call stacks as trees of functions: from `main` inwards, or from the allocation outwards. A branch finds those
// below it only when it is asked for them, so a table of ten rows costs ten rows, however many stacks there are.

// `columns` are figures by site; sites that are not kept count nothing.
function topDown(run, columns, isKept) {
  // Each stack's own figures and those of all that extend it: inner stacks have higher numbers.
  const totals = columns.map((column) => {
    const sums = new Float64Array(run.outer.length);
    for (let site = 0; site < column.length; site++) {
      if (!isKept || isKept[site]) sums[run.sites.stack[site]] += column[site];
    }
    for (let stack = sums.length - 1; stack > 0; stack--) sums[run.outer[stack]] += sums[stack];
    return sums;
  });
  const isReached = new Uint8Array(run.outer.length);
  for (let site = 0; site < run.sites.length; site++) {
    if (isKept && !isKept[site]) continue;
    for (let at = run.sites.stack[site]; at && !isReached[at]; at = run.outer[at]) isReached[at] = 1;
  }
  return new TopDownBranch(run, totals, isReached, undefined, -1, [0]);
}

class Branch {
  constructor(parent, frame) {
    this.parent = parent;
    this.frame = frame;
    this.depth = parent ? parent.depth + 1 : 0;
  }

  get branches() {
    this.cached ??= this.grow();
    return this.cached;
  }

  // Those below, the largest first in this column.
  sorted(column) {
    if (this.sortedBy !== column) {
      this.sortedBy = column;
      this.order = [...this.branches].sort((a, b) => b.figures[column] - a.figures[column] || a.frame - b.frame);
    }
    return this.order;
  }
}

class TopDownBranch extends Branch {
  // `stacks` are those that end with this branch's frame, and share the frames before it.
  constructor(run, totals, isReached, parent, frame, stacks) {
    super(parent, frame);
    Object.assign(this, { run, totals, isReached, stacks });
    this.figures = totals.map((column) => stacks.reduce((sum, stack) => sum + column[stack], 0));
  }

  grow() {
    const { run, isReached } = this;
    const groups = new Map();
    for (const outer of this.stacks) {
      for (let stack = run.firstInner[outer]; stack; stack = run.nextInner[stack]) {
        if (!isReached[stack]) continue;
        const group = groups.get(run.frameOf[stack]);
        if (group) group.push(stack);
        else groups.set(run.frameOf[stack], [stack]);
      }
    }
    return [...groups].map(([frame, stacks]) =>
      new TopDownBranch(run, this.totals, isReached, this, frame, stacks));
  }

  places() {
    return new Set(this.stacks.map((stack) => this.run.placeOf[stack]));
  }
}

function bottomUp(run, columns, isKept) {
  const sites = [];
  for (let site = 0; site < run.sites.length; site++) if (!isKept || isKept[site]) sites.push(site);
  return new BottomUpBranch(run, columns, undefined, -1, sites, []);
}

class BottomUpBranch extends Branch {
  // `sites` are those whose innermost frames are the ones from the root to here; `stacks` are what is left
  // of each, ending with this branch's frame.
  constructor(run, columns, parent, frame, sites, stacks) {
    super(parent, frame);
    Object.assign(this, { run, columns, sites, stacks });
    this.figures = columns.map((column) => sites.reduce((sum, site) => sum + column[site], 0));
  }

  grow() {
    const { run } = this;
    const groups = new Map();
    this.sites.forEach((site, number) => {
      const stack = this.parent ? run.outer[this.stacks[number]] : run.sites.stack[site];
      if (!stack) return;
      let group = groups.get(run.frameOf[stack]);
      if (!group) groups.set(run.frameOf[stack], group = { sites: [], stacks: [] });
      group.sites.push(site);
      group.stacks.push(stack);
    });
    return [...groups].map(([frame, { sites, stacks }]) =>
      new BottomUpBranch(run, this.columns, this, frame, sites, stacks));
  }

  places() {
    return new Set(this.stacks.map((stack) => this.run.placeOf[stack]));
  }
}

// Where a branch is in the source: one line, or the file when there are several.
function branchPlace(branch) {
  const places = [...branch.places()];
  const texts = new Set(places.map((place) => branch.run.placeText(place)));
  texts.delete("");
  if (texts.size === 0) return "";
  const [text] = texts;
  if (texts.size === 1) return text;
  const file = text.replace(/:\d+$/, "");
  return [...texts].every((other) => other.replace(/:\d+$/, "") === file) ? `${file} (${texts.size} lines)` : "";
}
