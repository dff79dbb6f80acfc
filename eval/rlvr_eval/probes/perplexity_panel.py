"""Perplexity panels: how likely the completions of one model are under another.

The study's question is whether what a checkpoint writes was within its base already: then the base
finds the checkpoint's completions no more perplexing than its own. The panel holds
PPL_base(Y_base), PPL_base(Y_checkpoint), PPL_checkpoint(Y_checkpoint), and both models on reference
traces (Yue et al. 2025, arXiv:2504.13837, section 4.1 and Fig. 6), with

    PPL_m(Y | x) = exp(-(1/T) sum_t log P_m(y_t | x, y_<t))

per completion, T its tokens with the end-of-sequence token. Compared is the mean log-probability
per token, within each problem: problems differ in perplexity far more than models do.

Numbers only; `rlvr_eval.probes.likelihood` asks the models.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from rlvr_eval.estimators.design import Floats
from rlvr_eval.statistics.population_intervals import Interval, population_interval
from rlvr_eval.summary.model_summary import Json

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Scores:
    """Completions of one source under one model.

    Attributes:
        scorer: name of the model that scored.
        completions_of: name of the model that wrote them, or of the file of traces.
        step: training step of the checkpoint that the panel is about; 0 where it is the base.
        mean_logprobs: by problem id, the mean log-probability per token (natural) of each of its
            completions; no problem without any.
    """

    scorer: str
    completions_of: str
    step: int
    mean_logprobs: Mapping[str, Sequence[float]]

    def perplexities(self) -> Floats:
        """Return the perplexity of every completion: shape (completions,)."""
        return np.exp(-np.concatenate([np.asarray(each) for each in self.mean_logprobs.values()]))

    def by_problem(self) -> dict[str, float]:
        """Average each problem's completions by their mean log-probability per token."""
        return {id: float(np.mean(each)) for id, each in self.mean_logprobs.items()}


def panel(scores: Sequence[Scores], families: Mapping[str, int] | None = None) -> list[Json]:
    """Build the rows of a likelihood panel, in the order given.

    Each row has the quantiles of perplexity over completions, the mean log-probability over
    problems with its interval, and, where the scorer's own completions were scored too,
    `versus_own`: how much less likely per token the row's completions are to it than its own.

    Args:
        families: by problem id, the unit it belongs to; None where each problem stands alone.
    """
    own = {each.scorer: each for each in scores if each.completions_of == each.scorer}
    return [_row(each, own.get(each.scorer), families) for each in scores]


def within_problem(
    scores: Scores, other: Scores, families: Mapping[str, int] | None = None
) -> Interval:
    """Estimate mean log-probability per token, `scores` minus `other`, paired over problems.

    The interval is Student's over problems; without bounds where there is one problem only.

    Raises:
        ValueError: if they have no problem in common.
    """
    ours, theirs = scores.by_problem(), other.by_problem()
    common = [id for id in ours if id in theirs]
    if not common:
        raise ValueError(f"{scores.completions_of} and {other.completions_of} share no problem")
    differences = np.array([ours[id] - theirs[id] for id in common])
    units = _units(common, families)
    return population_interval(differences, families=units, bounds=(-inf, inf))


def _row(scores: Scores, own: Scores | None, families: Mapping[str, int] | None) -> Json:
    perplexities = scores.perplexities()
    per_problem = scores.by_problem()
    mean = population_interval(
        list(per_problem.values()), families=_units(per_problem, families), bounds=(-inf, 0.0)
    )
    row: Json = {
        "scorer": scores.scorer,
        "completions_of": scores.completions_of,
        "step": scores.step,
        "problems": len(scores.mean_logprobs),
        "completions": perplexities.size,
        "quantiles": {
            str(share): value
            for share, value in zip(
                QUANTILES, np.quantile(perplexities, QUANTILES).tolist(), strict=True
            )
        },
        "mean_logprob": _finite(mean),
    }
    if own is not None and own is not scores and _share_a_problem(scores, own):
        row["versus_own"] = _finite(within_problem(scores, own, families))
    return row


def _units(problem_ids: Iterable[str], families: Mapping[str, int] | None) -> list[int] | None:
    return None if families is None else [families[id] for id in problem_ids]


def _share_a_problem(one: Scores, other: Scores) -> bool:
    return not one.mean_logprobs.keys().isdisjoint(other.mean_logprobs)


def _finite(interval: Interval) -> Json:
    """Write an infinite end as null, because JSON has no infinity."""
    ends = {name: float(getattr(interval, name)) for name in ("value", "low", "high")}
    return {name: end if isfinite(end) else None for name, end in ends.items()}


def mean_logprob(logprobs: Iterable[float]) -> float:
    """Average a completion's token log-probabilities; exp of minus it is the perplexity."""
    return float(np.mean(list(logprobs)))
