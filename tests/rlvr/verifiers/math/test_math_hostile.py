"""Answers that take a computer algebra system minutes, gigabytes or its life: each is answered.

HUGE is the list of inputs measured to cost math-verify 5 to 10 seconds each; HOSTILE is what else a
policy could write to escape a verdict. The tests hold if they end at all: a hang would meet the
time limit of the test.

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

from rlvr import verifiers
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers import Verifier
from rlvr.verifiers.math.verifier import MathVerifier, verdict_of
from rlvr.verifiers.workers import pool
from rlvr.verifiers.workers.pool import Reply, WorkerPool

TIMEOUT_S = 2.0

HUGE = {
    "power tower": r"10^{10^{10}}",
    "factorial of a power": r"(9^9)!",
    "large power": r"2^{10^9}",
    "large binomial": r"\binom{10^9}{5\cdot 10^8}",
}
# Each would take minutes, gigabytes or for ever; the gold is 7, which some of them even are.
HOSTILE = [
    r"\sum_{n=1}^{5000} n^{n}",
    r"\prod_{n=1}^{9000} n^{n}",
    *HUGE.values(),
    *(r"3^{3^{20}}", r"9!!!!!", r"((10!)!)!", r"7^{7^{7^{7}}}", r"10^{-10^{10}}", r"(10^6)!"),
    r"\frac{10^{10^{10}}}{10^{10^{10}}}",
    r"10^{10^{10}} - 10^{10^{10}} + 7",
    r"7 + 0 \cdot 10^{10^{10}}",
    r"2^{10^9} \bmod 7",
    *(r"\sin(10^{10^{10}})", r"\log(10^{10^{10}})", r"\ln(\ln(10^{10^{10}}!))"),
    *(r"\lfloor 10^{10^{10}} \rfloor", r"|{-10^{10^{10}}}|", r"\sqrt[3]{10^{10^{10}}}"),
    *(r"e^{e^{e^{e^{e}}}}", r"\exp(\exp(\exp(100)))", r"\cosh(10^{10})", r"\Gamma(10^{10})"),
    r"\left(1+\frac{1}{10^{9}}\right)^{10^{9}}",
    r"\left(\frac{3}{2}\right)^{10^{9}}",
    *(r"1.0000001^{10^{10}}", r"(1+\sqrt{2})^{10^6}", r"(1+i)^{10^9}", r"i^{10^{10^{10}}}"),
    *(r"\binom{10^{50}}{10^{49}}", r"\binom{1000000}{500000}", r"\binom{-10^9}{10^8}"),
    r"\binom{\binom{\binom{100}{50}}{20}}{10}",
    *(r"\frac{(10^7)!}{(10^7-1)!}", r"\frac{1}{10^{10^{10}}!}", r"\sqrt{10^{9999}+1}"),
    *(r"\gcd(10^{10^{8}}, 7)", r"\operatorname{lcm}(10^{10^{7}}, 7)", r"\max(10^{10^{10}}, 7)"),
    r"\gcd(2^{10^8}-1, 2^{10^7}-1)",
    *(r"\sum_{k=1}^{10^9} \sin(k^2)", r"\sum_{k=1}^{10^7} \lfloor \sqrt{k} \rfloor"),
    *(r"\sum_{k=1}^{10^6} k!", r"\sum_{k=1}^{10^6} 2^k", r"\prod_{k=1}^{10^6} (k^2+1)"),
    r"\sum_{i=1}^{1000}\sum_{j=1}^{1000}\sum_{k=1}^{1000} \gcd(i,j,k)",
    *(r"\int x^{100} e^{x} \sin(x) dx", r"\int_0^1 x^x dx"),
    *(r"x^{x^{x^{x^{x}}}}", r"(x+y+z)^{1000}", r"(x+1)^{10^6}", r"\frac{d}{dx} x^{x^{x^{x}}}"),
    *(r"\cos(\frac{\pi}{10007})", r"\tan(10^{1000})"),
    r"\sqrt{2+\sqrt{2+\sqrt{2+\sqrt{2+\sqrt{2+\sqrt{2+\sqrt{2}}}}}}}",
    r"\sqrt[100]{\sqrt[99]{\sqrt[98]{7}}}^{97020000}",
    r"\begin{pmatrix}1&1\\1&0\end{pmatrix}^{10^9}",
    *(r"\operatorname{zeros}(100000,100000)", r"\operatorname{eye}(10^9)"),
    *(
        r"10 \uparrow\uparrow 10",
        r"\{10^{10^{10}}, 7\}",
        r"(10^{10^{10}}, 7)",
        r"[0, 10^{10^{10}}]",
    ),
    *(r"x = 10^{10^{10}}", r"x < 10^{10^{10}}", r"10^{10^{10}}\%", r"\pm 10^{10^{10}}"),
    *(r"10^{10^{10}} \text{ cm}", r"a=10^{10^{10}},b=7", r"x^5-x+1=0, y^7+xy-3=0"),
    *("9" * 99 + "!", "7" + "!" * 300, "x^{" * 14 + "x" + "}" * 14, "2^{" * 30 + "2" + "}" * 30),
    *(
        "(" * 39 + "7" + ")" * 39,
        r"\frac{1}{" * 24 + "7" + "}" * 24,
        r"\sqrt{" * 38 + "7" + "}" * 38,
    ),
    *("$(" * 30 + "7" + ")$" * 30, r"\text{$\text{$\text{$5$}$}$}", "0." + "3" * 99),
    *(r"0.\overline{" + "123456789" * 9 + "}", r"3000!", r"\binom{30000}{15000}", r"2^{10^5}"),
]
# What no bound tells: the value itself is sought without end.
ENDLESS = r"\sum_{n=1}^{\infty} \frac{\sin(n)}{n^2+\sqrt{n}}"
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


def test_no_hostile_answer_is_undecided_where_the_gold_is_a_number() -> None:
    """An undecided verdict costs a policy less than a wrong one: it would learn to write these."""
    assert len(HOSTILE) >= 60
    attempts = [attempt(answer, "8") for answer in HOSTILE]
    verdicts = VERIFIER.verify(attempts, timeout_s=20)  # none of them needs it, also when busy
    found = dict(zip(HOSTILE, [verdict.outcome for verdict in verdicts], strict=True))
    assert {answer for answer in HOSTILE if found[answer] is not Outcome.WRONG} == set()


@pytest.mark.parametrize(
    "gold", [r"\sqrt{51}", r"2\pi", "3+2i", "x+1", "(2,4)", "1,2", r"\text{No}"]
)
def test_no_huge_answer_is_undecided_whatever_the_gold(gold: str) -> None:
    attempts = [attempt(answer, gold) for answer in HUGE.values()]
    verdicts = VERIFIER.verify(attempts, timeout_s=20)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.WRONG}


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"2^{1009}", r"2 \cdot 2^{1008}"),
        ("2022", r"\frac{2022!}{2021!}"),
        (r"10^{100}", r"(10^{50})^2"),
        (r"\binom{2n}{n}", r"\frac{(2n)!}{n!\,n!}"),
        ("2", r"\sum_{k=0}^{\infty} \frac{1}{2^k}"),
        ("500000500000", r"\sum_{k=1}^{1000000} k"),
        ("3628800", "10!"),
        ("252", r"\binom{10}{5}"),
        ("6", r"\gcd(12, 18)"),
    ],
)
def test_a_large_answer_to_a_large_gold_is_evaluated(gold: str, answer: str) -> None:
    assert VERIFIER.verify([attempt(answer, gold)], timeout_s=20)[0].outcome is Outcome.CORRECT


def test_an_answer_that_was_computed_for_long_is_no_plain_number() -> None:
    verdict = VERIFIER.verify([attempt(ENDLESS)], timeout_s=8)[0]
    assert verdict.outcome is Outcome.WRONG
    assert "computing" in (verdict.reason or "")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply("timeout", killed_after_s=1.9, computed_s=1.8), Outcome.WRONG),
        (Reply("timeout", killed_after_s=1.9, computed_s=0.1), Outcome.TIMEOUT),
        (Reply("memory"), Outcome.WRONG),
        (Reply("crashed"), Outcome.ERROR),
        (Reply("raised"), Outcome.ERROR),
    ],
)
def test_a_worker_that_was_held_up_or_killed_by_others_decides_nothing(
    reply: Reply, outcome: Outcome
) -> None:
    assert verdict_of(("3", "an answer"), reply).outcome is outcome


def test_an_answer_that_takes_too_long_is_undecided_where_the_gold_is_an_expression() -> None:
    """There a proof may take long for a right answer too."""
    assert outcome(ENDLESS, gold="x+1") is Outcome.TIMEOUT


def test_two_seconds_is_what_an_answer_gets_where_nobody_says_otherwise() -> None:
    for verify in (MathVerifier.verify, Verifier.verify):
        assert inspect.signature(verify).parameters["timeout_s"].default == TIMEOUT_S
    assert verifiers.TIMEOUT_S == TIMEOUT_S


def test_the_worker_of_a_slow_answer_is_killed_before_the_limit() -> None:
    task = pool.shared("rlvr.verifiers.math.equivalence:equal")
    (reply,) = task.run([["3", ENDLESS]], timeout_s=TIMEOUT_S)
    assert reply.status == "timeout"
    assert reply.killed_after_s is not None
    assert reply.killed_after_s < TIMEOUT_S


@pytest.fixture(scope="module")
def settling() -> Iterator[WorkerPool]:
    """Workers that do what the verifier does in its caller: compare by text, and no more."""
    here = str(Path(__file__).parents[1] / "workers")
    sys.path.insert(0, here)
    opened = WorkerPool("pool_tasks:act", workers=1)
    yield opened
    opened.close()
    sys.path.remove(here)


def test_the_text_of_every_hostile_answer_is_settled_before_the_limit(settling: WorkerPool) -> None:
    answers = [*HOSTILE, *TOO_LARGE.values(), *BROKEN.values(), SET_OF_300_REORDERED]
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


@pytest.mark.parametrize("answer", [*HUGE.values(), *TOO_LARGE.values()], ids=[*HUGE, *TOO_LARGE])
def test_a_large_answer_is_correct_where_it_is_the_gold_itself(answer: str) -> None:
    assert outcome(answer, gold=answer) is Outcome.CORRECT


def test_a_large_set_in_another_order_is_settled_without_parsing() -> None:
    reordered = r"\{" + ",".join(map(str, reversed(range(300)))) + r"\}"
    assert outcome(reordered, r"\{" + ",".join(map(str, range(300))) + r"\}") is Outcome.CORRECT


def test_a_large_set_that_must_be_parsed_does_not_hang() -> None:
    assert outcome(SET_OF_300_REORDERED, SET_OF_300) in (Outcome.CORRECT, Outcome.TIMEOUT)


def test_slow_answers_do_not_take_the_others_with_them() -> None:
    answers = [r"\sqrt{x^2+2x+1}^2", ENDLESS, "(x+1)^2", ENDLESS + "+1", "x^2+2x"]
    attempts = [attempt(answer, "x^2+2x+1") for answer in answers]
    verdicts = VERIFIER.verify(attempts, timeout_s=TIMEOUT_S)
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.CORRECT,
        Outcome.TIMEOUT,
        Outcome.CORRECT,
        Outcome.TIMEOUT,
        Outcome.WRONG,
    ]


def test_the_same_slow_answer_costs_its_time_once_in_a_batch() -> None:
    """64 draws of one hanging answer, one after the other, would meet the limit of this test."""
    batch = [attempt(ENDLESS, "x")] * 64
    verdicts = VERIFIER.verify(batch, timeout_s=TIMEOUT_S)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.TIMEOUT}


def test_several_threads_with_slow_answers_all_return() -> None:
    def verify(number: int) -> list[Outcome]:
        assert threading.current_thread() is not threading.main_thread()
        answers = [ENDLESS, f"\\sqrt{{{number * number}}} + x"]
        attempts = [attempt(answer, gold=f"x+{number}") for answer in answers]
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
        assert outcome(ENDLESS, "x") is Outcome.TIMEOUT
        while not rung:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [signal.SIGALRM]
