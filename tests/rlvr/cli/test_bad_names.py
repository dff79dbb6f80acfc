"""Names and paths that cannot be used: of models, benchmarks, folders; and settings that clash."""

import json

import pytest

from rlvr.cli.main import main
from tests.rlvr.refusing import Command

ROW = {"problem": "a", "n": 4, "c": 1}
ROWS = {
    "model empty": ROW | {"model": " "},
    "model of two lines": ROW | {"model": "a\nb"},
    "model endless": ROW | {"model": "x" * 5000},
    "model a list": ROW | {"model": ["x"]},
    "benchmark a path": ROW | {"benchmark": "../../x"},
    "benchmark a list": ROW | {"benchmark": ["x"]},
    "problem empty": ROW | {"problem": ""},
    "problem a list": ROW | {"problem": ["a"]},
    "problem endless": ROW | {"problem": "x" * 10**6},
    "kind a list": ROW | {"kind": ["x"]},
    "family an object": ROW | {"family": {}},
    "step above all": ROW | {"step": 10**30},
    "harness without an id": {"doc_id": [0], "resps": [["a"]], "target": "1", "acc": 1},
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_row_that_names_nothing_is_located(row: dict[str, object], command: Command) -> None:
    command.write("o.jsonl", json.dumps(row))
    assert "o.jsonl, line 1" in command.refused("import", "o.jsonl", "--out", "run")


def test_problem_named_in_two_spellings_is_one_problem(command: Command) -> None:
    command.write(
        "o.jsonl", "".join(json.dumps(ROW | {"problem": id}) + "\n" for id in ("a", "m/a"))
    )
    said = command.refused("import", "o.jsonl", "--out", "run", "--benchmark", "m")
    assert "problem m/a again, as at o.jsonl, line 1" in said


@pytest.mark.parametrize(
    "options",
    [
        ("--benchmark", "../x"),
        ("--benchmark", ""),
        ("--benchmark", "=o.jsonl"),
        ("--benchmark", "m="),
        ("--benchmark", "m=."),
        ("--benchmark", "x" * 5000),
        ("--model", "x" * 5000),
        ("--model", "a\nb"),
        ("--prompt", "nosuch"),
        ("--out", "o.jsonl"),
        ("--out", "o.jsonl/x"),
        ("--out", "a\0b"),
        ("--out", "x" * 300),
    ],
    ids=lambda options: f"{options[0]} {options[1]:.20}",
)
def test_import_refuses_an_option_that_names_nothing(
    options: tuple[str, str], command: Command
) -> None:
    command.write("o.jsonl", json.dumps(ROW))
    command.refused("import", "o.jsonl", "--out", "run", *options)


def test_names_that_look_odd_are_taken(command: Command) -> None:
    command.write("o.jsonl", json.dumps(ROW | {"model": "Qwen/Qwen2.5-7B@main", "problem": 7}))
    assert main(["import", "o.jsonl", "--out", "run", "--benchmark", "数学 (中文)"]) == 0


@pytest.mark.parametrize("path", ["x" * 300, "f.txt", "loop", "a\0b", "a\nb"], ids=ascii)
@pytest.mark.parametrize("verb", ["report", "compare", "marks", "show", "eval", "train"])
def test_path_that_is_no_run_is_named(verb: str, path: str, command: Command) -> None:
    command.write("f.txt", "x")
    (command.folder / "loop").symlink_to("loop")
    command.refused(verb, path, *(["p"] if verb == "show" else []))


MODELS = "models: [embedded:countdown-base]\n"
MEASURED = "evaluation: {benchmarks: countdown-test, design: 'fixed:2'}\n"
EVALUATIONS = {
    "no model": "models: []\n" + MEASURED,
    "model empty": "models: ['']\n" + MEASURED,
    "base empty": "base: ''\n" + MODELS + MEASURED,
    "base a list": "base: [x]\n" + MODELS + MEASURED,
    "model a missing folder": "models: [../../x]\n" + MEASURED,
    "model of two lines": 'models: ["a\\nb"]\n' + MEASURED,
    "model with a NUL": 'models: ["a\\0b"]\n' + MEASURED,
    "model endless": f"models: [{'x' * 5000}]\n" + MEASURED,
    "section a list": MODELS + "evaluation: [1]\n",
    "section text": MODELS + "evaluation: x\n",
    "section false": MODELS + "evaluation: false\n",
    "section null": MODELS + "evaluation:\n",
    "no benchmark of ours": MODELS + "evaluation: {benchmarks: ../x}\n",
    "benchmark a folder": MODELS + "evaluation: {benchmarks: {name: math500, path: .}}\n",
    "benchmark twice": MODELS + "evaluation: {benchmarks: [countdown-test, countdown-test]}\n",
    "prompt": MODELS + "evaluation: {benchmarks: countdown-test, prompt: nosuch}\n",
    "design": MODELS + "evaluation: {benchmarks: countdown-test, design: nosuch}\n",
    "equal draws": MODELS
    + "evaluation: {benchmarks: countdown-test, design: 'fixed:2', sampling: {temperature: 0}}\n",
}


@pytest.mark.parametrize("text", EVALUATIONS.values(), ids=EVALUATIONS.keys())
def test_evaluation_that_cannot_be_is_refused_before_a_model_is_loaded(
    text: str, command: Command
) -> None:
    command.write("e.yaml", text)
    command.refused("eval", "e.yaml")


@pytest.mark.parametrize("out", ["e.yaml", "e.yaml/x", "x" * 300], ids=lambda out: out[:20])
def test_folder_that_cannot_be_made_is_named(out: str, command: Command) -> None:
    command.write("e.yaml", MODELS + MEASURED)
    assert out[:100] in command.refused("eval", "e.yaml", "--out", out)


@pytest.mark.slow  # imports TRL
def test_training_refuses_to_measure_equal_draws(command: Command) -> None:
    command.write(
        "r.yaml",
        "model: embedded:countdown-base\nmethod: grpo\ndata: {problems: countdown-train}\n"
        + MEASURED,
    )
    said = command.refused("train", "r.yaml", "evaluation.sampling.temperature=0")
    assert "evaluation.sampling.temperature: 0 draws one and the same completion" in said
