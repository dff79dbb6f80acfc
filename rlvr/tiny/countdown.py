"""Countdown with written steps: problems, plans, and an exact solver.

A problem gives four numbers 1..13 and a target 0..99. A plan combines two of what is there, three
times, until one number is left: the target. Every result lies in 0..99, so that each number is one
token.

    prompt       4 7 9 2 -> 52 :
    completion   9 * 7 = 63 ; 63 - 4 = 59 ; ..

Plans come in two patterns. A *chain* carries one running result through + - *; everything else
divides or combines two sub-results. The base model is trained on chains alone, so a problem of kind
`chain` lies inside its support and one of kind `beyond` outside it. And as text found in the wild
is of mixed quality, half of the chains that it is shown give up before they reach their target.

Problems are split into train, dev and test by a hash of their canonical form (sorted numbers,
target), so no order of the numbers carries a test problem into training. `python -m
rlvr.tiny.countdown` draws the files in `data/` again.
"""

import json
from collections.abc import Iterator
from functools import cache
from itertools import combinations, combinations_with_replacement
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from rlvr.core.hashing import hash_number
from rlvr.core.records import Problem

Split = Literal["train", "dev", "test"]
Numbers = tuple[int, ...]

LARGEST_NUMBER = 13
LARGEST_RESULT = 99
NUMBERS_PER_PROBLEM = 4
DATA = Path(__file__).parent / "data"

SPLIT_SIZES: dict[Split, int] = {"train": 6400, "dev": 300, "test": 400}
CHAIN_SHARE = 0.6
GIVING_UP_SHARE = 0.5
HELD_OUT_PERCENT: dict[Split, int] = {"dev": 10, "test": 10}
DRAW_SEED = 20261123


class Step(NamedTuple):
    """One line of a plan: left operator right = result."""

    left: int
    operator: str
    right: int
    result: int

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right} = {self.result}"


Plan = tuple[Step, ...]


def calculate(left: int, operator: str, right: int) -> int | None:
    """Return the result, or None if it is not a whole number in 0..99."""
    match operator:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case "/":
            if right == 0 or left % right:
                return None
            result = left // right
        case _:
            raise ValueError(f"unknown operator {operator!r}; expected one of + - * /")
    return result if 0 <= result <= LARGEST_RESULT else None


def question(numbers: Numbers, target: int) -> str:
    """Write the prompt of a problem."""
    return f"{' '.join(map(str, numbers))} -> {target} :"


def written(plan: Plan) -> str:
    """Write a plan as the model writes it."""
    return " ; ".join(map(str, plan))


def plans(numbers: Numbers, *, chains_only: bool = False) -> Iterator[Plan]:
    """Yield every valid plan for these numbers, whatever its target."""
    yield from _plans(tuple(numbers), None, "+-*" if chains_only else "+-*/", chains_only)


def _plans(pool: Numbers, running: int | None, operators: str, chains_only: bool) -> Iterator[Plan]:
    if len(pool) == 1:
        yield ()
        return
    for i, j in combinations(range(len(pool)), 2):
        if chains_only and running is not None and running not in (i, j):
            continue
        rest = tuple(value for at, value in enumerate(pool) if at not in (i, j))
        for step in _steps(pool[i], pool[j], operators):
            for tail in _plans((*rest, step.result), len(rest), operators, chains_only):
                yield (step, *tail)


def _steps(a: int, b: int, operators: str) -> list[Step]:
    """List all valid ways to combine two numbers; each commutative one once."""
    orders = {op: [(a, b)] if op in "+*" or a == b else [(a, b), (b, a)] for op in operators}
    return [
        Step(left, op, right, result)
        for op in operators
        for left, right in orders[op]
        if (result := calculate(left, op, right)) is not None
    ]


def solutions(numbers: Numbers, target: int) -> list[Plan]:
    """List all plans that reach the target: the exact solver."""
    return [plan for plan in plans(numbers) if plan[-1].result == target]


@cache
def targets_by_kind(numbers: Numbers) -> dict[str, frozenset[int]]:
    """List the targets reachable by a chain, and those reachable only beyond chains."""
    chain = frozenset(plan[-1].result for plan in plans(numbers, chains_only=True))
    every = frozenset(plan[-1].result for plan in plans(numbers))
    return {"chain": chain, "beyond": every - chain}


def split_of(numbers: Numbers, target: int) -> Split:
    """Return the split of a problem, which is the same for every order of its numbers."""
    canonical = f"{sorted(numbers)}->{target}"
    percent = hash_number(canonical, 4) % 100
    if percent < HELD_OUT_PERCENT["test"]:
        return "test"
    return "dev" if percent < HELD_OUT_PERCENT["test"] + HELD_OUT_PERCENT["dev"] else "train"


def random_chain(rng: np.random.Generator) -> tuple[Numbers, Plan]:
    """Draw a random chain over random numbers; the numbers come in random order.

    Its target is whatever it reaches, so easy targets are common, as in text found in the wild.
    """
    while True:
        pool = [int(x) for x in rng.integers(1, LARGEST_NUMBER + 1, NUMBERS_PER_PROBLEM)]
        running, plan = pool[0], []
        for number in pool[1:]:
            steps = _steps(running, number, "+-*")
            if not steps:
                break
            step = steps[rng.integers(len(steps))]
            running = step.result
            plan.append(step)
        else:
            return tuple(int(x) for x in rng.permutation(pool)), tuple(plan)


def training_chains(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` (prompt, completion) pairs for pretraining, none of a dev or test problem.

    GIVING_UP_SHARE of the completions end after the first or the second of their three steps.
    """
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        numbers, plan = random_chain(rng)
        target = plan[-1].result
        if split_of(numbers, target) == "train":
            made += 1
            gives_up = rng.random() < GIVING_UP_SHARE
            steps = int(rng.integers(1, len(plan))) if gives_up else len(plan)
            yield question(numbers, target), written(plan[:steps])


def problems(split: Split) -> list[Problem]:
    """Return the embedded problems of a split, in their drawn order."""
    lines = (DATA / f"{split}.jsonl").read_text().splitlines()
    return [_problem(split, json.loads(line)) for line in lines]


def _problem(split: Split, row: dict[str, object]) -> Problem:
    numbers, target = row["numbers"], row["target"]
    assert isinstance(numbers, list)
    assert isinstance(target, int)
    return Problem(
        id=f"countdown-{split}/{'-'.join(map(str, numbers))}-{target}",
        question=question(tuple(numbers), target),
        gold={"numbers": numbers, "target": target},
        kind=str(row["kind"]),
    )


def draw(split: Split) -> list[dict[str, object]]:
    """Draw a split's problems anew: distinct in canonical form, CHAIN_SHARE of them chains."""
    candidates: dict[str, list[tuple[Numbers, int]]] = {"chain": [], "beyond": []}
    for numbers in combinations_with_replacement(range(1, LARGEST_NUMBER + 1), NUMBERS_PER_PROBLEM):
        for kind, targets in targets_by_kind(numbers).items():
            candidates[kind] += [(numbers, t) for t in targets if split_of(numbers, t) == split]
    rng = np.random.default_rng([DRAW_SEED, list(SPLIT_SIZES).index(split)])
    chains = round(CHAIN_SHARE * SPLIT_SIZES[split])
    rows: list[dict[str, object]] = []
    for kind, count in (("chain", chains), ("beyond", SPLIT_SIZES[split] - chains)):
        pool = sorted(candidates[kind])
        for at in rng.choice(len(pool), count, replace=False):
            numbers, target = pool[at]
            order = [int(x) for x in rng.permutation(numbers)]
            rows.append({"numbers": order, "target": target, "kind": kind})
    return [rows[at] for at in rng.permutation(len(rows))]


def main() -> None:
    """Write every split's file."""
    DATA.mkdir(exist_ok=True)
    for split in SPLIT_SIZES:
        lines = [json.dumps(row) + "\n" for row in draw(split)]
        (DATA / f"{split}.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main()
