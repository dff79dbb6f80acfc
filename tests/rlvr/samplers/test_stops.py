"""Where a completion stops: strings of several bytes, special tokens, odd tokenizers."""

import json
import shutil
from pathlib import Path

import pytest

from rlvr.core.records import Completion
from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.hf import HFSampler
from rlvr.samplers.stops import stop_ids
from tests.rlvr import chatml
from tests.rlvr.chatml import END, TURN_END

SAID = f"n\u00e9 \u7b54\u6848 is 5{TURN_END} and on{END}"
PROMPT = "What?"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ids = chatml.tokenizer()(SAID, add_special_tokens=False).input_ids
    return chatml.save_model(tmp_path_factory.mktemp("stops") / "model", {len(PROMPT): ids})


def drawn(model: Path, *stop: str) -> Completion:
    sampler = HFSampler()
    sampler.load(model)
    params = SamplingParams(temperature=0, max_completion_tokens=60, stop=stop)
    (completion,) = sampler.sample([SampleRequest("p", PROMPT, 0, 0, 1)], params)
    return completion


@pytest.mark.parametrize(
    ("stop", "text", "written"),
    [
        (("\u7b54\u6848",), "n\u00e9 ", "n\u00e9 \u7b54\u6848"),
        (("\u6848 is",), "n\u00e9 \u7b54", "n\u00e9 \u7b54\u6848 is"),
        ((TURN_END,), "n\u00e9 \u7b54\u6848 is 5", SAID.partition(TURN_END)[0] + TURN_END),
        (("n",), "", "n"),
        (("5 and",), "n\u00e9 \u7b54\u6848 is ", SAID.partition(" on")[0]),
        ((END, "never said"), SAID.replace(TURN_END, "").removesuffix(END), SAID),
    ],
)
def test_completion_stops_where_its_text_first_holds_a_stop_string(
    model: Path, stop: tuple[str, ...], text: str, written: str
) -> None:
    found = drawn(model, *stop)
    assert (found.text, found.finish_reason) == (text, "stop")
    assert chatml.tokenizer().decode(found.token_ids) == written


def test_stop_string_that_is_a_special_token_is_that_token() -> None:
    words = chatml.tokenizer()
    params = SamplingParams(stop=(TURN_END, "and on"), stop_token_ids=(7,))
    assert stop_ids(words, params) == {7, words.convert_tokens_to_ids(TURN_END)}


@pytest.mark.parametrize("pad", [None, "<pad>"])
def test_model_without_an_end_or_with_a_padding_token_that_it_has_no_embedding_for_is_sampled(
    model: Path, tmp_path: Path, pad: str | None
) -> None:
    """`<pad>` is a token more than the model has; rows of one batch stop at different places."""
    folder = tmp_path / "odd"
    shutil.copytree(model, folder)
    words = chatml.tokenizer()
    words.pad_token = pad
    if pad is None:
        words.eos_token = None
    words.save_pretrained(folder)
    for name in ("generation_config.json", "config.json"):
        values = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**values, "eos_token_id": None}))
    sampler = HFSampler()
    sampler.load(folder)
    hot = SamplingParams(temperature=50, top_p=1, max_completion_tokens=60, stop=("e",))
    found = list(sampler.sample([SampleRequest("p", PROMPT, 0, 0, 64)], hot))
    assert {c.finish_reason for c in found} == {"stop", "length"}
    assert len({len(c.token_ids) for c in found}) > 2
    assert all("e" not in words.decode(c.token_ids[:-1], skip_special_tokens=True) for c in found)
