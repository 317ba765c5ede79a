// Making elements. Words from the trace become text, never markup, so a function may be called `<script>`.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

function refill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== undefined && child !== null));
}

// A bar as wide as its share, behind a figure.
function barCell(text, exact, share, attributes = {}) {
  const cell = make("td", { class: "figure", "data-value": exact, title: countText(exact), ...attributes }, text);
  cell.style.setProperty("--share", `${Math.max(0, Math.min(1, share || 0)) * 100}%`);
  return cell;
}

// Shows the first rows of a long list, and more on request.
function fillInSteps(list, items, step, render) {
  let shown = 0;
  const more = make("button", { class: "more", type: "button", onclick: () => show() });
  function show() {
    more.remove();
    const next = items.slice(shown, shown + step);
    list.append(...next.map(render));
    shown += next.length;
    if (shown < items.length) {
      more.textContent = `${plural(items.length - shown, "more", "more")}…`;
      list.append(more);
    }
  }
  list.replaceChildren();
  show();
}

// A row of buttons of which one is on; arrow keys move between them.
function choice(container, options, current, choose) {
  const buttons = options.map(([value, label]) =>
    make("button", {
      type: "button", role: "radio", "data-value": value,
      onclick: () => { mark(value); choose(value); },
    }, label));
  function mark(value) {
    for (const button of buttons) {
      const isOn = button.dataset.value === String(value);
      button.setAttribute("aria-checked", isOn);
      button.tabIndex = isOn ? 0 : -1;
    }
  }
  container.setAttribute("role", "radiogroup");
  container.addEventListener("keydown", (event) => stepThrough(event, buttons));
  refill(container, ...buttons);
  mark(current);
  return mark;
}

// Arrow keys in a row of buttons: the next one gets the focus, and is pressed.
function stepThrough(event, buttons) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = buttons.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  const next = buttons[(at + step + buttons.length) % buttons.length];
  next.focus();
  next.click();
}

// The canvas, as large as it is shown and as sharp as the screen is.
function sharpCanvas(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// A colour of the style sheet, which knows about dark and light.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
