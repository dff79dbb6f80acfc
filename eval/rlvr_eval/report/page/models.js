/* Which models the figures show, and which problems are certified of them. */

import { BASE, BESIDE, CHECKPOINT } from "./colors.js";

/** @import { PageModel, Shown, State } from "./page" */

/**
 * The base, the chosen model if it is another, and models beside; with colours and markers.
 * @param {State} state
 * @returns {Shown[]}
 */
export function shownModels(state) {
  const beside = state.models.filter((model) => model.beside);
  /** @type {Shown[]} */
  const shown = [
    [state.base, BASE, "circle"],
    [state.chosen, CHECKPOINT, "diamond"],
    ...beside.map(
      (model, i) => /** @type {Shown} */ ([model, BESIDE[i % BESIDE.length], "square"]),
    ),
  ];
  return shown.filter(([model], at) => {
    const first = shown.findIndex(([other]) => other === model);
    return model && first === at && state.view(model);
  });
}

/**
 * Certified problems of a model, those of the chosen stratum.
 * @param {State} state
 * @param {PageModel} model
 */
export function certifiedIn(state, model) {
  const { lost = [], gained = [] } = model.views[""].certified ?? {};
  const isShown = (/** @type {string} */ id) => !state.stratum || state.kindOf.get(id) === state.stratum;
  return { lost: lost.filter(isShown), gained: gained.filter(isShown) };
}
