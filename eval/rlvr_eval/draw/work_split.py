"""Who makes which draws when several processes evaluate together.

Ownership is a function of problem and sample index alone, so processes agree on it without talking,
and each makes the draws that one process would have made there.
"""

from dataclasses import dataclass

from rlvr_eval.estimators.design import Design

# draws of one problem that are kept together, because they share a prompt
BLOCK = 8
# with so many problems for each process, a problem need not be split
_PLENTY = 8


@dataclass(frozen=True, slots=True)
class Share:
    """One process's part of an evaluation.

    Attributes:
        block: consecutive draws of a problem that belong to one process.
    """

    rank: int
    world: int
    block: int

    @classmethod
    def of(cls, rank: int, world: int, design: Design, problems: int) -> "Share":
        """Return the share of process `rank` among `world`.

        A design of several looks needs all draws of a look before the next is known; where there
        are problems enough, each problem has one owner, so that nobody waits for another.
        """
        several_looks = len(design.looks) > 1
        whole = world == 1 or (several_looks and problems >= _PLENTY * world)
        return cls(rank, world, design.n_max if whole else BLOCK)

    def splits_problems(self, design: Design) -> bool:
        """Return True where the draws of one problem belong to several processes."""
        return self.world > 1 and self.block < design.n_max

    def owns(self, position: int, sample_index: int) -> bool:
        """Return whether a draw of the problem at this position is this process's."""
        return (position + sample_index // self.block) % self.world == self.rank
