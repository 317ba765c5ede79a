// The page as a whole: what is selected, searched and chosen is one object, and every view draws itself from it
// when it is looked at.

const TABS = [
  ["overview", "Overview"], ["flame", "Flame graph"], ["table", "Table"], ["sizes", "Sizes"], ["threads", "Threads"],
  ["errors", "Errors"], ["leaks", "Leaks"], ["waste", "Waste"], ["source", "Source"],
];

async function start() {
  const [words, numbers] = await Promise.all([unpacked("words"), unpacked("numbers")]);
  const run = new Run(JSON.parse(new TextDecoder().decode(words)), new Numbers(numbers));
  byId("loading").remove();
  byId("page").hidden = false;
  new Page(run);
  document.documentElement.dataset.ready = "true";
}

class Page {
  constructor(run) {
    this.run = run;
    this.view = { span: Span.whole(run), search: new Search(run, ""), cost: 0 };
    this.heading();
    this.timeline = new Timeline(run, (span) => this.change({ span }));
    this.markCost = choice(byId("cost"), COSTS.map((cost, column) => [column, cost.label]), 0,
      (cost) => this.change({ cost: Number(cost) }));
    const source = new Source(run, (tab) => this.openTab(tab));
    this.views = {
      overview: new Overview(run, (name) => this.showStacksOf(name)),
      flame: new Flame(run),
      table: new Table(run, (cost) => this.change({ cost })),
      sizes: new Sizes(run),
      threads: new Threads(run),
      errors: new Errors(run, source),
      leaks: new Leaks(run, source),
      waste: new Waste(run, source),
      source,
    };
    this.tabs();
    this.searching();
    this.timeline.draw();
    this.openTab(TABS.some(([tab]) => `#${tab}` === location.hash) ? location.hash.slice(1) : "overview");
    const redraw = () => { this.timeline.draw(); this.drawTab(); };
    window.addEventListener("resize", redraw);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    window.addEventListener("hashchange", () => {
      const tab = location.hash.slice(1);
      if (tab in this.views && tab !== this.tab) this.openTab(tab);
    });
  }

  heading() {
    const { facts, warnings } = this.run;
    document.title = `Heap of ${facts.program}`;
    byId("program").textContent = facts.program;
    byId("command").textContent = facts.command;
    const ended = facts.signal ? `killed by ${facts.signal}`
      : facts.exit_code === null ? undefined : `exit code ${facts.exit_code}`;
    const began = facts.started_ns > 0 ? new Date(facts.started_ns / 1e6).toISOString().replace("T", " ").slice(0, 19) : undefined;
    byId("facts").textContent = [`process ${facts.pid}`, began && `began ${began} UTC`, `ran ${timeText(facts.duration_ns)}`, ended]
      .filter(Boolean).join(", ");
    refill(byId("warnings"), ...warnings.map((warning) => make("p", { class: "warning" }, warning)));
    byId("made-by").textContent = `Made by ${facts.made_by}. Everything is in this file; nothing was fetched.`;
  }

  tabs() {
    const found = { errors: this.run.faults.length, leaks: this.run.leaks?.records.length ?? 0 };
    const buttons = TABS.map(([tab, label]) => make("button", {
      type: "button", role: "tab", id: `tab-${tab}`, "aria-controls": tab,
      class: found[tab] > 0 ? "found" : undefined, onclick: () => this.openTab(tab),
    }, found[tab] > 0 ? `${label} (${countText(found[tab])})` : label));
    for (const [tab] of TABS) byId(tab).setAttribute("aria-labelledby", `tab-${tab}`);
    byId("tabs").append(...buttons);
    byId("tabs").addEventListener("keydown", (event) => stepThrough(event, buttons));
  }

  openTab(tab) {
    this.tab = tab;
    for (const [other] of TABS) {
      const isThis = other === tab;
      byId(other).hidden = !isThis;
      byId(`tab-${other}`).setAttribute("aria-selected", isThis);
      byId(`tab-${other}`).tabIndex = isThis ? 0 : -1;
    }
    history.replaceState(null, "", `#${tab}`);
    this.drawTab();
  }

  drawTab() {
    this.views[this.tab].update(this.view);
  }

  change(part) {
    Object.assign(this.view, part);
    this.markCost(String(this.view.cost));
    this.tellFound();
    this.drawTab();
  }

  searching() {
    const box = byId("search");
    let waiting;
    box.addEventListener("input", () => {
      clearTimeout(waiting);
      // A long trace takes a moment: not at every letter.
      waiting = setTimeout(() => this.change({ search: new Search(this.run, box.value) }), 120);
    });
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.matches("input, select, textarea");
      if (event.key === "/" && !isTyping) {
        event.preventDefault();
        box.focus();
      }
    });
  }

  tellFound() {
    const { span, search, cost } = this.view;
    const column = span.columns[cost];
    const found = search.isEmpty ? 0 : total(column, search.isKept);
    byId("search-text").textContent = search.isEmpty ? ""
      : `${costText(COSTS[cost], found)}, ${percentText(found, total(column))} of ${COSTS[cost].label.toLowerCase()}`;
  }

  showStacksOf(name) {
    byId("search").value = name;
    this.change({ search: new Search(this.run, name) });
    this.openTab("table");
  }
}

start().catch((error) => {
  const loading = byId("loading") ?? document.body.appendChild(make("p", { class: "notice" }));
  loading.textContent = typeof DecompressionStream === "undefined"
    ? "This browser cannot unpack the page: Chrome 103, Firefox 113 or Safari 16.4 and later can."
    : `The page could not be drawn: ${error}`;
  throw error;
});
