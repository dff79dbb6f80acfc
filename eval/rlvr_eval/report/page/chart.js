/* What every figure shares: scales, axes with titles and units, lines and bands.

   A chart is drawn at the width it is shown at, so that its text has one size everywhere. */

import { CHECKPOINT } from "./colors.js";
import { put, svg } from "./nodes.js";

/** @import { Axis, Frame, Tick } from "./page" */

/**
 * @param {[number, number]} domain
 * @param {[number, number]} range
 */
function linear([from, to], [start, end]) {
  const span = to - from || 1;
  return (/** @type {number} */ value) => start + ((value - from) / span) * (end - start);
}

/**
 * @param {[number, number]} domain
 * @param {[number, number]} range
 */
function logarithmic(domain, range) {
  const [from, to] = domain;
  const scale = linear([Math.log2(from), Math.log2(to)], range);
  return (/** @type {number} */ value) => scale(Math.log2(value));
}

/**
 * A frame to draw into.
 * x, y: {domain, title, ticks: [{at, label}], log}. The title of y stands above the axis, in reading
 * direction. Returns {svg, x, y, left, right, top, bottom, width}; draw by appending to svg.
 * @param {Element} host
 * @param {{height: number, label: string, x: Axis, y: Axis}} drawn
 * @returns {Frame}
 */
export function chart(host, { height, label, x, y }) {
  const width = Math.max(260, Math.floor(host.clientWidth));
  const widest = Math.max(...y.ticks.map((tick) => tick.label.length));
  const box = {
    width,
    height,
    left: 14 + 7 * widest,
    right: width - 14,
    top: 34,
    bottom: height - 44,
  };
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const scaleX = (x.log ? logarithmic : linear)(x.domain, [box.left, box.right]);
  const scaleY = linear(y.domain, [box.bottom, box.top]);
  for (const tick of y.ticks) {
    const at = scaleY(tick.at);
    node.append(
      svg("line", { class: "grid", x1: box.left, x2: box.right, y1: at, y2: at }),
      svg("text", { x: box.left - 8, y: at + 4, "text-anchor": "end" }, tick.label),
    );
  }
  for (const tick of x.ticks) {
    const at = scaleX(tick.at);
    node.append(
      svg("line", { class: "axis", x1: at, x2: at, y1: box.bottom, y2: box.bottom + 4 }),
      svg("text", { x: at, y: box.bottom + 18, "text-anchor": "middle" }, tick.label),
    );
  }
  node.append(
    svg("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    svg(
      "text",
      { class: "title", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" },
      x.title,
    ),
    svg("text", { class: "title", x: 0, y: 13 }, y.title),
  );
  put(host, node);
  return { ...box, svg: node, x: scaleX, y: scaleY };
}

/**
 * Ticks at 1, 2, 4, .. up to kMax, every second one where there is little room.
 * @param {number} kMax
 * @param {number} width
 * @returns {Tick[]}
 */
export function kTicks(kMax, width) {
  const powers = [];
  for (let k = 1; k <= kMax; k *= 2) powers.push(k);
  if (powers.at(-1) !== kMax && kMax / powers.at(-1) > 1.4) powers.push(kMax);
  const stride = width / powers.length < 38 ? 2 : 1;
  const from = (powers.length - 1) % stride;
  return powers.filter((_, i) => i % stride === from).map((k) => ({ at: k, label: String(k) }));
}

/**
 * About `wanted` round values that cover the range.
 * @param {number} low
 * @param {number} high
 * @param {number} [wanted]
 */
export function roundTicks(low, high, wanted = 5) {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => span / s <= wanted) ?? 10 * power;
  const ticks = [];
  for (let i = Math.floor(low / step + 1e-9); i <= Math.ceil(high / step - 1e-9); i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

export const shareTicks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: `${100 * at} %` }));

/**
 * Path through points [[x, y], ..], in pixels.
 * @param {[number, number][]} points
 */
export function through(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");
}

/**
 * @param {Frame} frame
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {Record<string, unknown>} properties
 */
export function polyline(frame, xs, ys, properties) {
  return svg("path", { d: through(xs.map((x, i) => [frame.x(x), frame.y(ys[i])])), ...properties });
}

/**
 * The area between two curves, within the frame's y range.
 * @param {Frame} frame
 * @param {number[]} xs
 * @param {number[]} low
 * @param {number[]} high
 * @param {string} color
 */
export function band(frame, xs, low, high, color) {
  const there = xs.map((x, i) => /** @type {[number, number]} */ ([frame.x(x), frame.y(high[i])]));
  const back = xs
    .map((x, i) => /** @type {[number, number]} */ ([frame.x(x), frame.y(low[i])]))
    .reverse();
  return svg("path", {
    class: "band",
    d: `${through([...there, ...back])}Z`,
    style: `fill:${color}`,
  });
}

/**
 * @param {Frame} frame
 * @param {number} x
 * @param {number} low
 * @param {number} high
 * @param {string} color
 */
export function whisker(frame, x, low, high, color) {
  return svg("line", {
    class: "whisker",
    x1: x,
    x2: x,
    y1: frame.y(low),
    y2: frame.y(high),
    style: `stroke:${color}`,
  });
}

/**
 * A small triangle above the plot that points at the chosen checkpoint.
 * @param {Frame} frame
 * @param {number} x
 */
export function chosenMark(frame, x) {
  return svg("path", { d: `M${x - 5},${frame.top - 10}l10,0l-5,7z`, style: `fill:${CHECKPOINT}` });
}

/**
 * Calls back with the fraction of the plot's width at which the pointer is.
 * @param {Frame} frame
 * @param {(share: number) => void} callback
 */
export function onPoint(frame, callback) {
  const surface = svg("rect", {
    x: frame.left,
    y: frame.top,
    width: frame.right - frame.left,
    height: frame.bottom - frame.top,
    fill: "transparent",
  });
  const report = (/** @type {PointerEvent} */ event) => {
    const box = surface.getBoundingClientRect();
    callback(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  surface.addEventListener("pointermove", report);
  surface.addEventListener("pointerdown", report);
  frame.svg.append(surface);
}
