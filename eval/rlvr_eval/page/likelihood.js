/* Perplexities of one model's completions under another: median, quartiles, central 90 %. */

function drawLikelihood(state) {
  const figure = byId("likelihood");
  const rows = (state.likelihood ?? []).filter((row) => row.step === undefined || row.step === null || row.step === state.chosen.step || row.step === 0);
  figure.hidden = !rows.length;
  if (!rows.length) return;
  const host = figure.querySelector(".plot");
  const reach = state.likelihood.flatMap((row) => [row.quantiles["0.05"], row.quantiles["0.95"]]);
  const [low, high] = [Math.min(...reach), Math.max(...reach)];
  const names = rows.map((row) => `${row.completions_of} under ${row.scorer}`);
  const frame = chart(host, {
    height: 78 + 34 * rows.length,
    label: "Perplexity of completions",
    x: { domain: [low / 1.05, high * 1.05], log: true, ticks: perplexityTicks(low, high), title: "perplexity per completion (logarithmic)" },
    y: { domain: [rows.length - 0.5, -0.5], ticks: names.map((label, at) => ({ at, label })), title: "completions of whom, under which model" },
  });
  rows.forEach((row, i) => {
    const at = (share) => frame.x(row.quantiles[share]);
    const color = row.scorer === state.base?.name ? BASE : CHECKPOINT;
    const y = frame.y(i);
    frame.svg.append(
      svg("line", { x1: at("0.05"), x2: at("0.95"), y1: y, y2: y, style: `stroke:${color};stroke-width:1.5` }),
      svg("line", { x1: at("0.25"), x2: at("0.75"), y1: y, y2: y, style: `stroke:${color};stroke-width:10;opacity:.45` }),
      markers.circle(at("0.5"), y, color, 4),
    );
  });
}

function perplexityTicks(low, high) {
  const candidates = [1, 1.1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000, 10000];
  return candidates.filter((at) => at >= low / 1.05 && at <= high * 1.05).map((at) => ({ at, label: String(at) }));
}
