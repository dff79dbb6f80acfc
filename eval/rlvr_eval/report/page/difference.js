/* D(k), checkpoint minus base, paired over problems, with the crossover marked. */

import { band, chart, kTicks, polyline, roundTicks } from "./chart.js";
import { CHECKPOINT } from "./colors.js";
import { atK, signed } from "./format.js";
import { byId, key, keys, markers, part, put, svg } from "./nodes.js";

/** @import { Frame, State } from "./page" */
/** @import { Crossover, OpenRange } from "./summary" */

/** @param {State} state */
export function drawDifference(state) {
  const figure = byId("difference");
  const host = part(figure, ".plot");
  const view = state.view(state.chosen);
  const curve = view?.difference;
  figure.hidden = !curve;
  if (!curve) return;
  const kMax = curve.k.at(-1);
  const ticks = roundTicks(
    Math.min(0, ...allDifferences(state, "low")),
    Math.max(0, ...allDifferences(state, "high")),
  );
  const frame = chart(host, {
    height: 300,
    label: `Difference of ${state.chosen.name} to the base. ${view.finding.crossing}`,
    x: {
      domain: [1, Math.max(2, kMax)],
      log: true,
      ticks: kTicks(kMax, host.clientWidth),
      title: "k, completions per problem (logarithmic)",
    },
    y: {
      domain: [ticks[0], ticks.at(-1)],
      ticks: ticks.map((at) => ({ at, label: signed(at, 0) })),
      title: "D(k), percentage points",
    },
  });
  frame.svg.append(
    svg("line", { class: "axis", x1: frame.left, x2: frame.right, y1: frame.y(0), y2: frame.y(0) }),
    band(frame, curve.k, curve.low, curve.high, CHECKPOINT),
    polyline(frame, curve.k, curve.value, { class: "line", style: `stroke:${CHECKPOINT}` }),
  );
  drawDifferenceRange(frame, view.difference_range);
  drawCrossover(frame, view.crossover, kMax);
  put(part(figure, ".readout"), view.finding.crossing);
  put(
    part(figure, ".legend"),
    key(keys.line(CHECKPOINT), `${state.chosen.name} minus ${state.base.name}`),
    key(keys.area("var(--soft)", 0.25), "95 % interval"),
    key(keys.line("var(--soft)"), "k where D may be 0"),
    view.difference_range
      ? key(keys.line(CHECKPOINT, null, "1 5"), "if undecided verdicts fell either way")
      : null,
  );
}

/**
 * One scale for all checkpoints, so that moving the slider compares them.
 * @param {State} state
 * @param {"low" | "high"} end
 */
function allDifferences(state, end) {
  return state.models.flatMap((model) => state.view(model)?.difference?.[end] ?? []);
}

/**
 * @param {Frame} frame
 * @param {OpenRange[] | null | undefined} range
 */
function drawDifferenceRange(frame, range) {
  for (const end of /** @type {const} */ (["least", "greatest"])) {
    if (!range) return;
    const style = { class: "line", style: `stroke:${CHECKPOINT}`, "stroke-dasharray": "1 5" };
    frame.svg.append(
      polyline(
        frame,
        range.map((point) => point.k),
        range.map((point) => point[end]),
        style,
      ),
    );
  }
}

/**
 * @param {Frame} frame
 * @param {Crossover} found
 * @param {number} kMax
 */
function drawCrossover(frame, found, kMax) {
  const zero = frame.y(0);
  if (found.low !== null) {
    const high = found.is_open ? kMax : found.high;
    frame.svg.append(
      svg("line", {
        x1: frame.x(found.low),
        x2: frame.x(high),
        y1: zero,
        y2: zero,
        style: "stroke:var(--ink);stroke-width:5;opacity:.45",
      }),
    );
  }
  if (found.k !== null && found.is_shown) {
    frame.svg.append(
      svg("line", {
        class: "axis",
        x1: frame.x(found.k),
        x2: frame.x(found.k),
        y1: frame.top,
        y2: frame.bottom,
        "stroke-dasharray": "4 3",
      }),
      markers.circle(frame.x(found.k), zero, "var(--ink)", 4.5),
      crossoverName(frame, found.k),
    );
  }
}

/**
 * The name of the dashed line, on the side of it where there is room.
 * @param {Frame} frame
 * @param {number} k
 */
function crossoverName(frame, k) {
  const isRight = frame.x(k) > (frame.left + frame.right) / 2;
  const place = {
    x: frame.x(k) + (isRight ? -7 : 7),
    y: frame.top + 12,
    "text-anchor": isRight ? "end" : "start",
  };
  return svg("text", { class: "strong halo", ...place }, `k = ${atK(k)}`);
}
