/* What is chosen, and drawing it again when that or the width changes. */

import { drawCurves } from "./curves.js";
import { drawDifference } from "./difference.js";
import { capital } from "./format.js";
import { drawCover, drawHistogram } from "./histogram.js";
import { drawLikelihood } from "./likelihood.js";
import { drawMigration } from "./migration.js";
import { byId, html, put } from "./nodes.js";
import { drawProbes } from "./probes.js";
import { ROWS_AT_ONCE, drawProblems } from "./problems.js";
import { drawTables } from "./tables.js";
import { drawTraining } from "./training.js";
import { drawWords } from "./words.js";

/** @import { Report, State } from "./page" */

/** @type {Report} */
const report = JSON.parse(byId("report-data").textContent);

/**
 * Everything that the figures read, for one benchmark.
 * @param {string} name
 */
function stateOf(name) {
  const benchmark = report.benchmarks[name];
  const base = benchmark.models.find((model) => model.step === 0 && !model.beside) ?? null;
  const checkpoints = benchmark.models.filter((model) => model !== base && !model.beside);
  /** @type {State} */
  const state = {
    name,
    base,
    checkpoints,
    models: benchmark.models,
    chosen: checkpoints.at(-1) ?? benchmark.models.at(-1),
    stratum: "",
    strata: benchmark.strata,
    kMax: benchmark.k_max,
    headlineKs: benchmark.headline_ks,
    bins: benchmark.histogram_bins,
    problemIds: benchmark.problem_ids,
    kinds: benchmark.kinds,
    kindOf: new Map(benchmark.problem_ids.map((id, i) => [id, benchmark.kinds[i]])),
    drawKey: benchmark.draw_key,
    drawnUnder: benchmark.drawn_under,
    probes: benchmark,
    examples: report.examples,
    examplesGiven: report.examplesGiven,
    run: report.run,
    tests: report.tests,
    migrationK: null,
    filter: null,
    rows: ROWS_AT_ONCE,
    view: (model) => model.views[state.stratum] ?? null,
  };
  return state;
}

let lists = 0;
let state = stateOf(Object.keys(report.benchmarks)[0]);

function drawFigures() {
  for (const draw of [
    drawCurves,
    drawDifference,
    drawTraining,
    drawHistogram,
    drawCover,
    drawMigration,
    drawLikelihood,
  ])
    draw(state);
  for (const caption of document.querySelectorAll("figure .drawn-under"))
    caption.textContent = `${capital(state.drawnUnder)}.`;
}

function drawAll() {
  byId("step-name").textContent = state.chosen.name;
  byId("step").setAttribute("aria-valuetext", state.chosen.name);
  drawFigures();
  drawWords(state);
  // the long lists wait for the slider to rest for a frame
  cancelAnimationFrame(lists);
  lists = requestAnimationFrame(() => {
    drawProblems(state);
    drawTables(state);
    drawProbes(state);
  });
}

/** Controls of a benchmark: the slider runs over checkpoints, or over all models without a base. */
function setControls() {
  const slider = byId("step");
  const choices = state.models.filter((model) => model !== state.base);
  byId("step-choice").hidden = choices.length < 2;
  slider.max = String(Math.max(0, choices.length - 1));
  slider.value = String(Math.max(0, choices.indexOf(state.chosen)));
  slider.oninput = () => {
    state.chosen = choices[Number(slider.value)];
    drawAll();
  };
  byId("stratum-choice").hidden = !state.strata.length;
  put(
    byId("stratum"),
    [["", "all"], ...state.strata.map((kind) => [kind, kind || "unnamed"])].map(([value, text]) =>
      html("option", { value }, text),
    ),
  );
  byId("controls").hidden =
    choices.length < 2 && !state.strata.length && Object.keys(report.benchmarks).length < 2;
}

function start() {
  const names = Object.keys(report.benchmarks);
  put(
    byId("benchmark"),
    names.map((name) => html("option", { value: name }, name)),
  );
  byId("benchmark-choice").hidden = names.length < 2;
  byId("benchmark").addEventListener("change", () => {
    state = stateOf(byId("benchmark").value);
    setControls();
    drawAll();
  });
  byId("stratum").addEventListener("change", () => {
    state.stratum = byId("stratum").value;
    drawAll();
  });
  byId("migration-k").addEventListener("change", () => {
    state.migrationK = Number(byId("migration-k").value);
    drawMigration(state);
  });
  byId("find").addEventListener("input", () => drawProblems(state));
  byId("more").addEventListener("click", () => {
    state.rows += ROWS_AT_ONCE;
    drawProblems(state);
  });
  put(
    byId("warnings"),
    report.warnings.map((warning) => html("p", { class: "warning" }, warning)),
  );
  for (const caption of document.querySelectorAll("figcaption"))
    caption.append(html("span", { class: "drawn-under" }));
  setControls();
  drawAll();
  const printing = (/** @type {boolean} */ isPrinting) => () => {
    document.body.classList.toggle("printing", isPrinting);
    drawFigures();
  };
  addEventListener("beforeprint", printing(true));
  addEventListener("afterprint", printing(false));
  let width = document.body.clientWidth;
  new ResizeObserver(() => {
    if (document.body.clientWidth !== width) {
      width = document.body.clientWidth;
      drawFigures();
    }
  }).observe(document.body);
}

start();
