"""The store: what was recorded is there, whole, once, and among its own kind."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr.core.records import Completion, Outcome, Verdict
from rlvr.samplers.base import SamplingParams
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.keys import DrawKey

DRAW_KEY = DrawKey(
    weights="0" * 32,
    benchmark="simulated",
    revision="1",
    prompt="plain",
    sampling=SamplingParams(),
    context_length=1,
    dtype="float64",
    sampler="simulator/1",
    run_seed=0,
)
KEY = DRAW_KEY.fields()
VERIFIER = "choice@1"


def draw(index: int, text: str = "text", problem: str = "simulated/0") -> Completion:
    return Completion(problem, index, text, "stop", token_ids=(1, 2, 3), sum_logprob=-1.5)


def right(count: int) -> list[Verdict]:
    return [Verdict(Outcome.CORRECT, "B")] * count


@pytest.fixture
def store(tmp_path: Path) -> DrawStore:
    return DrawStore(tmp_path, KEY)


def shards_of(store: DrawStore) -> list[Path]:
    return sorted((store.folder / "draws").glob("*.parquet"))


def there(store: DrawStore, verifier: str = VERIFIER) -> set[tuple[str, int]]:
    return store.verdicts(verifier).draws()


def everything(problem_id: str, sample_index: int) -> bool:
    return True


def test_what_was_recorded_is_read_back(store: DrawStore) -> None:
    completions = [draw(1, "second"), draw(0, "ünïcode \x00 \u2028 text")]
    store.append(completions, [Verdict(Outcome.WRONG, "A"), Verdict(Outcome.CORRECT)], VERIFIER)
    reopened = DrawStore(store.folder.parents[1], KEY)
    assert [row["completion"] for row in reopened.completions("simulated/0")] == [
        "ünïcode \x00 \u2028 text",
        "second",
    ]
    assert reopened.completions("simulated/0")[0]["token_ids"] == [1, 2, 3]
    rows = reopened.verdicts(VERIFIER).by_problem()
    assert rows["simulated/0"].tolist() == [Outcome.CORRECT, Outcome.WRONG]


def test_opening_a_store_writes_nothing(store: DrawStore, tmp_path: Path) -> None:
    assert len(store.verdicts(VERIFIER)) == 0
    assert store.check() == []
    assert list(tmp_path.iterdir()) == []


def test_of_two_writers_of_one_draw_the_first_stands(store: DrawStore) -> None:
    store.append([draw(0, "first")], [Verdict(Outcome.WRONG)], VERIFIER)
    store.append([draw(0, "second"), draw(1)], right(2), VERIFIER)
    rows = store.verdicts(VERIFIER).by_problem()
    assert rows["simulated/0"].tolist() == [Outcome.WRONG, Outcome.CORRECT]


def test_an_undecided_first_draw_is_not_replaced_by_a_later_one(store: DrawStore) -> None:
    store.append([draw(0)], [Verdict(Outcome.TIMEOUT)], VERIFIER)
    store.append([draw(0, "another")], right(1), VERIFIER)
    assert store.verdicts(VERIFIER).outcome.tolist() == [Outcome.TIMEOUT]


def test_the_first_decided_verdict_on_a_draw_stands(store: DrawStore) -> None:
    store.append([draw(0), draw(1)], [Verdict(Outcome.TIMEOUT), Verdict(Outcome.WRONG)], VERIFIER)
    shard = shards_of(store)[0].stem
    for _ in range(3):
        store.append_verdicts(shard, [draw(0), draw(1)], right(2), VERIFIER)
    assert store.verdicts(VERIFIER).outcome.tolist() == [Outcome.CORRECT, Outcome.WRONG]


def test_verdicts_count_only_while_their_draws_are_there(store: DrawStore) -> None:
    store.append([draw(0)], right(1), VERIFIER)
    store.append([draw(1)], right(1), VERIFIER)
    shards_of(store)[0].unlink()
    assert there(store) == {("simulated/0", 1)}


def test_a_gap_ends_what_counts_but_not_what_is_there(store: DrawStore) -> None:
    store.append([draw(0), draw(1), draw(3)], right(3), VERIFIER)
    verdicts = store.verdicts(VERIFIER)
    assert verdicts.by_problem()["simulated/0"].size == 2
    assert verdicts.indices("simulated/0") == {0, 1, 3}
    assert verdicts.indices("simulated/9") == frozenset()


def test_unverified_draws_are_found_row_by_row(store: DrawStore) -> None:
    store.append([draw(0), draw(1), draw(2)], right(3), "choice@1")
    shard = shards_of(store)[0].stem
    store.append_verdicts(shard, [draw(1)], [Verdict(Outcome.ERROR)], "choice@2")

    def asked(**options: bool) -> list[int]:
        found = store.unverified("choice@2", lambda _, index: index != 2, **options)
        return [c.sample_index for leftover in found for c in leftover.completions]

    assert asked() == [0]
    assert asked(undecided_too=True) == [0, 1]
    assert list(store.unverified("choice@1", everything)) == []


def test_draws_without_text_are_counted_and_said_to_be_unverifiable(store: DrawStore) -> None:
    store.append([draw(0), draw(1)], right(2), VERIFIER, has_text=[True, False])
    rows = store.completions("simulated/0")
    assert [row["completion"] for row in rows] == ["text", None]
    assert [row["token_ids"] for row in rows] == [[1, 2, 3], None]
    assert [row["tokens"] for row in rows] == [3, 3]
    assert len(store.verdicts(VERIFIER)) == 2
    leftover = next(store.unverified("choice@2", everything))
    assert [c.sample_index for c in leftover.completions] == [0]
    assert leftover.without_text == 1


PLACES = ("magic", "header", "page", "footer", "footer length", "last byte")


def place_of(content: bytes, place: str) -> int:
    """A byte in that part of a Parquet file: magic, pages, footer, its length, magic."""
    footer = int.from_bytes(content[-8:-4], "little")
    start = len(content) - 8 - footer
    return {
        "magic": 0,
        "header": 4,
        "page": start // 2,
        "footer": start + footer // 2,
        "footer length": len(content) - 8,
        "last byte": len(content) - 1,
    }[place]


def damaged(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The file with one bit flipped in every part of it, and cut off in every part of it."""
    for place in PLACES:
        at = place_of(content, place)
        yield f"flipped in {place}", bytes([*content[:at], content[at] ^ 1, *content[at + 1 :]])
        yield f"cut off in {place}", content[:at]
    yield "empty", b""
    yield "with a byte more", content + b"\0"


def test_a_shard_damaged_anywhere_is_set_aside_and_named(
    store: DrawStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.append([draw(i, f"text {i}" * 50) for i in range(64)], right(64), VERIFIER)
    store.append([draw(64)], right(1), VERIFIER)
    shard, other = shards_of(store)
    sound = shard.read_bytes()
    for how, content in damaged(sound):
        shard.write_bytes(content)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert store.check() == [shard], how
        assert shard.name in caplog.text, how
        assert shards_of(store) == [other], how
        assert there(store) == {("simulated/0", 64)}, how
        aside = store.folder / "set-aside" / "draws" / shard.name
        assert aside.read_bytes() == content, how
        shard.write_bytes(sound)
        assert store.check() == []
        assert len(there(store)) == 65


def test_damaged_verdicts_are_set_aside_and_their_draws_verified_again(store: DrawStore) -> None:
    store.append([draw(0), draw(1)], right(2), VERIFIER)
    (verdicts,) = (store.folder / "verdicts" / VERIFIER).iterdir()
    sound = verdicts.read_bytes()
    for how, content in damaged(sound):
        verdicts.write_bytes(content)
        reopened = DrawStore(store.folder.parents[1], KEY)
        assert len(reopened.verdicts(VERIFIER)) == 0, how
        assert not verdicts.exists(), how
        (leftover,) = reopened.unverified(VERIFIER, everything)
        assert [c.sample_index for c in leftover.completions] == [0, 1], how
        verdicts.write_bytes(sound)


def test_a_damaged_shard_is_set_aside_wherever_it_is_met_first(store: DrawStore) -> None:
    store.append([draw(0)], right(1), VERIFIER)
    store.append([draw(1, "sound")], right(1), VERIFIER)
    shard, _ = shards_of(store)
    sound = shard.read_bytes()
    met = {
        "completions": lambda: store.completions("simulated/0"),
        "texts": lambda: store.texts([("simulated/0", 0), ("simulated/0", 1)]),
        "unverified": lambda: list(store.unverified("choice@2", everything)),
    }
    for name, meet in met.items():
        for how, content in damaged(sound):
            shard.write_bytes(content)
            assert len(meet()) == 1, (name, how)
            assert not shard.exists(), (name, how)


def test_texts_are_those_of_the_first_draw_that_was_kept(store: DrawStore) -> None:
    store.append([draw(0, "first"), draw(1)], right(2), VERIFIER, has_text=[True, False])
    store.append([draw(0, "again"), draw(1, "again"), draw(2, "third")], right(3), VERIFIER)
    wanted = [("simulated/0", index) for index in (0, 1, 2, 7)]
    assert store.texts(wanted) == {("simulated/0", 0): "first", ("simulated/0", 2): "third"}


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_no_flipped_bit_goes_unseen(
    at: int, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = DrawStore(tmp_path_factory.mktemp("store"), KEY)
    store.append([draw(0), draw(1)], right(2), VERIFIER)
    (shard,) = shards_of(store)
    content = bytearray(shard.read_bytes())
    content[at % len(content)] ^= 1 << bit
    shard.write_bytes(content)
    assert store.check() == [shard]


CHANGES: dict[str, dict[str, Any]] = {
    "temperature": {"sampling": SamplingParams(temperature=1.0)},
    "top_k": {"sampling": SamplingParams(top_k=20)},
    "stop": {"sampling": SamplingParams(stop=("User:",))},
    "prompt": {"prompt": "qwen-boxed"},
    "revision": {"revision": "2"},
    "weights": {"weights": "1" * 32},
    "run_seed": {"run_seed": 1},
    "dtype": {"dtype": "bfloat16"},
    "context_length": {"context_length": 2},
    "sampler": {"sampler": "simulator/2"},
}


@pytest.mark.parametrize("field", CHANGES)
def test_draws_of_another_kind_lie_elsewhere_and_are_never_pooled(
    field: str, store: DrawStore, tmp_path: Path
) -> None:
    store.append([draw(0)], right(1), VERIFIER)
    other = DrawStore(tmp_path, replace(DRAW_KEY, **CHANGES[field]).fields())
    assert other.folder != store.folder
    assert len(other.verdicts(VERIFIER)) == 0
    other.append([draw(1)], right(1), VERIFIER)

    shutil.copy(shards_of(other)[0], store.folder / "draws")
    with pytest.raises(UserError, match=rf"\({field} .*, here .*\)"):
        store.check()


@pytest.mark.parametrize("field", CHANGES)
def test_a_folder_of_another_key_is_refused(field: str, store: DrawStore, tmp_path: Path) -> None:
    store.append([draw(0)], right(1), VERIFIER)
    other = DrawStore(tmp_path, replace(DRAW_KEY, **CHANGES[field]).fields())
    shutil.copytree(store.folder, other.folder)
    with pytest.raises(UserError, match=rf"\({field} .*, here .*\)"):
        DrawStore(tmp_path, other.key)
