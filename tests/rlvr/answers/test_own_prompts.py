"""A user's own prompts: text, files, system prompts, options of chat templates, marked answers."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer

from rlvr import verifiers
from rlvr.answers import attempts, prompt_spec, prompts
from rlvr.core.errors import UserError
from rlvr.core.records import Outcome, Problem
from rlvr.tiny.model import BASE

PROBLEM = Problem("mine/0", "3 + 4", "7")
THINKING = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if enable_thinking %}think{% else %}answer{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    loaded = AutoTokenizer.from_pretrained(BASE)
    loaded.chat_template = THINKING
    return loaded


def test_text_and_a_file_of_the_same_text_are_one_prompt(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("Q: {question}\nA: {}")
    from_file, from_text = prompts.canonical(str(file)), prompts.canonical("Q: {question}\nA: {}")
    assert from_file == from_text == prompts.canonical(from_text)
    assert prompts.canonical({"file": str(file)}) == from_text
    assert prompts.render(from_text, PROBLEM) == "Q: 3 + 4\nA: {}"
    assert prompts.key_name(from_text, None) == from_text


@pytest.mark.parametrize("name", prompts.NAMES)
def test_registered_names_stay_what_they_are(name: str, tokenizer: Any) -> None:
    assert prompts.canonical(name) == name
    assert prompts.key_name(name, tokenizer if prompts.is_chat(name) else None) == (
        prompts.chat_name(tokenizer) if name == "chat" else name
    )


def test_system_prompt_and_options_reach_the_chat_template_and_the_key(tokenizer: Any) -> None:
    given = {"system": "Be brief.", "chat_template_kwargs": {"enable_thinking": True}}
    prompt = prompts.canonical(given)
    assert prompts.is_chat(prompt)
    rendered = prompts.render(prompt, PROBLEM, tokenizer)
    assert rendered == "system: Be brief.\nuser: 3 + 4\nthink"
    assert isinstance(rendered, prompts.ChatText)
    key = prompts.key_name(prompt, tokenizer)
    assert json.loads(key) == given | {"name": prompts.chat_name(tokenizer)}
    # what a key says is enough to render it again
    assert prompts.render(key, PROBLEM, tokenizer) == rendered
    assert prompt_spec.shown(key).startswith("chat@")
    other = SimpleNamespace(chat_template="x", special_tokens_map={})
    other.get_chat_template = lambda: "x {{ messages }}"
    with pytest.raises(UserError, match="another chat template"):
        prompts.render(key, PROBLEM, other)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"chat_template_kwargs": {"enable_thinkin": False}}, "reads no such option"),
        ({"system": "Be brief.", "chat_template_kwargs": {}}, "leaves the system prompt out"),
    ],
)
def test_what_the_chat_template_does_not_read_is_refused(
    given: dict[str, Any], named: str, tokenizer: Any
) -> None:
    deaf = SimpleNamespace(chat_template="x", special_tokens_map={})
    deaf.get_chat_template = lambda: "x"
    deaf.apply_chat_template = lambda turns, **_: turns[-1]["content"]
    with pytest.raises(UserError, match=named):
        prompts.render(prompts.canonical(given), PROBLEM, deaf)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("Solve the problem.", "has no {question}"),
        ("{question} and {question}", "has {question} 2 times"),
        ("absent.txt", "no such file"),
        ({"text": "no place"}, "has {question} 0 times"),
        ({"text": "{question}", "name": "plain"}, "one of name, text and file"),
        ({"text": "{question}", "file": "a.txt"}, "one of name, text and file"),
        ({"text": "{question}", "system": "x"}, "prompt.system needs name: chat"),
        ({"name": "plain", "chat_template_kwargs": {"a": 1}}, "needs name: chat"),
        ({"chat_template_kwargs": {"tokenize": True}}, "tokenize cannot be set"),
        ({"chat_template_kwargs": [1]}, "expected a mapping"),
        ({"answer": "last"}, "there is no 'last'; write line or marked"),
        ({"txt": "{question}"}, "unknown key 'txt'"),
        ({"text": 3}, "prompt.text: expected text"),
    ],
)
def test_prompt_that_is_wrong_is_refused(given: Any, named: str) -> None:
    with pytest.raises(UserError) as refused:
        prompts.canonical(given)
    assert named in str(refused.value)


def test_unknown_name_lists_the_names_and_the_other_ways() -> None:
    assert prompts.canonical("qwen-boxd") == "qwen-boxd"
    with pytest.raises(UserError, match=r"'qwen-boxd'.*qwen-boxed.*or text with {question}"):
        prompts.get("qwen-boxd")


@pytest.mark.parametrize(
    ("completion", "outcome", "answer"),
    [
        ("So it is seven.\nAnswer: 7", Outcome.CORRECT, "7"),
        ("Answer: 6\nWait.\n**Answer:** $7$", Outcome.CORRECT, "7"),
        ("Answer: \\boxed{7}.", Outcome.CORRECT, "7"),
        ("\\boxed{7}\nAnswer: 8", Outcome.WRONG, "8"),
        ("It is \\boxed{7}", Outcome.NO_ANSWER, None),
        ("The answer: 7", Outcome.NO_ANSWER, None),
        ("Answer:", Outcome.NO_ANSWER, None),
    ],
)
@pytest.mark.parametrize("prompt", ["dapo", '{"answer": "line", "text": "{question}"}'])
def test_prompt_can_ask_for_the_answer_in_a_line(
    prompt: str, completion: str, outcome: Outcome, answer: str | None
) -> None:
    attempt = attempts.attempt(PROBLEM, completion, attempts.Ends(prompt), ran_out=False)
    (verdict,) = verifiers.get("math").verify([attempt], timeout_s=30)
    assert (verdict.outcome, verdict.answer) == (outcome, answer)
