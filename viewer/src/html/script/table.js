// The table of call stacks: top-down from `main`, or bottom-up from the allocation to its callers. Rows open to
// show those below them; what is open stays open while the span, the search or the order changes.

const TABLE = { step: 50, openAtOnce: 40 };

class Table {
  constructor(run, chooseCost) {
    this.run = run;
    this.chooseCost = chooseCost;
    this.direction = "up";
    this.order = "descending";
    this.byName = false;
    this.open = new Set();
    this.element = byId("table-rows");
    this.head = make("tr");
    this.totals = make("tr", { class: "total" });
    this.body = make("tbody");
    this.element.append(make("thead", {}, this.head), make("tbody", {}, this.totals), this.body);
    choice(byId("table-direction"), [["up", "Bottom-up"], ["down", "Top-down"]], "up", (direction) => {
      this.direction = direction;
      this.update(this.view);
    });
    this.body.addEventListener("keydown", (event) => this.key(event));
  }

  update(view) {
    this.view = view;
    const kept = view.span.kept(view.search);
    const grow = this.direction === "down" ? topDown : bottomUp;
    this.root = grow(this.run, view.span.columns, kept);
    this.render();
  }

  render() {
    this.renderHead();
    const all = this.root.figures;
    const name = this.view.search.isEmpty ? "All call stacks" : "Call stacks found";
    refill(this.totals, make("td", {}, name), ...this.figures(all, all, "total"));
    this.body.replaceChildren();
    this.body.append(...this.rows(this.root, ""));
    this.firstRow()?.setAttribute("tabindex", "0");
  }

  renderHead() {
    const { cost } = this.view;
    const sort = (isBy) => (isBy ? this.order : "none");
    const byName = () => this.sortBy(() => { this.byName = true; }, this.byName, "ascending");
    refill(this.head,
      make("th", { "aria-sort": sort(this.byName) }, make("button", { type: "button", onclick: byName }, "Function")),
      ...COSTS.map((column, index) => {
        const isBy = !this.byName && index === cost;
        const choose = () => this.sortBy(() => { this.byName = false; this.chooseCost(index); }, isBy, "descending");
        return make("th", { "aria-sort": sort(isBy), class: index === cost ? "figure sorted" : "figure", title: column.says },
          make("button", { type: "button", "data-cost": column.key, onclick: choose }, column.label));
      }));
  }

  // A click on the column that is sorted by turns the order round.
  sortBy(change, isBy, first) {
    const other = this.order === "ascending" ? "descending" : "ascending";
    this.order = isBy ? other : first;
    change();
    this.render();
  }

  ordered(branch) {
    const { cost } = this.view;
    if (this.byName) {
      const name = (of) => this.run.frames[of.frame].name;
      const sign = this.order === "ascending" ? 1 : -1;
      return [...branch.branches].sort((a, b) => sign * (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
    }
    const sorted = branch.sorted(cost);
    return this.order === "ascending" ? [...sorted].reverse() : sorted;
  }

  // The rows below a branch, those that are open with theirs.
  rows(branch, path, first = 0) {
    const ordered = this.ordered(branch);
    const rows = [];
    for (const inner of ordered.slice(first, first + TABLE.step)) {
      const row = this.row(inner, `${path}/${inner.frame}`);
      rows.push(row);
      if (this.open.has(row.path)) rows.push(...this.rows(inner, row.path));
    }
    const rest = ordered.length - first - TABLE.step;
    if (rest > 0) rows.push(this.moreRow(branch, path, first + TABLE.step, rest));
    return rows;
  }

  moreRow(branch, path, first, rest) {
    const show = () => {
      const rows = this.rows(branch, path, first);
      row.replaceWith(...rows);
      this.focus(rows[0]);
    };
    const button = make("button", { class: "more", type: "button", onclick: show }, `${countText(rest)} more…`);
    const row = make("tr", { class: "more-row" }, make("td", { colspan: COSTS.length + 1 }, button));
    row.firstChild.style.setProperty("--depth", branch.depth);
    return row;
  }

  row(branch, path) {
    const frame = this.run.frames[branch.frame];
    const isLeaf = branch.branches.length === 0;
    const { search } = this.view;
    const isFound = !search.isEmpty && search.isFrameMatch[branch.frame];
    const place = [branchPlace(branch), frame.module && lastPart(frame.module)].filter(Boolean).join(" · ");
    const name = make("td", { title: `${frame.name}\n${place}` },
      make("span", { class: "name" }, frame.name), make("span", { class: "place" }, place));
    const row = make("tr", {
      role: "row", tabindex: "-1", "aria-level": branch.depth,
      "aria-expanded": isLeaf ? undefined : String(this.open.has(path)),
      class: [isLeaf && "leaf", isFound && "found"].filter(Boolean).join(" "),
      onclick: () => { this.focus(row); this.toggle(row); },
    }, name, ...this.figures(branch.figures, this.root.figures));
    name.style.setProperty("--depth", branch.depth - 1);
    return Object.assign(row, { branch, path });
  }

  figures(figures, all, id) {
    return COSTS.map((cost, column) =>
      barCell(cost.unit === "bytes" ? bytesText(figures[column]) : shortCountText(figures[column]),
        figures[column], figures[column] / all[column],
        { class: column === this.view.cost ? "figure sorted" : "figure", id: id && `${id}-${cost.key}` }));
  }

  // Opening and closing.

  toggle(row) {
    if (row.classList.contains("leaf")) return;
    if (this.open.has(row.path)) this.close(row);
    else this.expand(row);
  }

  // A chain of only callers opens at once: nobody wants to click through it.
  expand(row) {
    let { branch, path } = row;
    for (let opened = 0; opened < TABLE.openAtOnce; opened++) {
      this.open.add(path);
      if (branch.branches.length !== 1) break;
      [branch] = branch.branches;
      path = `${path}/${branch.frame}`;
    }
    row.setAttribute("aria-expanded", "true");
    row.after(...this.rows(row.branch, row.path));
  }

  close(row) {
    for (const path of this.open) if (path === row.path || path.startsWith(`${row.path}/`)) this.open.delete(path);
    row.setAttribute("aria-expanded", "false");
    const depth = row.branch.depth;
    for (let next = row.nextSibling; next && (next.branch?.depth ?? Infinity) > depth; next = row.nextSibling) {
      if (!next.branch && Number(next.firstChild.style.getPropertyValue("--depth")) < depth) break;
      next.remove();
    }
  }

  // Keys.

  firstRow() {
    return this.body.querySelector("tr[role=row]");
  }

  focus(row) {
    if (!row) return;
    this.body.querySelector("tr[tabindex='0']")?.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
    (row.querySelector("button") ?? row).focus();
  }

  key(event) {
    const row = event.target.closest("tr");
    const isOpen = row.branch && this.open.has(row.path);
    const act = {
      ArrowDown: () => this.focus(row.nextSibling),
      ArrowUp: () => this.focus(row.previousSibling),
      Home: () => this.focus(this.body.firstChild),
      End: () => this.focus(this.body.lastChild),
      ArrowRight: () => (isOpen ? this.focus(row.nextSibling) : row.branch && this.toggle(row)),
      ArrowLeft: () => (isOpen ? this.close(row) : this.focus(this.outerRow(row))),
      Enter: () => row.branch && this.toggle(row),
      " ": () => row.branch && this.toggle(row),
    }[event.key];
    if (!act || event.target.tagName === "BUTTON" && (event.key === "Enter" || event.key === " ")) return;
    event.preventDefault();
    act();
  }

  outerRow(row) {
    let before = row.previousSibling;
    while (before && row.branch && (before.branch?.depth ?? Infinity) >= row.branch.depth) before = before.previousSibling;
    return before;
  }
}
