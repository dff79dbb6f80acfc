"""Evaluations of simulated models: what is drawn, when, by whom, and what it is worth."""

import itertools
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr.core.ranges import ranges
from rlvr.core.records import Completion
from rlvr.recipes.keep_text import KeepText
from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr_eval.draw.simulator import Simulator
from rlvr_eval.draw.work_split import Share
from rlvr_eval.draw.worker import in_shards, work
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.evaluation import missing
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.replay import counts_of, standings
from tests.rlvr_eval.simulated import (
    CORRECT,
    WRONG,
    draws,
    evaluation,
    outcomes,
    problems,
    stored,
)

P = (0.0, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0)
SEQUENTIAL = SequentialDesign((8, 16, 32, 64), (4, 2, 1))


class Recorder(Simulator):
    """A simulator that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[SampleRequest] = []
        self.loads = 0

    def load(self, checkpoint: Path) -> None:
        self.loads += 1
        super().load(checkpoint)

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        self.asked += requests
        return super().sample(requests, params, logprobs=logprobs)

    @property
    def ranges(self) -> dict[str, list[tuple[int, int]]]:
        found: dict[str, list[tuple[int, int]]] = {}
        for request in self.asked:
            found.setdefault(request.problem_id, []).append((request.start, request.stop))
        return found


def test_every_draw_of_a_fixed_design_is_stored_once(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    work([planned], Simulator())
    rows = stored(planned)
    assert len(rows) == len(set(rows)) == 16 * len(P)
    assert missing(planned, Simulator()) == 0


def test_a_second_time_nothing_is_drawn_and_no_weights_are_loaded(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P, design=SEQUENTIAL)
    work([planned], Simulator())
    again = Recorder()
    work([planned], again)
    assert again.asked == []
    assert again.loads == 0


def test_from_64_to_256_exactly_192_are_added_per_problem(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P, design=FixedDesign(64))
    work([planned], Simulator())
    recorder = Recorder()
    work([replace(planned, design=FixedDesign(256))], recorder)
    assert recorder.ranges == {problem.id: [(64, 256)] for problem in planned.problems}
    whole = evaluation(tmp_path / "at-once", P, design=FixedDesign(256))
    work([whole], Simulator())
    assert sorted(stored(planned)) == sorted(stored(whole))


def test_a_sequential_design_draws_each_problem_to_its_own_stop(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P, design=SEQUENTIAL)
    work([planned], Simulator())
    rows = outcomes(planned)
    never, always = (rows[problem.id] for problem in (planned.problems[0], planned.problems[-1]))
    assert len(never) == 64
    assert len(always) == 8
    for row in rows.values():
        correct = np.array(row) == "correct"
        there = SEQUENTIAL.replay(correct)
        assert there.stopped
        assert there.n == len(row)


def test_stopping_goes_by_sample_index_although_correct_draws_arrive_first(tmp_path: Path) -> None:
    """By order of arrival, every problem with a success would stop at the first look."""
    planned = evaluation(tmp_path, [0.3] * 200, design=SequentialDesign((8, 64), (1,)))
    work([planned], Simulator())
    ids = [problem.id for problem in planned.problems]
    store = draws(planned)
    rows = store.verdicts("choice@1").by_problem()
    counts = counts_of(planned.design, standings(planned.design, store.key, ids, rows))
    estimate = counts.curves()[:, 0]
    deviation = estimate.std(ddof=1) / np.sqrt(estimate.size)
    assert abs(estimate.mean() - 0.3) < 4 * deviation


def test_a_dropped_problem_of_a_continuation_design_is_not_drawn_further(tmp_path: Path) -> None:
    design = ContinuationDesign(SequentialDesign((4, 8, 16), (2, 1)), 8, 0.5)
    planned = evaluation(tmp_path, [0.0] * 40, design=design)
    work([planned], Simulator())
    lengths = [len(row) for row in outcomes(planned).values()]
    assert set(lengths) == {8, 16}
    toss = [
        design.continues(f"0|{planned.model.weights}|{problem.id}") for problem in planned.problems
    ]
    assert lengths.count(16) == sum(toss)


def test_only_the_draws_of_a_damaged_shard_are_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planned = evaluation(tmp_path, P, design=FixedDesign(8))
    work([planned], Simulator())
    work([replace(planned, design=FixedDesign(16))], Simulator())
    before = sorted(stored(planned))
    first, _ = sorted((draws(planned).folder / "draws").iterdir())
    first.write_bytes(first.read_bytes()[:-100])
    with caplog.at_level(logging.WARNING):
        assert draws(planned).check() == [first]
    assert first.name in caplog.text
    recorder = Recorder()
    work([replace(planned, design=FixedDesign(16))], recorder)
    assert recorder.ranges == {problem.id: [(0, 8)] for problem in planned.problems}
    assert sorted(stored(planned)) == before


def test_a_lost_shard_within_a_look_is_filled_up_and_nothing_else(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, [0.0], design=FixedDesign(4))
    for n in (4, 6, 16):
        work([replace(planned, design=FixedDesign(n))], Simulator())
    shards = sorted((draws(planned).folder / "draws").iterdir())
    shards[1].unlink()
    recorder = Recorder()
    work([replace(planned, design=FixedDesign(16))], recorder)
    assert list(recorder.ranges.values()) == [[(4, 6)]]


def test_weights_are_loaded_once_per_model(tmp_path: Path) -> None:
    one = evaluation(tmp_path, P, design=SEQUENTIAL)
    other = replace(one, benchmark="simulated-2", revision="2")
    recorder = Recorder()
    work([one, other], recorder)
    assert recorder.loads == 1


def test_ranks_together_make_the_draws_of_one_process(tmp_path: Path) -> None:
    for design in (FixedDesign(24), SEQUENTIAL):
        alone = evaluation(tmp_path / f"alone-{design.n_max}", P, design=design)
        work([alone], Simulator())
        shared = evaluation(tmp_path / f"shared-{design.n_max}", P, design=design)
        recorders = [Recorder() for _ in range(3)]
        ranks = [
            threading.Thread(target=work, args=([shared], sampler), kwargs={"rank": r, "world": 3})
            for r, sampler in enumerate(recorders)
        ]
        for thread in ranks:
            thread.start()
        for thread in ranks:
            thread.join()
        assert sorted(stored(shared)) == sorted(stored(alone))
        assert all(recorder.asked for recorder in recorders)


def test_what_a_dead_process_owned_is_made_by_the_first_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planned = evaluation(tmp_path, P, design=SEQUENTIAL)
    with caplog.at_level(logging.WARNING):
        work([planned], Simulator(), rank=0, world=3, patience_s=0.3)
    assert missing(planned, Simulator()) == 0
    assert "no draw came from the other processes" in caplog.text
    alone = evaluation(tmp_path / "alone", P, design=SEQUENTIAL)
    work([alone], Simulator())
    assert sorted(stored(planned)) == sorted(stored(alone))


@given(
    world=st.integers(1, 9),
    problem_count=st.integers(1, 100),
    design=st.sampled_from([FixedDesign(20), SEQUENTIAL]),
)
def test_every_draw_has_one_owner(world: int, problem_count: int, design: FixedDesign) -> None:
    shares = [Share.of(rank, world, design, problem_count) for rank in range(world)]
    for position in range(problem_count):
        for index in range(design.n_max):
            assert sum(share.owns(position, index) for share in shares) == 1


def test_few_problems_still_give_every_process_something_to_do() -> None:
    shares = [Share.of(rank, 8, SEQUENTIAL, 3) for rank in range(8)]
    owned = [sum(s.owns(p, i) for p in range(3) for i in range(64)) for s in shares]
    assert min(owned) == max(owned) == 24
    assert all(share.splits_problems(SEQUENTIAL) for share in shares)
    assert not Share.of(0, 8, SEQUENTIAL, 64).splits_problems(SEQUENTIAL)


@given(indices=st.sets(st.integers(0, 40)))
def test_ranges_hold_exactly_the_given_numbers(indices: set[int]) -> None:
    found = list(ranges(sorted(indices)))
    assert [i for start, stop in found for i in range(start, stop)] == sorted(indices)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))


def test_base_and_checkpoint_draw_from_different_streams(tmp_path: Path) -> None:
    one = evaluation(tmp_path / "a", [0.5] * 50)
    other = evaluation(tmp_path / "b", [0.5] * 49 + [0.6])
    work([one], Simulator())
    work([other], Simulator())
    first, second = outcomes(one), outcomes(other)
    same = [first[p.id][i] == second[p.id][i] for p in problems(49) for i in range(16)]
    assert 0.4 < np.mean(same) < 0.6


def test_text_is_kept_by_choice_and_every_draw_counted(tmp_path: Path) -> None:
    for rule, kept in (("all", 16), ("sample:3", 3)):
        planned = evaluation(tmp_path / rule, P, keep_text=KeepText.parse(rule))
        work([planned], Simulator())
        texts = [text for _, _, text in stored(planned)]
        assert len(texts) == 16 * len(P)
        assert sum(text is not None for text in texts) == kept * len(P)
    planned = evaluation(tmp_path / "correct", P, keep_text=KeepText.parse("correct"))
    work([planned], Simulator())
    whole = evaluation(tmp_path / "whole", P)
    work([whole], Simulator())
    assert outcomes(planned) == outcomes(whole)
    assert {text for _, _, text in stored(planned)} == {CORRECT, None}
    assert {text for _, _, text in stored(whole)} == {CORRECT, WRONG}


@pytest.mark.parametrize("text", ["some", "sample:0", "sample:", "correct:1", ""])
def test_an_unknown_rule_for_texts_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(UserError, match="write all, correct or sample:N"):
        KeepText.parse(text)


class ShortSampler(Simulator):
    """A faulty engine: it loses a draw."""

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        return iter(list(super().sample(requests, params))[1:])


def test_a_sampler_that_loses_draws_is_an_error_and_not_an_endless_loop(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="made 111 draws of 112"):
        work([evaluation(tmp_path, P)], ShortSampler())


class FailingSampler(Simulator):
    """An engine that breaks down after a while."""

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        for made, completion in enumerate(super().sample(requests, params)):
            if made == 50:
                raise OSError("device lost")
            yield completion


def test_what_was_drawn_before_an_engine_broke_down_is_kept(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    with pytest.raises(OSError, match="device lost"):
        work([planned], FailingSampler())
    assert len(stored(planned)) == 50
    work([planned], Simulator())
    assert len(stored(planned)) == len(set(stored(planned))) == 112


def test_slow_completions_are_stored_before_a_shard_is_full() -> None:
    completions = [Completion("p", i, "", "stop") for i in range(10)]
    assert [len(shard) for shard in in_shards(completions, draws=4, age_s=60)] == [4, 4, 2]
    assert [len(shard) for shard in in_shards(completions, draws=4, age_s=-1)] == [1] * 10


def test_draws_copied_in_from_another_temperature_are_refused(tmp_path: Path) -> None:
    cold = evaluation(tmp_path, P)
    hot = replace(cold, sampling=SamplingParams(temperature=1.0))
    work([cold, hot], Simulator())
    for shard in (draws(hot).folder / "draws").iterdir():
        shard.rename(draws(cold).folder / "draws" / shard.name)
    with pytest.raises(UserError, match=r"\(temperature 1\.0, here 0\.6\)"):
        draws(cold).check()


def test_torch_is_not_imported_where_no_model_is_run(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    code = (
        "import pickle, sys\n"
        "from rlvr_eval.draw.simulator import Simulator\n"
        "from rlvr_eval.draw.worker import work\n"
        f"work([pickle.load(open({str(tmp_path / 'plan')!r}, 'rb'))], Simulator())\n"
        "print([name for name in ('torch', 'transformers', 'vllm') if name in sys.modules])\n"
    )
    (tmp_path / "plan").write_bytes(pickle.dumps(planned))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"
    assert len(stored(planned)) == 16 * len(P)


def test_an_evaluation_is_reopened_under_its_own_key(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    work([planned], Simulator())
    reopened = DrawStore(planned.store, draws(planned).key)
    assert len(reopened.verdicts("choice@1")) == 112
