"""Every reader of a model's JSON files names the file that is damaged, in one line."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr.answers.attempts import model_end_ids
from rlvr.core.errors import UserError
from rlvr.planning import shape
from rlvr.samplers import context, generation_file, versions_apart

READERS: dict[str, list[Callable[[Path], Any]]] = {
    "generation_config.json": [
        lambda folder: model_end_ids(folder, SimpleNamespace(eos_token_id=0)),
        generation_file.asked_for,
    ],
    "config.json": [
        lambda folder: model_end_ids(folder, SimpleNamespace(eos_token_id=0)),
        generation_file.asked_for,
    ],
    "tokenizer_config.json": [context._of_tokenizer, versions_apart._first_token],
    "adapter_config.json": [lambda folder: shape.find(str(folder))],
}


@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"a": "\xff"}', b"[" * 100_000])
@pytest.mark.parametrize(
    ("file", "read"), [(file, read) for file, readers in READERS.items() for read in readers]
)
def test_a_damaged_file_of_a_model_is_named(
    file: str, read: Callable[[Path], Any], content: bytes, tmp_path: Path
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError) as refused:
        read(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / file))
    assert "\n" not in str(refused.value)
