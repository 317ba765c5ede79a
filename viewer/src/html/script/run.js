// The run as the page holds it: columns of numbers, and what can be derived from them once.

// The figures of a call stack, in the order of the columns that show them.
const COSTS = [
  { key: "peak", label: "Peak", unit: "bytes", says: "held when the heap was largest" },
  { key: "left", label: "Leaked", unit: "bytes", says: "held at the end and not at the beginning" },
  { key: "allocations", label: "Allocations", unit: "count", says: "allocations made" },
  { key: "bytes", label: "Bytes", unit: "bytes", says: "allocated in all" },
  { key: "temporary", label: "Temporary", unit: "count", says: "allocations freed before their thread's next one" },
];

function costIndex(key) {
  return COSTS.findIndex((cost) => cost.key === key);
}

function costText(cost, value) {
  return cost.unit === "bytes" ? bytesText(value) : countText(value);
}

class Run {
  constructor(words, numbers) {
    this.facts = words.run;
    this.warnings = words.warnings;
    this.words = words.words;
    this.timelineMarks = words.marks;
    this.faults = words.faults;
    this.leaks = words.leaks;
    this.waste = words.waste;
    this.sources = words.sources;
    this.readMoments(numbers);
    this.readStacks(numbers);
    this.readSites(numbers);
    this.readSizes(numbers);
    this.readThreads(numbers, words.threads);
    this.mergeLines();
    this.linkStacks();
    this.addUpLive();
  }

  readMoments(numbers) {
    const rows = numbers.one();
    const at = numbers.rising(rows);
    const high = numbers.column(rows);
    const low = numbers.column(rows).map((spread, row) => high[row] - spread);
    this.moments = { at, high, low, resident: numbers.column(rows), allocations: numbers.column(rows) };
    this.edges = numbers.rising(numbers.one());
    this.spans = Math.max(0, this.edges.length - 1);
  }

  readStacks(numbers) {
    const rows = numbers.one();
    this.places = {
      function: numbers.column(rows, Uint32Array),
      file: numbers.column(rows, Uint32Array), // Plus one; 0 is none.
      line: numbers.column(rows, Uint32Array),
      module: numbers.column(rows, Uint32Array), // The same.
      inlined: numbers.column(rows, Uint8Array),
    };
    // Stack 0 is the empty one.
    const stacks = numbers.one();
    this.outer = new Uint32Array(stacks + 1);
    for (let stack = 1; stack <= stacks; stack++) this.outer[stack] = stack - numbers.one();
    this.placeOf = new Uint32Array(stacks + 1);
    for (let stack = 1; stack <= stacks; stack++) this.placeOf[stack] = numbers.one();
  }

  readSites(numbers) {
    const rows = numbers.one();
    this.sites = {
      length: rows,
      stack: numbers.column(rows, Uint32Array),
      called: numbers.column(rows, Uint32Array),
      peakBytes: numbers.column(rows),
      peakBlocks: numbers.column(rows),
      peakSlack: numbers.column(rows),
      alignment: numbers.column(rows),
      padding: numbers.column(rows),
      sharedFree: numbers.column(rows),
    };
    const first = numbers.firsts(rows);
    this.marks = {
      first,
      span: numbers.marks(first, Uint32Array),
      allocations: numbers.marks(first),
      bytes: numbers.marks(first),
      temporary: numbers.marks(first),
      liveBytes: numbers.signedMarks(first),
      liveBlocks: numbers.signedMarks(first),
      liveSlack: numbers.signedMarks(first),
    };
  }

  readSizes(numbers) {
    const rows = numbers.one();
    const from = numbers.column(rows);
    const to = numbers.column(rows);
    const first = numbers.firsts(rows);
    this.sizes = {
      length: rows, from, to, first,
      span: numbers.marks(first, Uint32Array),
      allocations: numbers.marks(first),
      bytes: numbers.marks(first),
    };
  }

  readThreads(numbers, names) {
    const rows = numbers.one();
    const leftBytes = numbers.column(rows);
    const leftBlocks = numbers.column(rows);
    const first = numbers.firsts(rows);
    this.threads = {
      length: rows, names, leftBytes, leftBlocks, first,
      span: numbers.marks(first, Uint32Array),
      allocations: numbers.marks(first),
      bytes: numbers.marks(first),
      frees: numbers.marks(first),
      temporary: numbers.marks(first),
    };
  }

  // Graphs and tables show functions: a frame is a function of a module, whatever its line.
  mergeLines() {
    const { function: functions, module: modules } = this.places;
    const numbers = new Map();
    this.frames = [];
    const ofPlace = new Uint32Array(functions.length);
    for (let place = 0; place < functions.length; place++) {
      const key = functions[place] * (this.words.length + 1) + modules[place];
      let frame = numbers.get(key);
      if (frame === undefined) {
        frame = this.frames.length;
        numbers.set(key, frame);
        const module = modules[place] ? this.words[modules[place] - 1] : "";
        this.frames.push({ name: this.words[functions[place]], module });
      }
      ofPlace[place] = frame;
    }
    this.frameOf = this.placeOf.map((place) => ofPlace[place]);
  }

  // From each stack to those that extend it.
  linkStacks() {
    const count = this.outer.length;
    this.firstInner = new Uint32Array(count);
    this.nextInner = new Uint32Array(count);
    for (let stack = count - 1; stack > 0; stack--) {
      this.nextInner[stack] = this.firstInner[this.outer[stack]];
      this.firstInner[this.outer[stack]] = stack;
    }
  }

  // What was live at the end of each span.
  addUpLive() {
    this.liveAtEnd = new Float64Array(this.spans);
    const { first, span, liveBytes } = this.marks;
    for (let site = 0; site < this.sites.length; site++) {
      let before = 0;
      for (let mark = first[site]; mark < first[site + 1]; mark++) {
        this.liveAtEnd[span[mark]] += liveBytes[mark] - before;
        before = liveBytes[mark];
      }
    }
    for (let at = 1; at < this.spans; at++) this.liveAtEnd[at] += this.liveAtEnd[at - 1];
  }

  placeText(place) {
    const { file, line } = this.places;
    if (!file[place]) return "";
    return lastPart(this.words[file[place] - 1]) + (line[place] ? `:${line[place]}` : "");
  }

  moduleText(place) {
    return this.places.module[place] ? lastPart(this.words[this.places.module[place] - 1]) : "";
  }
}
