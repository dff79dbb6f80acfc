/* Which problems move: what of the base's reach every checkpoint keeps, loses and gains.

   Below the line that the base reaches lies what it solves, kept and lost; above it what it does
   not, gained and neither. So the line stays level and the flow shows around it. */

import { listed } from "./cells.js";
import { chart, chosenMark, polyline, roundTicks, through, whisker } from "./chart.js";
import { certifiedIn } from "./models.js";
import { byId, html, key, keys, markers, part, put, svg } from "./nodes.js";

/** @import { Axis, Cell, Flow, Frame, Moves, PageModel, State } from "./page" */
/** @import { Certified, Migration } from "./summary" */

/** @type {[Cell, string][]} */
const CELLS = [
  ["kept", "var(--kept)"],
  ["lost", "var(--lost)"],
  ["gained", "var(--gained)"],
  ["neither", "var(--neither)"],
];

/** @param {State} state */
export function drawMigration(state) {
  const figure = byId("migration");
  const moved = state.models.filter((model) => state.view(model)?.migration?.length);
  figure.hidden = !moved.length;
  if (!moved.length) return;
  const entry = (/** @type {PageModel} */ model, /** @type {number} */ k) =>
    listed(state.view(model).migration, k);
  const every = moved.flatMap((model) => state.view(model).migration.map((each) => each.k));
  const ks = [...new Set(every)].sort((a, b) => a - b);
  const common = ks.filter((each) => moved.every((model) => entry(model, each)));
  const k = ks.includes(state.migrationK) ? state.migrationK : (common.at(-1) ?? ks.at(-1));
  put(
    byId("migration-k"),
    ks.map((each) => html("option", { value: each, selected: each === k }, String(each))),
  );
  // a model with fewer draws has no number at a large k, and is left out there
  const columns = moved
    .filter((model) => entry(model, k))
    .map((model) => ({ model, ...entry(model, k) }));
  drawFlow(state, [baseColumn(state, columns[0]), ...columns], part(figure, ".plot-flow"));
  drawMoves(state, columns, part(figure, ".plot-moves"));
  put(
    part(figure, ".legend"),
    CELLS.map(([name, color]) => key(keys.area(color), name)),
    key(keys.diamond("var(--ink)"), "certified"),
    key(keys.dashed(), "chance alone"),
  );
}

/**
 * The base itself: everything that it solves is kept.
 * @param {State} state
 * @param {Migration} moved
 * @returns {Flow}
 */
function baseColumn(state, { kept, lost, gained, neither }) {
  const none = { value: 0 };
  const sum = (/** @type {{value: number}} */ a, /** @type {{value: number}} */ b) => ({ value: a.value + b.value });
  return {
    model: state.base,
    kept: sum(kept, lost),
    lost: none,
    gained: none,
    neither: sum(gained, neither),
  };
}

/**
 * x axis with one place per model, named by its step; one beside the run by its name.
 * @param {Pick<Flow, "model">[]} columns
 * @param {number} width
 * @returns {Axis}
 */
function stepAxis(columns, width) {
  const stride = Math.ceil((columns.length * 44) / width);
  const last = columns.length - 1;
  const ticks = columns
    .map(({ model }, at) => ({ at, label: placeOf(model) }))
    .filter((_, at) => (last - at) % stride === 0);
  return { domain: [-0.6, last + 0.6], ticks, title: "training step" };
}

/** @param {PageModel} model */
function placeOf(model) {
  return model.beside ? model.name : model.step ? String(model.step) : "base";
}

/**
 * @param {State} state
 * @param {Flow[]} columns
 * @param {Element} host
 */
function drawFlow(state, columns, host) {
  const total = (/** @type {Flow} */ column) =>
    CELLS.reduce((sum, [name]) => sum + column[name].value, 0);
  const problems = Math.max(...columns.map(total));
  const ticks = roundTicks(0, problems).filter((at) => at <= problems + 0.5);
  const frame = chart(host, {
    height: 250,
    label: `Problems kept, lost and gained against the base on ${state.name}`,
    x: stepAxis(columns, host.clientWidth),
    y: {
      domain: [0, problems],
      ticks: ticks.map((at) => ({ at, label: String(at) })),
      title: "problems, expected",
    },
  });
  const slot = frame.x(1) - frame.x(0);
  const width = slot < 20 ? slot : Math.min(36, 0.55 * slot); // many checkpoints stand side by side
  let floors = columns.map(() => 0);
  for (const [name, color] of CELLS) {
    const tops = columns.map((column, i) => floors[i] + column[name].value);
    columns.forEach((column, i) => {
      const x = frame.x(i);
      if (i && width < slot && !column.model.beside)
        frame.svg.append(
          ribbon(
            frame,
            frame.x(i - 1) + width / 2,
            x - width / 2,
            [floors[i - 1], tops[i - 1]],
            [floors[i], tops[i]],
            color,
          ),
        );
      frame.svg.append(
        svg(
          "rect",
          {
            x: x - width / 2,
            y: frame.y(tops[i]),
            width: width + (width < slot ? 0 : 0.5),
            height: frame.y(floors[i]) - frame.y(tops[i]),
            style: `fill:${color}`,
          },
          svg("title", {}, `${column.model.name}: ${column[name].value.toFixed(1)} ${name}`),
        ),
      );
    });
    floors = tops;
  }
  markChosen(state, frame, columns);
}

/**
 * @param {Frame} frame
 * @param {number} from
 * @param {number} to
 * @param {[number, number]} before
 * @param {[number, number]} after
 * @param {string} color
 */
function ribbon(frame, from, to, before, after, color) {
  /** @type {[number, number][]} */
  const corners = [
    [from, before[1]],
    [to, after[1]],
    [to, after[0]],
    [from, before[0]],
  ];
  return svg("path", {
    d: `${through(corners.map(([x, y]) => [x, frame.y(y)]))}Z`,
    style: `fill:${color};opacity:.45`,
  });
}

/**
 * @param {State} state
 * @param {Moves[]} columns
 * @param {Element} host
 */
function drawMoves(state, columns, host) {
  const gains = columns.flatMap(({ gained, churn }) => [gained.high, churn]);
  const losses = columns.flatMap(({ lost, churn }) => [lost.high, churn]);
  const certified = columns.map(({ model }) => certifiedIn(state, model));
  const ticks = roundTicks(
    -Math.max(1, ...losses, ...certified.map((c) => c.lost.length)),
    Math.max(1, ...gains, ...certified.map((c) => c.gained.length)),
  );
  const frame = chart(host, {
    height: 250,
    label: `Problems gained and lost against the base on ${state.name}, enlarged`,
    x: stepAxis(columns, host.clientWidth),
    y: {
      domain: [ticks[0], ticks.at(-1)],
      ticks: ticks.map((at) => ({ at, label: String(Math.abs(at)) })),
      title: "problems, gained above 0 and lost below",
    },
  });
  const width = Math.max(2, Math.min(24, 0.4 * (frame.x(1) - frame.x(0))));
  columns.forEach(({ lost, gained }, i) => {
    const x = frame.x(i);
    for (const { move, sign, color } of [
      { move: gained, sign: 1, color: "var(--gained)" },
      { move: lost, sign: -1, color: "var(--lost)" },
    ]) {
      const [from, to] = [
        frame.y(Math.max(0, sign * move.value)),
        frame.y(Math.min(0, sign * move.value)),
      ];
      frame.svg.append(
        svg("rect", {
          x: x - width / 2,
          y: from,
          width,
          height: Math.max(0.5, to - from),
          style: `fill:${color};opacity:.8`,
        }),
        whisker(frame, x, sign * move.low, sign * move.high, "var(--ink)"),
      );
    }
    markCertified(frame, x, certified[i]);
  });
  for (const sign of [1, -1]) {
    frame.svg.append(
      polyline(
        frame,
        columns.map((_, i) => i),
        columns.map(({ churn }) => sign * churn),
        { class: "axis", fill: "none", "stroke-dasharray": "4 3" },
      ),
    );
  }
  frame.svg.append(
    svg("line", { class: "axis", x1: frame.left, x2: frame.right, y1: frame.y(0), y2: frame.y(0) }),
  );
  markChosen(state, frame, columns);
}

/**
 * @param {Frame} frame
 * @param {number} x
 * @param {Certified} certified
 */
function markCertified(frame, x, { lost, gained }) {
  for (const { problems, sign } of [
    { problems: gained, sign: 1 },
    { problems: lost, sign: -1 },
  ]) {
    if (!problems.length) continue;
    const mark = markers.diamond(x, frame.y(sign * problems.length), "var(--ink)", 4.5);
    mark.append(svg("title", {}, `${problems.length} certified ${sign > 0 ? "higher" : "lower"}`));
    frame.svg.append(mark);
  }
}

/**
 * @param {State} state
 * @param {Frame} frame
 * @param {Flow[]} columns
 */
function markChosen(state, frame, columns) {
  const i = columns.findIndex(({ model }) => model === state.chosen);
  if (i < 0) return;
  frame.svg.append(chosenMark(frame, frame.x(i)));
}
