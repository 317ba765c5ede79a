// The flame graph, on a canvas: only what is wide enough to be seen is ever looked at, and only what is
// scrolled into view is drawn, so ten thousand stacks cost no more than a hundred.

const FLAME = { level: 19, text: 12, narrowest: 0.6, room: 26 };

class Flame {
  constructor(run, byName) {
    this.run = run;
    this.direction = "down";
    this.canvas = byId("flame-canvas");
    this.scroll = byId("flame-scroll");
    this.showSource = byName;
    choice(byId("flame-direction"), [["down", "Callers first"], ["up", "Inverted"]], "down", (direction) => {
      this.direction = direction;
      this.update(this.view);
    });
    byId("flame-reset").addEventListener("click", () => this.zoomTo(this.root));
    this.canvas.addEventListener("pointermove", (event) => this.point(this.boxAt(event)));
    this.canvas.addEventListener("pointerleave", () => this.point(undefined));
    this.canvas.addEventListener("click", (event) => {
      const box = this.boxAt(event);
      if (box) this.zoomTo(box.branch);
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.scroll.addEventListener("scroll", () => this.paint());
  }

  update(view) {
    this.view = view;
    const column = view.cost;
    // What shrank has no width.
    const weights = view.span.columns[column].map((figure) => Math.max(0, figure));
    const grow = this.direction === "down" ? topDown : bottomUp;
    this.root = grow(this.run, [weights]);
    this.zoomed = this.root;
    this.focused = undefined;
    this.matched = view.search.isEmpty ? undefined : total(weights, view.search.isKept);
    this.layOut();
  }

  zoomTo(branch) {
    this.zoomed = branch;
    this.focused = branch.parent ? branch : undefined;
    this.layOut();
  }

  // Boxes in view of the zoom: those around it as wide as the whole, those inside by their share.
  layOut() {
    const width = this.scroll.clientWidth || 600;
    this.boxes = [];
    for (let branch = this.zoomed; branch; branch = branch.parent) {
      this.boxes.unshift({ branch, x: 0, width, level: branch.depth });
    }
    const all = this.zoomed.figures[0];
    const pending = all > 0 ? [this.boxes.at(-1)] : [];
    this.levels = this.zoomed.depth + 1;
    while (pending.length > 0) {
      const { branch, x, level } = pending.pop();
      let left = x;
      for (const inner of branch.sorted(0)) {
        const wide = (inner.figures[0] / all) * width;
        if (wide < FLAME.narrowest) break;
        const box = { branch: inner, x: left, width: wide, level: level + 1 };
        this.boxes.push(box);
        pending.push(box);
        this.levels = Math.max(this.levels, level + 2);
        left += wide;
      }
    }
    byId("flame-space").style.height = "0px";
    this.viewHeight = Math.max(60, Math.min(this.levels * FLAME.level + 4, Math.round(window.innerHeight * 0.7)));
    byId("flame-space").style.height = `${Math.max(0, this.levels * FLAME.level + 4 - this.viewHeight)}px`;
    byId("flame-reset").hidden = this.zoomed === this.root;
    this.canvas.dataset.boxes = this.boxes.length;
    this.paint();
    this.tell();
  }

  paint() {
    const width = this.scroll.clientWidth || 600;
    const pen = sharpCanvas(this.canvas, width, this.viewHeight);
    const top = this.scroll.scrollTop;
    pen.font = `${FLAME.text}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    if (!(this.root.figures[0] > 0)) {
      pen.fillStyle = colour("muted");
      pen.fillText(`Nothing to show: no ${COSTS[this.view.cost].label.toLowerCase()} here.`, 8, 30);
      return;
    }
    const lightness = parseFloat(colour("flame-lightness"));
    const found = colour("flame-found");
    const [ink, line] = [colour("on-flame"), colour("ink")];
    for (const box of this.boxes) {
      const y = box.level * FLAME.level - top;
      if (y + FLAME.level < 0 || y > this.viewHeight) continue;
      const isOutside = box.branch !== this.zoomed && box.branch.depth < this.zoomed.depth;
      pen.globalAlpha = isOutside ? 0.55 : 1;
      pen.fillStyle = this.isFound(box.branch) ? found : shade(this.run, box.branch.frame, lightness);
      const gap = box.width > 3 ? 1 : 0;
      pen.fillRect(box.x, y, box.width - gap, FLAME.level - 1);
      if (box.width > FLAME.room) {
        pen.fillStyle = ink;
        pen.fillText(fitted(pen, this.name(box.branch), box.width - 8), box.x + 4, y + FLAME.level / 2);
      }
      if (box.branch === this.focused || box.branch === this.pointed) {
        pen.strokeStyle = line;
        pen.lineWidth = 2;
        pen.strokeRect(box.x + 1, y + 1, Math.max(1, box.width - gap - 2), FLAME.level - 3);
      }
    }
    pen.globalAlpha = 1;
  }

  isFound(branch) {
    const { search } = this.view;
    return !search.isEmpty && branch.frame >= 0 && search.isFrameMatch[branch.frame] === 1;
  }

  name(branch) {
    return branch.frame < 0 ? `all: ${COSTS[this.view.cost].label.toLowerCase()}` : this.run.frames[branch.frame].name;
  }

  boxAt({ offsetX, offsetY }) {
    const level = Math.floor((offsetY + this.scroll.scrollTop) / FLAME.level);
    return this.boxes.find((box) => box.level === level && offsetX >= box.x && offsetX < box.x + box.width);
  }

  point(box) {
    this.canvas.style.cursor = box ? "pointer" : "default";
    if (box?.branch === this.pointed) return;
    this.pointed = box?.branch;
    this.paint();
    this.tell();
  }

  // What is pointed at or walked to, in words.
  tell() {
    const branch = this.pointed ?? this.focused ?? this.zoomed;
    const cost = COSTS[this.view.cost];
    const all = this.root.figures[0];
    const own = branch.figures[0];
    const frame = this.run.frames[branch.frame];
    const where = frame ? [branchPlace(branch), frame.module && lastPart(frame.module)].filter(Boolean).join(", ") : "";
    const matched = this.matched === undefined ? ""
      : `; found: ${costText(cost, this.matched)}, ${percentText(this.matched, all)}`;
    const text = `${this.name(branch)}: ${costText(cost, own)}, ${percentText(own, all)}${where && ` (${where})`}${matched}`;
    byId("flame-text").textContent = text;
    byId("flame-text").title = text;
  }

  key(event) {
    const at = this.focused ?? this.zoomed;
    const around = at.parent ? at.parent.sorted(0).filter((branch) => branch.figures[0] > 0) : [at];
    const place = around.indexOf(at);
    const next = {
      ArrowDown: () => at.sorted(0).find((branch) => branch.figures[0] > 0),
      ArrowUp: () => at.parent,
      ArrowRight: () => around[place + 1],
      ArrowLeft: () => around[place - 1],
    }[event.key];
    if (next) {
      event.preventDefault();
      this.walkTo(next() ?? at);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.zoomTo(at);
    } else if (event.key === "Escape") {
      this.zoomTo(this.zoomed.parent ?? this.root);
    }
  }

  walkTo(branch) {
    this.focused = branch;
    this.pointed = undefined;
    const isShown = this.boxes.some((box) => box.branch === branch);
    if (!isShown) this.zoomTo(branch.parent ?? branch);
    this.focused = branch;
    const y = branch.depth * FLAME.level;
    if (y < this.scroll.scrollTop) this.scroll.scrollTop = y;
    else if (y + FLAME.level > this.scroll.scrollTop + this.viewHeight) {
      this.scroll.scrollTop = y + FLAME.level - this.viewHeight;
    }
    this.paint();
    this.tell();
  }
}

// A module's colour; what belongs to none is grey. Functions of a module differ a little, so that neighbours
// can be told apart.
function shade(run, frame, lightness) {
  const module = frame < 0 ? "" : run.frames[frame].module;
  if (!module) return `hsl(220 8% ${lightness}%)`;
  run.hues ??= new Map();
  let hue = run.hues.get(module);
  if (hue === undefined) {
    // Steps of the golden angle: each new module is far from those before it.
    hue = (28 + run.hues.size * 137.5) % 360;
    run.hues.set(module, hue);
  }
  return `hsl(${hue} 62% ${lightness + ((frame * 7) % 11) - 5}%)`;
}

// As much of a name as fits.
function fitted(pen, name, room) {
  const letters = Math.max(1, Math.floor(room / 3));
  let text = name.length > letters ? `${name.slice(0, letters)}…` : name;
  if (pen.measureText(text).width <= room) return text;
  let [fits, cut] = [0, Math.min(letters, name.length)];
  while (fits < cut) {
    const middle = (fits + cut + 1) >> 1;
    if (pen.measureText(`${name.slice(0, middle)}…`).width <= room) fits = middle;
    else cut = middle - 1;
  }
  return fits === 0 ? "" : `${name.slice(0, fits)}…`;
}
