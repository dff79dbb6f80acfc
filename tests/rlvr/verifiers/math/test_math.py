"""The mathematics verifier on answers that people and models write."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr import verifiers
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.math.verifier import MathVerifier

VERIFIER = MathVerifier()


def attempt(gold: object, completion: str, *, truncated: bool = False) -> Attempt:
    return Attempt(Problem("test/1", "question", gold), completion, truncated)


def outcome(gold: str, answer: str) -> Outcome:
    completion = f"Therefore the answer is $\\boxed{{{answer}}}$."
    return VERIFIER.verify([attempt(gold, completion)], timeout_s=10)[0].outcome


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"\sqrt{51}", r"51^{1/2}"),
        (r"3\sqrt{13}", r"\sqrt{117}"),
        (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
        ("x=5", "5"),
        ("5", "x = 5"),
        ("6 - 5i", "-5i+6"),
        (r"\frac{3\sqrt{3}}{4}", r"\frac{3}{4}\sqrt{3}"),
        ("x^5 - x^4 + x^3 - x^2 + x - 1", "-1+x-x^2+x^3-x^4+x^5"),
        (r"1 \pm \sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"),
        (
            r"\begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix}",
            r"\begin{bmatrix} -\frac13 \\ \frac23 \end{bmatrix}",
        ),
        (r"\left(\frac{3}{5},\frac{8}{3}\right]", r"(0.6, \frac{8}{3}]"),
        (r"(-\infty, 2) \cup (3, \infty)", r"(3,\infty)\cup(-\infty,2)"),
        (r"x \in [-2,7]", "[-2,7]"),
        ("y = 2x + 3", "y=3+2x"),
        (r"1\frac{4}{5}", r"\frac{9}{5}"),
        (r"5.4 \text{ cents}", r"5.4"),
        (r"864 \mbox{ inches}^2", "864"),
        ("15", r"15\text{ cm}^2"),
        ("15", "15 cm"),
        (r"137 \frac{1}{2}", "137.5"),
        (r"\frac{1}{3}", "0.333333"),
        (r"8 \%", "8"),
        (r"62.5%", r"\frac{5}{8}"),
        ("np.arcsin(10/13)", r"\sin^{-1}(10/13)"),
        (r"\frac{1}{2a}(\exp{a*t} - \exp{-a*t})", r"\frac{e^{at}-e^{-at}}{2a}"),
        (r"\frac{1}{3} E_{1}+\frac{2}{3} E_{2}", r"\frac{E_1 + 2E_2}{3}"),
        (r"$f(x)=2 x$", "f(x)=2x"),
        (r"\frac{n(n+1)}{2}", r"\frac{n^2+n}{2}"),
        (r"\frac{2C}{3S}", r"\frac{2}{3}\frac{C}{S}"),
    ],
)
def test_equal_answers_are_correct_however_they_are_written(gold: str, answer: str) -> None:
    assert outcome(gold, answer) is Outcome.CORRECT


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"\sqrt{51}", r"\sqrt{52}"),
        ("80", "0.8"),
        ("0.8", "80"),
        (r"\frac{4}{5}", "80"),
        (r"2\pi", r"200\pi"),
        (r"\frac{\pi}{100}", r"\pi"),
        # small values, which math-verify rounds to zero
        ("1e-8 x", "2.55e-10 x"),
        (r"10^{-9}\sqrt{2}", r"10^{-9}\sqrt{3}"),
        # letters that are not units
        (r"6m", "6"),
        (r"\frac{37}{4} m", r"\frac{37}{4}"),
        (r"\frac{1}{m} t", r"\frac{1}{m}"),
        # upper and lower case
        ("N-n", "0"),
        ("R^2 - r^2", "0"),
        # order and brackets
        ("(1,3,5)", "(5,3,1)"),
        ("(2,4)", "2,4"),
        ("(3,4]", "[3,4]"),
        (r"(0,9) \cup (9,36)", "(0,36)"),
        # words
        (r"\text{east}", "seat"),
        (r"\text{even}", r"\text{odd}"),
        # other bases
        ("52_8", "52_9"),
        ("2", "-2"),
        (r"x^2+1", r"x^2-1"),
        (r"2k+2", r"2k"),
    ],
)
def test_different_answers_are_wrong_however_close_they_look(gold: str, answer: str) -> None:
    assert outcome(gold, answer) is Outcome.WRONG


@pytest.mark.parametrize("one", ["1", "2", r"\pi"])
@pytest.mark.parametrize(
    "e", [r"1/e", r"\frac{1}{e}", r"\frac1e", r"e^{-1}", r"\dfrac{1}{\mathrm{e}}"]
)
def test_one_minus_a_term_is_not_one_plus_it(one: str, e: str) -> None:
    """1 - 1/e against 1 + 1/e is a known false positive of math-verify."""
    assert outcome(f"{one} - {e}", f"{one} + {e}") is Outcome.WRONG
    assert outcome(f"{one} + {e}", f"{one} - {e}") is Outcome.WRONG
    assert outcome(f"{one} - {e}", f"-{e} + {one}") is Outcome.CORRECT


@settings(max_examples=60, deadline=None)
@given(st.integers(-30, 30), st.integers(2, 30), st.integers(-30, 30), st.sampled_from("nxk"))
def test_an_expanded_product_equals_its_factors_and_not_its_neighbour(
    a: int, b: int, c: int, variable: str
) -> None:
    factors = f"({b}{variable} + {a})({variable} + {c})"
    expanded = f"{b}{variable}^2 + {b * c + a}{variable} + {a * c}"
    neighbour = f"{b}{variable}^2 + {b * c + a}{variable} + {a * c + 1}"
    assert outcome(factors, expanded) is Outcome.CORRECT
    assert outcome(factors, neighbour) is Outcome.WRONG


def test_a_completion_without_a_marked_answer_has_none() -> None:
    cases = [("the answer is 4", False), ("the answer is 4", True), (r"\boxed{4", True)]
    verdicts = VERIFIER.verify([attempt("4", text, truncated=cut) for text, cut in cases])
    assert [verdict.outcome for verdict in verdicts] == [
        Outcome.NO_ANSWER,
        Outcome.TRUNCATED,
        Outcome.TRUNCATED,
    ]


def test_a_completion_that_ran_on_is_graded_by_its_answer_and_not_as_truncated() -> None:
    ran_on = "so \\boxed{4}\nUser: What is 2+3?\nAssistant: \\boxed{5} and"
    ended = "I do not know.<|im_end|> \\boxed{4}"
    verdicts = VERIFIER.verify(
        [attempt("4", ran_on, truncated=True), attempt("4", ended, truncated=True)]
    )
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CORRECT, Outcome.NO_ANSWER]


def test_verdicts_come_in_the_order_of_the_attempts_and_name_the_answer() -> None:
    answers = ["1", r"\sqrt{4}", "3", "x", r"\frac{10}{5}", "2"]
    verdicts = VERIFIER.verify([attempt("2", f"\\boxed{{{answer}}}") for answer in answers])
    assert [verdict.answer for verdict in verdicts] == answers
    assert [verdict.outcome == Outcome.CORRECT for verdict in verdicts] == [
        False,
        True,
        False,
        False,
        True,
        True,
    ]


def test_numbers_as_gold_are_taken_as_their_text() -> None:
    verdicts = VERIFIER.verify([attempt(27, r"\boxed{27}"), attempt(27.0, r"\boxed{27}")])
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CORRECT, Outcome.CORRECT]


@pytest.mark.parametrize("gold", [None, True, ["1"], {"target": 1}])
def test_a_gold_that_is_no_answer_is_an_error_of_ours_and_not_wrong(gold: object) -> None:
    assert VERIFIER.verify([attempt(gold, r"\boxed{1}")])[0].outcome is Outcome.ERROR


def test_it_works_from_any_thread_and_from_several_at_once() -> None:
    golds = [f"\\sqrt{{{number}}}" for number in (2, 3, 5, 6)]

    def verify(gold: str) -> list[Outcome]:
        assert threading.current_thread() is not threading.main_thread()
        attempts = [attempt(gold, f"\\boxed{{{inner[6:-1]}^{{1/2}}}}") for inner in golds]
        return [verdict.outcome for verdict in VERIFIER.verify(attempts, timeout_s=10)]

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(verify, golds))
    for row, outcomes in enumerate(results):
        expected = [Outcome.CORRECT if row == column else Outcome.WRONG for column in range(4)]
        assert outcomes == expected


def test_it_is_registered_by_name() -> None:
    verifier = verifiers.get("math")
    assert verifier.name == "math"
    assert verifier.version.startswith("math@")


def test_no_attempts_get_no_verdicts() -> None:
    assert VERIFIER.verify([]) == []
