"""The values that summary.json is made of: estimates, tests, claims, counts, as types.

`rlvr_eval.summary.format` puts them together into models, benchmarks and the whole file.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """An object of summary.json, which has no other keys than these."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Estimate(Part):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class OpenEstimate(Part):
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


class OpenRange(Part):
    """The differences at k that undecided verdicts leave possible."""

    k: int
    least: float
    greatest: float


class Test(Part):
    """The test of no difference at k; `p_adjusted` allows for every test of the report."""

    k: int
    p_value: Share
    p_adjusted: Share
    looks: int = 1


class AreaDifference(Estimate):
    """A difference of areas under pass@k over log k."""

    p_value: Share


class Crossover(Part):
    """The k at which the base overtakes; null where there is none, or no end."""

    k: float | None
    low: float | None
    high: float | None
    is_open: bool
    censored: str
    is_shown: bool


class Migration(Part):
    """Expected numbers of problems solved within k draws by base and checkpoint."""

    k: int
    churn: float
    kept: Estimate
    lost: Estimate
    gained: Estimate
    neither: Estimate


class Coverage(Part):
    """Problems that one or both solved; p_value is null, with the reason, where designs differ."""

    k: int
    both: float
    base_only: float
    checkpoint_only: float
    neither: float
    p_value: float | None
    reason: str | None


class Claim(Part):
    """One thing that is claimed of a model."""

    k: float
    change: Literal["rises", "falls", "crosses"]


class Finding(Part):
    """What is said of a model in words, and the claims that the words make."""

    text: str
    crossing: str
    claims: list[Claim]


class Certified(Part):
    """Problems whose probability of success fell or rose, at a false discovery rate of 5 %."""

    lost: list[str]
    gained: list[str]


class Beyond(Part):
    """Says what may lie beyond the draws made: bounds that hold, and what models extrapolate to."""

    k: int
    low: Share
    high: Share
    models: dict[str, float]
    model_intervals: dict[str, tuple[float, float]]
    range: tuple[float, float]


class Reasoning(Part):
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


class Counts(Part):
    """Draws and correct draws by problem; one n where all agree, null where not evaluated."""

    n: int | list[int | None] | None
    c: list[int | None]
