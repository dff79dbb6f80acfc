"""What is meant for the user's eyes arrives there whole, also from another process."""

from multiprocessing import get_context

import pytest

from rlvr.core.disk import DiskFull
from rlvr.core.errors import Faults, UserError


def refused() -> None:
    raise Faults("recipe.yaml", ["unknown key 'sead'", "missing key 'model'"])


def out_of_space() -> None:
    raise DiskFull("no space is left")


def test_faults_raised_in_another_process_arrive_whole() -> None:
    with get_context("spawn").Pool(1) as pool, pytest.raises(Faults) as raised:
        pool.apply(refused)
    assert raised.value.faults == ("unknown key 'sead'", "missing key 'model'")
    assert raised.value.source == "recipe.yaml"
    assert str(raised.value) == (
        "recipe.yaml: unknown key 'sead'\nrecipe.yaml: missing key 'model'"
    )


def test_full_disk_of_another_process_keeps_its_exit_code() -> None:
    with get_context("spawn").Pool(1) as pool, pytest.raises(UserError) as raised:
        pool.apply(out_of_space)
    assert isinstance(raised.value, DiskFull)
    assert (raised.value.exit_code, UserError.exit_code) == (1, 2)
