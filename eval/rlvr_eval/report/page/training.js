/* pass@1 and pass@k_max over training steps. */

import { band, chart, chosenMark, polyline, roundTicks, shareTicks, whisker } from "./chart.js";
import { pointAt } from "./format.js";
import { byId, key, keys, markers, part, put, svg } from "./nodes.js";

/** @import { Frame, Marker, State } from "./page" */

/** @param {State} state */
export function drawTraining(state) {
  const figure = byId("training");
  figure.hidden = !state.checkpoints.length;
  if (figure.hidden) return;
  const host = part(figure, ".plot");
  const last = Math.max(...state.checkpoints.map((model) => model.step));
  const ticks = roundTicks(0, last, host.clientWidth < 420 ? 4 : 6).filter(
    (at) => at <= last * 1.0001,
  );
  const frame = chart(host, {
    height: 300,
    label: `pass@1 and pass@${state.kMax} over training steps on ${state.name}`,
    x: {
      domain: [0, last],
      ticks: ticks.map((at) => ({ at, label: String(at) })),
      title: "training step",
    },
    y: { domain: [0, 1], ticks: shareTicks, title: "pass@k, share of problems solved" },
  });
  if (!state.chosen.beside) frame.svg.append(chosenMark(frame, frame.x(state.chosen.step)));
  /** @type {[number, string, Marker][]} */
  const series = [[1, "var(--first)", "square"]];
  if (state.kMax > 1) series.push([state.kMax, "var(--last)", "circle"]);
  for (const [k, color, marker] of series) drawSeries(state, frame, k, color, marker);
  put(
    part(figure, ".legend"),
    series.map(([k, color, marker]) => key(keys.line(color, marker), `pass@${k}`)),
    series.some(([k]) => baseAt(state, k)) ? key(keys.dashed(), "base") : null,
  );
}

/**
 * pass@k of the base; null where it was not drawn so often.
 * @param {State} state
 * @param {number} k
 */
function baseAt(state, k) {
  return state.base ? pointAt(state.view(state.base)?.curve, k) : null;
}

/**
 * @param {State} state
 * @param {Frame} frame
 * @param {number} k
 * @param {string} color
 * @param {Marker} marker
 */
function drawSeries(state, frame, k, color, marker) {
  const points = [state.base, ...state.checkpoints]
    .filter(Boolean)
    .map((model) => ({
      step: model.step,
      upper: pointAt(state.view(model)?.curve_upper, k)?.value,
      ...pointAt(state.view(model)?.curve, k),
    }))
    .filter((point) => point.value !== undefined);
  if (!points.length) return;
  const steps = points.map((point) => point.step);
  const base = baseAt(state, k);
  if (base) {
    const level = frame.y(base.value);
    frame.svg.append(
      svg("line", {
        x1: frame.left,
        x2: frame.right,
        y1: level,
        y2: level,
        style: `stroke:${color}`,
        "stroke-dasharray": "4 4",
      }),
    );
  }
  frame.svg.append(
    band(
      frame,
      steps,
      points.map((p) => p.low),
      points.map((p) => p.high),
      color,
    ),
    polyline(
      frame,
      steps,
      points.map((p) => p.value),
      { class: "line", style: `stroke:${color}` },
    ),
  );
  for (const { step, value, upper } of points) {
    if (upper === undefined) continue;
    // how far undecided verdicts leave the point open
    const [x, from, to] = [frame.x(step), frame.y(value), frame.y(upper)];
    frame.svg.append(
      svg("line", {
        x1: x,
        x2: x,
        y1: from,
        y2: to,
        style: `stroke:${color};stroke-width:2`,
        "stroke-dasharray": "1 4",
      }),
    );
  }
  for (const point of points) {
    if (points.length > 24) break;
    frame.svg.append(
      whisker(frame, frame.x(point.step), point.low, point.high, color),
      markers[marker](frame.x(point.step), frame.y(point.value), color),
    );
  }
}
