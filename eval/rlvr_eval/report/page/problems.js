/* The problems one by one, filtered by how they moved, with completions a click away. */

import { BASE, CHECKPOINT } from "./colors.js";
import { MISSING, count, plural } from "./format.js";
import { certifiedIn } from "./models.js";
import { byId, html, part, put } from "./nodes.js";

/** @import { Listed, PageModel, State } from "./page" */

export const ROWS_AT_ONCE = 60;

/** @type {[string, (problem: Listed) => boolean][]} */
const FILTERS = [
  ["certified lower", (p) => p.certified === "lost"],
  ["certified higher", (p) => p.certified === "gained"],
  ["solved by the base only", (p) => p.base > 0 && p.ours === 0],
  ["solved by the checkpoint only", (p) => p.base === 0 && p.ours > 0],
  ["solved by both", (p) => p.base > 0 && p.ours > 0],
  ["solved by neither", (p) => p.base === 0 && p.ours === 0],
  ["all", () => true],
];

/** @param {State} state */
export function drawProblems(state) {
  const problems = listedProblems(state);
  const isPair = state.base && state.chosen !== state.base;
  const filters = isPair ? comparable(state) : FILTERS.slice(-1);
  const wanted =
    filters.find(([name]) => name === state.filter) ??
    filters.find(([, test]) => problems.some(test)) ??
    filters.at(-1);
  put(
    part(byId("problems"), ".filters"),
    filters.map(([name, test]) => {
      const choose = () => {
        state.filter = name;
        state.rows = ROWS_AT_ONCE;
        drawProblems(state);
      };
      return html(
        "button",
        { type: "button", "aria-pressed": String(name === wanted[0]), onclick: choose },
        `${name} (${problems.filter(test).length})`,
      );
    }),
  );
  const query = byId("find").value.trim().toLowerCase();
  const found = problems.filter((p) => wanted[1](p) && p.id.toLowerCase().includes(query));
  put(
    part(byId("problems"), ".rows"),
    found.slice(0, state.rows).map((problem) => problemRow(state, problem)),
  );
  put(
    part(byId("problems"), ".head"),
    html("span", {}, "problem"),
    html("span"),
    html("span", { class: "of" }, state.base ? state.base.name : ""),
    html("span", { class: "of" }, isPair || !state.base ? state.chosen.name : ""),
  );
  byId("more").hidden = found.length <= state.rows;
  byId("more").textContent = `Show more of ${count(found.length)}`;
  put(byId("problems-note"), problemsNote(state, isPair));
}

/**
 * Why "solved at least once" does not mean the same of the base and the chosen model; "" if it does.
 * @param {State} state
 */
function unequal(state) {
  return state.chosen.views[""].coverage?.reason ?? "";
}

/** @param {State} state */
function comparable(state) {
  return unequal(state) ? FILTERS.filter(([name]) => !name.startsWith("solved")) : FILTERS;
}

/**
 * @param {State} state
 * @param {boolean} isPair
 */
function problemsNote(state, isPair) {
  const all = Object.keys(state.examples).length;
  const parts = [];
  if (isPair)
    parts.push(
      "Certified lower or higher means that a test of this one problem shows that its probability of success fell or rose. At most 5 % of the problems certified in this report are expected to be wrong. No number of draws shows that a problem is out of reach.",
      unequal(state)
        ? `Problems are not listed by which side solves them: ${unequal(state)}.`
        : "Solved means at least once among the completions drawn, which chance alone can change; an undecided verdict counts as wrong.",
    );
  if (all)
    parts.push(
      `Open a problem to read up to three of its completions; \`rlvr show\` prints the others.`,
    );
  else parts.push("No completions are in this file; `rlvr show` prints them.");
  if (all && all < state.examplesGiven)
    parts.push(
      `To keep the file small it holds those of ${plural(all, "problem")} out of ${count(state.examplesGiven)}.`,
    );
  return parts.join(" ");
}

/**
 * Problems of the chosen stratum with the counts of base and checkpoint, largest change first.
 * @param {State} state
 * @returns {Listed[]}
 */
function listedProblems(state) {
  const certified = certifiedIn(state, state.chosen);
  /** @type {Map<string, "lost" | "gained">} */
  const status = new Map();
  for (const id of certified.lost) status.set(id, "lost");
  for (const id of certified.gained) status.set(id, "gained");
  return state.problemIds
    .map((id, i) => ({
      id,
      kind: state.kinds[i],
      certified: status.get(id),
      base: state.base ? state.base.counts.c[i] : null,
      baseN: state.base ? drawn(state.base, i) : null,
      ours: state.chosen.counts.c[i],
      oursN: drawn(state.chosen, i),
    }))
    .filter(
      (p) => (!state.stratum || p.kind === state.stratum) && !(p.base === null && p.ours === null),
    )
    .sort((a, b) => Math.abs(change(b)) - Math.abs(change(a)));
}

/**
 * @param {PageModel} model
 * @param {number} i
 */
export function drawn(model, i) {
  return Array.isArray(model.counts.n) ? model.counts.n[i] : model.counts.n;
}

/** @param {Listed} p */
export function change(p) {
  return p.base === null || p.ours === null ? 0 : p.ours / p.oursN - p.base / p.baseN;
}

/**
 * @param {State} state
 * @param {Listed} p
 */
function problemRow(state, p) {
  const isPair = state.base && state.chosen !== state.base;
  const mark = p.certified ? `◆ certified ${p.certified === "lost" ? "lower" : "higher"}` : "";
  const color = p.certified ? `color:var(--${p.certified})` : null;
  const row = html(
    "details",
    { class: "row", "data-problem": p.id },
    html(
      "summary",
      {},
      html(
        "span",
        { class: "id" },
        p.id,
        p.kind && !state.stratum ? html("span", { class: "kind" }, p.kind) : null,
      ),
      html("span", { class: "mark", style: color }, mark),
      state.base ? countCell("base", p.base, p.baseN, BASE) : html("span"),
      isPair || !state.base
        ? countCell(isPair ? "checkpoint" : state.chosen.name, p.ours, p.oursN, CHECKPOINT)
        : html("span"),
    ),
  );
  row.addEventListener("toggle", () => {
    if (row.open && row.childElementCount === 1) row.append(completionsOf(state, p.id));
  });
  return row;
}

/**
 * @param {string} name
 * @param {number | null} c
 * @param {number | null} n
 * @param {string} color
 */
function countCell(name, c, n, color) {
  if (c === null || c === undefined) return html("span", { class: "count" }, MISSING);
  const fill = html("i", { style: `width:${(100 * c) / n}%;background:${color}` });
  return html(
    "span",
    { class: "count", title: `${name}: ${c} of ${n} completions correct` },
    html("span", { class: "bar" }, fill),
    `${c} / ${n}`,
  );
}

/**
 * Question, answer and completions of a problem, as text and nothing else.
 * @param {State} state
 * @param {string} id
 */
function completionsOf(state, id) {
  const example = Object.hasOwn(state.examples, id) ? state.examples[id] : null;
  if (!example)
    return html(
      "div",
      { class: "completions" },
      html(
        "p",
        { class: "note" },
        `Its completions are not in this file; \`rlvr show\` prints them.`,
      ),
    );
  return html(
    "div",
    { class: "completions" },
    html("h3", {}, "Question"),
    html("pre", {}, example.question),
    html("h3", {}, "Answer"),
    html("pre", {}, example.gold),
    example.completions.map((each) => [
      html("h3", {}, `${each.model}, draw ${each.draw}: ${each.verdict.replace("_", " ")}`),
      html("pre", { class: "completion" }, each.text),
      each.left
        ? html("p", { class: "note" }, `${plural(each.left, "more character")} left out here.`)
        : null,
    ]),
  );
}
