"""What probes found, as the report shows it in headless Chromium."""

from copy import deepcopy
from io import StringIO
from pathlib import Path

import pytest

from rlvr_eval.probes.perplexity_panel import Scores, panel
from rlvr_eval.report.html import write_report
from rlvr_eval.report.probe_tables import write_probes
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise
from tests.browser import Browser
from tests.simulated import run, value


@pytest.fixture(scope="module")
def summary() -> Json:
    """A run with something found by every probe."""
    found = summarise(run(steps=(0, 50)), {"name": "a run"})
    benchmark = found["benchmarks"]["countdown"]
    models = deepcopy(benchmark["models"])
    benchmark["temperature"] = [{"temperature": t, "models": models} for t in (0.6, 1.2)]
    interval = {"value": 0.41, "low": 0.38, "high": 0.44}
    benchmark["entropy"] = [
        {
            "model": "checkpoint-50",
            "step": 50,
            "base": {"temperature": 0.6, "tokens": 900, **interval},
            "temperature": 0.913,
            "grid": [{"temperature": t, "tokens": 900, **interval} for t in (0.6, 0.913)],
            "apart": ["countdown/0", "countdown/7"],
            "models": models,
        },
        {
            "model": "checkpoint-0",
            "step": 50,
            "base": {"temperature": 0.6, "tokens": 900, **interval},
            "temperature": None,
            "grid": [{"temperature": 3.0, "tokens": 900, **interval}],
            "apart": ["countdown/0"],
            "models": [],
        },
    ]
    benchmark["direct"] = {
        "prompt": "direct-boxed",
        "problems": 60,
        "highest": 0.05,
        "guessable": ["countdown/3"],
        "models": models,
    }
    counted = dict.fromkeys(("problems", "completions", "right", "wrong", "unmarked"), 3)
    for model in benchmark["models"]:
        model["reasoning"] = {
            **counted,
            "checked_by": "marks",
            "confirmed": 2,
            "refuted": 1,
            "owed": 0,
            "curve_least": model["curve"],
            "curve_most": model["curve"],
        }
    return found


@pytest.fixture
def page(browser: Browser, summary: Json, tmp_path: Path) -> Browser:
    write_report(summary, {}, tmp_path / "report.html")
    browser.resize(1280, 900)
    browser.open(tmp_path / "report.html")
    browser.run("return new Promise((done) => setTimeout(done, 100))")
    return browser


def tables(page: Browser) -> dict[str, str]:
    """Texts of all tables by their captions."""
    found = page.run(
        "return Object.fromEntries([...document.querySelectorAll('table')].map("
        "(t) => [t.getAttribute('aria-label'), t.innerText]))"
    )
    assert isinstance(found, dict)
    return found


def test_every_probe_has_its_table_and_the_console_stays_silent(page: Browser) -> None:
    assert page.console() == []
    assert tables(page).keys() >= {
        "Base and checkpoint drawn at the same temperature",
        "Mean token entropy of checkpoint-50 by temperature",
        "checkpoint-50 and the base at equal entropy",
        "Mean token entropy of checkpoint-0 by temperature",
        "Without problems that can be guessed",
        "Reasoning behind the hardest solved problems",
        "Of these problems alone",
        "Beyond what was drawn",
    }


def test_tables_hold_the_numbers_of_the_summary(page: Browser, summary: Json) -> None:
    last = summary["benchmarks"]["countdown"]["models"][-1]
    shown = tables(page)
    for caption in (
        "Base and checkpoint drawn at the same temperature",
        "checkpoint-50 and the base at equal entropy",
        "Without problems that can be guessed",
    ):
        assert f"{100 * value(last['curve'], 256):.1f}" in shown[caption]
    beyond = last["beyond"][0]
    assert f"{100 * beyond['high']:.1f}" in shown["Beyond what was drawn"]
    assert "model: power law" in shown["Beyond what was drawn"]
    told_range = " to ".join(f"{100 * end:.1f}" for end in beyond["range"])
    assert told_range in shown["Beyond what was drawn"]
    alone = last["these_problems"][0]
    assert f"[{100 * alone['low']:.1f}, " in shown["Of these problems alone"]


def test_words_say_what_was_set_apart_and_what_was_not_found(page: Browser) -> None:
    said = str(page.run("return document.getElementById('probes').innerText"))
    assert "on 2 problems set apart" in said
    assert "checkpoint-50 comes nearest at temperature 0.913" in said
    assert "No temperature gives checkpoint-0 as much" in said
    assert "1 of 60 problems left out" in said


def test_in_the_terminal_every_table_says_under_what_its_draws_were_made(summary: Json) -> None:
    rows = panel([Scores("base", "base", 0, {"countdown/0": [-0.1]})])
    told = deepcopy(summary)
    told["benchmarks"]["countdown"]["likelihood"] = rows
    printed = StringIO()
    write_probes(told, printed)
    every_table = printed.getvalue().count("countdown: ")
    assert every_table == 7
    assert printed.getvalue().count("drawn under temperature 1, top_p 1, ") == every_table


def test_without_probes_the_section_is_not_there(browser: Browser, tmp_path: Path) -> None:
    write_report(summarise(run(steps=(0, 50)), {"name": "r"}), {}, tmp_path / "report.html")
    browser.open(tmp_path / "report.html")
    browser.run("return new Promise((done) => setTimeout(done, 100))")
    assert browser.console() == []
    assert browser.run("return document.getElementById('probes').hidden") is True


@pytest.mark.parametrize("width", [1280, 340])
def test_tables_scroll_and_the_page_does_not(page: Browser, width: int) -> None:
    page.resize(width, 844)
    page.run("return new Promise((done) => setTimeout(done, 200))")
    assert page.run("return document.documentElement.scrollWidth - innerWidth") <= 0
