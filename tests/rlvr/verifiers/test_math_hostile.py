"""Answers that take a computer algebra system minutes, gigabytes or its life: each is answered.

The list is that of inputs measured to cost math-verify 5 to 10 seconds each, and what its limits
must not be. The tests hold if they end at all: a hang would meet the time limit of the test.

That each answer comes within 2 s is shown without a clock. What is settled by text, in the caller,
is settled in a worker that would be killed before 2 s; what is parsed says when it was killed. The
workers' process, started once with the first answer or by `warm_up`, is not part of it.
"""

import inspect
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rlvr.records import Attempt, Outcome, Problem
from rlvr.verifiers import Verifier, pool
from rlvr.verifiers.math import MathVerifier
from rlvr.verifiers.pool import WorkerPool
from rlvr_eval.verify import VERIFY_TIMEOUT_S

TIMEOUT_S = 2.0

SLOW = {
    "power tower": r"10^{10^{10}}",
    "factorial of a power": r"(9^9)!",
    "large power": r"2^{10^9}",
    "large binomial": r"\binom{10^9}{5\cdot 10^8}",
}
TOO_LARGE = {
    "parentheses 500 deep": "(" * 500 + "3" + ")" * 500,
    "fractions 1000 deep": r"\frac{1}{" * 1000 + "3" + "}" * 1000,
    "fraction commands 1000 deep": r"\frac" * 1000 + "12",
    "sum of 500 terms": "+".join(["1"] * 500),
    "sum of 500 roots": "+".join(f"\\sqrt{{{n}}}" for n in range(500)),
    "a million digits": "9" * 1_000_000,
    "a long text": "the answer is three because " * 20_000,
}
BROKEN = {
    "null character": "3\x00",
    "surrogate": "\ud800",
    "control characters": "\x01\x02\x1b[31m",
    "unbalanced": r"\frac{1}{",
    "unknown command": r"\notacommand{3}",
    "division by zero": r"\frac{1}{0}",
    "not a number": r"\frac{0}{0}",
    "python": "__import__('os').system('true')",
    "lone backslash": "\\",
    "right-to-left": "\u202e3",
}
SET_OF_300 = r"\{" + ",".join(f"\\frac{{{n}}}{{7}}" for n in range(300)) + r"\}"
SET_OF_300_REORDERED = r"\{" + ",".join(f"{n}/7" for n in reversed(range(300))) + r"\}"

VERIFIER = MathVerifier()

pytestmark = pytest.mark.timeout(120)


def attempt(answer: str, gold: str = "3") -> Attempt:
    return Attempt(Problem("hostile/1", "question", gold), f"so $\\boxed{{{answer}}}$.")


def outcome(answer: str, gold: str = "3") -> Outcome:
    return VERIFIER.verify([attempt(answer, gold)], timeout_s=TIMEOUT_S)[0].outcome


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_an_answer_that_takes_too_long_is_undecided(answer: str) -> None:
    assert outcome(answer) is Outcome.TIMEOUT


def test_two_seconds_is_what_an_answer_gets_where_nobody_says_otherwise() -> None:
    for verify in (MathVerifier.verify, Verifier.verify):
        assert inspect.signature(verify).parameters["timeout_s"].default == TIMEOUT_S
    assert VERIFY_TIMEOUT_S == TIMEOUT_S


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_the_worker_of_a_slow_answer_is_killed_before_the_limit(answer: str) -> None:
    task = pool.shared("rlvr.verifiers.equivalence:equal")
    (reply,) = task.run([["3", answer]], timeout_s=TIMEOUT_S)
    assert reply.status == "timeout"
    assert reply.killed_after_s is not None
    assert reply.killed_after_s < TIMEOUT_S


@pytest.fixture(scope="module")
def settling() -> Iterator[WorkerPool]:
    """Workers that do what the verifier does in its caller: compare by text, and no more."""
    here = str(Path(__file__).parent)
    sys.path.insert(0, here)
    opened = WorkerPool("pool_tasks:act", workers=1)
    yield opened
    opened.close()
    sys.path.remove(here)


def test_the_text_of_every_hostile_answer_is_settled_before_the_limit(settling: WorkerPool) -> None:
    answers = [*SLOW.values(), *TOO_LARGE.values(), *BROKEN.values(), SET_OF_300_REORDERED]
    pairs = [pair for answer in answers for pair in (("3", answer), (answer, answer))]
    pairs.append((SET_OF_300, SET_OF_300_REORDERED))
    replies = settling.run([["settle by text", pair] for pair in pairs], timeout_s=TIMEOUT_S)
    assert [reply.status for reply in replies] == ["done"] * len(pairs)


@pytest.mark.parametrize("answer", TOO_LARGE.values(), ids=TOO_LARGE)
def test_an_answer_too_large_to_parse_is_wrong(answer: str) -> None:
    verdict = VERIFIER.verify([attempt(answer)], timeout_s=TIMEOUT_S)[0]
    assert verdict.outcome is Outcome.WRONG


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_cannot_be_read_earns_nothing(answer: str) -> None:
    assert outcome(answer) in (Outcome.WRONG, Outcome.NO_ANSWER)


@pytest.mark.parametrize("answer", [*SLOW.values(), *TOO_LARGE.values()], ids=[*SLOW, *TOO_LARGE])
def test_a_large_answer_is_correct_where_it_is_the_gold_itself(answer: str) -> None:
    assert outcome(answer, gold=answer) is Outcome.CORRECT


def test_a_large_set_in_another_order_is_settled_without_parsing() -> None:
    reordered = r"\{" + ",".join(map(str, reversed(range(300)))) + r"\}"
    assert outcome(reordered, r"\{" + ",".join(map(str, range(300))) + r"\}") is Outcome.CORRECT


def test_a_large_set_that_must_be_parsed_does_not_hang() -> None:
    assert outcome(SET_OF_300_REORDERED, SET_OF_300) in (Outcome.CORRECT, Outcome.TIMEOUT)


def test_slow_answers_do_not_take_the_others_with_them() -> None:
    answers = [r"\sqrt{9}", SLOW["power tower"], "6/2", SLOW["large power"], r"\sqrt{8}"]
    verdicts = VERIFIER.verify([attempt(answer) for answer in answers], timeout_s=TIMEOUT_S)
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.CORRECT,
        Outcome.TIMEOUT,
        Outcome.CORRECT,
        Outcome.TIMEOUT,
        Outcome.WRONG,
    ]


def test_the_same_slow_answer_costs_its_time_once_in_a_batch() -> None:
    """64 draws of one hanging answer, one after the other, would meet the limit of this test."""
    batch = [attempt(SLOW["large binomial"])] * 64
    verdicts = VERIFIER.verify(batch, timeout_s=TIMEOUT_S)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.TIMEOUT}


def test_several_threads_with_slow_answers_all_return() -> None:
    def verify(number: int) -> list[Outcome]:
        assert threading.current_thread() is not threading.main_thread()
        answers = [SLOW["factorial of a power"], f"\\sqrt{{{number * number}}}"]
        attempts = [attempt(answer, gold=str(number)) for answer in answers]
        return [verdict.outcome for verdict in VERIFIER.verify(attempts, timeout_s=TIMEOUT_S)]

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(verify, range(11, 15)))
    assert results == [[Outcome.TIMEOUT, Outcome.CORRECT]] * 4


def test_the_callers_alarm_is_left_alone() -> None:
    """math-verify's own time limit would cancel it."""
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rung.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        assert outcome(SLOW["power tower"]) is Outcome.TIMEOUT
        while not rung:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]


def test_an_answer_that_fills_the_memory_is_undecided_and_the_next_is_not() -> None:
    assert outcome(r"3^{3^{20}}") in (Outcome.ERROR, Outcome.TIMEOUT)
    assert outcome(r"\sqrt{9}") is Outcome.CORRECT
