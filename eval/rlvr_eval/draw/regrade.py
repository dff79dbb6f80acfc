"""Stored completions verified again, without sampling anything.

Verifiers get better, and a busy machine leaves timeouts behind. `regrade` gives every stored draw
that this version of its verifier has not decided a verdict of this version, replays the design on
them and says what changed. Verdicts of earlier versions stay where they are.

An evaluation is counted by the new verdicts only if that is possible whole: where texts were not
kept, or where problems now stop later than they were drawn, it stays as it was and the reason is
told. Nothing is guessed, and the draws that are owed are left to `rlvr eval`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rlvr import verifiers
from rlvr.answers.attempts import RULE, Ends, verdict_version, verifier_version
from rlvr.core.records import Problem
from rlvr.runs.run_directory import Run
from rlvr.verifiers import TIMEOUT_S, Verifier
from rlvr_eval.draw.verify_completions import verify
from rlvr_eval.estimators import parse_design
from rlvr_eval.plan.ledger import Entry, Ledger, is_verified_here
from rlvr_eval.plan.stored_ends import stored_ends
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.problem_snapshot import recall
from rlvr_eval.store.replay import owed, standings
from rlvr_eval.store.verdicts import Verdicts


@dataclass(frozen=True)
class Regraded:
    """What verifying one evaluation again found.

    Attributes:
        before, after: versions of the verifier.
        draws: that have a verdict of both.
        changed: (earlier outcome, new outcome) -> draws.
        without_text: draws that could not be verified again.
        owed: draws that the design now asks for beyond those that are there.
    """

    model: str
    benchmark: str
    before: str
    after: str
    draws: int = 0
    changed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    without_text: int = 0
    owed: int = 0

    @property
    def is_counted(self) -> bool:
        """True where reports count the new verdicts from now on."""
        unseen = self.without_text if self.before != self.after else 0
        return not unseen and not self.owed

    def __str__(self) -> str:
        kinds = ", ".join(f"{old} -> {new}: {n}" for (old, new), n in self.changed.items())
        total = sum(self.changed.values())
        line = (
            f"{self.model} on {self.benchmark}: {self.before} -> {self.after}, {total} of "
            f"{self.draws} verdicts changed{f' ({kinds})' if kinds else ''}"
        )
        if self.without_text:
            line += f"; {self.without_text} draws have no text and keep {self.before}'s verdicts"
        if self.owed:
            line += f"; {self.owed} draws are owed now, run rlvr eval to make them"
        return line if self.is_counted else f"{line}; reports stay with {self.before}"


def regrade(run: Run, *, timeout_s: float = TIMEOUT_S) -> list[Regraded]:
    """Verify what every evaluation of a run has stored, with this version of its verifier.

    Args:
        timeout_s: of the verifier for one completion.

    Raises:
        UserError: if nothing was evaluated yet, or the run's problems are not beside it, or it
            cannot be told where stored completions end (`rlvr_eval.plan.stored_ends`).
    """
    ledger = Ledger(run)
    return [
        _regrade(ledger, entry, timeout_s) for entry in filter(is_verified_here, ledger.entries())
    ]


@dataclass(frozen=True)
class _Grader:
    """The verifier of an evaluation, and how its completions are read."""

    verifier: Verifier
    ends: Ends
    timeout_s: float

    @property
    def version(self) -> str:
        """The name of its verdicts."""
        return verdict_version(self.verifier.version, self.ends)


def _regrade(ledger: Ledger, entry: Entry, timeout_s: float) -> Regraded:
    draws = ledger.draws(entry)
    name = verifiers.name_of(verifier_version(entry["verifier"]))
    assert name is not None
    verifier = verifiers.get(name)
    grader = _Grader(verifier, stored_ends(ledger.run, entry), timeout_s)
    before = draws.verdicts(entry["verifier"])
    problems = recall(ledger.run, entry["benchmark"], entry["draw_key"]["revision"])
    without_text = _verify_stored(draws, grader, problems)
    after = draws.verdicts(grader.version)
    old, new = _by_draw(before), _by_draw(after)
    both = [draw for draw in old if draw in new]
    progress = standings(
        parse_design(entry["design"]), draws.key, entry["problem_ids"], after.by_problem()
    )
    found = Regraded(
        model=entry["model"],
        benchmark=entry["benchmark"],
        before=entry["verifier"],
        after=grader.version,
        draws=len(both),
        changed=Counter((old[draw], new[draw]) for draw in both if old[draw] != new[draw]),
        without_text=without_text,
        owed=0 if without_text else owed(progress),
    )
    if found.is_counted:
        ledger.write({**entry, "verifier": grader.version, "answer_rule": RULE})
    return found


def _verify_stored(draws: DrawStore, grader: _Grader, problems: Mapping[str, Problem]) -> int:
    """Add verdicts shard by shard; returns how many draws have no text to verify."""
    without_text = 0
    for leftover in draws.unverified(
        grader.version, lambda problem_id, _: problem_id in problems, undecided_too=True
    ):
        without_text += leftover.without_text
        if leftover.completions:
            verdicts = verify(
                grader.verifier,
                leftover.completions,
                problems,
                grader.ends,
                timeout_s=grader.timeout_s,
            )
            draws.append_verdicts(leftover.shard, leftover.completions, verdicts, grader.version)
    return without_text


def _by_draw(verdicts: Verdicts) -> dict[tuple[str, int], str]:
    ids, index = verdicts.problem_ids.tolist(), verdicts.sample_index.tolist()
    return dict(zip(zip(ids, index, strict=True), verdicts.outcome.tolist(), strict=True))
