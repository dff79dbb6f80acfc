"""The format of summary.json as types, and the JSON schema that is made from them.

    summary = RunSummary.model_validate_json(path.read_text())
    summary.benchmarks["math500"].models[-1].difference

The schema lies beside this file as summary.schema.json, for readers in other languages. After a
change here, write it anew with `python -m rlvr_eval.summary.format`. A key that is added keeps the
number of the format; one that goes, or means something else, raises it.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Literal[1] = 1
SCHEMA_FILE = "summary.schema.json"

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Estimate(_Part):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class OpenEstimate(_Part):
    """A value with its 95 % interval; null where an end is not known."""

    value: float | None
    low: float | None
    high: float | None


class Point(Estimate):
    """A value at k, with an interval that holds pointwise."""

    k: int


class ApproximatePoint(Point):
    """A value for the problems at hand; approximate where 2k exceeds the draws made."""

    is_approximate: bool


class Cover(Estimate):
    """The share of problems that are solved with probability at least tau."""

    tau: Share


class OpenRange(_Part):
    """The differences at k that undecided verdicts leave possible."""

    k: int
    least: float
    greatest: float


class Test(_Part):
    """The test of no difference at k; `p_adjusted` allows for every test of the report."""

    k: int
    p_value: Share
    p_adjusted: Share
    looks: int = 1


class AreaDifference(Estimate):
    """A difference of areas under pass@k over log k."""

    p_value: Share


class Crossover(_Part):
    """The k at which the base overtakes; null where there is none, or no end."""

    k: float | None
    low: float | None
    high: float | None
    is_open: bool
    censored: str
    is_shown: bool


class Migration(_Part):
    """Expected numbers of problems solved within k draws by base and checkpoint."""

    k: int
    churn: float
    kept: Estimate
    lost: Estimate
    gained: Estimate
    neither: Estimate


class Coverage(_Part):
    """Problems that one or both solved; p_value is null, with the reason, where designs differ."""

    k: int
    both: float
    base_only: float
    checkpoint_only: float
    neither: float
    p_value: float | None
    reason: str | None


class Claim(_Part):
    """One thing that is claimed of a model."""

    k: float
    change: Literal["rises", "falls", "crosses"]


class Finding(_Part):
    """What is said of a model in words, and the claims that the words make."""

    text: str
    crossing: str
    claims: list[Claim]


class Certified(_Part):
    """Problems whose probability of success fell or rose, at a false discovery rate of 5 %."""

    lost: list[str]
    gained: list[str]


class Beyond(_Part):
    """Says what may lie beyond the draws made: bounds that hold, and what models extrapolate to."""

    k: int
    low: Share
    high: Share
    models: dict[str, float]
    model_intervals: dict[str, tuple[float, float]]
    range: tuple[float, float]


class Reasoning(_Part):
    """What is known of the reasoning behind rarely solved problems."""

    checked_by: Literal["verifier", "marks"]
    problems: int
    completions: int
    right: int
    wrong: int
    unmarked: int
    confirmed: int
    refuted: int
    owed: int
    curve_least: list[Point] | None = None
    curve_most: list[Point] | None = None


class Counts(_Part):
    """Draws and correct draws by problem; one n where all agree, null where not evaluated."""

    n: int | list[int | None] | None
    c: list[int | None]


class View(_Part):
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
    planned_looks: list[int] = []
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


class Likelihood(_Part):
    """How likely the completions of one model are under another."""

    scorer: str
    completions_of: str
    step: int
    problems: int
    completions: int
    quantiles: dict[str, float]
    mean_logprob: OpenEstimate
    versus_own: OpenEstimate | None = None


class AtTemperature(_Part):
    """The models drawn at another temperature."""

    temperature: float
    models: list[ProbedModel]


class GridPoint(Estimate):
    """The entropy of a checkpoint at one temperature."""

    temperature: float
    tokens: int


class EntropyMatch(_Part):
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


class Direct(_Part):
    """Which problems the base can guess without reasoning, and the models on all others."""

    prompt: str
    problems: int
    highest: float
    guessable: list[str]
    models: list[ProbedModel]


class Benchmark(_Part):
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


class Tests(_Part):
    """The one family of tests that all claims of a report share."""

    number: int
    level: float
    method: str


class RunDescription(BaseModel):
    """What was run, in plain values for readers."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str


class RunSummary(_Part):
    """The whole of summary.json."""

    format: Literal[1]
    run: RunDescription
    warnings: list[str]
    tests: Tests
    benchmarks: dict[str, Benchmark]


def schema() -> dict[str, Any]:
    """Generate the JSON schema of summary.json from the types above."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"format {FORMAT}; made by python -m rlvr_eval.summary.format",
        **RunSummary.model_json_schema(),
    }


def as_text(value: dict[str, Any]) -> str:
    """Write a schema as its file holds it."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def shipped_schema() -> str:
    """Read the text of the schema that is installed."""
    return (resources.files("rlvr_eval") / "summary" / SCHEMA_FILE).read_text("utf-8")


if __name__ == "__main__":
    Path(__file__).with_name(SCHEMA_FILE).write_text(as_text(schema()), encoding="utf-8")
