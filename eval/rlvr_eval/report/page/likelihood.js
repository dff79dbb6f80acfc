/* Perplexities of one model's completions under another: median, quartiles, central 90 %.

   A row is {scorer, completions_of, completions, problems, quantiles: {"0.05", "0.25", "0.5", "0.75",
   "0.95"}}; shown are those of the base, the chosen model, models beside the run, and completions of
   no model. */

import { chart } from "./chart.js";
import { CHECKPOINT } from "./colors.js";
import { plural } from "./format.js";
import { shownModels } from "./models.js";
import { byId, markers, part, svg } from "./nodes.js";

/** @import { Frame, State } from "./page" */
/** @import { Likelihood } from "./summary" */

const ROW_HEIGHT = 60;

/** @param {State} state */
export function drawLikelihood(state) {
  const figure = byId("likelihood");
  const all = state.probes.likelihood ?? [];
  const left = state.checkpoints.filter((model) => model !== state.chosen).map((m) => m.name);
  const rows = all.filter(
    (row) => !left.includes(row.scorer) && !left.includes(row.completions_of),
  );
  figure.hidden = !rows.length;
  if (!rows.length) return;
  const reach = all.flatMap((row) => [row.quantiles["0.05"], row.quantiles["0.95"]]);
  const [low, high] = [Math.min(...reach) / 1.05, Math.max(...reach) * 1.05];
  const frame = chart(part(figure, ".plot"), {
    height: 78 + ROW_HEIGHT * rows.length,
    label: "Perplexity of completions",
    x: {
      domain: [low, high],
      log: true,
      ticks: perplexityTicks(low, high),
      title: "perplexity per completion (logarithmic)",
    },
    y: {
      domain: [rows.length, 0],
      ticks: rows.map((_, i) => ({ at: i + 1, label: "" })),
      title: "whose completions, under which model",
    },
  });
  for (const [i, row] of rows.entries()) drawPerplexities(state, frame, row, frame.y(i));
}

/**
 * @param {State} state
 * @param {Frame} frame
 * @param {Likelihood} row
 * @param {number} top
 */
function drawPerplexities(state, frame, row, top) {
  const at = (/** @type {string} */ share) => frame.x(row.quantiles[share]);
  const shown = shownModels(state).find(([model]) => model.name === row.scorer);
  const color = shown?.[1] ?? CHECKPOINT;
  const y = top + 48;
  frame.svg.append(
    svg(
      "text",
      { class: "strong", x: frame.left, y: top + 16 },
      `${row.completions_of} under ${row.scorer}`,
    ),
    // a line of its own: with the names it would not fit on a phone
    svg("text", { x: frame.left, y: top + 33 }, howMany(row)),
    svg("line", {
      x1: at("0.05"),
      x2: at("0.95"),
      y1: y,
      y2: y,
      style: `stroke:${color};stroke-width:1.5`,
    }),
    svg("line", {
      x1: at("0.25"),
      x2: at("0.75"),
      y1: y,
      y2: y,
      style: `stroke:${color};stroke-width:10;opacity:.45`,
    }),
    markers.circle(at("0.5"), y, color, 4),
  );
}

/** @param {Likelihood} row */
function howMany(row) {
  return `${plural(row.completions, "completion")} of ${plural(row.problems, "problem")}`;
}

/**
 * @param {number} low
 * @param {number} high
 */
function perplexityTicks(low, high) {
  const round = [1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000, 10000];
  return round.filter((at) => at >= low && at <= high).map((at) => ({ at, label: String(at) }));
}
