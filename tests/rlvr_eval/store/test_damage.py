"""Every file of a run, damaged in every way, under every verb: told by name, and nothing lost.

A verb may go on without the file, or end with one line that names it. It never ends in a traceback,
never shows other numbers without a word, and never throws away what it found.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rlvr.cli.main import main
from rlvr.runs.run_directory import Run
from tests.rlvr_eval import tiny_run

# glob of the file, what people know it by, and the verbs that read it
FILES = {
    "recipe.yaml": ("tiny/recipe.yaml", "report eval"),
    "manifest.json": ("tiny/manifest.json", "report eval"),
    "ledger": ("tiny/evaluations/base-*.json", "report eval compare show"),
    "problems": ("tiny/problems/*.json", "show eval report"),
    "marks.jsonl": ("tiny/marks.jsonl", "report"),
    "key.json": ("store/*/*/key.json", "report eval compare show"),
    "draws": ("store/*/*/draws/*.parquet", "show eval report"),
    "verdicts": ("store/*/*/verdicts/*/*.parquet", "report compare show eval"),
    "COMPLETE": ("tiny/checkpoint-10/COMPLETE", "eval"),
    "weights": ("tiny/checkpoint-10/model.safetensors", "eval"),
    "config": ("tiny/checkpoint-10/config.json", "eval"),
    "tokenizer": ("tiny/checkpoint-10/tokenizer.json", "eval"),
}
KINDS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "garbage": lambda content: b"\xff\xfe\x00 garbage" + content[13:],
    "flipped": lambda content: content[:-3] + bytes([content[-3] ^ 0x40]) + content[-2:],
    "other": lambda content: b"[7]\n",
    "deep": lambda content: b"[" * 100_000,
}
# what cannot be written as other contents
PLACES = ("removed", "folder")
# of the weights and shards every byte is covered by a digest; these say no more there
_OF_TEXT_ONLY = {"other", "deep"}
# without any marks nobody has marked anything; a recipe cut between two keys is a shorter recipe;
# what is gone without a trace was never there, as far as anyone can tell
_HARMLESS = {
    ("marks.jsonl", "empty"),
    ("recipe.yaml", "cut"),
    *((file, "removed") for file in ("marks.jsonl", "recipe.yaml", "manifest.json", "ledger")),
    ("key.json", "removed"),  # the folder's name is the key's digest, and every shard has the key
}
_SHARDS = {"draws", "verdicts"}
_BINARY = {*_SHARDS, "weights"}


@dataclass(frozen=True)
class Case:
    file: str
    kind: str
    verb: str

    def __str__(self) -> str:
        return f"{self.file}-{self.kind}-{self.verb}"


def is_worth_its_time(case: Case) -> bool:
    """An evaluation takes longest and meets damage as the others do; nesting has one reader."""
    if (case.file, case.kind) in _HARMLESS:
        return False
    if case.kind == "removed" and (case.file, case.verb) == ("problems", "report"):
        return False  # which shows them only as examples
    if case.file in _BINARY:
        return case.kind == "flipped" or (case.verb != "eval" and case.kind not in _OF_TEXT_ONLY)
    if case.kind == "deep" and case.file not in ("ledger", "recipe.yaml", "marks.jsonl"):
        return False
    return case.verb != "eval" or case.kind == "garbage"


CASES = [
    case
    for file, (_, verbs) in FILES.items()
    for kind in (*KINDS, *PLACES)
    for verb in verbs.split()
    if is_worth_its_time(case := Case(file, kind, verb))
]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run and its store, with a mark on it."""
    run = tiny_run.evaluated(tmp_path_factory.mktemp("evaluated"), problems=2, draws=4)
    run.record(run="tiny")
    (run.path / "marks.jsonl").write_text(
        '{"draws": "0123", "problem_id": "x", "sample_index": 0, "reasoning": "right"}\n'
    )
    return run.path.parent


@pytest.mark.parametrize("case", CASES, ids=str)
def test_damage_is_told_by_name_and_nothing_is_lost(
    case: Case,
    evaluated: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(evaluated, folder)
    damaged = sorted(folder.glob(FILES[case.file][0]))[0]
    content = damage(damaged, case.kind)

    code = main(command(case.verb, folder / "tiny", evaluated / "tiny"))

    told = capfd.readouterr().err + caplog.text
    assert code in (0, 2), told
    assert "Traceback" not in told
    assert any(name in told for name in names_of(damaged, case)), told
    if code:
        assert len(told.splitlines()) < 20
    if case.kind == "removed":
        return
    kept = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == content]
    assert kept, "what was found is gone"


def test_report_names_the_checkpoint_that_was_left_out(
    evaluated: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(evaluated, folder)
    whole, weights = folder / "tiny" / "checkpoint-10", "model.safetensors"
    shutil.copytree(whole, whole.with_name("checkpoint-20"))
    content = (whole / weights).read_bytes()
    (whole.with_name("checkpoint-20") / weights).write_bytes(KINDS["flipped"](content))
    shutil.copytree(whole, whole.with_name("checkpoint-30"))

    main(["report", str(folder / "tiny")])
    before = capfd.readouterr().out
    Run(folder / "tiny").sound_checkpoints()  # as an evaluation does
    main(["report", str(folder / "tiny")])
    after = capfd.readouterr().out

    assert "checkpoint-20 is not evaluated" in before
    assert "checkpoint-20 is not in this report: it is damaged" in " ".join(after.split())
    assert "checkpoint-30 is not evaluated" in after
    assert "set-aside/checkpoint-20" in (folder / "tiny" / "report.html").read_text()


def names_of(file: Path, case: Case) -> list[str]:
    """What a message may call a file: its name, its folder's, or its draw key's if it is gone."""
    of_its_key = [file.parents[at].name for at in (1, 2)] if case.file in _SHARDS else []
    return [file.name, file.parent.name, *(of_its_key if case.kind == "removed" else [])]


def damage(file: Path, kind: str) -> bytes:
    """Damage a file; what is found in its place, or in the folder in its place."""
    if kind not in PLACES:
        content = KINDS[kind](file.read_bytes())
        file.write_bytes(content)
        return content
    file.unlink()
    if kind == "folder":
        file.mkdir()
        (file / "within").write_bytes(b"found")
    return b"found"


def command(verb: str, run: Path, sound: Path) -> list[str]:
    if verb == "show":
        (told,) = (sound / "problems").glob("*.json")
        return ["show", str(run), re.findall(r'"(countdown[^"]*)": {', told.read_text())[0]]
    return [verb, str(run), *(["--processes", "1"] if verb == "eval" else [])]
