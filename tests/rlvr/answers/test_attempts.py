"""One verdict on what a model says, whichever way it comes to its verifier."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import GPT2Config, PreTrainedTokenizerFast

from rlvr import verifiers
from rlvr.answers import attempts
from rlvr.core.records import Completion, Problem
from rlvr.distill.stages.verify import trace_attempt
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tasks.grade import grade
from rlvr.training.checks.settings import training_arguments
from rlvr.training.methods import registry
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.task import Task
from rlvr_eval.draw.verify_completions import verify
from tests.rlvr import chatml
from tests.rlvr.chatml import SAID, Said
from tests.rlvr.training.known_batch import raw_recipe

VERIFIER = verifiers.get("math")
PROBLEM = Problem("known/1", "6*7?", chatml.GOLD)

WORDS = chatml.tokenizer()


def ends(template: str, words: PreTrainedTokenizerFast = WORDS) -> attempts.Ends:
    return attempts.ends_of(template, words, {int(words.eos_token_id)})


def in_training(said: Said, folder: Path) -> str:
    """As TRL hands completions over: all tokens up to an end that it knows, and their text."""
    rows = folder / "rows.jsonl"
    rows.write_text(json.dumps({"question": "6*7?", "answer": f"#### {chatml.GOLD}"}) + "\n")
    data = {"problems": {"name": "gsm8k", "path": str(rows)}, "prompt": said.template}
    recipe = recipes.parse(raw_recipe("grpo") | {"data": data}, source="test")
    run = Run(folder / "unused")
    args = training_arguments(recipe, registry.get("grpo"), run, source="test")
    model: Any = SimpleNamespace(config=GPT2Config())
    task = Task(Job(recipe, run, args, model, WORDS))
    ids = said.ids(WORDS)
    text = WORDS.decode(ids, skip_special_tokens=True)
    noted: dict[str, float] = {}
    task.correctness([text], [ids], [0], noted.__setitem__)
    (outcome,) = (name for name, share in noted.items() if share)
    return outcome.removeprefix("verdicts/")


def in_evaluation(said: Said, _: Path) -> str:
    """As a draw was stored that went on behind its end; engines stop there today."""
    ids = said.ids(WORDS)
    text = WORDS.decode(ids, skip_special_tokens=True)
    own_end = ids[-1] == WORDS.eos_token_id
    drawn = Completion(PROBLEM.id, 0, text, "stop" if own_end else "length", tuple(ids))
    found = verify(VERIFIER, [drawn], {PROBLEM.id: PROBLEM}, ends(said.template), timeout_s=10)
    return found[0].outcome


def in_distillation(said: Said, _: Path) -> str:
    """As a teacher's trace that was read from elsewhere, with its special tokens."""
    ids = said.ids(WORDS)
    reason = "length" if len(ids) == chatml.BUDGET else "stop"
    row = {"problem_id": PROBLEM.id, "text": WORDS.decode(ids), "finish_reason": reason}
    tried = trace_attempt(row, {PROBLEM.id: PROBLEM}, attempts.Ends(said.template))
    return VERIFIER.verify([tried], timeout_s=10)[0].outcome


def by_rlvr_grade(said: Said, _: Path) -> str:
    ids = said.ids(WORDS)
    line = {"id": 1, "gold": chatml.GOLD, "completion": WORDS.decode(ids)}
    out, log = io.StringIO(), io.StringIO()
    truncated = len(ids) == chatml.BUDGET
    grade([json.dumps(line | {"truncated": truncated})], "math", out, log, template=said.template)
    return str(json.loads(out.getvalue())["verdict"])


@pytest.mark.parametrize("way", [in_training, in_evaluation, in_distillation, by_rlvr_grade])
@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_completion_has_one_verdict_in_every_way(said: Said, way: Any, tmp_path: Path) -> None:
    assert way(said, tmp_path) == said.verdict


def test_a_templates_markers_are_tokens_where_the_tokenizer_has_them() -> None:
    turn, turn_end = WORDS.convert_tokens_to_ids([chatml.TURN, chatml.TURN_END])
    assert ends("qwen-boxed").of_template == {turn, turn_end}
    assert ends("qwen-boxed").of_model == {WORDS.eos_token_id}
    # a model whose own files name them needs no further ones
    own = attempts.ends_of("qwen-boxed", WORDS, {WORDS.eos_token_id, turn, turn_end})
    assert not own.of_template


@pytest.mark.parametrize(
    "template", ["{{ messages[1].content + 1 }}", "{{ 1 / 0 }}", "{% if %}", {"rag": "", "x": ""}]
)
def test_a_chat_template_that_takes_no_assistants_turn_names_no_end(template: Any) -> None:
    words = chatml.tokenizer()
    words.chat_template = template
    assert attempts.ends_of("chat", words, {words.eos_token_id}).further_marker == ""


def test_a_chat_template_names_the_end_of_its_turn() -> None:
    """One that no list of ours has."""
    words = chatml.tokenizer()
    words.add_special_tokens({"additional_special_tokens": [chatml.TURN, "<bye>"]})
    words.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}<bye>\n{% endfor %}"
    bye = words.convert_tokens_to_ids("<bye>")
    found = attempts.ends_of("chat", words, {words.eos_token_id})
    assert bye in found.of_template
    ids = words("\\boxed{42}<bye> \\boxed{2}").input_ids
    text = words.decode(ids, skip_special_tokens=True)
    tried = attempts.attempt(PROBLEM, text, found, ran_out=True, ids=ids)
    assert (tried.completion, tried.truncated) == ("\\boxed{42}", False)
    assert bye not in attempts.ends_of("plain", words, {words.eos_token_id}).of_template


def test_an_end_that_is_no_special_token_is_not_part_of_the_answer() -> None:
    """Decoding drops special tokens alone; a model's files may name any as its end."""
    dot = WORDS.convert_tokens_to_ids(".")
    ends = attempts.Ends("plain", frozenset({dot}), tokenizer=WORDS)
    ids = WORDS("42.").input_ids
    assert attempts.attempt(PROBLEM, "42.", ends, ran_out=True, ids=ids).completion == "42"


def test_a_completion_without_tokens_is_one_that_ran_out() -> None:
    tried = attempts.attempt(PROBLEM, "", ends("qwen-boxed"), ran_out=True)
    assert (tried.completion, tried.truncated) == ("", True)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer>4</answer> User: and 2+3?", "<answer>4</answer> "),
        ("<answer>4</answer>User: and 2+3?", "<answer>4</answer>"),
        ("<answer>4</answer>\n\n  User: and 2+3?", "<answer>4</answer>\n\n"),
        ("It is 4. User: and 2+3?", "It is 4. "),
        ("It is 4 User: and 2+3?\nAssistant: 5", "It is 4 "),
        ("User: and 2+3?", ""),
        ("print 'User:' first", None),
        ("what the User: said is\n4", None),
        ("the User: of\nan Assistant: is", None),
        ("SuperUser: 4", None),
    ],
)
def test_user_ends_an_answer_where_the_template_would_write_it(
    text: str, answer: str | None
) -> None:
    assert attempts.cut(text, "verl-think") == (text if answer is None else answer)
    assert attempts.cut(text, "qwen-boxed") == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("x = 1\n```\nThis sets x.", "x = 1"),
        ("x = 1\n```", "x = 1"),
        ("x = 1\r\n``` \r\nThis sets x.", "x = 1\r"),
        ('def f():\n    """\n    ```\n    f()\n    ```\n    """\n', None),
        ("x = '```'\n", None),
        ("s = 1\n```python\nx = 1\n", None),
    ],
)
@pytest.mark.parametrize("template", ["evalplus", "livecodebench"])
def test_a_code_block_ends_with_a_fence_alone_on_its_line(
    text: str, answer: str | None, template: str
) -> None:
    assert attempts.cut(text, template) == (text if answer is None else answer)


def test_verdicts_are_named_by_the_rule_only_where_it_can_matter() -> None:
    assert attempts.verdict_version("math@1", ends("qwen-boxed")) == "math@1+answers2"
    assert attempts.verdict_version("math@1", attempts.Ends("verl-think")) == "math@1+answers2"
    assert attempts.verdict_version("math@1", attempts.Ends("qwen-boxed")) == "math@1"
    assert attempts.verifier_version("math@1+answers2") == attempts.verifier_version("math@1")


@pytest.mark.parametrize("marker", ["<|im_end|>", "<|endoftext|>", "<|im_end|>\n<|im_start|>user"])
@pytest.mark.parametrize("template", ["evalplus", "livecodebench"])
def test_a_fence_before_an_end_marker_closes_in_text_as_in_tokens(
    template: str, marker: str
) -> None:
    assert attempts.cut(f"print(1)\n```{marker}", template) == "print(1)"
    assert attempts.cut("print(1)\n```", template) == "print(1)"
