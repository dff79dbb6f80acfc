"""The report as a file: self-contained, within its size, and no way in for a hostile completion."""

import json
import re
from base64 import b64decode
from hashlib import sha256
from importlib import resources
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.core.per_cent import per_cent
from rlvr_eval.report.html import (
    CHARACTERS_PER_COMPLETION,
    EXAMPLE_BYTES,
    Example,
    ProblemExamples,
    json_for_html,
    render,
)
from rlvr_eval.report.page_data import compact, rounded
from rlvr_eval.report.svg import curves_svg
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import fixed, run


def one(text: str, *, question: str = "q", gold: str = "g") -> ProblemExamples:
    return ProblemExamples(question, gold, [Example("base", 0, 0, "correct", text)])


def data_of(html: str) -> Json:
    found = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', html)
    assert found is not None
    data: Json = json.loads(found[1])
    return data


def script_of(html: str) -> str:
    return html.rpartition("<script>")[2].partition("</script>")[0]


@pytest.fixture(scope="module")
def summary() -> Json:
    return summarise(run(), {"name": "r"})


def test_the_file_asks_for_nothing_from_elsewhere(summary: Json) -> None:
    html = render(summary, {})
    addresses = set(re.findall(r"\b(?:https?|ftp|wss?)://[^\s\"'`)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in html
    assert not re.search(r"<(?:link|script|img)[^>]*(?:src|href)=\"(?!data:)", html)


def test_the_policy_admits_the_one_script_and_no_other(summary: Json) -> None:
    html = render(summary, {})
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    (named,) = re.findall(r"'sha256-([^']+)'", policy)
    assert b64decode(named) == sha256(script_of(html).encode()).digest()


def test_every_script_of_the_page_is_put_in(summary: Json) -> None:
    page = resources.files("rlvr_eval") / "report" / "page"
    scripts = {entry.name for entry in page.iterdir() if entry.name.endswith(".js")}
    put_in = re.findall(r'^modules\["([^"]+)"\] =', script_of(render(summary, {})), re.MULTILINE)
    assert sorted(put_in) == sorted(scripts)


@settings(deadline=None)
@given(st.text())
def test_json_cannot_leave_its_element_and_reads_back_as_it_was(text: str) -> None:
    written = json_for_html({"text": text})
    assert "<" not in written
    assert "\u2028" not in written
    assert "\u2029" not in written
    assert json.loads(written) == {"text": text}


def test_text_that_has_no_utf_8_is_carried_all_the_same(summary: Json) -> None:
    html = render(summary, {"countdown/0": one("half a pair: \ud83d")})
    html.encode("utf-8")
    assert data_of(html)["examples"]["countdown/0"]["completions"][0]["text"].startswith("half")


def test_hostile_text_is_nowhere_in_the_file_as_markup(summary: Json) -> None:
    attack = "</script><script>owned()</script><!--<img src=x onerror=owned()>"
    html = render(
        {**summary, "run": {"name": attack}, "warnings": [attack]},
        {"countdown/0": one(attack, question=attack, gold=attack), attack: one("x")},
    )
    assert "owned()</script>" not in html
    assert "<img" not in html
    assert html.count("</script>") == 2


def test_placeholders_in_a_completion_are_left_alone(summary: Json) -> None:
    html = render(summary, {"countdown/0": one("{{script}} {{data}} {{title}}")})
    assert data_of(html)["examples"]["countdown/0"]["completions"][0]["text"] == (
        "{{script}} {{data}} {{title}}"
    )


def test_three_completions_of_4000_characters_are_kept_and_the_rest_is_counted(
    summary: Json,
) -> None:
    long = [Example("base", 0, i, "wrong", "x" * 5000) for i in range(5)]
    entry = data_of(render(summary, {"countdown/0": ProblemExamples("q", "g", long)}))["examples"][
        "countdown/0"
    ]
    assert [len(each["text"]) for each in entry["completions"]] == [4000, 4000, 4000]
    assert [each["left"] for each in entry["completions"]] == [1000, 1000, 1000]


def test_problems_that_moved_are_kept_first_where_not_all_fit() -> None:
    long = "x" * CHARACTERS_PER_COMPLETION
    dull = EXAMPLE_BYTES // (3 * CHARACTERS_PER_COMPLETION)
    ids = [*(f"dull {i}" for i in range(dull)), "lost", "certified"]
    base = fixed(64, [64] * dull + [1, 64], problem_ids=ids)
    checkpoint = fixed(64, [64] * dull + [0, 0], 50, problem_ids=ids)
    examples = {problem: one(long, question=long, gold=long) for problem in ids}
    data = data_of(render(summarise([base, checkpoint], {}), examples))
    assert list(data["examples"])[:3] == ["certified", "lost", "dull 0"]
    assert len(data["examples"]) < len(ids) == data["examplesGiven"]


def test_the_figure_for_a_readme_is_one_static_picture(summary: Json) -> None:
    figure = curves_svg(summary)
    root = ElementTree.fromstring(figure)
    tag = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{tag}svg"
    assert "<script" not in figure
    lines = [path for path in root.iter(f"{tag}path") if "line" in path.get("class", "").split()]
    thin = [path for path in root.iter(f"{tag}path") if path.get("class") == "thin"]
    assert (len(lines), len(thin)) == (2, 3)
    texts = [text.text for text in root.iter(f"{tag}text")]
    assert {"base", "checkpoint-200", "1", "256", "0 %", "100 %"} <= set(texts)


def test_names_in_the_figure_are_escaped() -> None:
    figure = curves_svg(summarise([fixed(4, [1, 2], benchmark="<a & b>")], {}))
    assert any("<a & b>" in (text.text or "") for text in ElementTree.fromstring(figure).iter())


def test_the_page_gets_shares_that_print_as_the_terminal_prints_them() -> None:
    """0.0624996 is 6.2 %, and with five decimals 6.25, which would be printed as 6.3."""
    values = [0.0624996, -0.0624996, 0.0625, 0.312496, 0.1, 0.0, 1.0]
    shown = rounded(values)
    assert [per_cent(each) for each in shown] == [per_cent(each) for each in values]
    summary = summarise(run(), {}, beyond=False)
    (model,) = summary["benchmarks"]["countdown"]["models"][-1:]
    model["curve"] = [dict.fromkeys(("value", "low", "high"), each) | {"k": 1} for each in values]
    view = compact(summary)["benchmarks"]["countdown"]["models"][-1]["views"][""]
    assert [per_cent(each) for each in view["curve"]["low"]] == [per_cent(e) for e in values]
    assert rounded(0.123456789) == 0.12346


def test_the_figure_tells_how_many_problems_every_curve_is_of() -> None:
    fewer = fixed(4, [1, 2], 50, problem_ids=["countdown/0", "countdown/1"])
    summary = summarise([fixed(4, [1, 2, 3]), fewer], {}, beyond=False)
    assert "share of 2 to 3 problems solved" in curves_svg(summary)
