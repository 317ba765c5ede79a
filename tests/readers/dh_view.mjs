// Opens a file in valgrind's dh_view.js and prints what a person would see, for each way of sorting:
// node dh_view.mjs FILE. The script is the real one; only the browser around it is as small as can be.
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import vm from "node:vm";

const script = "/usr/libexec/valgrind/dh_view.js";

class Element {
  constructor(tag) {
    this.tag = tag;
    this.childNodes = [];
    this.own = "";
    this.classList = { contains: () => false, toggle: () => {}, add: () => {} };
  }
  appendChild(child) {
    child.parentNode = this;
    this.childNodes.push(child);
    return child;
  }
  replaceChild(now, before) {
    now.parentNode = this;
    this.childNodes[this.childNodes.indexOf(before)] = now;
  }
  cloneNode() {
    return new Element(this.tag);
  }
  get selectedIndex() {
    return Math.max(0, this.childNodes.findIndex((option) => option.selected));
  }
  set textContent(text) {
    this.own = text;
  }
  get textContent() {
    return this.own + this.childNodes.map((child) => child.textContent).join("");
  }
}

const document = {
  body: new Element("body"),
  location: { search: "" },
  createElement: (tag) => new Element(tag),
  createTextNode: (text) => Object.assign(new Element("#text"), { own: text }),
};
const browser = vm.createContext({ document, performance, URLSearchParams, Intl, console });
vm.runInContext(readFileSync(script, "utf8"), browser);
browser.file = readFileSync(process.argv[2], "utf8");
vm.runInContext("onLoad(); gData = JSON.parse(file); buildTree();", browser);
for (const index of vm.runInContext("gSelectData.keys().toArray()", browser)) {
  browser.index = index;
  const isEnabled = vm.runInContext("!gSelect.childNodes[index].disabled", browser);
  if (!isEnabled) continue;
  vm.runInContext(
    "gSelect.childNodes.forEach((option, i) => option.selected = i === index); displayTree(0, 0, 0);",
    browser,
  );
  console.log(vm.runInContext("gMainDiv.textContent", browser));
}
