"""An endpoint as a teacher, against a real server that fails and rate-limits on purpose."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.errors import UserError
from rlvr.distill.pipeline import prepare
from rlvr.distill.stages.teacher import collect
from rlvr.distill.teachers.endpoint import read_choice, wire_parameters
from rlvr.distill.teachers.http_retry import Refused
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import SamplingParams
from tests.rlvr.distill import recipes_for_tests as small
from tests.rlvr.distill.openai_server import GARBAGE, HANG_UP, Fault, OpenAIServer, plan, serving


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as started:
        yield started


def recipe(server: OpenAIServer, *, problems: int = 6, **settings: Any) -> Recipe:
    teacher = small.endpoint(server.url, **settings)
    return small.recipe(teacher, problems=problems, traces_per_problem=2)


def test_every_kind_of_passing_failure_is_tried_again(server: OpenAIServer, tmp_path: Path) -> None:
    statuses: list[int | str] = [429, 500, 502, 503, 408, GARBAGE, HANG_UP]
    server.faults = {2 * at: Fault(status) for at, status in enumerate(statuses)}
    collect(recipe(server), small.folder(tmp_path))
    assert len(small.traces(small.folder(tmp_path))) == 12
    assert len(server.bodies) == 12 + len(statuses)


def test_traces_are_those_of_their_prompts_and_seeds(server: OpenAIServer, tmp_path: Path) -> None:
    folder = small.folder(tmp_path)
    collect(recipe(server), folder)
    problems = folder.problems()
    asked = {body["messages"][-1]["content"]: set[int]() for body in server.bodies}
    for body in server.bodies:
        asked[body["messages"][-1]["content"]].add(body["seed"])
    for (name, index), text in small.traces(folder).items():
        question = problems[name].question
        base = min(asked[question])
        assert asked[question] == {base, base + 1}
        assert text == plan(question, base + index)


def test_retry_after_holds_back_every_request(server: OpenAIServer, tmp_path: Path) -> None:
    server.faults = {0: Fault(429, {"Retry-After": "0.6"})}
    collect(recipe(server, concurrency=1), small.folder(tmp_path))
    assert server.times[1] - server.times[0] >= 0.6
    assert len(small.traces(small.folder(tmp_path))) == 12


def test_no_more_requests_are_under_way_than_allowed(server: OpenAIServer, tmp_path: Path) -> None:
    server.delay_s = 0.02
    collect(recipe(server, concurrency=3), small.folder(tmp_path))
    assert 1 < server.most_under_way <= 3


def test_server_that_breaks_down_ends_the_run_and_what_came_is_kept(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.faults = {at: Fault(503) for at in range(5, 100)}
    folder = small.folder(tmp_path)
    with pytest.raises(UserError, match=r"4 attempts failed, the last one with: HTTP 503 fault"):
        collect(recipe(server), folder)
    kept = small.traces(folder)
    assert len(kept) == 5
    server.faults = {}
    collect(recipe(server), folder)
    assert len(small.traces(folder)) == 12
    assert kept.items() <= small.traces(folder).items()
    assert set(server.answered.values()) == {1}


def test_wrong_key_ends_at_once_with_the_servers_words(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.always = Fault(401)
    with pytest.raises(UserError, match=r"HTTP 401 fault 401; check distill\.teacher\.url"):
        collect(recipe(server, concurrency=1), small.folder(tmp_path))
    assert len(server.bodies) == 1


def test_address_where_nobody_listens_is_told(tmp_path: Path) -> None:
    with serving() as gone:
        teacher = small.endpoint(gone.url, attempts=2)
    recipe = small.recipe(teacher, problems=2)
    with pytest.raises(UserError, match=r"2 attempts failed, the last one with: no reply"):
        collect(recipe, small.folder(tmp_path))


def test_refused_prompt_is_left_out_and_asked_again_the_next_time(
    server: OpenAIServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = small.folder(tmp_path)
    collect(recipe(server, problems=1), folder)
    first = next(iter(folder.problems().values()))
    folder.traces.path.unlink()
    server.refuses = first.question
    collect(recipe(server), folder)
    assert {name for name, _ in small.traces(folder)} == set(folder.problems()) - {first.id}
    assert "2 traces were refused and left out; the last with: HTTP 400" in caplog.text
    server.refuses = None
    collect(recipe(server), folder)
    assert len(small.traces(folder)) == 12


def test_server_that_refuses_everything_is_not_asked_everything(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.always = Fault(400)
    with pytest.raises(UserError, match="refuses every request, the last one with: HTTP 400"):
        collect(recipe(server, problems=50, concurrency=2), small.folder(tmp_path))
    assert len(server.bodies) <= 5


def test_prompt_template_goes_to_completions_and_chat_to_chat(
    server: OpenAIServer, tmp_path: Path
) -> None:
    collect(recipe(server, prompt="plain", problems=1), small.folder(tmp_path / "a"))
    assert {"prompt", "seed", "model", "temperature", "top_p", "max_tokens"} == set(
        server.bodies[0]
    )
    asked = recipe(server, problems=1, system="Be brief.", instruction="Only steps.")
    collect(asked, small.folder(tmp_path / "b"))
    question = next(iter(small.folder(tmp_path / "b").problems().values())).question
    assert server.bodies[-1]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"{question}\nOnly steps."},
    ]


def test_key_is_sent_and_never_written_down(
    server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "TEACHER_KEY", "sk-secret")
    run = Run(tmp_path / "distilled")
    prepare(recipe(server, problems=2, key_variable="TEACHER_KEY"), run)
    assert server.keys == {"Bearer sk-secret"}
    files = [path for path in run.path.rglob("*") if path.is_file()]
    assert files
    assert not any(b"sk-secret" in path.read_bytes() for path in files)


def test_parameters_that_say_nothing_are_not_sent() -> None:
    assert wire_parameters(SamplingParams(max_completion_tokens=7)) == {
        "temperature": 0.6,
        "top_p": 0.95,
        "max_tokens": 7,
    }
    given = SamplingParams(top_k=20, min_p=0.1, stop=("END",))
    assert {"top_k": 20, "min_p": 0.1, "stop": ["END"]}.items() <= wire_parameters(given).items()


def test_reasoning_that_was_taken_apart_is_put_back_before_its_answer() -> None:
    message = {"content": "It is 5.", "reasoning_content": "2 and 3"}
    reply = {"choices": [{"finish_reason": "length", "message": message}]}
    assert read_choice(reply) == ("<think>\n2 and 3\n</think>\n\nIt is 5.", "length")


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"choices": []},
        {"choices": [{"finish_reason": "content_filter", "text": "no"}]},
        {"choices": [{"text": "no reason"}]},
    ],
)
def test_reply_without_a_whole_answer_is_no_trace(reply: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        read_choice(reply)
