/* What probes found beyond the curves, and what the same counts say of these problems alone and
   beyond the last k: tables, since each holds a few rows. */

import { crossoverCell, listed, stacked, withRange, withUpper } from "./cells.js";
import { MISSING, count, interval, percent, plural, signed } from "./format.js";
import { byId, html, part, put } from "./nodes.js";

/** @import { BeyondRow, Child, Column, CountedReasoning, PageModel, Probed, State } from "./page" */
/** @import { EntropyMatch } from "./summary" */

/** @param {State} state */
export function drawProbes(state) {
  const found = [
    ...temperatureTables(state),
    ...entropyTables(state),
    ...directTables(state),
    ...reasoningTables(state),
  ];
  byId("probes").hidden = !found.length;
  put(part(byId("probes"), ".tables"), found);
}

/**
 * columns: [heading, (row) => text or nodes, class].
 * @template Row
 * @param {string} caption
 * @param {Column<Row>[]} columns
 * @param {Row[]} rows
 * @param {string | null} note
 * @returns {Child[]}
 */
function rowTable(caption, columns, rows, note = null) {
  const head = columns.map(([heading, , kind]) =>
    html("th", { scope: "col", class: kind }, heading),
  );
  const body = rows.map((row) =>
    html(
      "tr",
      {},
      columns.map(([, cell, kind]) => html("td", { class: kind }, cell(row))),
    ),
  );
  return [
    html("h3", {}, caption),
    html(
      "div",
      { class: "scroll" },
      html(
        "table",
        { "aria-label": caption },
        html("thead", {}, html("tr", {}, head)),
        html("tbody", {}, body),
      ),
    ),
    note ? html("p", { class: "note" }, note) : null,
  ];
}

/** @type {[Column<{step: number}>, Column<{name: string}>]} */
const NAMED = [
  ["step", (row) => String(row.step)],
  ["model", (row) => row.name, "text"],
];

/**
 * @param {Probed[]} rows
 * @returns {Column<Probed>[]}
 */
function probedColumns(rows) {
  const last = Math.min(...rows.map((row) => row.curve.at(-1).k));
  const ends = last > 1 ? [1, last] : [1];
  return [
    ["problems", (row) => count(row.problems)],
    ...ends.map(
      (k) =>
        /** @type {Column<Probed>} */ ([
          `pass@${k}, %`,
          (row) => withUpper(listed(row.curve, k), listed(row.curve_upper, k)),
        ]),
    ),
    ...ends.map(
      (k) =>
        /** @type {Column<Probed>} */ ([
          `D(${k}), points`,
          (row) => withRange(listed(row.difference, k), listed(row.difference_range, k)),
        ]),
    ),
    [
      "crossover k",
      (row) => (row.crossover ? crossoverCell(row.crossover, row.difference.at(-1).k) : MISSING),
    ],
  ];
}

/** @param {State} state */
function temperatureTables(state) {
  const rows = (state.probes.temperature ?? []).flatMap((at) =>
    at.models.map((model) => ({ ...model, temperature: at.temperature })),
  );
  if (!rows.length) return [];
  /** @type {Column<Probed>[]} */
  const columns = [
    ["temperature", (row) => String(row.temperature)],
    ...NAMED,
    ...probedColumns(rows),
  ];
  return rowTable("Base and checkpoint drawn at the same temperature", columns, rows);
}

/** @param {State} state */
function entropyTables(state) {
  return (state.probes.entropy ?? []).flatMap((match) => {
    const grid = rowTable(
      `Mean token entropy of ${match.model} by temperature`,
      [
        ["temperature", (row) => String(row.temperature)],
        ["nats per token", (row) => stacked(row, nats)],
        ["tokens", (row) => count(row.tokens)],
      ],
      match.grid,
      entropyNote(match),
    );
    if (!match.models.length) return grid;
    const rows = match.models.map((model) => ({
      ...model,
      temperature: model.step === 0 ? match.base.temperature : match.temperature,
    }));
    /** @type {Column<Probed>[]} */
    const columns = [
      ["temperature", (row) => String(row.temperature)],
      ...NAMED,
      ...probedColumns(rows),
    ];
    return [...grid, ...rowTable(`${match.model} and the base at equal entropy`, columns, rows)];
  });
}

/** @param {EntropyMatch} match */
function entropyNote(match) {
  const where = `on ${plural(match.apart.length, "problem")} set apart for the search, which the curves leave out`;
  const base = `The base has ${nats(match.base.value)} ${interval(match.base, nats)} at temperature ${match.base.temperature}, ${where}.`;
  return match.temperature === null
    ? `${base} No temperature gives ${match.model} as much.`
    : `${base} ${match.model} comes nearest at temperature ${match.temperature}.`;
}

/** @param {State} state */
function directTables(state) {
  const found = state.probes.direct;
  if (!found?.models.length) return [];
  const note = `${count(found.guessable.length)} of ${plural(found.problems, "problem")} left out: the base answers them without reasoning with an accuracy above 0 and below ${percent(found.highest, 0)} %.`;
  /** @type {Column<Probed>[]} */
  const columns = [...NAMED, ...probedColumns(found.models)];
  return rowTable("Without problems that can be guessed", columns, found.models, note);
}

/** @param {State} state */
function reasoningTables(state) {
  const rows = state.models.filter((model) => model.reasoning);
  if (!rows.length) return [];
  const of = (/** @type {CountedReasoning} */ name) => (/** @type {PageModel} */ row) => count(row.reasoning[name]);
  const last =
    (/** @type {"curve_least" | "curve_most"} */ name) => (/** @type {PageModel} */ row) => stacked(listed(row.reasoning[name], state.kMax));
  const isMarked = rows.some((row) => row.reasoning.checked_by === "marks");
  /** @type {Column<PageModel>[]} */
  const columns = [
    ...NAMED,
    ["checked by", (row) => row.reasoning.checked_by, "text"],
    ["problems", of("problems")],
    ["confirmed", of("confirmed")],
    ["refuted", of("refuted")],
    ["completions right", of("right")],
    ["wrong", of("wrong")],
    ["unmarked", of("unmarked")],
    ...(isMarked
      ? /** @type {Column<PageModel>[]} */ ([
          [`pass@${state.kMax} at least, %`, last("curve_least")],
          ["at most, %", last("curve_most")],
        ])
      : []),
  ];
  const note =
    "Problems that a model solves with at most 5 % of its completions. Confirmed: at least one of those completions reasons rightly; refuted: none does.";
  return rowTable("Reasoning behind the hardest solved problems", columns, rows, note);
}

/** @param {State} state */
export function theseProblemsTable(state) {
  const rows = state.models.filter((model) => model.these_problems);
  if (!rows.length) return [];
  /** @type {Column<PageModel>[]} */
  const columns = [
    ...NAMED,
    ...state.headlineKs.map(
      (k) =>
        /** @type {Column<PageModel>} */ ([
          `pass@${k}, %`,
          (row) => stacked(listed(row.these_problems, k)),
        ]),
    ),
    ...state.headlineKs.map(
      (k) =>
        /** @type {Column<PageModel>} */ ([
          `D(${k}), points`,
          (row) => stacked(listed(row.these_differences, k), signed),
        ]),
    ),
  ];
  const note = "Intervals for exactly these problems: what drawing again would change. Beyond half of a model's draws they are approximate.";
  return rowTable("Of these problems alone", columns, rows, note);
}

/** @param {State} state */
export function beyondTable(state) {
  const rows = state.models.flatMap((model) =>
    (model.beyond ?? []).map((at) => ({ ...at, step: model.step, name: model.name })),
  );
  if (!rows.length) return [];
  /** @type {Column<BeyondRow>[]} */
  const columns = [
    ...NAMED,
    ["k", (row) => count(row.k)],
    ["lowest, %", (row) => percent(row.low)],
    ["highest, %", (row) => percent(row.high)],
    ...Object.keys(rows[0].models).map(
      (label) =>
        /** @type {Column<BeyondRow>} */ ([
          `${label}, %`,
          (row) => `${percent(row.models[label])} [${row.model_intervals[label].map((end) => percent(end)).join(", ")}]`,
        ]),
    ),
    ["range of the models, %", (row) => row.range.map((end) => percent(end)).join(" to ")],
  ];
  const note =
    "No unbiased estimate exists for k above the number of draws n. The bounds hold for any problems, at the confidence of the interval of pass@n; each model assumes a shape, and its interval holds only if the shape does. Trust no single model: go by the range, and not even by that where the models disagree by more than their intervals or the curve is still rising steeply.";
  return rowTable("Beyond what was drawn", columns, rows, note);
}

/** @param {number} value */
function nats(value) {
  return value.toFixed(3);
}
