"""Base and checkpoint are asked under one chat template; another one is another fingerprint."""

import shutil
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.model import BASE
from rlvr.weights.model_hash import weights_hash
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.draw.regrade import regrade
from rlvr_eval.draw.sample_requests import Requests
from rlvr_eval.plan.evaluation import Evaluation, Model
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import plan, store_of
from rlvr_eval.probes.completions import prompts_of
from rlvr_eval.store.keys import digest
from rlvr_eval.summary.run_summary import summarise
from tests.rlvr_eval import tiny_run

# the embedded model knows numbers, and so do the turns here
OWN = "1 {% for turn in messages %}{{ turn.content }}{% endfor %}"
EDITED = "2 {% for turn in messages %}{{ turn.content }}{% endfor %}"
SETTINGS = Settings.model_validate(
    {
        "benchmarks": [{"name": "countdown-dev", "limit": 3}],
        "prompt": "chat",
        "design": "fixed:2",
        "sampling": {"max_completion_tokens": 4},
        "sampler": "hf",
    }
)


def model(folder: Path, template: str | None, step: int = 0) -> Model:
    """The embedded model with a chat template, or without one."""
    shutil.copytree(BASE, folder)
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    return Model(folder.name, step, folder, weights_hash(folder))


def planned(*found: Model, store: Path, base: Model | None = None) -> list[Evaluation]:
    return plan(found, SETTINGS, store, base=base)


def prompt(evaluation: Evaluation) -> str:
    """Of the first problem."""
    return Requests(evaluation).draws(evaluation.problems[0], 0, 1).prompt


@pytest.fixture(scope="module")
def sampler() -> HFSampler:
    return HFSampler()


def test_an_edited_chat_template_is_another_fingerprint_of_the_same_weights(
    tmp_path: Path, sampler: HFSampler
) -> None:
    models = [model(tmp_path / name, text) for name, text in (("a", OWN), ("b", EDITED))]
    assert models[0].weights == models[1].weights
    keys = [planned(each, store=tmp_path)[0].key(sampler).fields() for each in models]
    assert {name for name in keys[0] if keys[0][name] != keys[1][name]} == {"prompt"}
    assert digest(keys[0]) != digest(keys[1])


def test_all_models_are_asked_under_the_bases_chat_template(
    tmp_path: Path, sampler: HFSampler
) -> None:
    base, checkpoint = model(tmp_path / "a", OWN), model(tmp_path / "b", EDITED, step=5)
    without = model(tmp_path / "c", None, step=6)
    evaluations = planned(base, checkpoint, without, store=tmp_path)
    assert {prompt(each) for each in evaluations} == {prompt(evaluations[0])}
    assert prompt(evaluations[0]).startswith("1 ")
    assert len({each.key(sampler).prompt for each in evaluations}) == 1
    # alone, as while a run is followed
    (alone,) = planned(checkpoint, store=tmp_path, base=base)
    assert prompt(alone) == prompt(evaluations[0])


def test_under_a_base_without_a_chat_template_each_model_has_its_own(
    tmp_path: Path, sampler: HFSampler
) -> None:
    base = model(tmp_path / "a", None)
    others = [model(tmp_path / "b", OWN, step=5), model(tmp_path / "c", EDITED, step=6)]
    first, *rest = planned(base, *others, store=tmp_path)
    with pytest.raises(UserError, match="this model has none"):
        first.key(sampler)
    assert [prompt(each)[:2] for each in rest] == ["1 ", "2 "]
    assert len({each.key(sampler).prompt for each in rest}) == 2


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two models of different templates, each evaluated under its own."""
    folder = tmp_path_factory.mktemp("runs")
    run = Run(folder / "run")
    run.path.mkdir()
    models = model(folder / "a", OWN), model(folder / "b", EDITED, step=5)
    evaluations = [planned(each, store=store_of(run), base=each)[0] for each in models]
    carry_out(run, evaluations, tiny_run.crew())
    return run


def test_models_asked_under_different_chat_templates_are_not_compared(run: Run) -> None:
    with pytest.raises(UserError, match=r"not drawn alike: prompt is 'chat@.*' against 'chat@.*'"):
        summarise(Ledger(run).outcomes(), {})


def test_probes_find_the_chat_template_that_was_used_and_refuse_any_other(run: Run) -> None:
    own, edited = (run.path.parent / name for name in ("a", "b"))
    base, checkpoint = Ledger(run).entries()
    # the template is among those of other models
    assert all(text[:2] == "1 " for text in prompts_of(run, base, [edited, own]).values())
    assert all(text[:2] == "2 " for text in prompts_of(run, checkpoint, [edited]).values())
    with pytest.raises(UserError, match="no model of the run has this chat template any more"):
        prompts_of(run, checkpoint, [own])


def test_draws_recorded_before_templates_were_hashed_are_read_with_the_models_own(run: Run) -> None:
    entry = Ledger(run).entries()[0]
    old = {**entry, "draw_key": {**entry["draw_key"], "prompt": "chat"}}
    texts = prompts_of(run, old, [run.path.parent / "b", run.path.parent / "a"])
    assert all(text[:2] == "2 " for text in texts.values())


def test_completions_of_a_hashed_chat_template_are_verified_again(run: Run) -> None:
    assert [each.changed for each in regrade(run)] == [{}, {}]


def test_a_plain_prompt_loads_no_tokenizer(tmp_path: Path) -> None:
    nowhere = Model("base", 0, tmp_path / "nowhere", "0")
    settings = SETTINGS.model_copy(update={"prompt": "plain"})
    (evaluation,) = plan([nowhere], settings, tmp_path)
    assert evaluation.tokenizer is None
    assert prompt(evaluation) == evaluation.problems[0].question
