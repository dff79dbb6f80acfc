"""Sampling designs: how many completions a problem gets, and what its counts then say of pass@k.

A design is fixed before sampling starts and recorded with the evaluation. It answers two questions:
while sampling, how far a problem must be drawn (`replay`), and afterwards, what an observed
(n drawn, c correct) tells about pass@k for every k (`pass_at_k`, `pass_at_k_curve`). The answer to
the second depends on the first: counts of one design put into the formula of another are biased, so
a design refuses every (n, c) that it cannot have produced.

This module holds what all designs share. It neither samples nor reads files; `fixed`, `sequential`
and `continuation` are the designs themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# a table of all stops by all k takes 8 n_max**2 bytes, 32 MiB here; beyond, only the rows in use
LARGEST_CACHED_N_MAX = 2048


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one problem stands under a design.

    Attributes:
        n: completions that count. Once stopped, those up to the stop, and later draws are left out.
        c: correct ones among the first n.
        stopped: True where the design needs no further draw.
        due: draws [0, due) are needed next; equals n once stopped.
    """

    n: int
    c: int
    stopped: bool
    due: int


@dataclass(frozen=True, slots=True)
class Stops:
    """Every way a problem can end under a design, one entry each.

    Attributes:
        n: completions drawn, shape (stops,).
        c: correct ones, shape (stops,).
        log_paths: natural log of the number of verdict sequences that end there, each weighted by
            its chance of being carried on where a design tosses for that; so that the stop has
            probability exp(log_paths) p**c (1-p)**(n-c).
    """

    n: Ints
    c: Ints
    log_paths: Floats


class Design(ABC):
    """What every sampling design offers. Subclasses are frozen, so they can key caches."""

    @property
    @abstractmethod
    def looks(self) -> tuple[int, ...]:
        """Numbers of completions after which a problem may stop, increasing; the last is n_max."""

    @property
    def n_max(self) -> int:
        """Most completions a problem can get, and the largest k that can be estimated."""
        return self.looks[-1]

    @abstractmethod
    def threshold(self, look: int) -> int:
        """Return the number correct that stops a problem at `looks[look]`; 0 at the last."""

    @abstractmethod
    def stops(self) -> Stops:
        """List every reachable (n, c), in the order of the rows of `failure_rows`."""

    @abstractmethod
    def stop_index(self, n: ArrayLike, c: ArrayLike) -> Ints:
        """Return the position of each (n, c) in `stops()`.

        Raises:
            ValueError: if the design cannot end with such counts.
        """

    @abstractmethod
    def failure_rows(self, stops: Ints) -> Floats:
        """Estimate (1-p)**k, k = 1..n_max, at the stops numbered so: shape (stops, n_max)."""

    def replay(self, is_correct: Sequence[bool] | NDArray[np.bool_]) -> Progress:
        """Follow one problem's verdicts in sample-index order and return where it stands.

        The order is what keeps the estimate unbiased: verdicts in order of arrival favour short
        completions. An undecided verdict counts as False here. After regrading, replay again: an
        earlier stop leaves later draws out, a later stop makes more draws due.
        """
        verdicts = np.asarray(is_correct, dtype=bool)
        for look, n in enumerate(self.looks):
            if n > verdicts.size:
                return Progress(verdicts.size, int(np.count_nonzero(verdicts)), False, n)
            c = int(np.count_nonzero(verdicts[:n]))
            if c >= self.threshold(look):
                return Progress(n, c, True, n)
        raise AssertionError("the last look stops every problem")

    def stop(self, correct_at_looks: ArrayLike) -> tuple[Ints, Ints]:
        """Return the (n, c) at which problems stop, given how many were correct at every look.

        Args:
            correct_at_looks: shape (..., looks), not decreasing along the last axis.

        Returns:
            n and c, each of shape (...).
        """
        correct = whole_numbers("correct_at_looks", correct_at_looks)
        thresholds = np.array([self.threshold(look) for look in range(len(self.looks))])
        first = (correct >= thresholds).argmax(axis=-1)
        c = np.take_along_axis(correct, first[..., None], axis=-1)[..., 0]
        return np.array(self.looks)[first], c

    @overload
    def pass_at_k(self, n: int, c: int, k: int) -> float: ...
    @overload
    def pass_at_k(self, n: ArrayLike, c: ArrayLike, k: int) -> float | Floats: ...
    def pass_at_k(self, n: ArrayLike, c: ArrayLike, k: int) -> float | Floats:
        """Estimate pass@k of each problem, unbiased, from its (n drawn, c correct).

        Returns:
            A float for a single problem, otherwise an array of the shape of n and c.

        Raises:
            ValueError: if k is outside 1..n_max, or the design cannot end with such counts.
        """
        estimates = self.pass_at_ks(n, c, np.array([k]))[..., 0]
        return float(estimates) if estimates.ndim == 0 else estimates

    def pass_at_k_curve(self, n: ArrayLike, c: ArrayLike) -> Floats:
        """Estimate pass@k of each problem, unbiased, for all k: shape of n and c, then (n_max,).

        Raises:
            ValueError: if the design cannot end with such counts.
        """
        table, rows = self._passes(n, c)
        return np.asarray(table[rows])

    def pass_at_ks(self, n: ArrayLike, c: ArrayLike, ks: Ints) -> Floats:
        """Estimate pass@k of each problem, unbiased, at the given k: shape of n and c, then (ks,).

        Raises:
            ValueError: as `pass_at_k`.
        """
        for k in (int(ks.min()), int(ks.max())):
            check_k(k, self.n_max)
        if self.n_max > LARGEST_CACHED_N_MAX:  # no table is kept: each distinct stop once
            index = self.stop_index(n, c)
            distinct, row = np.unique(index, return_inverse=True)
            return np.asarray((1.0 - self.failures_at(distinct, ks))[row.reshape(index.shape)])
        table, rows = self._passes(n, c)
        is_every_k = ks.size == self.n_max and (np.diff(ks) == 1).all()
        return np.asarray(table[rows] if is_every_k else table[rows[..., None], ks - 1])

    @abstractmethod
    def failures_at(self, stops: Ints, ks: Ints) -> Floats:
        """Estimate (1-p)**k as `failure_rows` does, at the given k alone: (len(stops), len(ks))."""

    def _passes(self, n: ArrayLike, c: ArrayLike) -> tuple[Floats, Ints]:
        """Return a table of pass@k over k = 1..n_max, and each problem's row in it."""
        index = self.stop_index(n, c)
        if self.n_max <= LARGEST_CACHED_N_MAX:
            return _pass_table(self), index
        used, rows = np.unique(index, return_inverse=True)
        return 1.0 - self.failure_rows(used), rows.reshape(index.shape)


# 8 designs of n_max = 1024 take 64 MiB; one evaluation seldom mixes more
@lru_cache(maxsize=8)
def _pass_table(design: Design) -> Floats:
    """Tabulate pass@k at every stop, shape (stops, n_max), read-only because it is shared."""
    table: Floats = 1.0 - design.failure_rows(np.arange(design.stops().n.size))
    table.setflags(write=False)
    return table


@dataclass(frozen=True)
class Counts:
    """What sampling under a design found of several problems: n drawn, c correct, per problem."""

    design: Design
    n: Ints
    c: Ints

    def curves(self) -> Floats:
        """Estimate every problem's pass@k, unbiased, for k = 1..n_max: shape (problems, n_max)."""
        return self.design.pass_at_k_curve(self.n, self.c)

    def curves_at(self, ks: Ints) -> Floats:
        """Estimate every problem's pass@k, unbiased, at these k: shape (problems, ks)."""
        return self.design.pass_at_ks(self.n, self.c, ks)

    def accuracy(self) -> Floats:
        """Estimate every problem's pass@1, unbiased: shape (problems,)."""
        return self.curves_at(np.array([1]))[..., 0]


def check_k(k: int, n_max: int) -> None:
    """Refuse a k for which no unbiased estimate exists."""
    if not 1 <= k <= n_max:
        raise ValueError(
            f"k = {k} is outside 1..{n_max}: beyond the number of completions that were planned "
            f"nothing unbiased exists; sample more, or ask for k <= {n_max}"
        )


def whole_numbers(name: str, values: ArrayLike) -> Ints:
    """Return `values` as int64; refuse anything that is not a whole number already."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers, not {array.dtype}")
    return array.astype(np.int64)


def counts(n: ArrayLike, c: ArrayLike) -> tuple[Ints, Ints]:
    """Return n and c as whole numbers of one shape, with 0 <= c <= n and n >= 1."""
    drawn, correct = np.broadcast_arrays(whole_numbers("n", n), whole_numbers("c", c))
    is_wrong = (drawn < 1) | (correct < 0) | (correct > drawn)
    if is_wrong.any():
        at = np.flatnonzero(is_wrong)[0]
        raise ValueError(
            f"n = {drawn.flat[at]}, c = {correct.flat[at]} (entry {at}): c correct of n "
            "completions needs n >= 1 and 0 <= c <= n"
        )
    return drawn, correct
