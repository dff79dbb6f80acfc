r"""Which boxes of a completion are one answer, and which of them is the last word.

Several boxes are one list if nothing but separators parts them; everything else is a correction, a
step on the way or a repetition, where the last box counts alone.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.math.boxes import marked
from rlvr.verifiers.math.verifier import MathVerifier


def outcome(gold: str, completion: str) -> Outcome:
    attempt = Attempt(Problem("test/1", "question", gold), completion)
    return MathVerifier().verify([attempt], timeout_s=10)[0].outcome


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{(2,2)} and \boxed{(6,2)}", "(2,2), (6,2)"),
        (r"\boxed{1},\boxed{2},\boxed{3}", "1, 2, 3"),
        (r"$k = \boxed{45}, n = \boxed{2}$", "k = 45, n = 2"),
        (r"$k = \boxed{45}$, $n = \boxed{2}$.", "k = 45, n = 2"),
        (r"so $\boxed{1}$, $\boxed{2}$, and $\boxed{3}$.", "1, 2, 3"),
        (r"are \(\boxed{1}\) and \(\boxed{2}\).", "1, 2"),
        (r"\[\boxed{1} \text{ and } \boxed{2}\]", "1, 2"),
        (r"\[\boxed{1} \quad \text{or} \quad \boxed{2}\]", "1, 2"),
        (r"\[x = \boxed{1} \quad \mathrm{or} \quad x = \boxed{2}\]", "x = 1, x = 2"),
        (r"\begin{aligned} x &= \boxed{1} \\ y &= \boxed{2} \end{aligned}", "x = 1, y = 2"),
        (r"\[ \boxed{1} \]" "\nand\n" r"\[ \boxed{2} \]", "1, 2"),
        (r"\[ \boxed{1}, \]" "\n" r"\[ \boxed{2} \]", "1, 2"),
        (r"$x_1 = \boxed{1}$ or $x_2 = \boxed{2}$", "x_1 = 1, x_2 = 2"),
        (r"$f(x) = \boxed{x}$ and $f(x) = \boxed{2-x}$", "f(x) = x, f(x) = 2-x"),
        (r"(a) \boxed{3}, (b) \boxed{4}", "3, 4"),
        (r"(i) $\boxed{3}$; (ii) $\boxed{4}$", "3, 4"),
        (r"**\boxed{3}** and **\boxed{4}**", "3, 4"),
        (r"$\boxed{30}^\circ$ and $\boxed{60}^\circ$", "30, 60"),
        (r"\left(\boxed{1}, \boxed{2}\right)", "(1, 2)"),
        (r"$(\boxed{1}, \boxed{2})$", "(1, 2)"),
        (r"\{\boxed{1}, \boxed{2}\}", r"\{1, 2\}"),
        (r"[\boxed{1}, \boxed{2})", "[1, 2)"),
        (r"\boxed{1}; \boxed{2}", "1, 2"),
        (r"\boxed{x=1}\text{ and }\boxed{x=2}", "x=1, x=2"),
        (r"\fbox{1} and \boxed 2", "1, 2"),
        (r"\boxed{1}, respectively \boxed{2}", "1, 2"),
        (r"\boxed{-2} and \boxed{-2}", "-2, -2"),
        (r"<answer>\boxed{1} and \boxed{2}</answer>", "1, 2"),
        (r"first \boxed{9}. So \boxed{1} and \boxed{2}", "1, 2"),
        (r"$a = \boxed{3}$, $b = \boxed{5}$, and hence $\boxed{8}$, $\boxed{9}$", "8, 9"),
        (r"the roots $\boxed{1}$ \& $\boxed{2}$ and $\boxed{3}$", "2, 3"),
    ],
)
def test_boxes_parted_by_separators_are_one_answer(text: str, answer: str) -> None:
    found = marked(text)
    assert found is not None
    assert found.answer == answer
    assert len(found.parts) > 1


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{3}. Wait, it is \boxed{5}",
        r"\boxed{3}, wait, \boxed{5}",
        r"\boxed{3}. Actually, \boxed{5}.",
        r"\boxed{3}, or rather \boxed{5}",
        r"\boxed{3}, no, \boxed{5}",
        r"\boxed{3}. \boxed{5}",
        r"\boxed{3}. And \boxed{5}",
        "\\boxed{3}\n\n\\boxed{5}",
        r"\boxed{3} \boxed{5}",
        r"\[\boxed{3}\] \[\boxed{5}\]",
        r"The first is \boxed{3}. The second is \boxed{5}.",
        r"\boxed{3} and so \boxed{5}",
        r"\boxed{3} and thus the answer is \boxed{5}",
        r"\boxed{3}, which gives \boxed{5}",
        r"\boxed{2} apples and \boxed{3} pears, so \boxed{5}",
        r"\boxed{3} = \boxed{5}",
        r"\boxed{3} + 2 = \boxed{5}",
        r"\boxed{3} \approx \boxed{5}",
        r"\boxed{3} \Rightarrow \boxed{5}",
        r"\boxed{3} < x, \boxed{5}",
        r"\boxed{3} not \boxed{5}",
        r"\boxed{3}, and not \boxed{4}, but \boxed{5}",
        r"\boxed{3}, but \boxed{5}",
        r"1. \boxed{3}" "\n" r"2. \boxed{5}",
        r"- \boxed{3}" "\n" r"- \boxed{5}",
        r"Case 1: \boxed{3}. Case 2: \boxed{5}",
        r"\boxed{\boxed{5}}",
        r"\boxed{3}, \boxed{} and then \boxed{5}",
        r"\boxed{5}, \boxed{1",
        r"\boxed{3}" + ", " * 60 + r"\boxed{5}",
        r"\boxed{3} and <answer>\boxed{5}</answer>",
        r"so \boxed{5}",
    ],
)
def test_any_other_word_or_sign_leaves_the_last_box_alone(text: str) -> None:
    found = marked(text)
    assert found is not None
    assert found.parts == ("5",)
    assert found.answer == "5"


@pytest.mark.parametrize(
    ("gold", "completion"),
    [
        ("(2,2),(6,2)", r"\boxed{(2,2)} and \boxed{(6,2)}"),
        ("(6,2),(2,2)", r"\boxed{(2,2)} and \boxed{(6,2)}"),
        ("1,2,3", r"\boxed{1},\boxed{2},\boxed{3}"),
        (r"\{1,2,3\}", r"\boxed{1},\boxed{2},\boxed{3}"),
        ("45,2", r"$k = \boxed{45}, n = \boxed{2}$"),
        ("k=45, n=2", r"$k = \boxed{45}, n = \boxed{2}$"),
        ("(1,2)", r"$(\boxed{1}, \boxed{2})$"),
        ("(1,2)", r"$y = \boxed{2}$ and $x = \boxed{1}$"),
        ("3,5", r"a) \boxed{3}, b) \boxed{5}"),
        ("5", r"\boxed{3}. Wait, \boxed{5}"),
        # one value in several forms, or said twice
        (r"\frac{639}{40}", r"$\boxed{15\frac{39}{40}},$ or $\boxed{\frac{639}{40}}$ inches."),
        ("5", r"\boxed{5}, \boxed{5}"),
        ("5", "\\[\\boxed{5}\\]\nand $\\boxed{5}$"),
        ("5", "\\[\\boxed{5}\\]\n\nSo the answer is $\\boxed{5}$."),
        ("-2,-2", r"$r = \boxed{-2}$ and $s = \boxed{-2}$"),
    ],
)
def test_an_answer_in_several_boxes_is_correct_as_a_whole(gold: str, completion: str) -> None:
    assert outcome(gold, completion) is Outcome.CORRECT


@pytest.mark.parametrize(
    ("gold", "completion"),
    [
        # two guesses are not an answer, whichever of them is right
        ("5", r"\boxed{3} or \boxed{5}"),
        ("5", r"\boxed{5} or \boxed{3}"),
        ("5", r"\boxed{3} or maybe \boxed{5}"),
        ("5", r"\boxed{3}; alternatively \boxed{5}"),
        ("5", r"$\boxed{3} / \boxed{5}$"),
        ("(6,2)", r"\boxed{(2,2)} and \boxed{(6,2)}"),
        ("1,2", r"\boxed{1},\boxed{2},\boxed{3}"),
        ("1,2,3", r"\boxed{1},\boxed{2}"),
        ("n=45, k=2", r"$k = \boxed{45}, n = \boxed{2}$"),
        ("3", r"\boxed{3}. Wait, \boxed{5}"),
        ("3,5", r"\boxed{3}. Wait, \boxed{5}"),
    ],
)
def test_boxes_too_many_or_too_few_are_wrong(gold: str, completion: str) -> None:
    assert outcome(gold, completion) is Outcome.WRONG


@given(st.text(alphabet=r"\boxed{}, $and=12()[]&;", max_size=200))
def test_marking_never_fails(text: str) -> None:
    found = marked(text)
    assert found is None or (found.answer and all(found.parts))


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{1}, " * 20_000,
        r"\boxed{1}" + ", and " * 50_000 + r"\boxed{1}",
        r"\boxed{1}" + r"\text{ and " * 5 + r"\boxed{1}",
        "$" * 200_000 + r"\boxed{1}" + "$ " * 20 + "x" + r"\boxed{1}",
    ],
)
def test_many_boxes_are_read_at_once(text: str) -> None:
    found = marked(text)
    assert found is not None
    assert set(found.parts) == {"1"}
