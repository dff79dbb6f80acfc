/* Every number, in tables: the curves, the comparison with the base, how the draws were made. */

function drawTables(state) {
  const shown = state.models.filter((model) => state.view(model));
  put(
    byId("numbers").querySelector(".tables"),
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
    table("Where the numbers come from", originColumns(state), state.models, state),
  );
}

/** columns: [heading, (model, view) => text or nodes, class]. */
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
        html("td", { class: kind }, cell(model, state.view(model) ?? {})),
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

const WHO = [
  ["step", (model) => (model.beside ? MISSING : String(model.step))],
  ["model", (model) => model.name, "text"],
];

/** pass@k with its interval; both extremes where undecided verdicts leave it open. */
function passAt(view, k) {
  return withUpper(pointAt(view.curve, k), pointAt(view.curve_upper, k));
}

function withUpper(lower, upper) {
  return upper ? [stacked(lower), html("small", {}, "to"), stacked(upper)] : stacked(lower);
}

/** D(k) with its interval, and what undecided verdicts leave possible. */
function differenceAt(view, k) {
  const open = listed(view.difference_range, k);
  const told = stacked(pointAt(view.difference, k), signed);
  return open ? [told, html("small", {}, `${signed(open.least)} to ${signed(open.greatest)}`)] : told;
}

/** A value with its interval below it, in small type. */
function stacked(point, form = percent) {
  return point ? [form(point.value), html("small", {}, interval(point, form))] : MISSING;
}

function curveColumns(state) {
  return [
    ...WHO,
    ["problems", (_, view) => count(view.problems)],
    ...state.headlineKs.map((k) => [`pass@${k}, %`, (_, view) => passAt(view, k)]),
    ["log-k area, %", (_, view) => stacked(view.area)],
    ["undecided", (model) => rate(model.undecided_rate)],
    ["truncated", (model) => rate(model.truncation_rate)],
  ];
}

function againstColumns(state) {
  const test = (view, k) => view.tests.find((each) => each.k === k);
  const tested = state.models.map((model) => state.view(model)?.tests ?? []);
  const ks = tested.flatMap((tests) => [tests[0], tests.at(-1)].filter(Boolean)).map(({ k }) => k);
  const ends = [...new Set(ks)].sort((a, b) => a - b);
  const gap = state.models.map((model) => state.view(model)?.delta_se?.k).find(Boolean);
  return [
    ...WHO,
    ...ends.flatMap((k) => [
      [`D(${k}), points`, (_, view) => differenceAt(view, k)],
      ["p, Holm", (_, view) => probability(test(view, k)?.p_adjusted)],
    ]),
    ["D of log-k area", (_, view) => stacked(view.area_difference, signed)],
    ["crossover k", (_, view) => crossoverCell(view.crossover, view.difference.k.at(-1))],
    [`Δ_SE(${gap}), points`, (_, view) => stacked(view.delta_se, signed)],
    ["certified lower", (model) => count(certifiedIn(state, model).lost.length)],
    ["certified higher", (model) => count(certifiedIn(state, model).gained.length)],
  ];
}

function crossoverCell(found, kMax) {
  if (found.low === null || !found.is_shown) return crossoverText(found, kMax);
  return [
    crossoverText({ ...found, low: null }, kMax),
    html("small", {}, crossoverInterval(found, kMax)),
  ];
}

function coverColumns(state, shown) {
  const taus = state.view(shown[0])?.cover ?? [];
  return [...WHO, ...taus.map(({ tau }, i) => [`τ = ${tau}`, (_, view) => stacked(view.cover[i])])];
}

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
