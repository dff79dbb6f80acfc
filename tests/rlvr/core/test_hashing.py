"""Digests that name what is stored, or seed what was drawn, stay what they were."""

from rlvr.core.hashing import hash_number, hex_digest, json_digest, streamed
from rlvr.samplers.base import draw_seed
from rlvr.tiny.countdown import split_of
from rlvr_eval.store.keys import digest


def test_keys_seeds_and_splits_are_those_of_version_0_1_0() -> None:
    assert digest({"b": 1, "a": (1, 2)}) == "0e1cb8c944b77a68"
    assert draw_seed(0, "ab12", "math500/3") == 99631425542684672
    assert draw_seed(7, "x", "é") == 404674939709292544
    splits = [split_of((1, 2, 3, n), 24) for n in range(5)]
    assert splits == ["train", "dev", "train", "test", "train"]


def test_a_digest_depends_on_content_and_domain_alone() -> None:
    assert json_digest({"a": 1, "b": [2]}) == json_digest({"b": [2], "a": 1})
    assert hex_digest("é") == hex_digest("é".encode())
    assert hex_digest("x", domain="one") != hex_digest("x", domain="other") != hex_digest("x")
    fed = streamed(16)
    for piece in (b"a", b"bc"):
        fed.update(piece)
    assert fed.hexdigest() == hex_digest("abc", 16)


def test_a_number_is_the_digest_read_as_one() -> None:
    assert hash_number("x", 4) == int(hex_digest("x", 4), 16)
