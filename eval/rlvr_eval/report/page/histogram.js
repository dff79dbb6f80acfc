/* Accuracy of single problems: the histogram, and the share above a threshold. */

import { band, chart, polyline, roundTicks, shareTicks } from "./chart.js";
import { plural } from "./format.js";
import { shownModels } from "./models.js";
import { byId, html, key, keys, markers, part, put, svg } from "./nodes.js";

/** @import { State } from "./page" */

/** @param {State} state */
export function drawHistogram(state) {
  const host = part(byId("histogram"), ".plot");
  const shown = shownModels(state);
  const bins = state.bins.map((_, i) => (i === 0 ? "0" : String(i / 10)));
  const tallest = Math.max(
    1,
    ...state.models.flatMap((model) => state.view(model)?.histogram ?? []),
  );
  const ticks = roundTicks(0, tallest);
  const frame = chart(host, {
    height: 300,
    label: `Problems by accuracy on ${state.name}`,
    x: {
      domain: [-0.5, bins.length - 0.5],
      ticks: bins.map((label, at) => ({ at, label })),
      title: "accuracy of a problem, correct / drawn",
    },
    y: {
      domain: [0, ticks.at(-1)],
      ticks: ticks.map((at) => ({ at, label: String(at) })),
      title: "problems",
    },
  });
  const slot = frame.x(1) - frame.x(0);
  const width = (0.8 * slot) / shown.length;
  shown.forEach(([model, color], side) => {
    state.view(model).histogram.forEach((problems, bin) => {
      const top = frame.y(problems);
      const x = frame.x(bin) - 0.4 * slot + side * width;
      frame.svg.append(
        svg(
          "rect",
          {
            x: x + 0.5,
            y: top,
            width: width - 1,
            height: frame.bottom - top,
            style: `fill:${color}`,
          },
          svg("title", {}, `${model.name}, ${state.bins[bin]}: ${plural(problems, "problem")}`),
        ),
      );
    });
  });
  const designs = new Set(shown.map(([model]) => model.design));
  put(
    part(byId("histogram"), ".legend"),
    shown.map(([model, color]) => key(keys.area(color), model.name)),
    designs.size > 1
      ? html("span", {}, `drawn by ${[...designs].join(", ")}: fewer draws fill the bin at 0`)
      : null,
  );
}

/** @param {State} state */
export function drawCover(state) {
  const host = part(byId("cover"), ".plot");
  const frame = chart(host, {
    height: 300,
    label: `Share of problems solved with probability at least tau on ${state.name}`,
    x: {
      domain: [0, 1],
      ticks: roundTicks(0, 1).map((at) => ({ at, label: String(at) })),
      title: "τ of a correct completion",
    },
    y: { domain: [0, 1], ticks: shareTicks, title: "Cover@τ, share of problems" },
  });
  const shown = shownModels(state);
  for (const [model, color, marker] of shown) {
    const cover = state.view(model).cover;
    const taus = cover.map((point) => point.tau);
    frame.svg.append(
      band(
        frame,
        taus,
        cover.map((point) => point.low),
        cover.map((point) => point.high),
        color,
      ),
      polyline(
        frame,
        taus,
        cover.map((point) => point.value),
        { class: "line", style: `stroke:${color}` },
      ),
      ...cover.map((point) => markers[marker](frame.x(point.tau), frame.y(point.value), color)),
    );
  }
  put(
    part(byId("cover"), ".legend"),
    shown.map(([model, color, marker]) => key(keys.line(color, marker), model.name)),
  );
}
