"""The format of summary.json as types.

    summary = RunSummary.model_validate_json(path.read_text())
    summary.benchmarks["math500"].models[-1].difference

A key that is added keeps the number of the format; a key that goes, or means something else, raises
it. After a change, run `python -m rlvr_eval.summary.schema`.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rlvr_eval.summary.values import (
    ApproximatePoint,
    AreaDifference,
    Beyond,
    Certified,
    Counts,
    Cover,
    Coverage,
    Crossover,
    Estimate,
    Finding,
    Migration,
    OpenEstimate,
    OpenRange,
    Part,
    Point,
    Reasoning,
    Share,
    Test,
)

FORMAT: Literal[1] = 1


class View(Part):
    """The numbers of one model on one set of problems, alone and against the base."""

    problems: int
    curve: list[Point]
    area: Estimate
    finding: Finding
    curve_upper: list[Point] | None = None
    paired_problems: int | None = None
    difference: list[Point] | None = None
    difference_range: list[OpenRange] | None = None
    tests: list[Test] | None = None
    area_difference: AreaDifference | None = None
    crossover: Crossover | None = None
    delta_se: Point | None = None


class StratumView(View):
    """A view of one kind of problems, or of all."""

    histogram: list[int]
    cover: list[Cover]
    families: int | None = None
    effective_families: float | None = None
    migration: list[Migration] | None = None


class ProbedModel(View):
    """A model as a probe asked it."""

    name: str
    step: int
    weights: str
    design: str
    completions: int
    undecided_rate: Share
    truncation_rate: Share
    drawn_under: str


class Model(StratumView):
    """A model on all problems of a benchmark.

    Attributes:
        step: training step; 0 for the base.
        beside: true for a model that is no checkpoint of the run; those come last.
        looked_at: other designs under which its draws were reported before.
    """

    name: str
    step: int
    beside: bool
    weights: str
    design: str
    completions: int
    undecided_rate: Share
    truncation_rate: Share
    seed: int | None
    drawn_under: str
    looked_at: list[str]
    planned_looks: list[int] = Field(default=[])
    draw_key_fingerprint: str
    counts: Counts
    strata: dict[str, StratumView]
    these_problems: list[ApproximatePoint]
    these_differences: list[ApproximatePoint] | None = None
    coverage: Coverage | None = None
    certified: Certified | None = None
    beyond: list[Beyond] | None = None
    reasoning: Reasoning | None = None
    differs_from_base: dict[str, list[Any]] | None = None


class Likelihood(Part):
    """How likely the completions of one model are under another."""

    scorer: str
    completions_of: str
    step: int
    problems: int
    completions: int
    quantiles: dict[str, float]
    mean_logprob: OpenEstimate
    versus_own: OpenEstimate | None = None


class AtTemperature(Part):
    """The models drawn at another temperature."""

    temperature: float
    models: list[ProbedModel]


class GridPoint(Estimate):
    """The entropy of a checkpoint at one temperature."""

    temperature: float
    tokens: int


class EntropyMatch(Part):
    """A checkpoint at the temperature where it is as uncertain as its base; null where none is."""

    benchmark: str
    model: str
    step: int
    weights: str
    base: GridPoint
    temperature: float | None
    difference: Estimate | None = None
    grid: list[GridPoint]
    apart: list[str]
    models: list[ProbedModel]


class Direct(Part):
    """Which problems the base can guess without reasoning, and the models on all others."""

    prompt: str
    problems: int
    highest: float
    guessable: list[str]
    models: list[ProbedModel]


class Benchmark(Part):
    """Every model on one benchmark."""

    k_max: int
    headline_ks: list[int]
    histogram_bins: list[str]
    problem_ids: list[str]
    kinds: list[str]
    drawn_under: str
    draw_key: dict[str, Any]
    draw_key_fingerprint: str
    models: list[Model]
    likelihood: list[Likelihood] | None = None
    temperature: list[AtTemperature] | None = None
    entropy: list[EntropyMatch] | None = None
    direct: Direct | None = None


class Tests(Part):
    """The one family of tests that all claims of a report share."""

    number: int
    level: float
    method: str


class RunDescription(BaseModel):
    """What was run, in plain values for readers."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str


class RunSummary(Part):
    """The whole of summary.json."""

    format: Literal[1]
    run: RunDescription
    warnings: list[str]
    tests: Tests
    benchmarks: dict[str, Benchmark]
