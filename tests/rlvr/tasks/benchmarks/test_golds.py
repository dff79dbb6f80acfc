"""Every row of the real benchmark files: counted, parsed, and told apart from every other gold.

By text, every gold is compared with every other of its file. What text does not settle takes a
computer algebra system, too slow for a million pairs: there each gold meets those that are most
like it and some drawn at random.

Counts are those of the publications: GSM8K (Cobbe et al. 2021) 1,319 and 7,473; MATH500 500;
Minerva 272; OlympiadBench, open-ended English text-only mathematics, 675; AIME 30; AMC 40;
HumanEval 164.
"""

import itertools
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from sympy.core.relational import Relational

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.tasks import problems
from rlvr.verifiers.math import equivalence, notation, parseable
from rlvr.verifiers.math.verifier import MathVerifier

FILES = {
    "gsm8k": ("gsm8k.jsonl", 1319),
    "gsm8k-train": ("gsm8k_train.jsonl", 7473),
    "math500": ("math500.jsonl", 500),
    "minerva": ("minerva_math.jsonl", 272),
    "olympiadbench": ("olympiadbench.jsonl", 675),
    "aime24": ("aime24.jsonl", 30),
    "amc23": ("amc23.jsonl", 40),
    "humaneval": ("humaneval.jsonl", 164),
}
MATHEMATICS = [name for name in FILES if name != "humaneval"]

# Published golds that no parser can read; an answer can only match them as text.
UNREADABLE = {
    "olympiadbench/1965": "a sentence: f(x) = ax + b, where ..",
    "olympiadbench/2045": "a slip of the pen in the source: t(0,4] for t in (0,4]",
}
# Golds of different problems that are one answer: equal values, a unit left out, a list in another
# order, or an equation, which stands for its right side.
SAME_ANSWER = {
    ("1,-2", "-2,1"),
    ("-2,1", "1,-2"),
    ("2,3,4", "2,4,3"),
    ("2,4,3", "2,3,4"),
    ("8", "$8 \\%$"),
    ("6", "$6m$"),
    ("5", "x=5"),
    ("1", "$k=1$"),
    ("3", "$k=3$"),
    ("$f(x)=1$", "1"),
    ("0", "x^{\\prime}+\\frac{r}{V} x-r c=0"),
    ("0", "y^{\\prime}+r y-r x(t)=0"),
    ("15\\mbox{ cm}^2", "15"),
    ("15", "15\\mbox{ cm}^2"),
    ("864 \\mbox{ inches}^2", "864"),
    ("864", "864 \\mbox{ inches}^2"),
    ("x=5", "5"),
    ("$8 \\%$", "8"),
    ("$k=1$", "1"),
    ("$k=3$", "3"),
}

# Of golds that text does not tell from a gold: how many of those most like it, and of all.
ALIKE, DRAWN = 4, 4


def load(name: str, shared_data: Path) -> list[Problem]:
    return problems.load(name, path=shared_data / "benchmarks" / FILES[name][0])


def boxed(problem: Problem, answer: str) -> Attempt:
    return Attempt(
        problem, f"Hence the final answer is $\\boxed{{{answer}}}$. I hope it is correct."
    )


def outcomes(attempts: Sequence[Attempt], timeout_s: float = 5) -> list[Outcome]:
    return [verdict.outcome for verdict in MathVerifier().verify(attempts, timeout_s=timeout_s)]


@pytest.mark.parametrize("name", FILES)
def test_all_rows_are_there_as_published(name: str, shared_data: Path) -> None:
    loaded = load(name, shared_data)
    assert len(loaded) == FILES[name][1] == problems.get(name).rows
    assert len({problem.id for problem in loaded}) == len(loaded)
    assert all(problem.id.startswith(f"{name}/") for problem in loaded)
    assert all(problem.question.strip() for problem in loaded)


@pytest.mark.parametrize("name", MATHEMATICS)
def test_every_gold_parses(name: str, shared_data: Path) -> None:
    unread = {
        problem.id
        for problem in load(name, shared_data)
        if notation.number(notation.canonical(problem.gold)) is None
        and not notation.is_words(problem.gold)
        and equivalence.parse(parseable.rewrite(problem.gold)) is None
    }
    assert unread == {identity for identity in UNREADABLE if identity.startswith(f"{name}/")}


@pytest.mark.parametrize("name", MATHEMATICS)
def test_every_gold_verifies_against_itself_in_a_boxed_sentence(
    name: str, shared_data: Path
) -> None:
    loaded = load(name, shared_data)
    found = outcomes([boxed(problem, problem.gold) for problem in loaded])
    failed = [
        problem.id
        for problem, outcome in zip(loaded, found, strict=True)
        if outcome is not Outcome.CORRECT
    ]
    assert failed == []


@pytest.mark.parametrize("name", MATHEMATICS)
def test_no_gold_is_by_its_text_that_of_another_problem(name: str, shared_data: Path) -> None:
    """Every gold of a file with every other, as gold and as answer.

    Two numbers are compared one way round, since only their distance counts.
    """
    golds = {notation.canonical(problem.gold): problem.gold for problem in load(name, shared_data)}
    numbers = [gold for text, gold in golds.items() if notation.number(text) is not None]
    others = [gold for text, gold in golds.items() if notation.number(text) is None]
    pairs = itertools.chain(
        itertools.combinations(numbers, 2),
        itertools.permutations(others, 2),
        itertools.product(numbers, others),
        itertools.product(others, numbers),
    )
    same = {pair for pair in pairs if notation.compare(*pair)}
    assert {pair for pair in same if not _is_one_number(*pair)} <= SAME_ANSWER


def _is_one_number(*golds: str) -> bool:
    """True for 1/2 and 0.5: different golds, and one right answer."""
    values = {notation.number(notation.canonical(gold)) for gold in golds}
    return len(values) == 1 and None not in values


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["math500", "minerva", "olympiadbench"])
def test_no_expression_verifies_against_the_gold_of_another_problem(
    name: str, shared_data: Path
) -> None:
    """Of what text does not settle: each gold with those most like it and some drawn at random.

    Most like it are up to ALIKE with the same digits in the same order; DRAWN are drawn from all by
    a generator seeded with the gold. Numbers are golds like any other here, so they meet
    expressions on both sides. All pairs are compared by text in the test above.
    """
    golds = sorted({problem.gold for problem in load(name, shared_data)})
    pairs = [pair for gold in golds for pair in _rivals(gold, golds)]
    assert len(pairs) > 50
    # two equations are solved, which may take for ever: in workers, which can be killed
    solved = [pair for pair in pairs if all(map(_is_relation, pair))]
    attempts = [boxed(Problem(f"{name}/x", "", gold), other) for gold, other in solved]
    found = outcomes(attempts, timeout_s=2)
    confused = {
        pair for pair, outcome in zip(solved, found, strict=True) if outcome is Outcome.CORRECT
    }
    # the others in this process, which parsed them in the test above
    confused |= {pair for pair in set(pairs) - set(solved) if equivalence.equal(list(pair))}
    assert confused <= SAME_ANSWER


def _is_relation(gold: str) -> bool:
    return isinstance(equivalence.parse(parseable.rewrite(gold)), Relational)


def _rivals(gold: str, golds: list[str]) -> list[tuple[str, str]]:
    """Golds that share the digits of this one, and others; only where text settles nothing."""
    generator = random.Random(gold)
    alike = [other for other in golds if other != gold and _digits(other) == _digits(gold)]
    drawn = generator.sample(golds, DRAWN)
    rivals = dict.fromkeys([*generator.sample(alike, min(ALIKE, len(alike))), *drawn])
    return [(gold, other) for other in rivals if notation.compare(gold, other) is None]


@cache
def _digits(gold: str) -> str:
    return "".join(character for character in gold if character.isdigit())


def test_humaneval_gold_has_the_tests_and_the_code_before_them(shared_data: Path) -> None:
    for problem in load("humaneval", shared_data):
        assert problem.gold["kind"] == "function"
        assert f"def {problem.gold['entry_point']}(" in problem.gold["prompt"]
        assert "def check(candidate)" in problem.gold["test"]
