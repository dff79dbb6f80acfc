"""Results of the Python API that are read from a run directory."""

from pathlib import Path

from rlvr.api.results import Run


def test_rows_of_a_run_that_is_being_written_are_its_whole_lines(tmp_path: Path) -> None:
    assert Run(tmp_path).rows() == []
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "reward": 0.5}\n{"step": 2, "rew')
    assert Run(tmp_path).rows() == [{"step": 1, "reward": 0.5}]
