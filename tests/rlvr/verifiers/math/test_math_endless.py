"""Answers that no computer algebra system gets to the end of, against one number: all are wrong."""

import pytest

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.math.verifier import MathVerifier

ENDLESS = [
    r"\sum_{n=1}^{\infty} \frac{1}{n^7+n+\sin n}",
    r"\prod_{n=1}^{\infty}(1+\frac{1}{n^2+\cos n})",
    r"\int_0^\infty \frac{\sin(x^3)}{x^2+e^x} dx",
    r"\int\int\int\int x^{99} e^{x^2}",
    r"\lim_{n\to\infty} (1+\frac{1}{n})^{n^2} e^{-n}",
    r"\sum_{a=1}^{1000}\sum_{b=1}^{1000}\sum_{c=1}^{1000} abc",
    r"\sum_{n=1}^{10^{100}} n!",
    r"\sum_{k=0}^{500}\binom{500}{k}^3",
    r"9^{9^{9^{9}}}",
    r"((9!)!)!",
    r"10^{100}!",
    r"\binom{10^8}{10^7}",
    r"\Gamma(10^{10})",
    r"e^{e^{e^{e^{10}}}}",
    r"\ln(\ln(\ln(10^{10^{10^{10}}})))",
    r"(1+i)^{10^7}",
    r"(-1)^{10^{50}}",
    r"\lfloor 10^{500} \pi \rfloor",
    r"\log_{10^{-300}}(10^{300})^{10^{5}}",
    r"\begin{pmatrix}1&2\\3&4\end{pmatrix}^{1000000}",
    r"\begin{pmatrix}" + r"\\".join(["&".join("1" * 12)] * 12) + r"\end{pmatrix}",
    r"(a+b+c+d+e)^{60}",
    r"\sqrt{" * 12 + "2" + "}" * 12,
    r"\frac{1}{" * 14 + "2" + "}" * 14,
    r"\left(" * 40 + "7" + r"\right)" * 40,
    "(" * 15 + "+" * 300 + ")" * 15,
    "7" * 400,
    "0.(" + "3" * 200 + ")",
    "123_{" + "9" * 300 + "}",
    r"7 \approx " * 60 + "7",
    "one hundred " * 40,
    "C + " * 100 + "C",
    r"\{" + ",".join(map(str, range(120))) + r"\}",
]


@pytest.mark.parametrize("gold", ["7", r"\sqrt{51}"])
def test_endless_answers_are_wrong_and_not_undecided(gold: str) -> None:
    attempts = [Attempt(Problem("test/1", "", gold), rf"\boxed{{{answer}}}") for answer in ENDLESS]
    verdicts = MathVerifier().verify(attempts, timeout_s=30)
    left = [v.answer for v in verdicts if v.outcome is not Outcome.WRONG]
    assert left == []
