"""Plug-ins of other packages: found by name, and named where they are broken or clash."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.distill.stages import teacher
from rlvr.recipes import method_name
from rlvr.recipes import recipe as recipes
from rlvr.recipes.evaluation_section import Evaluation
from rlvr.samplers import selection
from rlvr.tasks import benchmarks, problem_sources, problems
from rlvr.training.checks import faults
from rlvr.training.methods import registry

Package = Callable[..., None]

MODULE = """
from rlvr.core.records import Outcome, Problem, Verdict
from rlvr.samplers.hf import HFSampler
from rlvr.tasks.benchmarks import Benchmark


class Yes:
    name, version = "yes", "yes@1"

    def verify(self, attempts, *, timeout_s=2.0):
        return [Verdict(Outcome.CORRECT) for _ in attempts]


def same(completion, gold):
    return completion == gold


def made(limit):
    return [Problem("sums/0", "1 + 1?", "2")][:limit]


def sums():
    return Benchmark("sums", "math", "plain", n=4, generate=made)


class Slow(HFSampler):
    identity = "slow/1"


class Fails:
    def __init__(self):
        raise RuntimeError("no\\nluck")


thing = object()
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Puts an installed package onto the path of imports."""

    def install(name: str, group: str, module: str = MODULE, **points: str) -> None:
        site = tmp_path / name
        about = site / f"{name}-1.2.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        lines = [f"{key} = {name}_module:{value}" for key, value in points.items()]
        (about / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")
        (site / f"{name}_module.py").write_text(module)
        monkeypatch.syspath_prepend(site)

    return install


def test_verifiers_are_classes_or_functions(package: Package) -> None:
    package("checks", "rlvr.verifiers", yes="Yes", same="same")
    attempt = Attempt(Problem("mine/0", "?", "a"), "b")
    outcomes = {}
    for name in ("yes", "same"):
        verifiers.check(name)
        verifier = verifiers.get(name)
        outcomes[name] = verifier.verify([attempt], timeout_s=10)[0].outcome
    assert outcomes == {"yes": Outcome.CORRECT, "same": Outcome.WRONG}
    assert verifiers.name_of("yes@1") == "yes"


def test_benchmark_is_loaded_by_its_name_and_identified_by_its_package(package: Package) -> None:
    package("sets", "rlvr.benchmarks", sums="sums")
    (source,) = Evaluation.model_validate({"benchmarks": "sums"}).benchmarks
    assert [problem.gold for problem in problem_sources.load(source)] == ["2"]
    assert problems.revision_of("sums") == "sets/1.2"


def test_sampler_is_chosen_by_its_name(package: Package) -> None:
    package("slow", "rlvr.samplers", slow="Slow")
    settings = Evaluation.model_validate({"benchmarks": "countdown-dev", "sampler": "slow"})
    assert selection.sampler(settings.sampler).identity == "slow/1"


RECIPE = {
    "name": "r",
    "model": "embedded:countdown-base",
    "method": "sft",
    "data": {"problems": "countdown-train"},
}


def teacher_of(name: str) -> Any:
    raw = RECIPE | {"distill": {"teacher": {"type": name}, "traces_per_problem": 1}}
    return teacher.of(recipes.parse(raw, source="r.yaml"))


LOADERS: dict[str, Callable[[str], Any]] = {
    "rlvr.verifiers": verifiers.get,
    "rlvr.benchmarks": benchmarks.get,
    "rlvr.samplers": selection.sampler,
    "rlvr.methods": registry.get,
    "rlvr.teachers": teacher_of,
}


@pytest.mark.parametrize("group", LOADERS)
@pytest.mark.parametrize(
    ("value", "module", "named"),
    [
        ("thing", "raise OSError('gone')", "OSError: gone"),
        ("thing", "raise SystemExit(1)", "SystemExit: 1"),
        ("missing", MODULE, "AttributeError"),
        ("thing", MODULE, "cannot be used"),
        ("Fails", MODULE, "cannot be used"),
    ],
)
def test_broken_plug_in_names_its_package(
    group: str, value: str, module: str, named: str, package: Package
) -> None:
    package("broken", group, module, bad=value)
    with pytest.raises(UserError, match=rf"'bad' of the package broken .*{named}"):
        LOADERS[group]("bad")


@pytest.mark.parametrize(
    ("group", "taken"),
    [
        ("rlvr.verifiers", "math"),
        ("rlvr.benchmarks", "math500"),
        ("rlvr.samplers", "hf"),
        ("rlvr.methods", "grpo"),
        ("rlvr.teachers", "solver"),
    ],
)
def test_clash_of_names_is_a_fault(group: str, taken: str, package: Package) -> None:
    package("greedy", group, **{taken: "thing"}, mine="thing")
    with pytest.raises(UserError, match=f"'{taken}' comes along, and the package greedy"):
        LOADERS[group](taken)
    package("other", group, mine="thing")
    with pytest.raises(UserError, match=r"'mine' is registered .* greedy and other"):
        LOADERS[group]("mine")


def test_unknown_method_and_a_wrong_section_are_faults_of_the_recipe(package: Package) -> None:
    raw: dict[str, Any] = RECIPE | {"method": "grop"}
    with pytest.raises(UserError, match=r"method: there is no method 'grop'; did you mean 'grpo'"):
        faults.check(raw, source="r.yaml", parse_design=str)
    method = """
from dataclasses import replace
from rlvr.core.section import Section
from rlvr.training.methods.grpo import METHOD as GRPO

class Settings(Section):
    factor: float = 1.0

METHOD = replace(GRPO, section=Settings)
"""
    package("scaled", "rlvr.methods", method, scaled="METHOD")
    raw |= {"method": "scaled", "scaled": {"facto": 2}}
    with pytest.raises(UserError, match=r"unknown key 'scaled\.facto'; did you mean 'factor'"):
        faults.check(raw, source="r.yaml", parse_design=str)
    recipe = faults.check(raw | {"scaled": {"factor": 2}}, source="r.yaml", parse_design=str)
    assert recipes.parse(recipe.model_dump(mode="json"), source="again") == recipe


def test_methods_that_come_along_are_the_modules_that_define_one() -> None:
    assert set(method_name.built_in()) == {
        "dapo",
        "grpo",
        "on_policy_distillation",
        "ppo",
        "reinforce_pp",
        "remax",
        "rloo",
        "sft",
    }
