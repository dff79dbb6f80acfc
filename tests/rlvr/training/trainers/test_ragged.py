"""Lists of different lengths come back as they were; two processes: loop/test_distributed.py."""

import pytest
import torch
from accelerate import Accelerator

from rlvr.training.trainers.ragged import gathered


@pytest.mark.parametrize("rows", [[[5, 6, 7], [], [8]], [[]], []])
def test_rows_come_back_as_tensors(rows: list[list[int]]) -> None:
    found = gathered(rows, torch.int32, Accelerator(cpu=True))
    assert [row.tolist() for row in found] == rows
    assert {row.dtype for row in found} <= {torch.int32}
