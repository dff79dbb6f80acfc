/* Every number, in tables: the curves, the comparison with the base, how the draws were made. */

import { crossoverCell, differenceAt, passAt, stacked } from "./cells.js";
import { MISSING, capital, count, probability, rate, signed } from "./format.js";
import { certifiedIn } from "./models.js";
import { byId, html, part, put } from "./nodes.js";
import { beyondTable, theseProblemsTable } from "./probes.js";

/** @import { ModelColumn, PageModel, PageView, State } from "./page" */

/** @param {State} state */
export function drawTables(state) {
  const shown = state.models.filter((model) => state.view(model));
  put(
    part(byId("numbers"), ".tables"),
    html("p", { class: "note" }, `${capital(state.drawnUnder)}.`),
    table("Curves", curveColumns(state), shown, state),
    state.base
      ? table(
          "Against the base",
          againstColumns(state),
          shown.filter((model) => state.view(model).difference),
          state,
        )
      : null,
    table(
      "Cover@τ, % of problems solved with probability at least τ",
      coverColumns(state, shown),
      shown,
      state,
    ),
    theseProblemsTable(state),
    beyondTable(state),
    table("Where the numbers come from", originColumns(), state.models, state),
  );
}

/**
 * columns: [heading, (model, view) => text or nodes, class].
 * @param {string} caption
 * @param {ModelColumn[]} columns
 * @param {PageModel[]} models
 * @param {State} state
 */
function table(caption, columns, models, state) {
  if (!models.length) return null;
  const head = html(
    "tr",
    {},
    columns.map(([heading, , kind]) => html("th", { scope: "col", class: kind }, heading)),
  );
  const rows = models.map((model) =>
    html(
      "tr",
      { class: model === state.chosen ? "chosen" : null },
      columns.map(([, cell, kind]) =>
        html("td", { class: kind }, cell(model, state.view(model) ?? /** @type {PageView} */ ({}))),
      ),
    ),
  );
  return [
    html("h3", {}, caption),
    html(
      "div",
      { class: "scroll" },
      html("table", { "aria-label": caption }, html("thead", {}, head), html("tbody", {}, rows)),
    ),
  ];
}

/** @type {ModelColumn[]} */
const WHO = [
  ["step", (model) => (model.beside ? MISSING : String(model.step))],
  ["model", (model) => model.name, "text"],
];

/**
 * @param {State} state
 * @returns {ModelColumn[]}
 */
function curveColumns(state) {
  return [
    ...WHO,
    ["problems", (_, view) => count(view.problems)],
    ...state.headlineKs.map(
      (k) => /** @type {ModelColumn} */ ([`pass@${k}, %`, (_, view) => passAt(view, k)]),
    ),
    ["log-k area, %", (_, view) => stacked(view.area)],
    ["undecided", (model) => rate(model.undecided_rate)],
    ["truncated", (model) => rate(model.truncation_rate)],
  ];
}

/**
 * @param {State} state
 * @returns {ModelColumn[]}
 */
function againstColumns(state) {
  const test = (/** @type {PageView} */ view, /** @type {number} */ k) => view.tests.find((each) => each.k === k);
  const tested = state.models.map((model) => state.view(model)?.tests ?? []);
  const ks = tested.flatMap((tests) => [tests[0], tests.at(-1)].filter(Boolean)).map(({ k }) => k);
  const ends = [...new Set(ks)].sort((a, b) => a - b);
  const gaps = new Set(state.models.map((model) => state.view(model)?.delta_se?.k).filter(Boolean));
  return [
    ...WHO,
    ...ends.flatMap(
      (k) =>
        /** @type {ModelColumn[]} */ ([
          [`D(${k}), points`, (_, view) => differenceAt(view, k)],
          ["p, Holm", (_, view) => probability(test(view, k)?.p_adjusted)],
        ]),
    ),
    ["D of log-k area", (_, view) => stacked(view.area_difference, signed)],
    ["crossover k", (_, view) => crossoverCell(view.crossover, view.difference.k.at(-1))],
    ...[...gaps].map(
      (k) =>
        /** @type {ModelColumn} */ ([
          `Δ_SE(${k}), points`,
          (_, view) => (view.delta_se.k === k ? stacked(view.delta_se, signed) : MISSING),
        ]),
    ),
    ["certified lower", (model) => count(certifiedIn(state, model).lost.length)],
    ["certified higher", (model) => count(certifiedIn(state, model).gained.length)],
  ];
}

/**
 * @param {State} state
 * @param {PageModel[]} shown
 * @returns {ModelColumn[]}
 */
function coverColumns(state, shown) {
  const taus = state.view(shown[0])?.cover ?? [];
  return [
    ...WHO,
    ...taus.map(
      ({ tau }, i) =>
        /** @type {ModelColumn} */ ([`τ = ${tau}`, (_, view) => stacked(view.cover[i])]),
    ),
  ];
}

/** @returns {ModelColumn[]} */
function originColumns() {
  return [
    ...WHO,
    ["drawn under", (model) => model.drawn_under, "text"],
    ["completions", (model) => count(model.completions)],
    ["design", (model) => model.design, "text"],
    ["seed", (model) => (model.seed === null ? MISSING : String(model.seed))],
    ["weights", (model) => html("span", { class: "hash" }, model.weights.slice(0, 16)), "text"],
    ["draw key", (model) => html("span", { class: "hash" }, model.draw_key_fingerprint), "text"],
    ["undecided", (model) => rate(model.undecided_rate)],
    ["truncated", (model) => rate(model.truncation_rate)],
  ];
}
