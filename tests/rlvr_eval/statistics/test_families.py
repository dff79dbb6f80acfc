"""Problems that are variants of one: a family tells an interval as much as one problem does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlvr.cli.main import main
from rlvr.runs.run_directory import Run
from rlvr.tasks import problems
from rlvr_eval.imports import Options, import_files
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.probes.perplexity_panel import Scores, panel
from rlvr_eval.report.html import write_report
from rlvr_eval.statistics.outcomes import independent_units
from rlvr_eval.summary.comparison import compare
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise
from tests.browser import Browser
from tests.simulated import fixed

N = 16
BASE = [0, 1, 1, 2, 5, 9, 16, 0, 3, 4, 0, 7]
TRAINED = [0, 3, 0, 8, 9, 12, 16, 0, 7, 9, 1, 5]
VARIANTS = 3
KINDS = ["easy", "hard"] * (len(BASE) // 2)
TEMPLATES = [f"template {i}" for i in range(len(BASE))]


def repeated(values: list[Any]) -> list[Any]:
    return [value for value in values for _ in range(VARIANTS)]


def models(of: Json) -> list[Json]:
    found: list[Json] = of["benchmarks"]["countdown"]["models"]
    return found


@pytest.fixture(scope="module")
def alone() -> list[Json]:
    outcomes = [fixed(N, BASE, kinds=KINDS), fixed(N, TRAINED, 50, kinds=KINDS)]
    return models(summarise(outcomes, {}))


@pytest.fixture(scope="module")
def in_families() -> list[Json]:
    """Every problem three times over, as variants of one template."""
    told: Json = {"kinds": repeated(KINDS), "families": repeated(TEMPLATES)}
    outcomes = [fixed(N, repeated(BASE), **told), fixed(N, repeated(TRAINED), 50, **told)]
    return models(summarise(outcomes, {}))


OVER_PROBLEMS = ["curve", "area", "difference", "tests", "area_difference", "crossover"]


@pytest.mark.parametrize("stratum", ["", "easy", "hard"])
def test_equal_variants_add_nothing_to_what_their_family_tells(
    alone: list[Json], in_families: list[Json], stratum: str
) -> None:
    for one, family in zip(alone, in_families, strict=True):
        if stratum:
            one, family = one["strata"][stratum], family["strata"][stratum]
        assert family["problems"] == VARIANTS * one["problems"]
        assert family["families"] == one["problems"]
        for name in OVER_PROBLEMS:
            assert numbers(family.get(name)) == pytest.approx(numbers(one.get(name))), name


def test_migration_counts_problems_with_the_uncertainty_of_families(
    alone: list[Json], in_families: list[Json]
) -> None:
    for one, family in zip(alone[1]["migration"], in_families[1]["migration"], strict=True):
        for name in ("kept", "lost", "gained", "neither"):
            scaled = [VARIANTS * each for each in numbers(one[name])]
            assert numbers(family[name]) == pytest.approx(scaled)


def test_cover_is_less_sure_of_families_than_of_as_many_problems(in_families: list[Json]) -> None:
    told = models(summarise([fixed(N, repeated(BASE))], {}))[0]["cover"]
    for one, family in zip(told, in_families[0]["cover"], strict=True):
        assert family["value"] == one["value"]
        assert family["high"] - family["low"] > one["high"] - one["low"]


def test_comparison_of_runs_heeds_families() -> None:
    plain = {"a": [fixed(N, BASE), fixed(N, TRAINED, 50)], "b": [fixed(N, TRAINED[::-1], 50)]}
    told: Json = {"families": repeated(TEMPLATES)}
    variants = {
        "a": [fixed(N, repeated(BASE), **told), fixed(N, repeated(TRAINED), 50, **told)],
        "b": [fixed(N, repeated(TRAINED[::-1]), 50, **told)],
    }
    for one, family in zip(rows(compare(plain)), rows(compare(variants)), strict=True):
        for name in ("curve", "difference", "delta_se", "versus_first"):
            assert numbers(family.get(name)) == pytest.approx(numbers(one.get(name))), name


def test_likelihood_panel_heeds_families() -> None:
    rng = np.random.default_rng(1)
    own, theirs = rng.normal(-1.0, 0.2, (2, 8))
    families = {f"{i}{variant}": i for i in range(8) for variant in "ab"}

    def scores(of: str, values: Any, variants: str) -> Scores:
        held = {f"{i}{variant}": [values[i]] for i in range(8) for variant in variants}
        return Scores("base", of, 0, held)

    one = panel([scores("base", own, "a"), scores("rl", theirs, "a")])
    family = panel([scores("base", own, "ab"), scores("rl", theirs, "ab")], families)
    for name in ("mean_logprob", "versus_own"):
        assert numbers(family[1][name]) == pytest.approx(numbers(one[1][name]))


def test_problem_without_a_label_stands_alone() -> None:
    units = independent_units(["a", "b", "c", "d"], ["b", "", "b", ""])
    assert units is not None
    assert units.tolist() == [0, 1, 0, 2]
    assert independent_units(["a", "b"], ["", ""]) is None
    assert independent_units(["a", "b"], []) is None


def test_imported_families_reach_report_and_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path / "run")
    counts = tmp_path / "counts.jsonl"
    counts.write_text(
        "".join(
            json.dumps({"model": "base", "problem": i, "n": 8, "c": c, "family": i // 2}) + "\n"
            for i, c in enumerate([1, 2, 8, 7, 0, 0])
        )
    )
    import_files([counts], run, Options(benchmark="variants"))
    assert Ledger(run).outcomes()[0].families == ("0", "0", "1", "1", "2", "2")
    assert main(["report", str(run.path)]) == 0
    assert "95 % intervals over 3 families of problems" in capsys.readouterr().out
    summary = json.loads((run.path / "summary.json").read_text())
    assert summary["benchmarks"]["variants"]["models"][0]["families"] == 3


def test_page_says_what_the_intervals_are_over(browser: Browser, tmp_path: Path) -> None:
    told = fixed(N, repeated(BASE), families=repeated(TEMPLATES))
    write_report(summarise([told], {"name": "a run"}), {}, tmp_path / "report.html")
    browser.open(tmp_path / "report.html")
    words = browser.run("return document.querySelector('#about .words').textContent")
    assert "Student t over the 12 families that the problems belong to" in words
    assert browser.console() == []


def test_column_of_a_local_file_tells_families(tmp_path: Path) -> None:
    rows = [
        {"problem": "1+1?", "answer": "2", "unique_id": "a", "subject": "x", "family": "sums"},
        {"problem": "2+2?", "answer": "4", "unique_id": "b", "subject": "x", "family": 0},
        {"problem": "3+3?", "answer": "6", "unique_id": "c", "subject": "x"},
    ]
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = problems.load("math500", path=file)
    assert [problem.family for problem in found] == ["sums", "0", ""]


def rows(of: Json) -> list[Json]:
    found: list[Json] = of["benchmarks"]["countdown"]["rows"]
    return found


def numbers(value: Any) -> list[float]:
    """Every number in a JSON value, in order."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in numbers(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in numbers(inner)]
    return [float(value)] if isinstance(value, int | float) else []
