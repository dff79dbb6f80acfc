"""What is meant for the user's eyes arrives there whole, also from another process."""

from multiprocessing import get_context

import pytest

from rlvr.core.disk import DiskFull
from rlvr.core.errors import Faults, UserError, missing_key, unknown_key


def refused() -> None:
    raise Faults(
        "recipe.yaml", [unknown_key("sead", ["seed"]), missing_key("model"), "data.n: too many"]
    )


def out_of_space() -> None:
    raise DiskFull("no space is left")


def test_faults_raised_in_another_process_arrive_whole() -> None:
    with get_context("spawn").Pool(1) as pool, pytest.raises(Faults) as raised:
        pool.apply(refused)
    assert raised.value.faults == (
        "unknown key 'sead'; did you mean 'seed'?",
        "missing key 'model'",
        "data.n: too many",
    )
    assert raised.value.codes == {
        ("unknown-key", "sead"),
        ("missing-key", "model"),
        ("invalid-value", "data.n"),
    }
    assert raised.value.source == "recipe.yaml"
    assert str(raised.value) == (
        "recipe.yaml: unknown key 'sead'; did you mean 'seed'?\n"
        "recipe.yaml: missing key 'model'\nrecipe.yaml: data.n: too many"
    )


def test_full_disk_of_another_process_keeps_its_exit_code() -> None:
    with get_context("spawn").Pool(1) as pool, pytest.raises(UserError) as raised:
        pool.apply(out_of_space)
    assert isinstance(raised.value, DiskFull)
    assert (raised.value.exit_code, UserError.exit_code) == (1, 2)
