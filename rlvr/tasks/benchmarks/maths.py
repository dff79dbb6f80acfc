"""Rows of the mathematics sets -> Problems; the gold is one LaTeX or plain answer.

Column names differ between the Hub and the copies that projects hand around; each function accepts
the names of both, so that a local file goes through the same code.
"""

import math
import re

from rlvr.answers.marked_answer import last_boxed
from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.core.records import Problem
from rlvr.tasks.benchmarks.record import Row

OMNI_MATH_TRAIN = 2000


def gsm8k(name: str, row: Row, index: int) -> Problem:
    """Take the gold after `####`, without thousands separators."""
    gold = row["answer"].rpartition("####")[2].strip().replace(",", "")
    return Problem(f"{name}/{index}", row["question"], gold)


def math500(name: str, row: Row, index: int) -> Problem:
    """Use the subject as kind and the ids of the MATH test set."""
    return Problem(f"{name}/{row['unique_id']}", row["problem"], row["answer"], row["subject"])


def hendrycks(name: str, row: Row, index: int) -> Problem | None:
    """Read MATH's training problems; None for the few with an empty box."""
    gold = last_boxed(row["solution"])
    return Problem(f"{name}/{index}", row["problem"], gold, row["type"]) if gold else None


def minerva(name: str, row: Row, index: int) -> Problem:
    """Take the gold from the answer column if there is one, otherwise from the last box."""
    gold = row.get("answer") or last_boxed(row["solution"])
    question = row.get("problem") or row["question"]
    return Problem(f"{name}/{index}", question, _present(gold, name, index), row.get("type") or "")


def olympiad_bench(name: str, row: Row, index: int) -> Problem:
    r"""Take the published final answer, always a list of one string, as gold.

    Where it is a quantity, the unit lies in a column of its own and is not asked for again.
    """
    answers = row["final_answer"]
    if not isinstance(answers, list):
        raise TypeError(f"expected a list under 'final_answer', found {answers!r:.60}")
    gold = ", ".join(answers)
    return Problem(
        f"{name}/{row.get('id', index)}", row["question"], gold, row.get("subfield") or ""
    )


def competition(name: str, row: Row, index: int) -> Problem:
    """Read AIME and AMC golds: whole numbers, published as text ("025") or as floats (27.0)."""
    gold = row["answer"]
    if isinstance(gold, float) and gold.is_integer():
        gold = int(gold)
    question = row.get("problem") or row["question"]
    return Problem(f"{name}/{row.get('id', index)}", question, _plain(gold))


def dapo(name: str, row: Row, index: int) -> Problem:
    """Read DAPO-Math-17k without its prompt wrapper; its golds were rewritten to whole numbers."""
    gold = row.get("solution") or row["reward_model"]["ground_truth"]
    return Problem(f"{name}/{index}", row["prompt"], _plain(gold))


def _plain(gold: object) -> object:
    """Write a finite number as text; leave any other value as it is, to be refused later."""
    if isinstance(gold, bool) or not isinstance(gold, int | float) or not math.isfinite(gold):
        return gold
    return str(gold)


def omni_math(name: str, row: Row, index: int) -> Problem:
    """Use a hash of the problem as id, so that the split does not depend on the file's order."""
    kind = _first_domain(row.get("domain"))
    return Problem(f"{name}/{_fingerprint(row['problem'])}", row["problem"], row["answer"], kind)


def omni_math_split(problems: list[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Split into 2,000 training problems and the rest for testing, by the hash in their ids.

    The study names the sizes and not the problems (section 4.3), so this split is ours.
    """
    ranked = sorted(problems, key=lambda problem: problem.id)
    return ranked[:OMNI_MATH_TRAIN], ranked[OMNI_MATH_TRAIN:]


def _fingerprint(problem: str) -> str:
    canonical = re.sub(r"\s+", " ", problem).strip()
    return hex_digest(canonical, 8)


def _first_domain(domains: object) -> str:
    """Return the first domain: "Algebra" of "Mathematics -> Algebra -> Other"."""
    if not isinstance(domains, list) or not domains:
        return ""
    return str(domains[0]).split(" -> ")[1:2][0] if " -> " in str(domains[0]) else str(domains[0])


def _present(gold: str | None, name: str, index: int) -> str:
    if not gold:
        raise UserError(
            f"{name}: row {index} has neither an answer nor a \\boxed{{..}} in its solution; "
            "give it one or leave the row out"
        )
    return gold
