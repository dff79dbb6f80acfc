"""Bad input by kind: every case ends in one short message that names what is wrong.

Each case runs the command itself (`tests.rlvr.refusing`).
"""

import json
import os

import pytest

from rlvr.cli.main import main
from tests.rlvr.refusing import MOST_LINES, Command

RECIPE = """\
model: embedded:countdown-base
method: grpo
data: {problems: countdown-train}
evaluation: {benchmarks: countdown-test, design: "fixed:4"}
trainer: {use_cpu: true, bf16: false, max_steps: 1, max_completion_length: 24}
"""
NESTED = "[" * 100_000
SURROGATE = '"\\ud800"'


# --- values of a recipe -------------------------------------------------------------------------

BAD_VALUES = [
    # the run's name is a folder's
    *(
        (f"name={name}", "name")
        for name in (
            "../escaped",
            "/absolute",
            "store",
            "''",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\\\b",
            "-x",
            "'a b'",
            "'a\\nb'",
            "null",
            "true",
            "12",
            "[a]",
            "'" + "x" * 101 + "'",
            "'\\u2028'",
        )
    ),
    # numbers of our own sections
    *(
        (f"seed={value}", "seed")
        for value in ("-1", "true", "1.5", ".nan", "4294967296", "x", "[]")
    ),
    *((f"evaluation.run_seed={value}", "evaluation.run_seed") for value in ("-1", "true", ".inf")),
    *(
        (f"evaluation.sampling.temperature={value}", "evaluation.sampling.temperature")
        for value in ("-1", ".inf", ".nan", "true", "hot", "null", "[1]")
    ),
    *(
        (f"evaluation.sampling.top_p={value}", "evaluation.sampling.top_p")
        for value in ("0", "1.1", ".nan", "true", "-0.5")
    ),
    *(
        (f"evaluation.sampling.top_k={value}", "evaluation.sampling.top_k")
        for value in ("-1", "0.5", "true")
    ),
    *(
        (
            f"evaluation.sampling.max_completion_tokens={value}",
            "evaluation.sampling.max_completion_",
        )
        for value in ("0", "-5", "true", "1.5", ".inf")
    ),
    ("evaluation.sampling.stop=['']", "evaluation.sampling.stop"),
    ("evaluation.sampling.stop=x", "evaluation.sampling.stop"),
    ("evaluation.sampling.repetition_penalty=0", "evaluation.sampling.repetition_penalty"),
    ("evaluation.sampling.temprature=1", "evaluation.sampling.temprature"),
    # designs
    *(
        (f"evaluation.design={design}", "design")
        for design in (
            "fixed:0",
            "fixed:-4",
            "fixed:1e3",
            "fixed:99999999999999999999",
            "fixed:2000000",
            "fixd:4",
            "fixed",
            "fixed:",
            "''",
            "sequential:8,4/1",
            "sequential:99999999999999999999/1",
            "sequential:4,8/0",
            "sequential:a",
            "true",
            "[4]",
            "fixed:4.5",
            "fixed:\u00b2",
        )
    ),
    # what is measured and trained on
    *(
        (f"evaluation.benchmarks={value}", "benchmarks")
        for value in (
            "[]",
            "nosuch",
            "['']",
            "null",
            "true",
            "{}",
            "{name: countdown-test, limit: 0}",
            "{name: countdown-test, limit: true}",
            "{name: math500, path: none.jsonl}",
            "{name: math500, path: .}",
            "[countdown-test, 5]",
        )
    ),
    *(
        (f"data.problems={value}", "data.problems")
        for value in (
            "[]",
            "nosuch",
            "''",
            "5",
            "{name: gsm8k, path: none.jsonl}",
            "{path: x.jsonl}",
            "{name: countdown-train, path: recipe.yaml}",
        )
    ),
    ("data.prompt=nosuch", "data.prompt"),
    ("data.verifier=nosuch", "verifier"),
    ("model=''", "model"),
    ("model=./nosuch", "model"),
    ("model=embedded:nosuch", "model"),
    ("model=[a]", "model"),
    ("method=gpro", "method"),
    ("method=null", "method"),
    ("initialize=randon", "initialize"),
    ("evaluate=sometimes", "evaluate"),
    ("evaluation.sampler=vlm", "evaluation.sampler"),
    ("evaluation.keep_text=sample:0", "evaluation.keep_text"),
    *((f"checkpoints.keep={value}", "checkpoints.keep") for value in ("0", "-1", "true", "some")),
    *((f"checkpoints.full_states={value}", "checkpoints.full_states") for value in ("0", "true")),
    *(
        (f"rewards.max_undecided_share={value}", "rewards.max_undecided_share")
        for value in ("-0.1", "1.1", ".nan", "true")
    ),
    ("rewards.max_rollouts_without_signal=0", "rewards.max_rollouts_without_signal"),
    ("rewards.format={style: nosuch}", "rewards.format"),
    ("rewards.overlong={buffer_tokens: 0}", "rewards.overlong"),
    ("ppo.gamma=1", "ppo"),
    ("peft={r: 0}", "peft"),
    ("peft={rr: 8}", "peft"),
    ("peft=[1]", "peft"),
    ("trainer=[1]", "trainer"),
    ("data=5", "data"),
    # what YAML can write and no key can mean
    ('model="\\ud800"', "model"),
    ("model=!!binary aGVsbG8=", "model"),
    ("model=2026-11-21", "model"),
    ("model=" + "x" * 100_000, "model"),
    ('model="a\\e[31m"', "model"),
    ("revision=' '", "revision"),
    ("method=[grpo]", "method"),
    ("method={a: 1}", "method"),
    ("ppo=false", "ppo"),
    ("evaluation.run_seed=" + "9" * 20, "evaluation.run_seed"),
    ("evaluation.sampling.temperature=0.001", "evaluation.sampling.temperature"),
    ("evaluation.sampling.temperature=1.0e+308", "evaluation.sampling.temperature"),
    ("evaluation.sampling.repetition_penalty=5.0e-324", "evaluation.sampling.repetition_penalty"),
    ("evaluation.sampling.stop_token_ids=[-1]", "evaluation.sampling.stop_token_ids"),
    ("evaluation.verify_timeout_s=5.0e-324", "evaluation.verify_timeout_s"),
    ("evaluation.beside=['']", "evaluation.beside"),
    ("checkpoints.full_states=" + "9" * 20, "checkpoints.full_states"),
    ("peft={inference_mode: true}", "peft.inference_mode"),
    ("peft={task_type: nosuch}", "peft.task_type"),
    ("peft={monteclora_config: {a: 1}}", "peft"),
    ("nosuch=1", "nosuch"),
    # fields of TRL's config class
    *(
        (f"trainer.{field}={value}", f"trainer.{field}")
        for field, values in {
            "learning_rate": ("-1e-6", ".nan", ".inf", "true", "fast", "null"),
            "per_device_train_batch_size": ("0", "-8", "true", "1.5", "99999999999999999999"),
            "gradient_accumulation_steps": ("0", "-1"),
            "num_generations": ("0", "1", "-8", "true", "null"),
            "max_completion_length": ("0", "-1", "true", "null"),
            "max_steps": ("0", "-2", "true", ".nan"),
            "num_train_epochs": ("0", "-1", ".inf", ".nan"),
            "save_steps": ("0", "-1", ".nan"),
            "temperature": ("0", "-1", ".inf", ".nan", "true"),
            "top_p": ("0", "1.5", ".nan"),
            "epsilon": ("-0.2", ".nan", ".inf"),
            "beta": ("-0.1", ".nan"),
            "max_grad_norm": ("-1", ".inf"),
            "weight_decay": ("-0.1", ".nan"),
            "warmup_steps": ("-1", ".nan"),
            "adam_beta1": ("1", "-0.1"),
            "adam_epsilon": ("0", ".nan", "1.0e-40"),
            "num_iterations": ("0", "true"),
            "loss_type": ("nosuch", "5", "''"),
            "accelerator_config": ("none.json", ".", "''", "{a: 1}"),
            "auto_find_batch_size": ("true",),
            "cache_implementation": ("nosuch",),
            "ddp_backend": ("gloo", "nosuch"),
            "deepspeed": ("none.json", ".", "1e400", "{a: 1}"),
            "gradient_checkpointing_kwargs": ("x", "''"),
            "ignore_data_skip": ("true",),
            "lr_scheduler_kwargs": ("x",),
            "neftune_noise_alpha": ("-1",),
            "optim_target_modules": ("[]", "''"),
            "top_entropy_quantile": ("0", "1.5"),
            "vllm_server_port": ("0", "70000"),
            "vllm_server_timeout": ("0",),
            "lr_scheduler_type": ("nosuch",),
            "save_strategy": ("sometimes",),
            "nosuch": ("1",),
            "output_dir": ("elsewhere",),
            "seed": ("1",),
        }.items()
        for value in values
    ),
]


@pytest.mark.parametrize(
    ("override", "key"), BAD_VALUES, ids=[ascii(value)[:80] for value, _ in BAD_VALUES]
)
def test_bad_value_of_a_recipe_is_named_by_its_key(
    override: str, key: str, command: Command
) -> None:
    command.write("recipe.yaml", RECIPE)
    assert key in command.refused("train", "recipe.yaml", override)


DISTILLATION = """\
model: embedded:countdown-base
method: sft
data: {problems: countdown-train}
distill:
  traces_per_problem: 2
  teacher: {type: endpoint, model: m, url: "http://localhost:9/v1"}
trainer: {use_cpu: true, bf16: false, max_steps: 1}
"""
BAD_DISTILLATIONS = {
    "run_seed": ("-1", "9" * 20, "true"),
    "traces_per_problem": ("0", "1048577", "null"),
    "select": ("[]", "x"),
    "select.per_problem": ("0", "9" * 20),
    "select.max_tokens": ("0", ".nan"),
    "select.ngram": ("0", "true"),
    "select.decontaminate": ("nosuch", "{limit: 1}", "5"),
    "teacher": ("nosuch", "[]", "null", "solver:nosuch", "5"),
    "teacher.type": ("nosuch", "[]"),
    "teacher.model": ("''", "[a]", "null", '"a\\nb"', '"\\ud800"'),
    "teacher.prompt": ("nosuch", "''"),
    "teacher.system": ("''", "x" * 200_001),
    "teacher.key_variable": ("''", "a-b", "null"),
    "teacher.concurrency": ("0", "9" * 20),
    "teacher.requests_per_minute": ("0", "5.0e-324", ".inf"),
    "teacher.attempts": ("0", "1025"),
    "teacher.backoff_s": ("0", "1.0e+308"),
    "teacher.timeout_s": ("0", ".nan", "5.0e-324"),
    "teacher.sampling": ("x", "{temperature: 0}"),
}


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key, values in BAD_DISTILLATIONS.items() for value in values],
    ids=lambda text: text[:30],
)
def test_bad_value_of_a_distillation_is_named_by_its_key(
    key: str, value: str, command: Command
) -> None:
    command.write("d.yaml", DISTILLATION)
    said = command.refused("distill", "d.yaml", f"distill.{key}={value}")
    assert f"distill.{key}" in said


# --- the file itself ----------------------------------------------------------------------------

BAD_YAML = {
    "not utf-8": b"name: \xff\n",
    "utf-16": "name: a\n".encode("utf-16"),
    "list": "- a\n",
    "text": "grpo\n",
    "empty": "",
    "tab": "a:\n\t- b\n",
    "unclosed": "a: [1\n",
    "key twice": "model: a\nmodel: b\n",
    "key twice inside": "trainer: {max_steps: 1, max_steps: 2}\n",
    "key yes": "on: yes\n",
    "key number": "1: a\n",
    "key null": "~: a\n",
    "key list": "[a]: b\n",
    "deep": "a: " + NESTED,
    "aliases that multiply": "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
    + "".join(
        f"{c}: &{c} [{','.join([f'*{b}'] * 10)}]\n"
        for b, c in zip("abcdefg", "bcdefgh", strict=True)
    ),
    "alias of itself": "a: &a [*a]\n",
    "python object": "a: !!python/object/apply:os.system [ls]\n",
    "bad date": "a: 2020-13-45\n",
    "control character": "a: \x07\n",
    "two documents": "a: 1\n---\nb: 2\n",
}


@pytest.mark.parametrize("content", BAD_YAML.values(), ids=BAD_YAML.keys())
@pytest.mark.parametrize("verb", ["train", "eval"])
def test_file_that_is_no_recipe_is_named(verb: str, content: str | bytes, command: Command) -> None:
    command.write("r.yaml", content)
    assert "r.yaml" in command.refused(verb, "r.yaml")


@pytest.mark.parametrize(
    "override", ["a", "=1", "trainer", "trainer.max_steps", "model.x=1", "a=[", "a={b: 1, b: 2}"]
)
def test_override_that_is_none_is_named(override: str, command: Command) -> None:
    command.write("r.yaml", RECIPE)
    assert override.partition("=")[0] in command.refused("train", "r.yaml", override)


# --- rows of a table ----------------------------------------------------------------------------

BAD_JSONL = {
    "not json": ("{", "line 1"),
    "not utf-8": (b'{"problem": "\xff"}', "line 1"),
    "half a pair": ('{"problem": ' + SURROGATE + ', "n": 1, "c": 1}', "line 1"),
    "half a pair as a key": ("{" + SURROGATE + ": 1}", "line 1"),
    "list": ("[1]", "line 1"),
    "number": ("5", "line 1"),
    "null": ("null", "line 1"),
    "deep": (NESTED, "line 1"),
    "deep but closed": ('{"n":' + "[" * 500 + "]" * 500 + "}", "line 1"),
    "key twice": ('{"problem": "a", "n": 4, "n": 8, "c": 1}', "line 1"),
    "key twice within": ('{"problem": "a", "n": 4, "c": 1, "more": {"a": 1, "a": 1}}', "line 1"),
    "long number": ('{"problem": "a", "n": ' + "9" * 5000 + ', "c": 1}', "line 1"),
    "second line": ('{"problem": "a", "n": 1, "c": 1}\n{', "line 2"),
}
BAD_COUNTS = {
    **BAD_JSONL,
    "twenty digits": ('{"problem": "a", "n": 99999999999999999999, "c": 1}', "line 1"),
    "text of twenty digits": ('{"problem": "a", "n": "99999999999999999999", "c": 1}', "line 1"),
    "superscript": ('{"problem": "a", "n": "\u00b2", "c": 1}', "line 1"),
    "bool": ('{"problem": "a", "n": true, "c": 1}', "line 1"),
    "infinite": ('{"problem": "a", "n": 1e999, "c": 1}', "line 1"),
    "c above n": ('{"problem": "a", "n": 1, "c": 2}', "line 1"),
    "n of 0": ('{"problem": "a", "n": 0, "c": 0}', "line 1"),
    "negative": ('{"problem": "a", "n": -4, "c": 0}', "line 1"),
    "negative step": ('{"problem": "a", "n": 4, "c": 0, "step": -1}', "line 1"),
    "no problem": ('{"n": 4, "c": 0}', "line 1"),
    "list for n": ('{"problem": "a", "n": [4], "c": 0}', "line 1"),
    "strange row": ('{"x": 1}', "line 1"),
    "empty": ("", "no row"),
    "list for a verdict": ('{"problem": "a", "verdict": {}}', "line 1"),
    "reward": ('{"problem": "a", "verdict": 0.5}', "line 1"),
    "resps": ('{"doc_id": 1, "resps": 5, "target": "1"}', "line 1"),
    "resps of resps": ('{"doc_id": 1, "resps": [5], "target": "1"}', "line 1"),
    "object for a problem": ('{"problem": {}, "verdict": true}', "line 1"),
}


@pytest.mark.parametrize(("content", "told"), BAD_COUNTS.values(), ids=BAD_COUNTS.keys())
def test_file_of_outcomes_that_cannot_be_read_is_located(
    content: str | bytes, told: str, command: Command
) -> None:
    command.write("o.jsonl", content)
    said = command.refused("import", "o.jsonl", "--out", "run", "--benchmark", "mine")
    assert "o.jsonl" in said
    assert told in said


BAD_CSV = {
    "not utf-8": b"problem,n,c\n\xff,1,1\n",
    "column twice": "problem,n,n\na,1,1\n",
    "too many values": "problem,n,c\na,1,1,1\n",
    "too few": "problem,n,c\na,1\n",
    "open quote": 'problem,n,c\n"a,1,1\n',
    "nul": b"problem,n,c\na\x00b,1,x\n",
    "other columns": "x,y\n1,2\n",
    "words": "problem,n,c\na,four,1\n",
}


@pytest.mark.parametrize("content", BAD_CSV.values(), ids=BAD_CSV.keys())
def test_csv_of_outcomes_that_cannot_be_read_is_located(
    content: str | bytes, command: Command
) -> None:
    command.write("o.csv", content)
    said = command.refused("import", "o.csv", "--out", "run", "--benchmark", "mine")
    assert "o.csv" in said


@pytest.mark.parametrize("name", ["o.parquet", "o.xml", "o", "o.json", "none.csv", "folder.csv"])
def test_file_of_another_kind_is_named(name: str, command: Command) -> None:
    if name == "folder.csv":
        (command.folder / name).mkdir()
    elif name != "none.csv":
        command.write(name, b"PAR1 none of these")
    assert name in command.refused("import", name, "--out", "run", "--benchmark", "mine")


def test_equal_faults_are_told_once_with_their_count(command: Command) -> None:
    command.write("o.jsonl", "{\n" * 5000)
    said = command.refused("import", "o.jsonl", "--out", "run", "--benchmark", "mine")
    assert "and 4997 more" in said


PROBLEM_FILES = {
    **{name: case for name, case in BAD_JSONL.items() if name != "second line"},
    "another set's columns": ('{"x": 1}', "row 0"),
    "no question": ('{"problem": null, "answer": "1"}', ""),
}


@pytest.mark.parametrize(("content", "told"), PROBLEM_FILES.values(), ids=PROBLEM_FILES.keys())
def test_file_of_problems_that_cannot_be_read_is_located(
    content: str | bytes, told: str, command: Command
) -> None:
    command.write("recipe.yaml", RECIPE)
    command.write("p.jsonl", content)
    said = command.refused("train", "recipe.yaml", "data.problems={name: math500, path: p.jsonl}")
    assert "p.jsonl" in said
    assert told in said


SFT = """\
model: embedded:countdown-base
method: sft
data: {demonstrations: {path: d.jsonl}}
trainer: {use_cpu: true, bf16: false, max_steps: 1}
"""
DEMONSTRATIONS = {
    **{name: content for name, (content, _) in BAD_JSONL.items() if "surrog" not in name},
    "no completion": '{"prompt": "a"}',
    "number": '{"prompt": "a", "completion": 5}',
    "list": '{"prompt": "a", "completion": ["b"]}',
    "null": '{"prompt": "a", "completion": null}\n{"prompt": "a", "completion": "b"}',
    "types that change": '{"prompt": "a", "completion": "b"}\n{"prompt": "a", "completion": {}}',
}


@pytest.mark.parametrize("content", DEMONSTRATIONS.values(), ids=DEMONSTRATIONS.keys())
def test_file_of_demonstrations_that_cannot_be_read_is_named(
    content: str | bytes, command: Command
) -> None:
    command.write("r.yaml", SFT)
    command.write("d.jsonl", content)
    assert "d.jsonl" in command.refused("train", "r.yaml")


@pytest.mark.parametrize(("content", "told"), BAD_JSONL.values(), ids=BAD_JSONL.keys())
def test_broken_line_is_left_out_and_the_rest_is_graded(
    content: str | bytes, told: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    command.write("c.jsonl", data + b'\n{"id": 9, "gold": "7", "completion": "\\\\boxed{7}"}\n')
    assert main(["grade", "c.jsonl", "--task", "math"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "correct"
    assert told in err


def test_grading_tells_the_first_broken_lines_and_counts_all(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.write("c.jsonl", "{\n" * 5000)
    assert main(["grade", "c.jsonl", "--task", "math"]) == 1
    err = capsys.readouterr().err
    assert "5000 lines left out" in err
    assert len(err.splitlines()) <= MOST_LINES


# --- arguments ----------------------------------------------------------------------------------

BAD_ARGUMENTS = [
    (("report", "none"), "none"),
    (("compare", "none"), "none"),
    (("show", "none", "p"), "none"),
    (("show", "none", "p", "--draws", "0"), "'0'"),
    (("show", "none", "p", "--draws", "1e9"), "1e9"),
    (("compare", "a", "--step", "-1"), "-1"),
    (("eval", "none"), "none"),
    (("eval", "none", "--processes", "0"), "'0'"),
    (("eval", "none", "--processes", "99999999999999999999"), "99999999999999999999"),
    (("eval", "none", "--probe", "temperature", "--temperatures", "0,nan"), "0,nan"),
    (("eval", "none", "--probe", "temperature", "--temperatures", "a"), "'a'"),
    (("eval", "none", "--probe", "nosuch"), "nosuch"),
    (("eval", "--model", "./none", "--out", "o", "--benchmark", "countdown-test"), "none"),
    (
        ("eval", "--model", "embedded:countdown-base", "--benchmark", "nosuch", "--out", "o"),
        "nosuch",
    ),
    (("marks", "none"), "none"),
    (("marks", ".", os.devnull), os.devnull),
    (("train", "none.yaml"), "none.yaml"),
    (("distill", "none.yaml"), "none.yaml"),
    (("grade", "none.jsonl", "--task", "math"), "none.jsonl"),
    (("grade", "-", "--task", "nosuch"), "nosuch"),
    (("grade", "-", "--task", "math", "--prompt", "nosuch"), "nosuch"),
    (("import", "none.csv", "--out", "run"), "none.csv"),
    (("import", "none.csv", "--out", "run", "--step", "-1"), "-1"),
    (("import", "none.csv", "--out", ""), "--out"),
    (("import", "none.csv", "--out", "a\nb"), "--out"),
    (("import", "none.csv", "--out", "\udcff"), "--out"),
    (("train", "none.yaml", "--runs", " "), "--runs"),
    (("grade", "-", "--task", "math", "--task", "code"), "--task"),
    (("compare", "a", "--step", "1", "--step=2"), "--step"),
    (("eval", ".", "--watch", "--regrade"), "--regrade"),
    (("doctor", "--size", "tiny"), "--run"),
    (("doctor", "--keep", "kept"), "--run"),
    (("nosuch",), "nosuch"),
    ((), "VERB"),
]


@pytest.mark.parametrize(
    ("arguments", "named"), BAD_ARGUMENTS, ids=[" ".join(a) for a, _ in BAD_ARGUMENTS]
)
def test_bad_argument_is_named(arguments: tuple[str, ...], named: str, command: Command) -> None:
    assert named in command.refused(*arguments)


@pytest.mark.parametrize(
    "override",
    [
        "model=https://user:{}@host/x",
        "data.problems={{name: gsm8k, path: 'https://user:{}@host/x.jsonl'}}",
        "evaluation.beside=['https://user:{}@host/x']",
        "rewards.own=['https://user:{}@host/x:f']",
        "trainer.vllm_server_host=user:{}@host",
        "trainer.run_name=ftp://user:{}@host",
        "trainer.generation_kwargs={{api_key: {}}}",
    ],
)
@pytest.mark.parametrize("verb", ["train", "plan"])
def test_secret_in_a_recipe_is_refused_and_never_repeated(
    verb: str, override: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.write("recipe.yaml", RECIPE)
    assert main([verb, "recipe.yaml", override.format("s3cr3tpassword")]) != 0
    said = capsys.readouterr()
    assert "s3cr3tpassword" not in said.out + said.err
    assert [path.name for path in command.folder.iterdir()] == ["recipe.yaml"]


# --- files and folders that are something else --------------------------------------------------

STRANGE_PLACES = ["loop", "pipe", "dangling", "file/below", "nosuch\nname", "n" * 300, "\udcff"]
VERBS_OF_A_PLACE = [
    ("report", "PLACE"),
    ("compare", "PLACE"),
    ("show", "PLACE", "p"),
    ("marks", "PLACE"),
    ("eval", "PLACE"),
    ("eval", "PLACE", "--watch"),
    ("train", "PLACE"),
    ("distill", "PLACE"),
    ("plan", "PLACE"),
    ("plan", "recipe.yaml", "--launch", "PLACE"),
    ("grade", "PLACE", "--task", "math"),
    ("grade", "file", "--task", "PLACE:f"),
    ("import", "PLACE", "--out", "run", "--benchmark", "mine"),
    ("import", "file", "--out", "run", "--benchmark", "math500=PLACE"),
    ("doctor", "--run", "--only", "nosuch", "--keep", "PLACE"),
]


@pytest.mark.parametrize("verb", VERBS_OF_A_PLACE, ids=" ".join)
def test_place_that_is_something_else_is_refused_by_every_verb(
    verb: tuple[str, ...], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.write("recipe.yaml", RECIPE)
    command.write("file", '{"problem": "a", "gold": "1", "completion": "b"}\n')
    (command.folder / "loop").symlink_to("loop")
    (command.folder / "dangling").symlink_to("nowhere")
    os.mkfifo(command.folder / "pipe")
    for place in STRANGE_PLACES:
        command.refused(*(word.replace("PLACE", place) for word in verb))


def test_place_where_nothing_can_be_created_is_refused(command: Command) -> None:
    command.write("counts.jsonl", '{"problem": "a", "n": 4, "c": 1}\n')
    command.write("recipe.yaml", RECIPE)
    for verb in (
        ("import", "counts.jsonl", "--out", "/proc/nosuch"),
        ("train", "recipe.yaml", "--runs", "/proc/nosuch"),
    ):
        assert "/proc/nosuch" in command.refused(*verb)


def test_plan_tells_what_is_wrong_with_the_problems(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.write("recipe.yaml", RECIPE)
    command.write("p.jsonl", b"\0\0")
    told = "{name: mine, path: p.jsonl, columns: {question: q, gold: a}, verifier: math}"
    assert main(["plan", "recipe.yaml", f"data.problems={told}"]) == 1
    said = capsys.readouterr().out
    assert "fault: data.problems: p.jsonl" in said
    assert "it cannot start as it is" in said


# --- what must be taken -------------------------------------------------------------------------


def test_table_is_large_enough() -> None:
    kinds = (BAD_VALUES, [*BAD_YAML] * 2, BAD_COUNTS, BAD_CSV, PROBLEM_FILES, BAD_ARGUMENTS)
    assert sum(map(len, kinds)) + len(DEMONSTRATIONS) >= 200


def test_byte_order_mark_line_separators_and_windows_line_ends_are_no_faults(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    row = json.dumps({"problem": "a\u2028b\U0001f600", "n": 4, "c": 1}, ensure_ascii=False)
    command.write("o.jsonl", "\ufeff" + row + "\r\n\r\n")
    assert main(["import", "o.jsonl", "--out", "run", "--benchmark", "mine"]) == 0
    assert "1" in capsys.readouterr().err
