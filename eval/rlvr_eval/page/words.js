/* The finding, and what was run, in words. A change is claimed only where its interval holds no 0. */

function drawWords(state) {
  const others = state.models.filter((model) => model.beside && model !== state.chosen);
  const findings = [state.chosen, ...others].map((model) => finding(state, model));
  put(
    byId("finding"),
    findings.filter(Boolean).map((text) => html("span", {}, text)),
  );
  byId("shown").textContent =
    `Shown: ${state.name}, ${state.stratum ? `${state.stratum} problems` : "all problems"}, ${state.chosen.name}.`;
  put(
    byId("about").querySelector(".words"),
    html("p", {}, whatWasDrawn(state)),
    html("p", {}, howItIsRead(state)),
    definitions("Drawn with", state.drawKey, true),
    definitions("The run", state.run, false),
  );
}

function finding(state, model) {
  const view = state.view(model);
  if (!view) return "";
  if (!view.difference) {
    return (
      state.headlineKs
        .map((k) => `pass@${k} is ${withInterval(pointAt(view.curve, k))} %`)
        .join(", ") + ` for ${model.name} on ${where(state)}.`
    );
  }
  const last = view.difference.k.at(-1);
  const ends = last > 1 ? [1, last] : [1];
  const sentences = ends.map((k) => changeOf(state, view, k));
  return `On ${where(state)}, ${model.name} against the base: ${sentences.join("; ")}. ${crossing(view.crossover, last)}`;
}

function where(state) {
  return `${plural(state.view(state.chosen).problems, `${state.stratum ? `${state.stratum} ` : ""}problem`)} of ${state.name}`;
}

function changeOf(state, view, k) {
  const before = pointAt(state.view(state.base)?.curve, k);
  const after = pointAt(view.curve, k);
  const change = pointAt(view.difference, k);
  const verb = change.low > 0 ? "rises" : change.high < 0 ? "falls" : "shows no clear change";
  const from = before && after ? ` from ${percent(before.value)} to ${percent(after.value)} %` : "";
  return `pass@${k} ${verb}${from} (${withInterval(change, signed)} points)`;
}

function crossing(found, kMax) {
  if (found.censored === "none") return "";
  if (found.censored) return `The curves do not cross up to k = ${kMax}.`;
  return `The base overtakes it at k = ${crossoverText(found, kMax)}.`;
}

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
    `${whom.charAt(0).toUpperCase()}${whom.slice(1)} answered ${plural(state.problemIds.length, "problem")} of ${state.name}: ${count(total)} completions in all, under the design ${designs.join(", ")}. ` +
    (largest > 0
      ? `Up to ${rate(largest)} of a model's verdicts are undecided and count as wrong; where they exceed 1 %, dotted lines show the other extreme.`
      : "No verdict is undecided.")
  );
}

function enumerated(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function howItIsRead(state) {
  const families = state.view(state.chosen)?.families;
  const effective = state.view(state.chosen)?.effective_families;
  const worth = effective < 0.95 * families ? `, worth ${count(Math.round(effective))} of equal size,` : "";
  const over = families
    ? `over the ${count(families)} families that the problems belong to${worth}`
    : "over problems";
  return `pass@k is estimated without bias for every k up to ${state.kMax} and never beyond. Intervals are 95 % intervals for the population that these problems come from (Student t ${over} and two pseudo-problems for what no problem shows), pointwise in k. A checkpoint is compared with the base by paired differences on the same problems, both sampled independently; p-values of pass@1 and pass@${state.kMax} are adjusted by Holm's method over all checkpoints.`;
}

/** Names and values, nested ones as a.b; what is missing is left out. */
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
      return flattened(value, `${prefix}${name}.`);
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
