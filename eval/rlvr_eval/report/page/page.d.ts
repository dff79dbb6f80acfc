/* What the scripts read and pass on: the summary as page_data.py compacts it, and the page's state. */

import type {
  Benchmark,
  Beyond,
  Certified,
  Coverage,
  Migration,
  Model,
  ProbedModel,
  RunDescription,
  StratumView,
  Tests,
} from "./summary";

export interface Columns {
  k: number[];
  value: number[];
  low: number[];
  high: number[];
}

export interface Interval {
  value: number;
  low: number;
  high: number;
}

export type PageView = Omit<StratumView, "curve" | "curve_upper" | "difference"> & {
  curve: Columns;
  curve_upper?: Columns;
  difference?: Columns;
  coverage?: Coverage;
  certified?: Certified;
};

export type PageModel = Omit<Model, keyof PageView | "strata"> & {
  views: Record<string, PageView>;
};

export type PageBenchmark = Omit<Benchmark, "models"> & {
  strata: string[];
  models: PageModel[];
};

export interface Example {
  question: string;
  gold: string;
  completions: {
    model: string;
    step: number;
    draw: number;
    verdict: string;
    text: string;
    left: number;
  }[];
}

export interface Report {
  run: RunDescription;
  warnings: string[];
  tests: Tests;
  benchmarks: Record<string, PageBenchmark>;
  examples: Record<string, Example>;
  examplesGiven: number;
}

/** Everything that the figures read, for one benchmark. */
export interface State {
  name: string;
  base: PageModel | null;
  checkpoints: PageModel[];
  models: PageModel[];
  chosen: PageModel;
  stratum: string;
  strata: string[];
  kMax: number;
  headlineKs: number[];
  bins: string[];
  problemIds: string[];
  kinds: string[];
  kindOf: Map<string, string>;
  drawKey: Record<string, unknown>;
  drawnUnder: string;
  probes: PageBenchmark;
  examples: Record<string, Example>;
  examplesGiven: number;
  run: RunDescription;
  tests: Tests;
  migrationK: number | null;
  filter: string | null;
  rows: number;
  view: (model: PageModel) => PageView | null;
}

export type Child = Node | string | null | undefined | Child[];

export type Marker = "circle" | "diamond" | "square";

/** A model with its colour and marker. */
export type Shown = [model: PageModel, color: string, marker: Marker];

export interface Tick {
  at: number;
  label: string;
}

export interface Axis {
  domain: [number, number];
  title: string;
  ticks: Tick[];
  log?: boolean;
}

/** A chart's drawing area, with the scales from values to pixels. */
export interface Frame {
  svg: SVGElement;
  x: (value: number) => number;
  y: (value: number) => number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  width: number;
  height: number;
}

/** A column of a table: heading, content of the cell, class. */
export type Column<Row> = [string, (row: Row) => Child, string?];

/** The controls of page.html by their id; every other id is of a plain element. */
export interface Controls {
  benchmark: HTMLSelectElement;
  stratum: HTMLSelectElement;
  step: HTMLInputElement;
  "migration-k": HTMLSelectElement;
  find: HTMLInputElement;
}

/** A column of a table of models. */
export type ModelColumn = [string, (model: PageModel, view: PageView) => Child, string?];

export type Probed = ProbedModel & { temperature?: number };

export type Cell = "kept" | "lost" | "gained" | "neither";

/** A model with how many problems are in each cell. */
export type Flow = { model: PageModel } & Record<Cell, { value: number }>;

export type Moves = { model: PageModel } & Migration;

/** A problem with its counts under the base and the chosen model. */
export interface Listed {
  id: string;
  kind: string;
  certified?: "lost" | "gained";
  base: number | null;
  baseN: number | null;
  ours: number | null;
  oursN: number | null;
}

export type BeyondRow = Beyond & { step: number; name: string };

/** The keys of a reasoning entry that are counts. */
export type CountedReasoning =
  | "problems"
  | "confirmed"
  | "refuted"
  | "right"
  | "wrong"
  | "unmarked";
