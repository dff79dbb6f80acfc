"""Decides what a report claims, and writes the sentences.

The terminal, the page, W&B and `rlvr compare` print these sentences; none of them makes its own.

Everything that one report may claim is one family of tests: D(k) at the headline k, of every model,
benchmark, stratum and probe. Holm's method at `LEVEL` holds the chance of any false claim among
them at 3.5 %. Single problems are certified beside that (`certify`), which happens to models that
equal their base in at most 1.5 % of reports. So at most 5 % of such reports hold any claim.

- pass@k "rises" or "falls" where the adjusted test holds and the interval does not contain 0.
- The base "overtakes" a model where pass@k rises at one k and falls at a larger one.
- Anything else is told as not shown, with its interval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr.core.per_cent import per_cent
from rlvr_eval.statistics.lineup import lineup, model_in_summary
from rlvr_eval.statistics.population_intervals import holm

Json = dict[str, Any]

LEVEL = 0.035


@dataclass(frozen=True)
class Subject:
    """One model on one set of problems.

    Attributes:
        view: its numbers as in summary.json; "finding" and adjusted p-values are written into it.
        base: the base's numbers on the same set, None where there is none.
        name: of the model.
        benchmark: which problems these are: "math500", "math500 at temperature 0.6".
        kind: of the problems of one stratum; "" for all problems.
        against: how the base is called.
    """

    view: Json
    base: Json | None
    name: str
    benchmark: str
    kind: str = ""
    against: str = "the base"

    def problems(self, number: int) -> str:
        """Name the set with its size: "400 problems of math500", "1 chain problem of countdown"."""
        kind = f"{self.kind} " if self.kind else ""
        return f"{number} {kind}{'problem' if number == 1 else 'problems'} of {self.benchmark}"


def state_findings(summary: Json) -> None:
    """Adjust all tests of a summary together and write "finding" and "tests" into it.

    May be called again after more was added to the summary, such as what probes found.
    """
    summary["tests"] = state(list(_subjects(summary)))


def state(subjects: Sequence[Subject]) -> Json:
    """Adjust the tests of all subjects as one family, and write "finding" into every view.

    Returns:
        {"number": tests in the family, "level", "method"}.
    """
    family = [test for subject in subjects for test in subject.view.get("tests", ())]
    if family:
        # a model that was looked at before shares its chance of a false claim among the looks
        p_values = [min(1.0, test["p_value"] * test.get("looks", 1)) for test in family]
        adjusted = holm(p_values)
        for test, p_value in zip(family, adjusted.tolist(), strict=True):
            test["p_adjusted"] = p_value
    for subject in subjects:
        _state_one(subject)
    return {"number": len(family), "level": LEVEL, "method": "Holm"}


def claims_of(view: Json) -> list[Json]:
    """List every claim made of one view: changes of pass@k, a crossover, certified problems."""
    certified = [
        {"change": f"certified {change}", "problem": problem}
        for change, problems in view.get("certified", {}).items()
        for problem in problems
    ]
    return [*view.get("finding", {}).get("claims", ()), *certified]


def claims_in(summary: Json) -> list[Json]:
    """List every claim that a summary makes, of any model, stratum or probe."""
    return [claim for subject in _subjects(summary) for claim in claims_of(subject.view)]


def change_at(view: Json, k: int) -> str:
    """Return "rises" or "falls" where a change of pass@k is claimed, otherwise ""."""
    claims = view.get("finding", {}).get("claims", ())
    found = (each["change"] for each in claims if each["k"] == k and each["change"] != "crosses")
    return next(found, "")


def _subjects(summary: Json) -> Iterator[Subject]:
    for name, benchmark in summary["benchmarks"].items():
        yield from _of_models(benchmark["models"], name, "")
        for at in benchmark.get("temperature", ()):
            told = f" at temperature {at['temperature']:g}"
            yield from _of_models(at["models"], name, told)
        for match in benchmark.get("entropy", ()):
            yield from _of_models(match["models"], name, " at the base's entropy")
        if "direct" in benchmark:
            left = " without problems that can be guessed"
            yield from _of_models(benchmark["direct"]["models"], name, left)


def _of_models(models: Sequence[Json], benchmark: str, told: str) -> Iterator[Subject]:
    base = lineup(models, model_in_summary).base
    for model in models:
        yield Subject(model, base, model["name"], f"{benchmark}{told}")
    for model in models:
        for kind, view in model.get("strata", {}).items():
            theirs = base["strata"].get(kind) if base else None
            yield Subject(view, theirs, model["name"], f"{benchmark}{told}", kind)


def _state_one(subject: Subject) -> None:
    view = subject.view
    if "difference" not in view:
        shown = [_point(view["curve"], k) for k in _headline(view)]
        told = ", ".join(
            f"pass@{point['k']} is {_with_interval(point)}{_up_to(view, point['k'])} %"
            for point in shown
        )
        where = subject.problems(view["problems"])
        view["finding"] = {"text": f"{told} for {subject.name} on {where}.", "crossing": ""}
        view["finding"]["claims"] = []
        return
    changes = {test["k"]: _change(view, test) for test in view["tests"]}
    claims: list[Json] = [{"k": k, "change": how} for k, how in changes.items() if how]
    turn = _turn(changes)
    view["crossover"]["is_shown"] = _bears_out(view["crossover"], changes, turn)
    crossing = _crossing(view, turn)
    if turn:
        claims.append({"k": view["crossover"]["k"], "change": "crosses"})
    sentences = "; ".join(
        _sentence(view, subject.base, test, changes[test["k"]]) for test in _told(view, changes)
    )
    where = subject.problems(view["paired_problems"])
    text = f"On {where}, {subject.name} against {subject.against}: {sentences}. {crossing}".rstrip()
    view["finding"] = {"text": text, "crossing": crossing, "claims": claims}


def _change(view: Json, test: Json) -> str:
    """Return the claim on pass@k: "rises", "falls", or "" for nothing."""
    point = _point(view["difference"], test["k"])
    if test["p_adjusted"] >= LEVEL:
        return ""
    return "rises" if point["low"] > 0 else "falls" if point["high"] < 0 else ""


def _turn(changes: dict[int, str]) -> tuple[int, int] | None:
    """Find the last tested k at which pass@k rises, and the next at which it falls."""
    rises = [k for k, how in changes.items() if how == "rises"]
    falls = [k for k, how in changes.items() if how == "falls"]
    before = max((k for k in rises if any(k < other for other in falls)), default=None)
    return None if before is None else (before, min(k for k in falls if k > before))


def _bears_out(found: Json, changes: dict[int, str], turn: tuple[int, int] | None) -> bool:
    """Return whether the tests bear out what `found` says: a crossover, or that there is none."""
    if turn or found["k"] is not None:
        return turn is not None and found["k"] is not None and turn[0] < found["k"] < turn[1]
    wanted = "falls" if found["censored"] == "none" else "rises"
    return set(changes.values()) == {wanted}


def _crossing(view: Json, turn: tuple[int, int] | None) -> str:
    found, k_max = view["crossover"], view["difference"][-1]["k"]
    if turn and found["is_shown"]:
        return f"The base overtakes it at k = {_k(found['k'])}{_ends(found, k_max)}."
    if turn:
        return f"The base overtakes it between k = {turn[0]} and k = {turn[1]}."
    if found["k"] is None:
        return ""
    return f"A crossover is not shown (estimate: k = {_k(found['k'])}{_ends(found, k_max)})."


def _told(view: Json, changes: dict[int, str]) -> list[Json]:
    """Return the tests at both ends, and one between them that contradicts both."""
    tests = view["tests"]
    ends = {changes[tests[0]["k"]], changes[tests[-1]["k"]]}
    return [
        test
        for at, test in enumerate(tests)
        if at in (0, len(tests) - 1) or changes[test["k"]] not in {"", *ends}
    ]


def _sentence(view: Json, base: Json | None, test: Json, change: str) -> str:
    k = test["k"]
    point = _point(view["difference"], k)
    told = [f"{_with_interval(point, sign=True)} points"]
    if open_ends := _at(view.get("difference_range", ()), k):
        least, greatest = (per_cent(open_ends[end], sign=True) for end in ("least", "greatest"))
        told.append(f"{least} to {greatest}, depending on undecided verdicts")
    if not change:
        told.append(f"adjusted p = {_p(test['p_adjusted'])}")
        return f"no change of pass@{k} is shown ({'; '.join(told)})"
    before, after = _at(base["curve"] if base else (), k), _at(view["curve"], k)
    is_open = _up_to(view, k) or (base and _up_to(base, k))
    sets = {each["problems"] for each in (base, view) if each}
    has_values = not is_open and sets == {view["paired_problems"]}
    values = (
        f" from {per_cent(before['value'])} to {per_cent(after['value'])} %"
        if has_values and before and after
        else ""
    )
    return f"pass@{k} {change}{values} ({'; '.join(told)})"


def _up_to(view: Json, k: int) -> str:
    """Write what undecided verdicts leave possible of pass@k: " to 99.0 [97.1, 100.0]"."""
    upper = _at(view.get("curve_upper", ()), k)
    return f" to {_with_interval(upper)}" if upper else ""


def _headline(view: Json) -> list[int]:
    return sorted({1, view["curve"][-1]["k"]})


def _at(points: Sequence[Json], k: int) -> Json | None:
    return next((point for point in points if point["k"] == k), None)


def _point(points: Sequence[Json], k: int) -> Json:
    found = _at(points, k)
    assert found is not None, f"k = {k} was not written down"
    return found


def _with_interval(point: Json, *, sign: bool = False) -> str:
    value, low, high = (per_cent(point[end], sign=sign) for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _ends(found: Json, k_max: int) -> str:
    if found["low"] is None:
        return ""
    high = f"beyond {k_max}" if found["is_open"] else _k(found["high"])
    return f" [{_k(found['low'])}, {high}]"


def _k(k: float) -> str:
    return f"{k:.3g}" if k < 1000 else f"{k:.0f}"


def _p(p_value: float) -> str:
    return f"{p_value:.2f}" if p_value >= 0.1 else f"{p_value:.2g}"
