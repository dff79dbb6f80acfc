/* The finding, and what was run, in words. What is claimed stands in the summary, ready made. */

import { capital, count, plural, rate } from "./format.js";
import { byId, html, part, put } from "./nodes.js";

/** @import { State } from "./page" */

/** @param {State} state */
export function drawWords(state) {
  const others = state.models.filter((model) => model.beside && model !== state.chosen);
  const findings = [state.chosen, ...others].map((model) => state.view(model)?.finding.text);
  put(
    byId("finding"),
    findings.filter(Boolean).map((text) => html("span", {}, text)),
  );
  byId("shown").textContent =
    `Shown: ${state.name}, ${state.stratum ? `${state.stratum} problems` : "all problems"}, ${state.chosen.name}.`;
  put(
    part(byId("about"), ".words"),
    html("p", {}, whatWasDrawn(state)),
    html("p", {}, `${capital(state.drawnUnder)}.`),
    html("p", {}, howItIsRead(state)),
    definitions("Drawn with", state.drawKey, true),
    definitions("The run", state.run, false),
  );
}

/** @param {State} state */
function whatWasDrawn(state) {
  const designs = [...new Set(state.models.map((model) => model.design))];
  const total = state.models.reduce((sum, model) => sum + model.completions, 0);
  const steps = state.checkpoints.map((model) => model.step);
  const checkpoints = steps.length
    ? `${plural(steps.length, "checkpoint")} (${steps.length > 1 ? `steps ${steps[0]} to ${steps.at(-1)}` : `step ${steps[0]}`})`
    : "";
  const beside = state.models.filter((model) => model.beside).map((model) => model.name);
  const whom = enumerated([state.base ? "the base" : "", checkpoints, ...beside].filter(Boolean));
  const largest = Math.max(...state.models.map((model) => model.undecided_rate));
  return (
    `${capital(whom)} answered ${numberOfProblems(state)} of ${state.name}: ${count(total)} completions in all, under the ${designs.length > 1 ? "designs" : "design"} ${designs.join(", ")}. ` +
    (largest > 0
      ? `Up to ${rate(largest)} of a model's verdicts are undecided and count as wrong; where that matters beside an interval, the other extreme of pass@k and of D is shown as well, while everything else counts them as wrong.`
      : "No verdict is undecided.")
  );
}

/**
 * How many problems the models answered: "30 problems", "20 to 30 problems".
 * @param {State} state
 */
function numberOfProblems(state) {
  const numbers = state.models.map((model) => model.views[""].problems);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? plural(most, "problem") : `${count(least)} to ${plural(most, "problem")}`;
}

/** @param {string[]} names */
function enumerated(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** @param {State} state */
function howItIsRead(state) {
  const families = state.view(state.chosen)?.families;
  const effective = state.view(state.chosen)?.effective_families;
  const worth = effective < 0.95 * families ? `, worth ${count(Math.round(effective))} of equal size,` : "";
  const over = families
    ? `over the ${count(families)} families that the problems belong to${worth}`
    : "over problems";
  return `pass@k is estimated without bias for every k up to the number of draws (${numbersOfDraws(state)}) and never beyond. Intervals are 95 % intervals for the population that these problems come from (Student t ${over} and two pseudo-problems for what no problem shows), pointwise in k. A checkpoint is compared with the base by paired differences on the same problems, both sampled independently${howItIsTested(state)}.`;
}

/**
 * The numbers of draws of all models: "256", "64 to 256".
 * @param {State} state
 */
function numbersOfDraws(state) {
  const most = state.models.map((model) => state.view(model)?.curve.k.at(-1)).filter(Boolean);
  const [least, greatest] = [Math.min(...most), Math.max(...most)];
  return least === greatest ? String(greatest) : `${least} to ${greatest}, depending on the model`;
}

/** @param {State} state */
function howItIsTested(state) {
  const { number, level } = state.tests;
  if (!number) return "";
  const tests = number > 1 ? `all ${number} tests of this report` : "the one test of this report";
  return `; their p-values are adjusted by Holm's method for ${tests}, whatever the model, stratum or benchmark; a change is stated where p < ${level}`;
}

/**
 * Names and values, nested ones as a.b; what is missing is left out.
 * @param {string} title
 * @param {Record<string, unknown>} values
 * @param {boolean} isOpen
 */
function definitions(title, values, isOpen) {
  const pairs = flattened(values);
  if (!pairs.length) return null;
  return html(
    "details",
    { class: "more", open: isOpen },
    html("summary", {}, title),
    html(
      "dl",
      {},
      pairs.map(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]),
    ),
  );
}

/**
 * @param {Record<string, unknown>} values
 * @param {string} prefix
 * @returns {[string, string][]}
 */
function flattened(values, prefix = "") {
  return Object.entries(values ?? {}).flatMap(([name, value]) => {
    if (
      value === null ||
      value === undefined ||
      value === "" ||
      (Array.isArray(value) && !value.length)
    )
      return [];
    if (typeof value === "object" && !Array.isArray(value))
      return flattened(/** @type {Record<string, unknown>} */ (value), `${prefix}${name}.`);
    return [
      [
        prefix + name,
        Array.isArray(value)
          ? value
              .map((each) => (typeof each === "object" ? JSON.stringify(each) : String(each)))
              .join(", ")
          : String(value),
      ],
    ];
  });
}
