"""The journal: whatever moment a writer dies at, every whole row is there and none is broken."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr.distill.journal import Journal

rows = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=8), min_size=1), max_size=6
)


@given(rows, st.integers(0, 400), rows)
def test_file_cut_off_anywhere_keeps_its_whole_rows_and_takes_more(
    before: list[dict[str, str]], cut: int, after: list[dict[str, str]]
) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "j.jsonl")
        with journal:
            for row in before:
                journal.append(row)
        content = journal.path.read_bytes()
        journal.path.write_bytes(content[:cut])
        whole = before[: content[:cut].count(b"\n")]
        assert list(journal.rows()) == whole
        with journal:
            for row in after:
                journal.append(row)
        assert list(journal.rows()) == whole + after


def test_rows_are_read_again_from_their_places_in_any_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    with journal:
        for number in range(5):
            journal.append({"number": number, "text": "\u00e9\n" * number})
    places = [place for place, _ in journal.placed_rows()]
    assert [row["number"] for row in journal.at(reversed(places))] == [4, 3, 2, 1, 0]


def test_appended_row_is_in_the_file_before_the_journal_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    with journal:
        journal.append({"a": 1})
        assert list(Journal(journal.path).rows()) == [{"a": 1}]


def test_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    with journal:
        with pytest.raises(UserError, match="another process is writing it"), Journal(journal.path):
            pass
        journal.append({"a": 1})
    with Journal(journal.path) as again:
        again.append({"a": 2})
    assert [row["a"] for row in journal.rows()] == [1, 2]


def test_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"a": 1}\n{"a": \n{"a": 3}\n')
    with pytest.raises(UserError, match=r"j\.jsonl, line 2: damaged"):
        list(Journal(path).rows())
