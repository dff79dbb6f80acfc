"""Loading by name: every kind of file, every mistake, and a Hub that is not there."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr import verifiers
from rlvr.answers import prompts
from rlvr.core.errors import UserError
from rlvr.tasks import problems

ROWS = [
    {"question": "What is 1 + 1?", "answer": "1 + 1 = <<1+1=2>>2.\n#### 2"},
    {"question": "What is 500 + 580?", "answer": "It is 1,080.\n#### 1,080"},
]
PINNED_IN_FULL = 40  # hexadecimal digits of a commit


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {kind: tmp_path / f"rows.{kind}" for kind in ("jsonl", "json", "parquet", "csv")}
    found["jsonl"].write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    found["json"].write_text(json.dumps(ROWS))
    pq.write_table(pa.Table.from_pylist(ROWS), found["parquet"])
    with found["csv"].open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=["question", "answer"])
        writer.writeheader()
        writer.writerows(ROWS)
    return found


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet", "csv"])
def test_every_kind_of_file_gives_the_same_problems(files: dict[str, Path], kind: str) -> None:
    loaded = problems.load("gsm8k", path=files[kind])
    assert [(problem.id, problem.gold) for problem in loaded] == [
        ("gsm8k/0", "2"),
        ("gsm8k/1", "1080"),
    ]


def test_limit_takes_the_first_ones(files: dict[str, Path]) -> None:
    assert len(problems.load("gsm8k", path=files["jsonl"], limit=1)) == 1
    with pytest.raises(UserError, match="at least 1"):
        problems.load("gsm8k", path=files["jsonl"], limit=0)


def test_every_benchmark_names_a_verifier_and_a_prompt_that_exist() -> None:
    for name in problems.NAMES:
        benchmark = problems.get(name)
        assert benchmark.verifier in verifiers.NAMES
        assert benchmark.prompt in prompts.NAMES
        assert benchmark.n in (128, 256, 1024)


def test_every_benchmark_has_one_source() -> None:
    for name in problems.NAMES:
        benchmark = problems.get(name)
        sources = [benchmark.hub_id, benchmark.url, benchmark.generate]
        assert sum(source is not None for source in sources) == 1
        assert bool(benchmark.files) == (benchmark.hub_id is not None)
        assert benchmark.revision is None or len(benchmark.revision) == PINNED_IN_FULL


def test_n_is_that_of_the_study() -> None:
    """Yue et al. 2025, section 3."""
    expected = {"math500": 128, "minerva": 128, "gsm8k": 128, "olympiadbench": 128}
    expected |= {"aime24": 1024, "amc23": 1024, "omni-math-test": 256, "omni-math-train": 256}
    assert {name: problems.get(name).n for name in expected} == expected


def test_unknown_benchmark_lists_those_there_are() -> None:
    with pytest.raises(UserError, match=r"'gsm9k'.*gsm8k.*math500.*reasoning_gym:<task>"):
        problems.load("gsm9k")


def test_a_row_without_its_column_is_named_with_the_columns_it_has(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"question": "?", "solution": "2"}) + "\n")
    with pytest.raises(UserError, match=r"row 0.*no column 'answer'.*question, solution"):
        problems.load("gsm8k", path=file)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", '{"question": "?"\n', "line 1: not JSON"),
        ("rows.jsonl", "[1]\n", "line 1: expected an object"),
        ("rows.json", '{"question": "?"}', "expected a list"),
        ("rows.json", "[", "not JSON"),
        ("rows.parquet", "text", "not a Parquet file"),
        ("rows.txt", "text", r"cannot read '\.txt'"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_so(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(UserError, match=message):
        problems.load("gsm8k", path=file)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        problems.load("gsm8k", path=tmp_path / "absent.jsonl")


def test_the_revision_of_a_local_file_follows_from_its_bytes(files: dict[str, Path]) -> None:
    before = problems.revision_of("gsm8k", path=files["jsonl"])
    assert before == problems.revision_of("gsm8k", path=files["jsonl"])
    files["jsonl"].write_text(json.dumps(ROWS[0]) + "\n")
    assert problems.revision_of("gsm8k", path=files["jsonl"]) != before


def test_a_pinned_revision_is_known_without_the_hub() -> None:
    assert problems.revision_of("gsm8k") == problems.get("gsm8k").revision


def test_a_file_pinned_by_its_checksum_has_no_other_revision() -> None:
    with pytest.raises(UserError, match="cannot be chosen"):
        problems.load("omni-math-train", revision="main")


def test_embedded_countdown_loads_and_reads_no_file(tmp_path: Path) -> None:
    for split, rows in (("train", 6400), ("dev", 300), ("test", 400)):
        assert len(problems.load(f"countdown-{split}")) == rows
    assert len(problems.load("countdown-dev", limit=7)) == 7
    with pytest.raises(UserError, match="reads no file"):
        problems.load("countdown-dev", path=tmp_path / "x.jsonl")


def test_reasoning_gym_tasks_load_by_name_and_repeat_themselves() -> None:
    first = problems.load("reasoning_gym:basic_arithmetic", limit=5)
    assert first == problems.load("reasoning_gym:basic_arithmetic", limit=5)
    assert first[0].id == "reasoning_gym:basic_arithmetic/0"
    assert problems.revision_of("reasoning_gym:basic_arithmetic").startswith("reasoning-gym/")


def test_unknown_reasoning_gym_task_lists_those_there_are() -> None:
    with pytest.raises(UserError, match=r"'basic_arithmetik'.*basic_arithmetic"):
        problems.load("reasoning_gym:basic_arithmetik", limit=1)


def _load_in_fresh_process(environment: dict[str, str], cache: Path) -> str:
    program = (
        "from rlvr.tasks import problems\n"
        "try:\n"
        "    problems.load('gsm8k')\n"
        "except problems.UserError as fault:\n"
        "    print(fault)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HOME": str(cache)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout


@pytest.mark.parametrize(
    "environment",
    [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}],
    ids=["offline", "unreachable"],
)
def test_a_hub_that_is_not_there_gives_one_line_that_says_what_to_do(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (line,) = _load_in_fresh_process(environment, tmp_path).splitlines()
    assert "cannot reach openai/gsm8k" in line
    assert "path:" in line


def test_a_cached_copy_is_read_without_the_hub(tmp_path: Path) -> None:
    """The layout of the Hub's own cache, as its client leaves it behind."""
    revision = problems.get("gsm8k").revision
    folder = tmp_path / "hub/datasets--openai--gsm8k/snapshots" / str(revision) / "main"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "test-00000-of-00001.parquet")
    program = "from rlvr.tasks import problems; print(problems.load('gsm8k')[1].gold)"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout == "1080\n"


def cache_without_a_pin(cache: Path, commit: str) -> None:
    """The newest commit of a repository, in the layout of the Hub's own cache."""
    repository = cache / "hub/datasets--zwhe99--simplerl-OlympiadBench"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    snapshot = repository / "snapshots" / commit / "data"
    snapshot.mkdir(parents=True)
    row = {"id": commit[0], "question": "1 + 1?", "final_answer": ["2"]}
    pq.write_table(pa.Table.from_pylist([row]), snapshot / "test-00000-of-00001.parquet")


def test_a_set_without_a_pin_is_identified_by_the_commit_that_was_read(tmp_path: Path) -> None:
    """Also where the Hub moves on between reading it and recording it, and in the draw key."""
    first, second = "1" * PINNED_IN_FULL, "2" * PINNED_IN_FULL
    assert problems.get("olympiadbench").revision is None
    cache_without_a_pin(tmp_path, first)
    cache_without_a_pin(tmp_path, second)
    main = tmp_path / "hub/datasets--zwhe99--simplerl-OlympiadBench/refs/main"
    main.write_text(first)
    program = (
        "import sys; from pathlib import Path\n"
        "from rlvr.tasks import problems\n"
        "from rlvr.recipes.evaluation_section import Evaluation\n"
        "from rlvr_eval.plan.evaluation import Model\n"
        "from rlvr_eval.plan.planning import plan\n"
        "print(problems.load('olympiadbench')[0].id)\n"
        f"Path({str(main)!r}).write_text({second!r})\n"
        "settings = Evaluation(benchmarks='olympiadbench')\n"
        "(planned,) = plan([Model('base', 0, Path(), '0')], settings, Path())\n"
        "print(planned.problems[0].id, planned.revision)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.splitlines() == ["olympiadbench/1", f"olympiadbench/1 {first}"]
    told = [line for line in result.stderr.splitlines() if "no revision" in line]
    assert told == [
        "olympiadbench: no revision of zwhe99/simplerl-OlympiadBench is pinned; "
        f"read at commit {first}"
    ]


def test_importing_loads_neither_torch_nor_the_hubs_client() -> None:
    program = (
        "import sys; import rlvr.tasks.problems, rlvr.answers.prompts\n"
        "import rlvr.verifiers.math.verifier\n"
        "print([name for name in ('torch', 'datasets', 'huggingface_hub', 'sympy', 'pyarrow')"
        " if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout == "[]\n"
