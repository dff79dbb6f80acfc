"""A draw key says more than version 0.1.0's exactly where that version drew otherwise."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tokenizers import processors

from rlvr.answers import prompts
from rlvr.core.errors import UserError
from rlvr.core.records import Problem
from rlvr.samplers.base import SamplingParams
from rlvr.samplers.versions_apart import versions_apart
from rlvr.tiny import countdown
from rlvr.tiny.model import BASE
from tests.rlvr import demanding

SHORT = SamplingParams(max_completion_tokens=4)
CHAT = prompts.render("chat", Problem("p", "w3 w4", ""), demanding.tokenizer())
PENALTY = {"generation_config": "not obeyed"}
BEGUN = {"prompt_tokens": "begun once"}
CAPPED = {"context": "never passed"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demanding.save(tmp_path_factory.mktemp("undemanding") / "model", {})


def test_draws_of_the_embedded_model_keep_their_key() -> None:
    asked = [problem.question for problem in countdown.problems("test")]
    quickstart = SamplingParams(temperature=1, top_p=1, max_completion_tokens=24)
    for engine in ("hf", "vllm"):
        assert versions_apart(BASE, engine, quickstart, asked) == {}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"repetition_penalty": 1.05}, PENALTY),
        ({"min_new_tokens": 2}, PENALTY),
        ({"no_repeat_ngram_size": 3}, PENALTY),
        ({"suppress_tokens": [4]}, PENALTY),
        ({"forced_eos_token_id": 2}, PENALTY),
        # what transformers was told otherwise, and what asks for nothing
        ({"temperature": 0.7, "top_p": 0.8, "top_k": 20, "do_sample": True}, {}),
        ({"max_new_tokens": 2048, "pad_token_id": 0}, {}),
        ({"repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "min_length": 0}, {}),
        ({"bad_words_ids": None}, {}),
    ],
)
def test_penalties_of_the_models_file_tell_draws_of_transformers_apart(
    asked: dict[str, Any], expected: dict[str, str], tmp_path: Path
) -> None:
    folder = demanding.save(tmp_path / "model", asked)
    assert versions_apart(folder, "hf", SHORT, ["w3"]) == expected
    assert versions_apart(folder, "vllm", SHORT, ["w3"]) == {}


def test_a_file_that_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    folder = demanding.save(tmp_path / "model")
    (folder / "generation_config.json").write_text("{")
    with pytest.raises(UserError, match=r"generation_config.json: not JSON"):
        versions_apart(folder, "hf", SHORT, ["w3"])


@pytest.mark.parametrize("engine", ["hf", "vllm"])
@pytest.mark.parametrize(
    ("prompt", "expected"),
    [(CHAT, BEGUN), ("<s> w3", BEGUN), ("w3 <s>", {}), (str(CHAT).removeprefix("<s>"), {})],
)
def test_prompts_that_began_twice_tell_draws_apart(
    prompt: str, expected: dict[str, str], engine: str, model: Path
) -> None:
    assert versions_apart(model, engine, SHORT, ["w4", prompt]) == expected


def test_an_end_that_a_tokenizer_appends_and_special_stop_strings_tell_draws_apart(
    tmp_path: Path, model: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    words = demanding.tokenizer()
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    words.save_pretrained(folder)
    stopping = SHORT.model_copy(update={"stop": ("<turn>",)})
    in_words = SHORT.model_copy(update={"stop": ("w5", "turn")})
    for engine in ("hf", "vllm"):
        assert versions_apart(folder, engine, SHORT, ["w3"]) == BEGUN
        assert versions_apart(model, engine, stopping, ["w3"]) == {"special_stops": "obeyed"}
        assert versions_apart(model, engine, in_words, ["w3"]) == {}


def test_chat_prompts_of_a_tokenizer_that_adds_nothing_keep_their_key(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BASE, folder)
    rendered = prompts.ChatText("1 4 7 9 2 -> 57 :")
    assert versions_apart(folder, "hf", SHORT, [rendered]) == {}


@pytest.mark.parametrize(
    ("budget", "words", "expected"),
    [
        (200, 1, CAPPED),
        (demanding.CONTEXT, 1, CAPPED),
        (demanding.CONTEXT - 4, 4, CAPPED),  # with the token that every prompt begins with
        (demanding.CONTEXT - 4, 3, {}),
        (4, 3, {}),
    ],
)
def test_draws_that_may_have_passed_the_context_are_told_apart(
    budget: int, words: int, expected: dict[str, str], model: Path
) -> None:
    sampling = SamplingParams(max_completion_tokens=budget)
    asked = ["w1", " ".join(["w11"] * words)]
    assert versions_apart(model, "hf", sampling, asked) == expected
    assert versions_apart(model, "vllm", sampling, asked) == {}


def test_context_of_a_model_is_the_least_that_its_files_say(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_max_length": 20}))
    sampling = SamplingParams(max_completion_tokens=19)
    assert versions_apart(folder, "hf", sampling, ["w1 w2"]) == CAPPED
    assert versions_apart(model, "hf", sampling, ["w1 w2"]) == {}
