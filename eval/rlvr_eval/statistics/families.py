"""Families of problems as the independent units: their weights, and how many they are worth.

Problems of one family, such as variants of one template, are not independent of each other. The
mean over problems gives a family the weight of its size, and its variance is the sum of squares of
the families' residuals, whatever the correlation within a family. Where sizes differ, two things go
wrong with that: the variance comes out too small, because a large family pulls the mean towards
itself, and Student's t with families - 1 degrees of freedom treats it as better known than it is.
Both are corrected as in Bell and McCaffrey (2002, Survey Methodology 28, pp. 169-181), known as
CR2: residuals are scaled so that the variance is unbiased when problems are alike, and the degrees
of freedom are Satterthwaite's in that case. With families of equal size, or of one problem each,
both are the ordinary ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """The independent units of a sample of problems.

    Attributes:
        sizes: problems in each unit, shape (units,).
        members: problems ordered by unit, and where each unit starts; None where each problem is a
            unit of its own.
    """

    sizes: Floats
    members: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None

    @classmethod
    def of(cls, problems: int, families: ArrayLike | None) -> "Units":
        """Form the units that these labels make of so many problems.

        Raises:
            ValueError: if there is no problem, or not one label for each.
        """
        if problems == 0:
            raise ValueError("no problem was given: the estimates are empty")
        if families is None:
            return cls(np.ones(problems))
        labels = np.asarray(families)
        if labels.shape != (problems,):
            raise ValueError(f"{labels.size} family labels for {problems} problems")
        _, family = np.unique(labels, return_inverse=True)
        order = np.argsort(family, kind="stable")
        starts = np.flatnonzero(np.diff(family[order], prepend=-1))
        return cls(np.bincount(family).astype(np.float64), (order, starts))

    @property
    def typical_size(self) -> float:
        """Size of the family that a problem belongs to on average: sum of m**2 / sum of m."""
        return float((self.sizes**2).sum() / self.sizes.sum())

    @property
    def effective_number(self) -> float:
        """Families of equal size that would leave the mean as uncertain as these do."""
        return float(self.sizes.sum() / self.typical_size)

    def sums(self, per_problem: Floats) -> Floats:
        """Sum within each unit: (units, ...) from (problems, ...)."""
        if self.members is None:
            return per_problem
        order, starts = self.members
        return np.asarray(np.add.reduceat(per_problem[order], starts, axis=0))


def residual_factors(sizes: Floats) -> Floats:
    """Compute the factor of each unit's squared residual: shape (units,); 1 for a single unit.

    A unit that has the share w of all problems has residuals smaller by 1 - w than the deviations
    they stand for.
    """
    share = sizes / sizes.sum()
    return np.asarray(1.0 / np.where(share < 1.0, 1.0 - share, 1.0))


def degrees_of_freedom(sizes: Floats) -> float:
    """Compute Satterthwaite's degrees of freedom for the variance with `residual_factors`.

    With problems that vary alike and shares w, residuals of units have covariances proportional to
    w_g (1 if g = h else 0) - w_g w_h; the trace of their scaled product gives the closed form.
    """
    share = sizes / sizes.sum()
    scaled = share**2 * residual_factors(sizes)
    return float(1.0 / ((share**2).sum() + scaled.sum() ** 2 - (scaled**2).sum()))
