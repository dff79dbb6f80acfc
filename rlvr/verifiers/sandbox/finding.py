"""What came of running a program."""

from dataclasses import dataclass

from rlvr.core.records import Outcome
from rlvr.verifiers.sandbox.clock import Clock


@dataclass(frozen=True, slots=True)
class Finding:
    """An outcome, and why."""

    outcome: Outcome
    reason: str | None = None


def late(clock: Clock) -> Finding:
    """Report a program that has used up its clock."""
    if clock.starved:
        return Finding(Outcome.TIMEOUT, "the machine is too busy to run the program in time")
    return Finding(Outcome.WRONG, f"the program runs for more than {clock.limit_s:g} s")
