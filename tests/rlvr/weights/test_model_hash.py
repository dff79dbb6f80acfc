"""The weights hash: the same for the same tensors, whatever files they lie in."""

import math
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from rlvr.core.errors import UserError
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.tensors import NotFinite, headers

TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16)}


def saved(folder: Path, **files: dict[str, torch.Tensor]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, tensors in files.items():
        save_file(tensors, folder / f"{name}.safetensors")
    return folder


def test_hash_does_not_depend_on_sharding(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole", model=TENSORS)
    parts = saved(tmp_path / "parts", x={"b": TENSORS["b"]}, y={"a": TENSORS["a"]})
    assert weights_hash(whole) == weights_hash(parts)


@pytest.mark.parametrize(
    "changed",
    [
        {"a": TENSORS["a"].reshape(3, 2)},
        {"a": TENSORS["a"].double()},
        {"a": TENSORS["a"] + torch.eye(2, 3) * 1e-6},
        {"c": TENSORS["a"]},
    ],
    ids=["shape", "dtype", "one value", "name"],
)
def test_hash_changes_with_any_property_of_a_tensor(
    tmp_path: Path, changed: dict[str, torch.Tensor]
) -> None:
    before = saved(tmp_path / "before", model=TENSORS)
    kept = {"b": TENSORS["b"]} if "c" in changed else TENSORS
    after = saved(tmp_path / "after", model={**kept, **changed})
    assert weights_hash(before) != weights_hash(after)


def test_hash_follows_a_file_that_is_written_again(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", model=TENSORS)
    before = weights_hash(folder)
    saved(folder, model={**TENSORS, "a": TENSORS["a"] + 1})
    assert weights_hash(folder) != before


@pytest.mark.parametrize("length", [4, 60, 150])
def test_truncated_file_is_named(tmp_path: Path, length: int) -> None:
    folder = saved(tmp_path / "model", model=TENSORS)
    os.truncate(folder / "model.safetensors", length)
    with pytest.raises(UserError, match=r"model\.safetensors: truncated"):
        headers(folder)


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no \*\.safetensors files"):
        weights_hash(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_have_no_hash(
    tmp_path: Path, dtype: torch.dtype, value: float
) -> None:
    largest = torch.full((5,), torch.finfo(dtype).max, dtype=dtype)
    assert weights_hash(saved(tmp_path, model={"a": largest, "b": -largest}))
    spoilt = largest.clone()
    spoilt[2] = value
    with pytest.raises(NotFinite, match=r"tensor 'b' in model.safetensors holds a NaN"):
        weights_hash(saved(tmp_path, model={"a": largest, "b": spoilt}))


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"7",
        b"\xff\xff",
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [1]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": ["x", 0]}}',
    ],
)
def test_damaged_header_is_named(tmp_path: Path, header: bytes) -> None:
    content = len(header).to_bytes(8, "little") + header + bytes(4)
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"model.safetensors: its header is damaged"):
        headers(tmp_path)
