"""The files around the code: one version, a workflow that runs what exists."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import rlvr
from rlvr.cli.main import main

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_command_tells_the_version_that_pyproject_and_citation_give(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    versions = {capsys.readouterr().out.strip(), rlvr.__version__, citation["version"]}
    assert versions == {PROJECT["version"]}


def test_the_nightly_workflow_covers_every_python_that_is_promised() -> None:
    nightly = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8"))
    covered = nightly["jobs"]["test"]["strategy"]["matrix"]["python"]
    (low, high) = re.findall(r"3\.(\d+)", PROJECT["requires-python"])
    assert covered == [f"3.{minor}" for minor in range(int(low), int(high))]


def test_the_licence_is_the_one_that_the_package_declares() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_every_dependency_is_pinned_to_a_version_that_it_allows() -> None:
    """Versions alone: an address would send every user to one registry."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(re.fullmatch(r"([\w.-]+)==([\w.]+)(?: ; .*)?", line).groups() for line in lines)
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *(line for extra in extras.values() for line in extra)]
    for requirement in map(Requirement, asked):
        # vLLM for GPUs needs packages of its own, and `make` does not install it
        if requirement.name not in ("rlvr", "vllm"):
            name = requirement.name.lower()
            assert requirement.specifier.contains(pinned[name]), name
