"""All formats by name, which of them a file is of, and the files of a folder."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr.core.errors import UserError
from rlvr_eval.imports.formats import (
    evalplus,
    generation_sets,
    inspect_log,
    lighteval,
    livecodebench,
    monkeys,
    openrlhf,
    trl,
    verifiers,
    verl,
)
from rlvr_eval.imports.formats.shape import Format

FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        verl.FORMAT,
        openrlhf.FORMAT,
        verifiers.FORMAT,
        trl.FORMAT,
        lighteval.FORMAT,
        inspect_log.FORMAT,
        evalplus.FORMAT,
        livecodebench.FORMAT,
        monkeys.FORMAT,
        generation_sets.OPEN_MATH_REASONING,
        generation_sets.DEEPMATH,
    )
}
_IN_A_FOLDER = ("*.jsonl", "completions_*.parquet", "details_*.parquet", "*.eval")


def of_file(file: Path, named: str | None) -> Format | None:
    """Return the format of a file that is no table, or the one that was named."""
    if named is not None:
        return FORMATS[named]
    return next((f for f in FORMATS.values() if f.endings and file.name.endswith(f.endings)), None)


def of_row(values: Mapping[str, Any]) -> Format | None:
    """Return the format of a row; None where it is of no tool, or of several."""
    fitting = [each for each in FORMATS.values() if each.has(values)]
    return fitting[0] if len(fitting) == 1 else None


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Replace folders by the outcomes in them, by step: 0.jsonl, 50.jsonl, 100.jsonl.

    Raises:
        UserError: if there are none in one.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = {file for pattern in _IN_A_FOLDER for file in path.glob(pattern)}
        if not inside:
            listed = ", ".join(_IN_A_FOLDER)
            raise UserError(f"{path}: a folder without outcomes; expected {listed}, or name files")
        found += sorted(inside, key=_by_number)
    return found


def _by_number(file: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", file.stem)], file.name
