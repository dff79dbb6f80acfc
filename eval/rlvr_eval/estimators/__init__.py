"""pass@k of problems from counts: the public door to the estimators.

    pass_at_k(1024, 3, 256)                        n completions for every problem
    SequentialDesign().pass_at_k(32, 9, 256)       completions stopped adaptively
    parse_design("fixed:256")                      as written on the command line
    Counts(design, n, c).curves()                  problems x k, what every analysis starts from

Every estimate is unbiased for each k up to the largest number of completions planned; beyond that
nothing unbiased exists and asking is an error. The counts c are replayed from verdicts by the
caller; nothing is read or sampled here.
"""

import re
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from rlvr.core.errors import UserError
from rlvr.samplers.base import SEED_BITS_PER_PROBLEM
from rlvr_eval.estimators.design import Counts, Design, Floats, Progress, Stops, whole_numbers
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.estimators.sequential import DEFAULT_LOOKS, SequentialDesign

# as many draws of a problem have seeds of their own
MOST_DRAWS = 1 << SEED_BITS_PER_PROBLEM

__all__ = [
    "MOST_DRAWS",
    "ContinuationDesign",
    "Counts",
    "Design",
    "FixedDesign",
    "Progress",
    "SequentialDesign",
    "Stops",
    "parse_design",
    "pass_at_k",
    "pass_at_k_curve",
]


@overload
def pass_at_k(n: int, c: int, k: int) -> float: ...
@overload
def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> float | Floats: ...
def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> float | Floats:
    """Estimate the probability that at least one of k completions is correct, from c of n.

    Unbiased estimator 1 - C(n-c, k) / C(n, k), Chen et al. 2021 (arXiv:2107.03374), eq. 1.

    Args:
        n: completions sampled, one number for all problems.
        c: correct among them, per problem.
        k: completions drawn, 1 <= k <= n.

    Returns:
        A float for scalars, otherwise an array of the shape of c.

    Raises:
        ValueError: if k > n, where the estimator is undefined and never extrapolated; if c > n; if
            n differs between problems, as it does after adaptive stopping (see `SequentialDesign`).
    """
    return FixedDesign(_common_n(n)).pass_at_k(n, c, k)


def pass_at_k_curve(n: ArrayLike, c: ArrayLike) -> Floats:
    """Estimate `pass_at_k` for all k = 1..n: shape (n,) for a scalar c, (problems, n) for an array.

    Raises:
        ValueError: as `pass_at_k`.
    """
    return FixedDesign(_common_n(n)).pass_at_k_curve(n, c)


def parse_design(text: str) -> Design:
    """Parse a design written as "fixed:256", "sequential:32,64,128/8,4" or plain "sequential".

    "sequential:256" is the default's part up to 256, and "sequential:1024@k=1,256" the one for
    differences at these k; both are written out by `str`. A sequential design may end in
    "/continue:64@0.25" (see `ContinuationDesign`). The inverse of `str(design)`.

    Raises:
        UserError: naming what is wrong with the text and what to write instead.
    """
    largest = max((int(digits[:9]) for digits in re.findall(r"\d+", text)), default=0)
    if largest > MOST_DRAWS:
        raise UserError(
            f"design '{text}': the largest number of completions for one problem is {MOST_DRAWS}"
        )
    return _parsed(text)


def _parsed(text: str) -> Design:
    kind, _, rest = text.strip().partition(":")
    try:
        if kind == "fixed" and rest:
            return FixedDesign(int(rest))
        if kind == "sequential" and not rest:
            return SequentialDesign()
        if kind.partition("@")[0] == "sequential" and "@k" in text:
            return _parse_for_ks(text.strip())
        if kind == "sequential" and rest.isdecimal():
            return SequentialDesign.up_to(int(rest))
        if kind == "sequential":
            return _parse_sequential(rest)
    except ValueError as fault:
        raise UserError(f"design '{text}': {fault}") from None
    raise UserError(
        f"unknown design '{text}'; write fixed:N, sequential, sequential:N, "
        "sequential:N@k=1,256 for the k that matter, or sequential:LOOKS/THRESHOLDS such as "
        f"{SequentialDesign()}"
    )


def _parse_for_ks(text: str) -> Design:
    """Parse sequential[:N]@k=K,K,.."""
    before, _, named = text.partition("@k")
    _, _, n_max = before.partition(":")
    ks = [k.strip() for k in named.removeprefix("=").split(",") if k.strip()]
    if (n_max and not n_max.isdecimal()) or not all(k.isdecimal() for k in ks):
        raise ValueError("write sequential:N@k=K,K, such as sequential:1024@k=1,256")
    return SequentialDesign.for_ks(int(n_max or DEFAULT_LOOKS[-1]), [int(k) for k in ks])


def _parse_sequential(text: str) -> Design:
    """Parse LOOKS/THRESHOLDS[/continue:LOOK@PROBABILITY]."""
    numbers, _, continuation = text.partition("/continue:")
    looks, _, thresholds = numbers.partition("/")
    design = SequentialDesign(_split(looks), _split(thresholds))
    if not continuation:
        return design
    look, _, probability = continuation.partition("@")
    return ContinuationDesign(design, int(look), float(probability))


def _split(numbers: str) -> tuple[int, ...]:
    return tuple(int(number) for number in numbers.split(",") if number.strip())


def _common_n(n: ArrayLike) -> int:
    """Return the one n of all problems."""
    drawn = whole_numbers("n", n)
    if drawn.size == 0:
        raise ValueError("no problem was given: n is empty")
    least, most = int(np.min(drawn)), int(np.max(drawn))
    if least != most:
        raise ValueError(
            f"n differs between problems ({least} to {most}): the fixed-n formula is biased where "
            "the number of completions depended on their verdicts; use "
            "SequentialDesign(looks, thresholds).pass_at_k, or count the same first n everywhere"
        )
    if least < 1:
        raise ValueError(f"n = {least}: at least one completion per problem is needed")
    return least
