r"""Mathematics: the marked answer against the gold, by text where that settles it, else by parsing.

    cut at the end marker -> marked answer -> same text or number? -> seen before? -> math-verify

Only an answer that is marked counts. Text and plain numbers are settled in microseconds; what is
left goes to math-verify in workers that are killed when they are late, each distinct pair of gold
and answer once. Verdicts that were reached are remembered per process, undecided ones never.

Undecided is no refuge: against one number, an answer is wrong if it needs huge numbers, more memory
than a worker has, or long computing. It is undecided where the worker was held up or killed by
something else, and where the gold is an expression with variables, a list or a set, since a proof
of equality may take long there for a right answer too.

Stricter than math-verify: 80 is not 0.8, words are compared as words, and what it finds equal must
be equal in numbers as well (`equivalence`).
"""

import threading
from collections.abc import Sequence
from dataclasses import replace

from rlvr.answers.marked_answer import cut, line_answer
from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.verifiers.math import notation, parseable
from rlvr.verifiers.math.boxes import marked
from rlvr.verifiers.time_limit import TIMEOUT_S
from rlvr.verifiers.workers import pool

_TASK = "rlvr.verifiers.math.equivalence:equal"
_REMEMBERED = 500_000

# of processor time, so that a busy machine makes no answer wrong; fifty times the usual
COMPUTING_THAT_SETTLES_S = 0.5

Pair = tuple[str, str]


class MathVerifier:
    """Gold: the answer as LaTeX or plain text; a number is taken as its text."""

    name = "math"
    version = "math@2"

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in the order of `attempts`; callable from any thread."""
        verdicts: list[Verdict | None] = []
        unsettled: dict[Pair, None] = {}
        later: list[tuple[int, list[Pair]]] = []
        for attempt in attempts:
            pairs = _readings(attempt)
            if isinstance(pairs, Verdict):
                verdicts.append(pairs)
                continue
            verdict = _settled(pairs[0])
            if verdict is None or len(pairs) > 1:
                later.append((len(verdicts), pairs))
                unsettled |= dict.fromkeys(pairs)
            verdicts.append(verdict)
        if later:
            found = _found(list(unsettled), timeout_s)
            for index, pairs in later:
                verdicts[index] = _combined([found[pair] for pair in pairs])
        return [verdict for verdict in verdicts if verdict is not None]

    @staticmethod
    def warm_up() -> None:
        """Start the workers' process, so that the first batch does not wait for its imports."""
        pool.shared(_TASK).start()


def _readings(attempt: Attempt) -> list[Pair] | Verdict:
    """List gold and marked answer, or the verdict on a completion that marks none.

    Where several boxes are the answer, the pair of gold and all of them comes first, then each.
    """
    gold = attempt.problem.gold
    if type(gold) is not str and (
        isinstance(gold, bool) or not isinstance(gold, str | int | float)
    ):
        reason = f"the gold of {attempt.problem.id} is not an answer in words or numbers"
        return Verdict(Outcome.ERROR, reason=reason)
    text = cut(attempt.completion)
    gold = str(gold)
    if attempt.answer_in_line:
        said = line_answer(attempt.completion)
        return _unmarked(attempt, text) if said is None else [(gold, said)]
    found = marked(text)
    if found is not None:
        if len(found.parts) == 1:
            return [(gold, found.answer)]
        return [(gold, answer) for answer in (found.answer, *dict.fromkeys(found.parts))]
    return _unmarked(attempt, text)


def _unmarked(attempt: Attempt, text: str) -> Verdict:
    if attempt.truncated and text == attempt.completion:
        return Verdict(Outcome.TRUNCATED, reason="cut off by the token budget, no marked answer")
    if attempt.answer_in_line:
        return Verdict(Outcome.NO_ANSWER, reason='no line "Answer: .."')
    return Verdict(Outcome.NO_ANSWER, reason="no \\boxed{..} and no <answer> .. </answer>")


def _combined(verdicts: list[Verdict]) -> Verdict:
    """Return correct if all boxes together are the gold, or each is: one value in several forms."""
    whole, *parts = verdicts
    if not parts or whole.outcome is Outcome.CORRECT:
        return whole
    outcomes = {part.outcome for part in parts}
    if outcomes == {Outcome.CORRECT}:
        return replace(whole, outcome=Outcome.CORRECT, reason=None)
    if Outcome.WRONG in outcomes:
        return whole
    return whole if whole.outcome.undecided else next(p for p in parts if p.outcome.undecided)


def _settled(pair: Pair) -> Verdict | None:
    """Return the verdict, where text or memory gives one."""
    remembered = _memory.get(pair)
    if remembered is not None:
        return remembered
    gold, answer = pair
    equal = notation.compare(gold, answer)
    reason = None
    if equal is None:
        reason = parseable.too_large(gold, answer)
        equal = False if reason else None
    if equal is None:
        return None
    return _memory.keep(pair, _verdict(equal, answer, reason))


def _found(pairs: list[Pair], timeout_s: float) -> dict[Pair, Verdict]:
    """Return a verdict on each of these pairs, parsed where need be."""
    settled = {pair: verdict for pair in pairs if (verdict := _settled(pair)) is not None}
    return settled | _parsed([pair for pair in pairs if pair not in settled], timeout_s)


def _parsed(pairs: list[Pair], timeout_s: float) -> dict[Pair, Verdict]:
    if not pairs:
        return {}
    replies = dict(zip(pairs, pool.shared(_TASK).run(pairs, timeout_s=timeout_s), strict=True))
    raised = [p for p in pairs if replies[p].status == "raised" and notation.is_constant(p[0])]
    replies |= _tried_again(raised, timeout_s)
    return {pair: verdict_of(pair, reply) for pair, reply in replies.items()}


def _tried_again(pairs: list[Pair], timeout_s: float) -> dict[Pair, pool.Reply]:
    """Retry pairs of a constant gold and an answer whose comparison raised an exception.

    Where it raises again, and the gold can be compared with itself, the answer is at fault and not
    equal: an undecided verdict would be a refuge.
    """
    if not pairs:
        return {}
    requests = [*pairs, *((gold, gold) for gold, _ in pairs)]
    replies = pool.shared(_TASK).run(requests, timeout_s=timeout_s)
    return {
        pair: replace(of_gold, value=False)
        if again.status == "raised" and of_gold.status == "done"
        else again
        for pair, again, of_gold in zip(
            pairs, replies[: len(pairs)], replies[len(pairs) :], strict=True
        )
    }


def verdict_of(pair: Pair, reply: pool.Reply) -> Verdict:
    """Return the verdict in a worker's reply on a pair of gold and answer."""
    gold, answer = pair
    if reply.status == "done":
        return _memory.keep(pair, _verdict(reply.value, answer))
    if notation.is_constant(gold) and (reason := _too_costly(reply)):
        return _memory.keep(pair, _verdict(False, answer, reason))
    outcome = Outcome.TIMEOUT if reply.status == "timeout" else Outcome.ERROR
    return Verdict(outcome, answer, reply.reason)


def _too_costly(reply: pool.Reply) -> str | None:
    """Say why an answer is no plain number, or None where something else held the worker up.

    Two constants are compared in milliseconds, so it is the answer that takes long. An undecided
    verdict would be a refuge: in training it costs less than a wrong one.
    """
    if reply.status == "memory":
        return "takes more memory to evaluate than a number needs"
    if (reply.computed_s or 0) >= COMPUTING_THAT_SETTLES_S:
        return f"takes more than {COMPUTING_THAT_SETTLES_S:g} s of computing to evaluate"
    return None


def _verdict(equal: bool, answer: str, reason: str | None = None) -> Verdict:
    return Verdict(Outcome.CORRECT if equal else Outcome.WRONG, answer, reason)


class _Memory:
    """Verdicts by (gold, answer), for the answers that large-n sampling draws again and again."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._verdicts: dict[Pair, Verdict] = {}
        self._lock = threading.Lock()
        self.get = self._verdicts.get  # asked for every answer: one call, not two

    def keep(self, pair: Pair, verdict: Verdict) -> Verdict:
        if len(pair[1]) > notation.MAX_LENGTH:
            return verdict
        with self._lock:
            if len(self._verdicts) >= self._size:
                # the older half goes: a dictionary keeps the order in which it was filled
                for old in list(self._verdicts)[: self._size // 2]:
                    del self._verdicts[old]
            self._verdicts[pair] = verdict
        return verdict


_memory = _Memory(_REMEMBERED)
