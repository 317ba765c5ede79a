// Figures as people read them, in the same units as `ldt report`.

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

function bytesText(bytes) {
  const sign = bytes < 0 ? "−" : "";
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 1024 && unit + 1 < BYTE_UNITS.length) {
    value /= 1024;
    unit++;
  }
  return `${sign}${unit === 0 ? value : value.toFixed(2)} ${BYTE_UNITS[unit]}`;
}

// For the edge of a picture: two or three digits.
function roughBytesText(bytes) {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit + 1 < BYTE_UNITS.length; unit++) value /= 1024;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

function countText(count) {
  return count.toLocaleString("en-US");
}

// For narrow columns: 1,234, then 12.3k, 4.56M.
function shortCountText(count) {
  const value = Math.abs(count);
  if (value < 1e4) return countText(count);
  for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= size) return `${(count / size).toPrecision(3)}${unit}`;
  }
  return countText(count);
}

function timeText(ns) {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(1)} ms`;
  if (ns < 120e9) return `${(ns / 1e9).toFixed(3)} s`;
  const seconds = Math.floor(ns / 1e9);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function percentText(part, whole) {
  if (!(whole > 0)) return "0%";
  const percent = (part * 100) / whole;
  return percent > 0 && percent < 0.1 ? "<0.1%" : `${percent.toFixed(1)}%`;
}

function plural(count, one, many = `${one}s`) {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

function lastPart(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

// Round steps for an axis of time: 1, 2 or 5 of a power of ten.
function timeSteps(from, to, most) {
  const rough = Math.max((to - from) / most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((of) => of * power).find((of) => of >= rough);
  const steps = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) steps.push(at);
  return { step, steps };
}

// Ticks share the unit of their step, without useless digits.
function tickText(ns, step) {
  const [size, unit] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]].find(([size]) => step >= size) ?? [1, "ns"];
  return `${countText(Math.round((ns / size) * 1e3) / 1e3)} ${unit}`;
}

// Round steps for an axis of bytes: powers of two, four steps at most.
function byteSteps(highest) {
  let step = 1;
  while (highest / step > 4) step *= 2;
  const steps = [];
  for (let at = 0; at <= highest; at += step) steps.push(at);
  return steps;
}

function tickBytes(bytes) {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024; unit++) value /= 1024;
  return `${value} ${BYTE_UNITS[unit]}`;
}
