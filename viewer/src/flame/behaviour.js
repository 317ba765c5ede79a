// What a flame graph does in a browser: hover, zoom, search, keys. GRAPH, written before this, has every
// box; the elements that the file came with are replaced at the first zoom or search.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg", HTML = "http://www.w3.org/1999/xhtml";
  const NARROWEST = 0.5, NARROWEST_LABEL = 34, PADDING = 4, CONTROLS = 330;
  const script = document.currentScript;
  const svg = (script && script.closest("svg")) || document.documentElement;
  const group = svg.querySelector("#boxes"), details = svg.querySelector("#details");

  // From the figures to boxes: children begin where their parent begins, one after another.
  const boxes = [];
  const free = [0], last = [];
  const step = GRAPH.compares ? 5 : 3;
  for (let at = 0; at < GRAPH.boxes.length; at += step) {
    const [level, name, weight, before, after] = GRAPH.boxes.slice(at, at + step);
    const number = boxes.length, left = free[level];
    boxes.push({ number, level, name, weight, before, after, left, end: 0, parent: level ? last[level - 1] : -1 });
    free[level] = left + weight;
    free[level + 1] = left;
    last[level] = number;
  }
  const open = [];
  boxes.forEach((box) => {
    while (open.length && open[open.length - 1].level >= box.level) open.pop().end = box.number;
    open.push(box);
  });
  open.forEach((box) => { box.end = boxes.length; });

  // Figures as people read them.
  const digits = (value) => String(Number(value.toPrecision(3)));
  const bytes = (value) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = 0;
    while (value >= 1023.5 && unit < units.length - 1) { value /= 1024; unit += 1; }
    return (unit ? digits(value) : value) + " " + units[unit];
  };
  const human = (value) => GRAPH.unit === "bytes" ? bytes(value)
    : value.toLocaleString("en-US") + (value === 1 ? " allocation" : " allocations");
  const percent = (part, whole) => {
    const value = whole ? part * 100 / whole : 0;
    return value >= 0.1 || part === 0 ? value.toFixed(1) + "%" : "under 0.1%";
  };
  const about = (box) => {
    const name = GRAPH.names[box.name];
    if (GRAPH.compares) {
      const change = box.after - box.before;
      const said = change === 0 ? "unchanged" : (change > 0 ? "+" : "-") + human(Math.abs(change));
      return `${name}: ${said}, from ${human(box.before)} to ${human(box.after)}`;
    }
    const of = zoomed ? `, ${percent(box.weight, boxes[zoomed].weight)} of what is zoomed to` : "";
    return `${name}: ${human(box.weight)}, ${percent(box.weight, boxes[0].weight)}${of}`;
  };
  const classOf = (box) => {
    const named = GRAPH.classes[box.name];
    if (named || !GRAPH.compares) return named;
    const growth = Math.round((box.after - box.before) / Math.max(box.before, box.after, 1) * 8);
    return growth === 0 ? "same" : growth > 0 ? "grew" + growth : "shrank" + -growth;
  };

  // Words that fit.
  const pen = document.createElementNS(HTML, "canvas").getContext("2d");
  const FONT = '"DejaVu Sans", Verdana, sans-serif';
  pen.font = "11.5px " + FONT;
  const widths = new Map();
  const widthOf = (text) => {
    let width = widths.get(text);
    if (width === undefined) { width = pen.measureText(text).width; widths.set(text, width); }
    return width;
  };
  const shorten = (text, room) => {
    const width = widthOf(text);
    if (width <= room) return text;
    const letters = Array.from(text);
    let keep = Math.floor(letters.length * room / width);
    for (; keep > 0; keep -= 1) {
      const tail = Math.floor(keep / 2);
      const short = letters.slice(0, keep - tail).join("") + "…" + letters.slice(letters.length - tail).join("");
      if (pen.measureText(short).width <= room) return short;
    }
    return "…";
  };

  let zoomed = 0, current = -1, wanted = "";
  let matched = new Set();
  const shown = new Map();
  const element = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    parent.append(made);
    return made;
  };
  const place = (into, box, left, width, classes) => {
    const y = GRAPH.top + box.level * GRAPH.level;
    const made = element("g", { class: classes }, into);
    element("rect", { x: left.toFixed(2), y, width: Math.max(width - 1, Math.min(width, 1)).toFixed(2), height: GRAPH.level - 1 }, made);
    return { made, y };
  };
  const placeBox = (into, box, left, width, passed) => {
    const kind = matched.has(box.number) ? "matched" : classOf(box);
    const { made, y } = place(into, box, left, width, "box " + kind + (passed ? " passed" : ""));
    made.setAttribute("data-number", box.number);
    element("title", {}, made).textContent = about(box);
    if (width >= NARROWEST_LABEL) {
      element("text", { x: (left + PADDING).toFixed(2), y: y + GRAPH.level * 0.7 }, made).textContent = shorten(GRAPH.names[box.name], width - 2 * PADDING);
    }
    shown.set(box.number, made);
  };
  const draw = () => {
    const view = boxes[zoomed], px = GRAPH.width / view.weight;
    const into = document.createDocumentFragment();
    shown.clear();
    for (let up = view.parent; up >= 0; up = boxes[up].parent) placeBox(into, boxes[up], GRAPH.left, GRAPH.width, true);
    let narrow = null;
    const placeNarrow = () => {
      if (!narrow) return;
      const { made } = place(into, narrow.box, narrow.left, narrow.width, narrow.matched ? "matched" : "folded");
      element("title", {}, made).textContent = "frames too narrow to be told apart";
      narrow = null;
    };
    for (let at = zoomed; at < view.end;) {
      const box = boxes[at];
      const left = GRAPH.left + (box.left - view.left) * px, width = box.weight * px;
      if (width >= NARROWEST) {
        placeNarrow();
        placeBox(into, box, left, width, false);
        at += 1;
        continue;
      }
      if (narrow && narrow.box.level === box.level && Math.abs(narrow.left + narrow.width - left) < 0.01) narrow.width += width;
      else { placeNarrow(); narrow = { box, left, width, matched: false }; }
      for (let inside = at; inside < box.end; inside += 1) if (matched.has(inside)) narrow.matched = true;
      at = box.end;
    }
    placeNarrow();
    group.replaceChildren(into);
    mark();
  };
  const say = (text) => { details.textContent = shorten(text, GRAPH.width - CONTROLS - 10); };
  const mark = () => {
    for (const made of shown.values()) made.classList.remove("current");
    const made = shown.get(current);
    if (made) { made.classList.add("current"); made.parentNode.append(made); }
    say(current >= 0 ? about(boxes[current]) : GRAPH.overview);
  };
  const remember = () => {
    const parts = [];
    if (zoomed) parts.push("zoom=" + zoomed);
    if (wanted) parts.push("search=" + encodeURIComponent(wanted));
    try { history.replaceState(null, "", "#" + parts.join("&")); } catch { /* a page that may not change its address */ }
  };
  const zoom = (number) => {
    if (!boxes[number].weight || boxes[number].end === 0) return;
    zoomed = number;
    reset.disabled = zoomed === 0;
    draw();
    remember();
  };
  const search = (text) => {
    wanted = text;
    matched = new Set();
    let weight = 0, frames = 0, covered = 0;
    const lower = text.toLowerCase();
    const fits = GRAPH.names.map((name) => lower !== "" && name.toLowerCase().includes(lower));
    for (const box of boxes) {
      if (box.number === 0 || !fits[box.name]) continue;
      matched.add(box.number);
      frames += 1;
      // A frame inside another that matches is in its share already.
      if (box.number >= covered) { weight += box.weight; covered = box.end; }
    }
    share.textContent = lower === "" ? "" : `${percent(weight, boxes[0].weight)} matched`;
    share.title = lower === "" ? "" : `${frames} frames` + (GRAPH.compares ? "" : ", " + human(weight));
    draw();
    remember();
  };

  // Controls are made here, so that a picture in which no script runs has none.
  const frame = element("foreignObject", { x: GRAPH.left + GRAPH.width - CONTROLS, y: GRAPH.top - 28, width: CONTROLS, height: 26 }, svg);
  const html = (name, attributes, parent) => {
    const made = document.createElementNS(HTML, name);
    Object.assign(made, attributes);
    parent.append(made);
    return made;
  };
  const controls = html("div", { className: "controls" }, frame);
  const share = html("output", { id: "share" }, controls);
  const field = html("input", { type: "search", placeholder: "search ( / )" }, controls);
  field.setAttribute("aria-label", "search frames by name");
  const reset = html("button", { textContent: "reset zoom", disabled: true }, controls);
  reset.setAttribute("type", "button");
  field.addEventListener("input", () => search(field.value));
  reset.addEventListener("click", () => zoom(0));

  group.setAttribute("class", "live");
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "application");
  group.setAttribute("aria-label", "flame graph: arrow keys move, Enter zooms, Escape resets, / searches");
  details.setAttribute("aria-live", "polite");
  const boxUnder = (event) => {
    const found = event.target.closest ? event.target.closest("[data-number]") : null;
    return found ? boxes[Number(found.getAttribute("data-number"))] : null;
  };
  group.addEventListener("mouseover", (event) => { const box = boxUnder(event); if (box) say(about(box)); });
  group.addEventListener("mouseout", () => say(current >= 0 ? about(boxes[current]) : GRAPH.overview));
  group.addEventListener("click", (event) => { const box = boxUnder(event); if (box) { current = -1; zoom(box.number); } });

  const neighbour = (from, way) => {
    for (let at = from.number + way; at >= boxes[zoomed].number && at < boxes[zoomed].end; at += way) {
      if (boxes[at].level === from.level && shown.has(at)) return at;
    }
    return from.number;
  };
  const go = (key) => {
    if (current < 0 || !shown.has(current)) return zoomed;
    const box = boxes[current];
    if (key === "ArrowUp") return box.parent >= 0 ? box.parent : current;
    if (key === "ArrowDown") return box.end > current + 1 && shown.has(current + 1) ? current + 1 : current;
    return neighbour(box, key === "ArrowLeft" ? -1 : 1);
  };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey) return;
    const inField = event.target === field;
    if (event.key === "Escape") {
      if (wanted) { field.value = ""; search(""); } else { current = -1; zoom(0); }
      group.focus();
    } else if (inField) {
      if (event.key === "Enter") group.focus();
      return;
    } else if (event.key === "/" || (event.ctrlKey && event.key === "f")) {
      field.focus();
    } else if (event.ctrlKey) {
      return;
    } else if (event.key.startsWith("Arrow")) {
      if (!shown.size) draw();
      current = go(event.key);
      mark();
    } else if (event.key === "Enter" && event.target !== reset && current >= 0) {
      zoom(current);
    } else if (event.key === "Home") {
      zoom(0);
    } else {
      return;
    }
    event.preventDefault();
  });

  // A link to a graph may say what to show.
  const asked = new URLSearchParams(location.hash.slice(1));
  const number = Number(asked.get("zoom"));
  const text = asked.get("search") || "";
  if (text) { field.value = text; search(text); }
  if (number > 0 && number < boxes.length) zoom(number);
  say(GRAPH.overview);
  svg.dataset.ready = "true";
})();
