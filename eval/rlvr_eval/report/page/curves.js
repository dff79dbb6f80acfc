/* pass@k against log k: the base, the chosen checkpoint and models beside the run with bands, all
   other checkpoints as thin lines. */

import { listed } from "./cells.js";
import { band, chart, kTicks, onPoint, polyline, shareTicks } from "./chart.js";
import { pointAt, signed, withInterval } from "./format.js";
import { shownModels } from "./models.js";
import { byId, key, keys, markers, part, put, svg } from "./nodes.js";

/** @import { Columns, Frame, Marker, PageModel, Shown, State } from "./page" */

/** @param {State} state */
export function drawCurves(state) {
  const host = part(byId("curves"), ".plot");
  const frame = chart(host, {
    height: host.clientWidth < 520 ? 320 : 400,
    label: `pass@k of base and checkpoints on ${state.name}, ${state.chosen.name} highlighted`,
    x: {
      domain: [1, Math.max(2, state.kMax)],
      log: true,
      ticks: kTicks(state.kMax, host.clientWidth),
      title: "k, completions per problem (logarithmic)",
    },
    y: { domain: [0, 1], ticks: shareTicks, title: "pass@k, share of problems solved" },
  });
  const shown = shownModels(state);
  for (const model of state.models) {
    if (shown.some(([other]) => other === model)) continue;
    const curve = state.view(model)?.curve;
    if (curve) frame.svg.append(polyline(frame, curve.k, curve.value, { class: "thin" }));
  }
  for (const [model, color] of shown) {
    const { curve, curve_upper: upper } = state.view(model);
    frame.svg.append(band(frame, curve.k, curve.low, curve.high, color));
    if (upper)
      frame.svg.append(
        polyline(frame, upper.k, upper.value, {
          class: "line",
          style: `stroke:${color}`,
          "stroke-dasharray": "1 5",
        }),
      );
  }
  for (const [model, color, marker] of shown)
    drawLine(frame, state.view(model).curve, color, marker, model.name);
  drawLegend(state, shown);
  drawReadout(state, frame);
}

/**
 * @param {Frame} frame
 * @param {Columns} curve
 * @param {string} color
 * @param {Marker} marker
 * @param {string} name
 */
function drawLine(frame, curve, color, marker, name) {
  frame.svg.append(
    polyline(frame, curve.k, curve.value, {
      class: "line",
      style: `stroke:${color}`,
      "data-model": name,
    }),
  );
  curve.k.forEach((k, i) => {
    if (Number.isInteger(Math.log2(k)))
      frame.svg.append(markers[marker](frame.x(k), frame.y(curve.value[i]), color));
  });
}

/**
 * @param {State} state
 * @param {Shown[]} shown
 */
function drawLegend(state, shown) {
  const entries = shown.map(([model, color, marker]) => key(keys.line(color, marker), model.name));
  if (state.models.length > shown.length) entries.push(key(keys.thin(), "other checkpoints"));
  entries.push(key(keys.area("var(--soft)", 0.25), "95 % interval"));
  if (shown.some(([model]) => state.view(model).curve_upper)) {
    entries.push(
      key(keys.line("var(--soft)", null, "1 5"), "if every undecided verdict were right"),
    );
  }
  put(part(byId("curves"), ".legend"), entries);
}

/**
 * " to 99.0 [97.1, 100.0]" where undecided verdicts leave pass@k open.
 * @param {State} state
 * @param {PageModel} model
 * @param {number} k
 */
function upTo(state, model, k) {
  const upper = pointAt(state.view(model)?.curve_upper, k);
  return upper ? ` to ${withInterval(upper)}` : "";
}

/**
 * Values at the k under the pointer; before that, at the crossover's side of the middle.
 * @param {State} state
 * @param {Frame} frame
 */
function drawReadout(state, frame) {
  const ks = state.view(state.chosen)?.curve.k ?? [1];
  const rule = svg("line", {
    class: "axis",
    y1: frame.top,
    y2: frame.bottom,
    "stroke-dasharray": "2 3",
    visibility: "hidden",
  });
  frame.svg.append(rule);
  const say = (/** @type {number} */ k, /** @type {boolean} */ isPointed) => {
    for (const end of ["x1", "x2"]) rule.setAttribute(end, String(frame.x(k)));
    rule.setAttribute("visibility", isPointed ? "visible" : "hidden");
    const theirs = state.base && pointAt(state.view(state.base)?.curve, k);
    const ours = pointAt(state.view(state.chosen)?.curve, k);
    const difference = pointAt(state.view(state.chosen)?.difference, k);
    const parts = [`k = ${k}: `];
    if (theirs) parts.push(`${state.base.name} ${withInterval(theirs)}${upTo(state, state.base, k)} %`);
    if (ours && state.chosen !== state.base)
      parts.push(
        `${theirs ? ", " : ""}${state.chosen.name} ${withInterval(ours)}${upTo(state, state.chosen, k)} %`,
      );
    if (difference) parts.push(`, difference ${withInterval(difference, signed)} points`);
    const open = listed(state.view(state.chosen)?.difference_range, k);
    if (open) parts.push(` (${signed(open.least)} to ${signed(open.greatest)})`);
    put(part(byId("curves"), ".readout"), parts.join(""));
  };
  say(state.headlineKs[Math.floor(state.headlineKs.length / 2)], false);
  onPoint(frame, (share) => {
    const k = 2 ** (share * Math.log2(Math.max(2, state.kMax)));
    say(
      ks.reduce((best, each) =>
        Math.abs(Math.log(each / k)) < Math.abs(Math.log(best / k)) ? each : best,
      ),
      true,
    );
  });
}
