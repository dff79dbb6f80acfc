"""Selection: what is kept is correct, distinct, short enough and the first of its problem."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr.core.records import Outcome
from rlvr.distill import Stage
from rlvr.distill.pipeline import prepare
from rlvr.distill.stages.select import KEPT, Candidate, choose, decide
from rlvr.recipes import recipe as recipes
from rlvr.recipes.distill_section import Selection
from rlvr.runs.run_directory import Run
from tests.rlvr.distill import recipes_for_tests as small

candidates = st.lists(
    st.builds(
        Candidate,
        st.tuples(st.just("p"), st.integers(0, 50)),
        st.sampled_from([Outcome.CORRECT, Outcome.CORRECT, Outcome.WRONG, Outcome.TIMEOUT, None]),
        st.integers(1, 20),
        st.integers(20, 40),
        st.sampled_from([b"a", b"b", b"c", b"d"]),
    ),
    max_size=15,
    unique_by=lambda candidate: candidate.draw,
)


@given(candidates, st.integers(1, 4), st.integers(1, 10), st.integers(20, 40), st.randoms())
def test_kept_traces_are_the_first_that_satisfy_every_rule(
    drawn: list[Candidate], per_problem: int, shortest: int, longest: int, order: object
) -> None:
    settings = Selection(per_problem=per_problem, min_tokens=shortest)
    decisions = dict(decide(drawn, settings, longest))
    assert decisions.keys() == {one.draw for one in drawn}
    allowed: dict[bytes, Candidate] = {}
    for one in sorted(drawn, key=lambda one: one.draw):
        fits = one.tokens >= shortest and one.total_tokens <= longest
        if one.outcome is Outcome.CORRECT and fits:
            allowed.setdefault(one.text, one)
    expected = {one.draw for one in list(allowed.values())[:per_problem]}
    assert {draw for draw, reason in decisions.items() if reason == KEPT} == expected


@given(candidates, st.permutations(range(15)))
def test_selection_does_not_depend_on_the_order_in_which_traces_came(
    drawn: list[Candidate], order: list[int]
) -> None:
    shuffled = [drawn[at] for at in order if at < len(drawn)]
    settings = Selection(per_problem=2)
    assert dict(decide(shuffled, settings, 30)) == dict(decide(drawn, settings, 30))


def test_every_dropped_trace_is_listed_with_its_reason(tmp_path: Path) -> None:
    recipe = small.recipe(
        problems=6, traces_per_problem=3, select={"per_problem": 2, "max_tokens": 1000}
    )
    prepare(recipe, Run(tmp_path / "distilled"), stages=("teacher", "verify", "select"))
    folder = small.folder(tmp_path)
    dropped = [json.loads(line) for line in folder.dropped.read_text().splitlines()]
    selected = [json.loads(line) for line in folder.selected.read_text().splitlines()]
    assert {row["reason"] for row in dropped} == {"enough_of_its_problem"}
    assert all(row["sample_index"] == 2 for row in dropped)
    assert len(dropped) + len(selected) == len(small.traces(folder))


def test_problem_of_a_benchmark_is_dropped_and_listed_with_what_it_shares(tmp_path: Path) -> None:
    recipe = small.recipe(problems=8, select={"decontaminate": "countdown-train"})
    folder = small.folder(tmp_path)
    stages: tuple[Stage, ...] = ("teacher", "verify", "select")
    with pytest.raises(UserError, match=r"nothing is left to train on: 8 .* 8 contaminated"):
        prepare(recipe, Run(tmp_path / "distilled"), stages=stages)
    listed = [json.loads(line) for line in folder.contaminated.read_text().splitlines()]
    assert len(listed) == 8
    assert all(row["problem_id"] == row["benchmark_problem_id"] for row in listed)
    assert all(row["shared"] in row["question"].replace(" -> ", " ") for row in listed)


def test_length_that_training_would_cut_off_is_left_out_by_default(tmp_path: Path) -> None:
    raw = small.raw(problems=4)
    raw["trainer"]["max_length"] = 20
    recipe = recipes.parse(raw, source="test")
    with pytest.raises(UserError, match=r"4 too_long; loosen distill\.select"):
        prepare(recipe, Run(tmp_path / "distilled"))
    assert choose(small.recipe(problems=4), small.folder(tmp_path))[KEPT] == 4
