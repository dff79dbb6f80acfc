"""What is meant for the user's eyes arrives there whole, also from another process."""

from multiprocessing import get_context

import pytest

from rlvr.core.disk import DiskFull
from rlvr.core.errors import Fault, Faults, UserError, missing_key, unknown_key


def refused() -> None:
    raise Faults(
        "recipe.yaml", [unknown_key("sead", ["seed"]), missing_key("model"), "data.n: too many"]
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("seed: below 0", "seed"),
        ("trainer.beta is never read by method x: it has no reference; remove it", "trainer.beta"),
        ("evaluation.benchmarks: a.jsonl: no such file", "evaluation.benchmarks"),
        ("no prompt fits: 64 tokens leave 0", ""),
    ],
)
def test_a_fault_is_about_the_key_that_it_begins_with(text: str, key: str) -> None:
    assert Fault(text).key == key


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
