// The heap over time: live bytes as an area from the lowest to the highest of each stretch, resident memory
// as a line, allocations as a strip below; errors, leak checks and what the program said it was doing as lines
// with a label above. Dragging selects a span; so do the arrow keys.

const TIMELINE = { left: 64, right: 12, label: 20, plot: 112, gap: 8, strip: 22, below: 26 };
// Labels of marks are cut at this many pixels, and marks are pointed at from this near.
const MARK = { widest: 180, between: 10, near: 5 };

// Resident memory so many times as large as the heap would flatten it, and gets a strip of its own.
const FLATTENS = 2.5;

class Timeline {
  constructor(run, select) {
    this.run = run;
    this.select = select;
    this.canvas = byId("timeline");
    this.span = Span.whole(run);
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.end(event));
    this.canvas.addEventListener("pointercancel", () => this.forget());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    byId("whole-run").addEventListener("click", () => this.choose(Span.whole(run)));
    this.legend();
  }

  legend() {
    const { moments } = this.run;
    this.residentPeak = Math.max(0, ...chunkMax(moments.resident));
    this.hasResident = this.residentPeak > 0;
    this.hasResidentStrip = this.residentPeak > FLATTENS * this.run.facts.peak_bytes;
    const { label, plot, gap, strip, below } = TIMELINE;
    // The peak's label stands above the plot, and those of marks below it.
    this.top = this.run.timelineMarks.length > 0 ? 2 * label : label;
    this.stripTop = this.top + plot + gap + (this.hasResidentStrip ? strip + gap : 0);
    this.bottom = this.stripTop + strip;
    this.height = this.bottom + below;
    const swatch = (name, text) => make("span", { style: `--swatch: var(--${name})` }, text);
    refill(byId("timeline-legend"), swatch("heap", "heap"), this.hasResident ? swatch("resident", "resident") : undefined,
      swatch("axis", "allocations"), this.run.timelineMarks.length > 0 ? swatch("bad", "errors, leak checks") : undefined);
  }

  choose(span) {
    this.span = span;
    this.draw();
    this.select(span);
  }

  // Positions and times.

  get width() {
    return byId("timeline-frame").clientWidth || 600;
  }

  get duration() {
    return Math.max(this.run.facts.duration_ns, this.run.moments.at.at(-1) ?? 0, 1);
  }

  x(ns) {
    const { left, right } = TIMELINE;
    return left + (Math.min(ns, this.duration) / this.duration) * (this.width - left - right);
  }

  // The edge that is nearest to a position.
  edgeAt(x) {
    const { left, right } = TIMELINE;
    const ns = ((x - left) / (this.width - left - right)) * this.duration;
    const { edges } = this.run;
    let nearest = 0;
    for (let edge = 1; edge < edges.length; edge++) {
      const at = Math.min(edges[edge], this.duration);
      if (Math.abs(at - ns) < Math.abs(Math.min(edges[nearest], this.duration) - ns)) nearest = edge;
    }
    return nearest;
  }

  // Dragging.

  begin(event) {
    if (event.button !== 0 || this.run.spans === 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { x: event.offsetX, edge: this.edgeAt(event.offsetX), before: this.span };
  }

  move(event) {
    this.point(event.offsetX);
    if (!this.drag) return;
    const span = this.dragged(event);
    this.span = span ?? this.drag.before;
    this.draw();
    this.tell();
  }

  end(event) {
    if (!this.drag) return;
    const span = this.dragged(event) ?? Span.whole(this.run);
    this.drag = undefined;
    this.choose(span);
  }

  forget() {
    if (!this.drag) return;
    this.span = this.drag.before;
    this.drag = undefined;
    this.draw();
  }

  // What is dragged over; nothing for a click.
  dragged(event) {
    if (Math.abs(event.offsetX - this.drag.x) < 4) return undefined;
    const other = this.edgeAt(event.offsetX);
    let [from, to] = [Math.min(this.drag.edge, other), Math.max(this.drag.edge, other)];
    if (from === to) {
      // Narrower than a span: the one that the drag was in.
      if (to < this.run.spans) to++;
      else from--;
    }
    return new Span(this.run, from, to);
  }

  // What happened where the pointer is, for those marks too that had no room for a label.
  point(x) {
    const here = this.run.timelineMarks.filter((mark) => Math.abs(this.x(mark.at_ns) - x) <= MARK.near);
    const said = here.slice(0, 10).map((mark) => `${mark.label}, after ${timeText(mark.at_ns)}`);
    if (here.length > said.length) said.push(plural(here.length - said.length, "more", "more"));
    this.canvas.title = said.join("\n");
  }

  // Keys.

  key(event) {
    const { from, to } = this.span;
    const { spans } = this.run;
    const step = Math.max(1, Math.round(spans / 64));
    const direction = { ArrowLeft: -step, ArrowRight: step }[event.key];
    if (event.key === "Escape") return this.choose(Span.whole(this.run));
    if (!direction || spans === 0) return;
    event.preventDefault();
    const clamped = (edge, low, high) => Math.max(low, Math.min(high, edge));
    if (this.span.isWhole && !event.shiftKey) {
      const width = Math.max(1, Math.round(spans / 8));
      const first = direction > 0 ? 0 : spans - width;
      return this.choose(new Span(this.run, first, first + width));
    }
    if (event.shiftKey) return this.choose(new Span(this.run, from, clamped(to + direction, from + 1, spans)));
    const moved = clamped(from + direction, 0, spans - (to - from));
    this.choose(new Span(this.run, moved, moved + to - from));
  }

  // Drawing.

  draw() {
    const { left, right, plot, gap, strip } = TIMELINE;
    const { width, top } = this;
    const pen = sharpCanvas(this.canvas, width, this.height);
    const { moments, facts } = this.run;
    const resident = this.hasResidentStrip ? 0 : this.residentPeak;
    const highest = Math.max(1, facts.peak_bytes, resident, ...chunkMax(moments.high));
    const y = (bytes) => top + plot * (1 - bytes / highest);
    pen.font = "12px system-ui, sans-serif";
    this.drawAxes(pen, highest, y);
    const columns = this.columns();
    this.drawHeap(pen, columns, y);
    if (this.hasResidentStrip) {
      const base = top + plot + gap + strip;
      this.drawResident(pen, columns, (bytes) => base - (strip * bytes) / this.residentPeak);
      pen.fillStyle = colour("resident");
      pen.textAlign = "right";
      pen.fillText(roughBytesText(this.residentPeak), left - 6, base - 2);
    } else {
      this.drawResident(pen, columns, y);
    }
    this.drawAllocations(pen, this.stripTop, strip);
    this.drawMarks(pen);
    if (facts.peak_bytes > 0) this.drawPeak(pen, y);
    if (!this.span.isWhole) this.drawSelection(pen);
    pen.fillStyle = colour("axis");
    pen.fillRect(left, top + plot, width - left - right, 1);
    this.tell();
  }

  drawSelection(pen) {
    const { top } = this;
    const [from, to] = [this.x(this.span.fromNs), this.x(this.span.toNs)];
    pen.fillStyle = colour("selection");
    pen.fillRect(from, top, to - from, this.bottom - top);
    pen.fillStyle = colour("heap");
    for (const edge of [from, to]) pen.fillRect(edge - 1, top, 2, this.bottom - top);
  }

  drawAxes(pen, highest, y) {
    const { left, right } = TIMELINE;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const bytes of byteSteps(highest)) {
      pen.fillStyle = colour("line");
      pen.fillRect(left, Math.round(y(bytes)), this.width - left - right, 1);
      pen.fillStyle = colour("muted");
      pen.fillText(tickBytes(bytes), left - 6, y(bytes));
    }
    pen.textBaseline = "alphabetic";
    const { step, steps } = timeSteps(0, this.duration, Math.max(2, this.width / 110));
    for (const ns of steps) {
      const text = tickText(ns, step);
      const wide = pen.measureText(text).width;
      pen.textAlign = "left";
      pen.fillStyle = colour("muted");
      pen.fillText(text, Math.min(Math.max(this.x(ns) - wide / 2, 0), this.width - wide), this.height - 6);
      pen.fillStyle = colour("line");
      pen.fillRect(Math.round(this.x(ns)), this.bottom, 1, 4);
    }
  }

  // Each pixel column from the lowest to the highest of its moments: no spike is lost.
  columns() {
    const { at, high, low, resident } = this.run.moments;
    const columns = [];
    for (let moment = 0; moment < at.length; moment++) {
      const from = Math.floor(this.x(at[moment]));
      const to = Math.max(from + 1, Math.floor(this.x(at[moment + 1] ?? this.duration)));
      for (let x = from; x < to; x++) {
        const column = (columns[x] ??= { high: 0, low: Infinity, resident: 0 });
        column.high = Math.max(column.high, high[moment]);
        column.low = Math.min(column.low, low[moment]);
        column.resident = Math.max(column.resident, resident[moment]);
      }
    }
    return columns;
  }

  drawHeap(pen, columns, y) {
    const ground = y(0);
    pen.fillStyle = colour("heap-tint");
    columns.forEach((column, x) => pen.fillRect(x, y(column.high), 1, ground - y(column.high)));
    pen.fillStyle = colour("heap");
    columns.forEach((column, x) => {
      const highest = y(column.high);
      const lowest = Math.max(highest + 1.5, y(Math.min(column.low, columns[x - 1]?.high ?? column.low)));
      pen.fillRect(x, highest, 1, lowest - highest);
    });
  }

  drawResident(pen, columns, y) {
    pen.strokeStyle = colour("resident");
    pen.lineWidth = 1.5;
    pen.beginPath();
    let hasBegun = false;
    columns.forEach((column, x) => {
      if (!column.resident) return;
      if (hasBegun) pen.lineTo(x, y(column.resident));
      else pen.moveTo(x, y(column.resident));
      hasBegun = true;
    });
    pen.stroke();
  }

  drawAllocations(pen, top, height) {
    const { at, allocations } = this.run.moments;
    const columns = [];
    for (let moment = 0; moment < at.length; moment++) {
      const x = Math.floor(this.x(at[moment]));
      columns[x] = (columns[x] ?? 0) + allocations[moment];
    }
    const most = Math.max(1, ...columns.filter((count) => count));
    pen.fillStyle = colour("axis");
    columns.forEach((count, x) => {
      const high = count > 0 ? Math.max(1, (count / most) * height) : 0;
      pen.fillRect(x, top + height - high, 1, high);
    });
  }

  drawPeak(pen, y) {
    const { facts } = this.run;
    const x = this.x(facts.peak_ns);
    pen.fillStyle = colour("ink");
    pen.beginPath();
    pen.arc(x, y(facts.peak_bytes), 3, 0, 2 * Math.PI);
    pen.fill();
    const text = `peak ${bytesText(facts.peak_bytes)} at ${timeText(facts.peak_ns)}`;
    const wide = pen.measureText(text).width;
    pen.textAlign = "left";
    pen.fillText(text, Math.max(0, Math.min(x - wide / 2, this.width - wide - 2)), 12);
  }

  // A line for each pixel that has marks, with the words of those that have room.
  drawMarks(pen) {
    const drawn = new Set();
    let free = 0;
    for (const mark of [...this.run.timelineMarks].sort((a, b) => a.at_ns - b.at_ns)) {
      const x = Math.round(this.x(mark.at_ns));
      if (drawn.has(x)) continue;
      drawn.add(x);
      pen.fillStyle = colour("bad");
      pen.fillRect(x, this.top - 4, 1, this.bottom - this.top + 4);
      const text = fitting(pen, mark.label, MARK.widest);
      const wide = pen.measureText(text).width;
      const begin = Math.max(0, Math.min(x - wide / 2, this.width - wide - 2));
      if (begin < free) continue;
      pen.textAlign = "left";
      pen.fillText(text, begin, this.top - 8);
      free = begin + wide + MARK.between;
    }
  }

  tell() {
    byId("span-text").textContent = this.span.isWhole ? `whole run, ${timeText(this.span.toNs)}` : this.span.text;
    byId("whole-run").hidden = this.span.isWhole;
    const marks = this.run.timelineMarks.length;
    const marked = marks > 0 ? `, ${plural(marks, "mark")} of errors, leak checks and notes` : "";
    this.canvas.setAttribute("aria-label", `Heap over time, selected: ${this.span.text}${marked}`);
    const { left, right } = TIMELINE;
    Object.assign(this.canvas.dataset, { fromNs: this.span.fromNs, toNs: this.span.toNs, left, right });
  }
}

// The beginning of a text that is not wider than this.
function fitting(pen, text, widest) {
  const line = text.split("\n", 1)[0];
  if (pen.measureText(line).width <= widest) return line;
  let length = Math.min(line.length, widest);
  while (length > 1 && pen.measureText(`${line.slice(0, length)}…`).width > widest) length--;
  return `${line.slice(0, length)}…`;
}

// The largest of each thousand: more arguments than a call takes are not passed at once.
function chunkMax(column) {
  const largest = [];
  for (let at = 0; at < column.length; at += 1000) largest.push(Math.max(...column.subarray(at, at + 1000)));
  return largest;
}
