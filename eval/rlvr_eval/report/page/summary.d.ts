/* Made by python -m rlvr_eval.summary.schema; do not edit. */

export interface ApproximatePoint {
  value: number;
  low: number;
  high: number;
  k: number;
  is_approximate: boolean;
}

export interface AreaDifference {
  value: number;
  low: number;
  high: number;
  p_value: number;
}

export interface AtTemperature {
  temperature: number;
  models: Array<ProbedModel>;
}

export interface Benchmark {
  k_max: number;
  headline_ks: Array<number>;
  histogram_bins: Array<string>;
  problem_ids: Array<string>;
  kinds: Array<string>;
  drawn_under: string;
  draw_key: Record<string, unknown>;
  draw_key_fingerprint: string;
  models: Array<Model>;
  likelihood?: Array<Likelihood> | null;
  temperature?: Array<AtTemperature> | null;
  entropy?: Array<EntropyMatch> | null;
  direct?: Direct | null;
}

export interface Beyond {
  k: number;
  low: number;
  high: number;
  models: Record<string, number>;
  model_intervals: Record<string, [number, number]>;
  range: [number, number];
}

export interface Certified {
  lost: Array<string>;
  gained: Array<string>;
}

export interface Claim {
  k: number;
  change: "rises" | "falls" | "crosses";
}

export interface Counts {
  n: number | Array<number | null> | null;
  c: Array<number | null>;
}

export interface Cover {
  value: number;
  low: number;
  high: number;
  tau: number;
}

export interface Coverage {
  k: number;
  both: number;
  base_only: number;
  checkpoint_only: number;
  neither: number;
  p_value: number | null;
  reason: string | null;
}

export interface Crossover {
  k: number | null;
  low: number | null;
  high: number | null;
  is_open: boolean;
  censored: string;
  is_shown: boolean;
}

export interface Direct {
  prompt: string;
  problems: number;
  highest: number;
  guessable: Array<string>;
  models: Array<ProbedModel>;
}

export interface EntropyMatch {
  benchmark: string;
  model: string;
  step: number;
  weights: string;
  base: GridPoint;
  temperature: number | null;
  difference?: Estimate | null;
  grid: Array<GridPoint>;
  apart: Array<string>;
  models: Array<ProbedModel>;
}

export interface Estimate {
  value: number;
  low: number;
  high: number;
}

export interface Finding {
  text: string;
  crossing: string;
  claims: Array<Claim>;
}

export interface GridPoint {
  value: number;
  low: number;
  high: number;
  temperature: number;
  tokens: number;
}

export interface Likelihood {
  scorer: string;
  completions_of: string;
  step: number;
  problems: number;
  completions: number;
  quantiles: Record<string, number>;
  mean_logprob: OpenEstimate;
  versus_own?: OpenEstimate | null;
}

export interface Migration {
  k: number;
  churn: number;
  kept: Estimate;
  lost: Estimate;
  gained: Estimate;
  neither: Estimate;
}

export interface Model {
  problems: number;
  curve: Array<Point>;
  area: Estimate;
  finding: Finding;
  curve_upper?: Array<Point> | null;
  paired_problems?: number | null;
  difference?: Array<Point> | null;
  difference_range?: Array<OpenRange> | null;
  tests?: Array<Test> | null;
  area_difference?: AreaDifference | null;
  crossover?: Crossover | null;
  delta_se?: Point | null;
  histogram: Array<number>;
  cover: Array<Cover>;
  families?: number | null;
  effective_families?: number | null;
  migration?: Array<Migration> | null;
  name: string;
  step: number;
  beside: boolean;
  weights: string;
  design: string;
  completions: number;
  undecided_rate: number;
  truncation_rate: number;
  seed: number | null;
  drawn_under: string;
  looked_at: Array<string>;
  planned_looks?: Array<number>;
  draw_key_fingerprint: string;
  counts: Counts;
  strata: Record<string, StratumView>;
  these_problems: Array<ApproximatePoint>;
  these_differences?: Array<ApproximatePoint> | null;
  coverage?: Coverage | null;
  certified?: Certified | null;
  beyond?: Array<Beyond> | null;
  reasoning?: Reasoning | null;
  differs_from_base?: Record<string, Array<unknown>> | null;
}

export interface OpenEstimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface OpenRange {
  k: number;
  least: number;
  greatest: number;
}

export interface Point {
  value: number;
  low: number;
  high: number;
  k: number;
}

export interface ProbedModel {
  problems: number;
  curve: Array<Point>;
  area: Estimate;
  finding: Finding;
  curve_upper?: Array<Point> | null;
  paired_problems?: number | null;
  difference?: Array<Point> | null;
  difference_range?: Array<OpenRange> | null;
  tests?: Array<Test> | null;
  area_difference?: AreaDifference | null;
  crossover?: Crossover | null;
  delta_se?: Point | null;
  name: string;
  step: number;
  weights: string;
  design: string;
  completions: number;
  undecided_rate: number;
  truncation_rate: number;
  drawn_under: string;
}

export interface Reasoning {
  checked_by: "verifier" | "marks";
  problems: number;
  completions: number;
  right: number;
  wrong: number;
  unmarked: number;
  confirmed: number;
  refuted: number;
  owed: number;
  curve_least?: Array<Point> | null;
  curve_most?: Array<Point> | null;
}

export interface RunDescription {
  name: string;
  [key: string]: unknown;
}

export interface StratumView {
  problems: number;
  curve: Array<Point>;
  area: Estimate;
  finding: Finding;
  curve_upper?: Array<Point> | null;
  paired_problems?: number | null;
  difference?: Array<Point> | null;
  difference_range?: Array<OpenRange> | null;
  tests?: Array<Test> | null;
  area_difference?: AreaDifference | null;
  crossover?: Crossover | null;
  delta_se?: Point | null;
  histogram: Array<number>;
  cover: Array<Cover>;
  families?: number | null;
  effective_families?: number | null;
  migration?: Array<Migration> | null;
}

export interface Test {
  k: number;
  p_value: number;
  p_adjusted: number;
  looks?: number;
}

export interface Tests {
  number: number;
  level: number;
  method: string;
}

export interface RunSummary {
  format: 1;
  run: RunDescription;
  warnings: Array<string>;
  tests: Tests;
  benchmarks: Record<string, Benchmark>;
}
