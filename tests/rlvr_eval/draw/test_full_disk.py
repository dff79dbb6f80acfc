"""An evaluation on a disk that is really full keeps what it stored; the same command goes on."""

import pytest

from tests.full_disk import MIB, Ended, Step, on_small_disk
from tests.rlvr_eval import tiny_run

# the base's 32 draws and their verdicts fit, those of the checkpoint do not
ROOM_FOR_HALF = 24 * 1024


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """One command, started with too little space and then with enough."""
    folder = tmp_path_factory.mktemp("full") / "runs"
    run = tiny_run.make(folder, problems=2, draws=16)
    evaluate = ["eval", str(run.path), "--processes", "1"]
    steps = [Step(evaluate, free=ROOM_FOR_HALF), Step(evaluate)]
    return on_small_disk(folder, "tiny", steps, size=20 * MIB)


def test_full_disk_is_told_in_one_line_with_what_is_left_to_store(ended: list[Ended]) -> None:
    first = ended[0]
    assert first.code == 1
    assert "Traceback" not in first.printed
    assert "no space is left on the disk of " in first.message
    assert "; 32 draws are still to be stored, about " in first.message
    assert "KiB, and 32 are there. Free space and run the same command again" in first.message


def test_draws_reported_before_survive_and_are_not_made_again(ended: list[Ended]) -> None:
    first, second = ended
    assert "evaluate tiny: 0/64" in first.printed
    assert len(first.shards) == 1
    assert first.beside == []
    assert second.code == 0
    assert first.shards.items() < second.shards.items()
    assert "evaluate tiny: 32/32" in second.printed
