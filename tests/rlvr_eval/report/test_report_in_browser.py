"""The report as people see it, in headless Chromium: from disk, on a desk, a phone and paper."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlvr_eval.probes.perplexity_panel import Scores, panel
from rlvr_eval.report.html import Example, ProblemExamples, write_report
from rlvr_eval.summary.model_summary import Json, at_k
from rlvr_eval.summary.run_summary import summarise
from tests.browser import Browser
from tests.simulated import fixed, run, unclear, value

LEFT = "\ue012"
ATTACK = (
    "<script>window.owned = 1</script></script><script>window.owned = 2</script>"
    "<img src=x onerror='window.owned = 3'><svg onload='window.owned = 4'></svg>"
    "<!-- ]]> javascript:window.owned=5"
)
FIGURES = {"curves", "difference", "training", "histogram", "cover", "migration", "likelihood"}

# natural log-probabilities per token: 1,200 completions of 60 problems
MEAN_LOGPROBS = {
    str(problem): [-(problem + 1) * (draw + 1) / 1200 for draw in range(20)]
    for problem in range(60)
}

# pairs of texts of one figure that lie on one another
OVERLAPS = """
const found = [];
for (const figure of document.querySelectorAll(".plot svg")) {
  const texts = [...figure.querySelectorAll("text")].map((t) => [t, t.getBoundingClientRect()]);
  for (const [i, [one, a]] of texts.entries()) {
    for (const [other, b] of texts.slice(i + 1)) {
      const meets = a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      if (meets) found.push([one.textContent, other.textContent]);
    }
  }
}
return found;
"""
CUT_OFF = """
const isOutside = (box) => box.left < 0 || box.right > innerWidth;
return [...document.querySelectorAll(".plot svg text")]
  .filter((t) => isOutside(t.getBoundingClientRect()))
  .map((t) => t.textContent);
"""


@pytest.fixture(scope="module")
def summary() -> Json:
    found = summarise(run(), {"name": "a run", "method": "grpo", "versions": {"torch": "2"}})
    pairs = [("base", "base", 0)]
    for step in (50, 200):
        name = f"checkpoint-{step}"
        pairs += [("base", name, step), (name, name, step), (name, "traces.jsonl", step)]
    scores = [Scores(scorer, of, step, MEAN_LOGPROBS) for scorer, of, step in pairs]
    found["benchmarks"]["countdown"]["likelihood"] = panel(scores)
    return found


@pytest.fixture
def page(browser: Browser, summary: Json, tmp_path: Path) -> Browser:
    """The report of a simulated run, opened from disk at the size of a desk's screen."""
    return opened(browser, tmp_path, summary, {"countdown/0": example("3 * 5 = 15")})


def example(text: str) -> ProblemExamples:
    return ProblemExamples("Make 15 of 3 and 5", "15", [Example("base", 0, 4, "correct", text)])


def opened(
    browser: Browser, folder: Path, summary: Json, examples: dict[str, ProblemExamples]
) -> Browser:
    write_report(summary, examples, folder / "report.html")
    browser.resize(1280, 900)
    browser.open(folder / "report.html")
    return browser


def chosen_curve(page: Browser) -> Any:
    """Name and path of the curve that is highlighted beside the base's."""
    return page.run(
        "const p = [...document.querySelectorAll('#curves [data-model]')].at(-1);"
        "return [p.dataset.model, p.getAttribute('d')]"
    )


def text(page: Browser, selector: str) -> str:
    return str(page.run("return document.querySelector(arguments[0]).textContent", selector))


def choose(page: Browser, selector: str, value: str) -> None:
    page.run(
        "const s = document.querySelector(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change'))",
        selector,
        value,
    )


def test_it_opens_from_disk_without_a_word_on_the_console(page: Browser) -> None:
    assert page.console() == []
    assert text(page, "h1") == "a run"


def test_every_figure_names_both_axes(page: Browser) -> None:
    titles = page.run(
        "return Object.fromEntries([...document.querySelectorAll('figure:not([hidden])')].map("
        "(f) => [f.id, [...f.querySelectorAll('.plot svg')].map("
        "(s) => [...s.querySelectorAll('text.title')].map((t) => t.textContent))]))"
    )
    assert titles.keys() == FIGURES
    for figure, plots in titles.items():
        assert plots, figure
        for plot in plots:
            assert len(plot) == 2, figure
            assert all(plot), figure


def test_the_slider_changes_the_curve_and_the_words(page: Browser, summary: Json) -> None:
    name, path = chosen_curve(page)
    assert name == "checkpoint-200"
    page.press("#step", LEFT)
    other_name, other_path = chosen_curve(page)
    assert other_name == "checkpoint-150"
    assert other_path != path
    assert text(page, "#step-name") == "checkpoint-150"
    models = summary["benchmarks"]["countdown"]["models"]
    assert text(page, "#finding") == models[3]["finding"]["text"]


def test_the_curve_is_drawn_where_the_numbers_say(page: Browser, summary: Json) -> None:
    ends = page.run(
        "const p = [...document.querySelectorAll('#curves [data-model]')].at(-1);"
        "const at = (e) => [e.x, e.y];"
        "return [at(p.getPointAtLength(0)), at(p.getPointAtLength(p.getTotalLength()))]"
    )
    grid = page.run(
        "return [...document.querySelectorAll('#curves line.grid')].map("
        "(g) => [Number(g.getAttribute('y1')), Number(g.getAttribute('x1')), "
        "Number(g.getAttribute('x2'))])"
    )
    bottom, left, right = grid[0]
    top = grid[-1][0]
    curve = summary["benchmarks"]["countdown"]["models"][-1]["curve"]
    for (x, y), k, side in zip(ends, (1, 256), (left, right), strict=True):
        assert x == pytest.approx(side, abs=0.1)
        assert (bottom - y) / (bottom - top) == pytest.approx(value(curve, k), abs=0.001)


def test_strata_are_shown_apart(page: Browser, summary: Json) -> None:
    choose(page, "#stratum", "chain")
    chain = summary["benchmarks"]["countdown"]["models"][-1]["strata"]["chain"]
    assert f"{chain['problems']} chain problems" in chain["finding"]["text"]
    assert text(page, "#finding") == chain["finding"]["text"]


def test_pointing_at_the_figure_reads_the_values_off(page: Browser, summary: Json) -> None:
    page.run(
        "const s = [...document.querySelectorAll('#curves rect')].at(-1);"
        "const b = s.getBoundingClientRect();"
        "s.dispatchEvent(new PointerEvent('pointermove', {clientX: b.right, clientY: b.top + 9}))"
    )
    readout = text(page, "#curves .readout")
    last = summary["benchmarks"]["countdown"]["models"][-1]
    assert readout.startswith("k = 256: ")
    assert f"checkpoint-200 {100 * value(last['curve'], 256):.1f} " in readout


def test_a_problem_opens_its_completions(page: Browser) -> None:
    page.click("#problems .filters button:last-child")
    page.click("[data-problem='countdown/0'] summary")
    page.run("return new Promise((done) => setTimeout(done, 50))")
    opened_row = text(page, "[data-problem='countdown/0'] .completions")
    assert "base, draw 4: correct" in opened_row
    assert text(page, "[data-problem='countdown/0'] pre.completion") == "3 * 5 = 15"


def test_a_hostile_completion_does_nothing(browser: Browser, tmp_path: Path) -> None:
    base = fixed(8, [1, 2], problem_ids=[ATTACK, "b"], kinds=[ATTACK, "b"])
    checkpoint = fixed(8, [2, 0], 50, problem_ids=[ATTACK, "b"], key={"prompt": ATTACK})
    summary = summarise([base, checkpoint], {"name": ATTACK, ATTACK: ATTACK}, allow_differing=True)
    attack = ProblemExamples(ATTACK, ATTACK, [Example(ATTACK, 0, 0, ATTACK, ATTACK)])
    page = opened(browser, tmp_path, summary, {ATTACK: attack, "b": example(ATTACK)})
    page.click("#problems .filters button:last-child")
    page.run("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    page.run("return new Promise((done) => setTimeout(done, 100))")
    shown = page.run(
        "return [...document.querySelectorAll('pre.completion')].map((p) => p.textContent)"
    )
    assert shown == [ATTACK, ATTACK]
    assert page.run("return window.owned") is None
    assert page.run("return document.querySelectorAll('img, main script').length") == 0
    assert page.console() == []


@pytest.mark.parametrize("width", [1280, 768, 390, 340])
def test_nothing_overlaps_or_is_cut_off_at_any_width(page: Browser, width: int) -> None:
    page.resize(width, 844)
    page.run("return new Promise((done) => setTimeout(done, 200))")
    assert page.run("return document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.run(CUT_OFF) == []
    assert page.run(OVERLAPS) == []


def test_one_model_alone_without_a_base_is_shown(browser: Browser, tmp_path: Path) -> None:
    summary = summarise([fixed(1, [1, 0, 1], 50)], {"name": "one"})
    page = opened(browser, tmp_path, summary, {})
    assert page.console() == []
    assert "pass@1 is 66.7" in text(page, "#finding")


def test_undecided_verdicts_show_the_other_extreme_as_a_dotted_line(
    browser: Browser, tmp_path: Path
) -> None:
    base = fixed(100, [10, 20])
    upper = fixed(100, [14, 20]).counts
    checkpoint = fixed(100, [10, 20], 50, undecided=[4, 0], upper=upper)
    page = opened(browser, tmp_path, summarise([base, checkpoint], {"name": "r"}), {})
    assert "if every undecided verdict were right" in text(page, "#curves .legend")
    assert (
        page.run("return document.querySelectorAll('#curves path[stroke-dasharray]').length") == 1
    )


def test_undecided_verdicts_are_shown_wherever_the_number_stands(
    browser: Browser, tmp_path: Path
) -> None:
    """0.1 % undecided move pass@300 from 70 to 100 %: in words, tables and under the pointer."""
    upper = fixed(300, [1] * 9 + [30] * 21).counts
    base = fixed(300, [0] * 9 + [30] * 21, undecided=[1] * 9 + [0] * 21, upper=upper)
    same = fixed(300, [0] * 9 + [30] * 21, 50)
    page = opened(browser, tmp_path, summarise([base, same], {"name": "r"}), {})
    page.run("return new Promise((done) => setTimeout(done, 100))")
    assert "; -30.0 to 0.0, depending on undecided verdicts" in text(page, "#finding")
    rows = page.run(
        "return [...document.querySelectorAll('#numbers tbody tr')].map((row) => row.textContent)"
    )
    curves, against = rows[0], rows[2]
    assert "70.0" in curves
    assert "to100.0" in curves
    assert "\u221230.0 to 0.0" in against
    page.run(
        "const s = [...document.querySelectorAll('#curves rect')].at(-1);"
        "const b = s.getBoundingClientRect();"
        "s.dispatchEvent(new PointerEvent('pointermove', {clientX: b.right, clientY: b.top + 9}))"
    )
    assert "] to 100.0 [" in text(page, "#curves .readout")
    assert page.console() == []


def test_unequal_draws_are_not_listed_by_which_side_solves_a_problem(
    browser: Browser, tmp_path: Path
) -> None:
    base, same = fixed(64, [1, 2, 40, 0]), fixed(8, [0, 0, 5, 0], 50)
    page = opened(browser, tmp_path, summarise([base, same], {"name": "r"}), {})
    page.run("return new Promise((done) => setTimeout(done, 100))")
    filters = page.run(
        "return [...document.querySelectorAll('#problems .filters button')].map("
        "(b) => b.textContent)"
    )
    assert filters == ["certified lower (0)", "certified higher (0)", "all (4)"]
    note = text(page, "#problems-note")
    assert "the base was drawn by fixed:64, checkpoint-50 by fixed:8" in note
    assert "fewer draws fill the bin at 0" in text(page, "#histogram .legend")


def test_no_crossover_is_marked_where_none_is_shown(browser: Browser, tmp_path: Path) -> None:
    base, checkpoint = fixed(16, [2, 2, 1, 1, 2, 8, 9]), fixed(16, [3, 3, 2, 1, 0, 8, 9], 50)
    summary = summarise([base, checkpoint], {"name": "r"})
    model = summary["benchmarks"]["countdown"]["models"][1]
    assert model["crossover"]["k"] is not None
    page = opened(browser, tmp_path, summary, {})
    assert text(page, "#difference .readout") == model["finding"]["crossing"]
    assert model["finding"]["crossing"].startswith("A crossover is not shown")
    assert page.run("return document.querySelectorAll('#difference text.strong').length") == 0


def test_every_figure_and_table_says_under_what_it_was_drawn(page: Browser, summary: Json) -> None:
    told = summary["benchmarks"]["countdown"]["drawn_under"]
    assert told == (
        "drawn under temperature 1, top_p 1, token budget not recorded, prompt countdown, "
        "sampler hf/5.19.0, dtype not recorded"
    )
    captions = page.run(
        "return [...document.querySelectorAll('figure')].map("
        "(f) => f.querySelector('figcaption .drawn-under').textContent)"
    )
    assert len(captions) == len(FIGURES)
    assert set(captions) == {f"D{told[1:]}."}
    assert f"D{told[1:]}." in text(page, "#numbers .tables")
    assert f"D{told[1:]}." in text(page, "#about .words")


def test_perplexities_of_the_chosen_checkpoint_are_shown_with_how_many_they_are(
    page: Browser,
) -> None:
    texts = "return [...document.querySelectorAll('#likelihood text')].map((t) => t.textContent)"
    shown = page.run(texts)
    labels = [label for label in shown if " under " in label][1:]  # the first is the axis title
    assert labels == [
        "base under base",
        "checkpoint-200 under base",
        "checkpoint-200 under checkpoint-200",
        "traces.jsonl under checkpoint-200",
    ]
    assert shown.count("1\u202f200 completions of 60 problems") == len(labels)


def test_without_perplexities_their_figure_is_not_there(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, summarise(run(steps=(0, 50)), {"name": "r"}), {})
    assert page.run("return document.querySelector('#likelihood').hidden") is True
    assert page.console() == []


def test_the_table_marks_the_chosen_checkpoint(page: Browser) -> None:
    page.press("#step", LEFT)
    page.run("return new Promise((done) => setTimeout(done, 100))")
    assert text(page, "#numbers tr.chosen .text") == "checkpoint-150"


def test_it_prints_with_what_is_shown_in_words(page: Browser) -> None:
    assert page.pdf().startswith(b"%PDF-")
    assert "checkpoint-200" in text(page, "#shown")


def test_the_table_says_where_the_numbers_come_from(browser: Browser, tmp_path: Path) -> None:
    summary = summarise([fixed(100, [5, 5, 5]), unclear(50)], {"name": "r"})
    page = opened(browser, tmp_path, summary, {})
    page.run("return new Promise((done) => setTimeout(done, 100))")
    table = page.run(
        "const t = document.querySelector('table[aria-label=\"Where the numbers come from\"]');"
        "const texts = (row) => [...row.children].map((cell) => cell.textContent);"
        "return [...t.rows].map(texts)"
    )
    shown = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    assert [row["undecided"] for row in shown] == ["0", "1.7 %"]
    models = summary["benchmarks"]["countdown"]["models"]
    for row, model in zip(shown, models, strict=True):
        assert (row["model"], row["step"]) == (model["name"], str(model["step"]))
        assert (row["weights"], row["draw key"]) == (
            model["weights"][:16],
            model["draw_key_fingerprint"],
        )
        assert (row["completions"], row["design"], row["seed"]) == ("300", "fixed:100", "0")
    assert shown[0]["draw key"] != shown[1]["draw key"]


def test_what_was_run_is_told_in_words_and_by_name(page: Browser) -> None:
    assert (
        "The base and 4 checkpoints (steps 50 to 200) answered 60 problems of countdown: "
        "76\u202f800 completions in all, under the design fixed:256. No verdict is undecided."
    ) in text(page, "#about .words")
    named = page.run(
        "return Object.fromEntries([...document.querySelectorAll('#about dt')].map("
        "(d) => [d.textContent, d.nextElementSibling.textContent]))"
    )
    wanted = {"name": "a run", "method": "grpo", "versions.torch": "2", "prompt": "countdown"}
    assert named | wanted == named


def test_certified_problems_are_listed_by_how_they_moved(browser: Browser, tmp_path: Path) -> None:
    base, checkpoint = fixed(64, [40, 40, 2, 0, 30]), fixed(64, [0, 40, 0, 30, 0], 50)
    summary = summarise([base, checkpoint], {"name": "r"})
    certified = summary["benchmarks"]["countdown"]["models"][1]["certified"]
    assert certified == {"lost": ["countdown/0", "countdown/4"], "gained": ["countdown/3"]}
    page = opened(browser, tmp_path, summary, {})
    page.run("return new Promise((done) => setTimeout(done, 100))")
    named = {"lower": certified["lost"], "higher": certified["gained"]}
    for position, (change, problems) in enumerate(named.items(), start=1):
        button = f"#problems .filters button:nth-child({position})"
        assert text(page, button) == f"certified {change} ({len(problems)})"
        page.click(button)
        listed = page.run(
            "return [...document.querySelectorAll('#problems [data-problem]')].map("
            "(row) => [row.dataset.problem, row.querySelector('.mark').textContent])"
        )
        assert sorted(listed) == [[problem, f"\u25c6 certified {change}"] for problem in problems]


def axis(page: Browser, figure: str) -> Callable[[float], float]:
    """From a height in a figure to the value there, read off its first and its last grid line."""
    lines = page.run(
        "return [...document.querySelectorAll(arguments[0] + ' .plot line.grid')].map("
        "(line) => [Number(line.getAttribute('y1')), line.nextElementSibling.textContent])",
        figure,
    )
    (low, name_of_low), (high, name_of_high) = lines[0], lines[-1]
    bottom, top = (
        float(name.removesuffix(" %").replace("\u2212", "-")) / 100
        for name in (name_of_low, name_of_high)
    )
    return lambda y: bottom + (top - bottom) * (low - y) / (low - high)


def test_the_difference_is_drawn_where_the_numbers_say(page: Browser, summary: Json) -> None:
    heights = page.run(
        "const p = document.querySelector('#difference path.line');"
        "return [0, p.getTotalLength()].map((at) => p.getPointAtLength(at).y)"
    )
    difference = summary["benchmarks"]["countdown"]["models"][-1]["difference"]
    expected = [value(difference, k) for k in (1, 256)]
    assert expected[0] > 0.02
    assert expected[1] < -0.02
    value_at = axis(page, "#difference")
    assert [value_at(y) for y in heights] == pytest.approx(expected, abs=0.001)


def test_values_over_training_are_drawn_where_the_numbers_say(page: Browser, summary: Json) -> None:
    squares, circles, whiskers = page.run(
        "const all = (s) => [...document.querySelectorAll('#training .plot ' + s)];"
        "const at = (node, name) => Number(node.getAttribute(name));"
        "return [all('rect').map((r) => at(r, 'y') + at(r, 'height') / 2),"
        "  all('circle').map((c) => at(c, 'cy')),"
        "  all('line.whisker').map((w) => [at(w, 'y1'), at(w, 'y2')])]"
    )
    models = summary["benchmarks"]["countdown"]["models"]
    listed = [at_k(model["curve"], k) for k in (1, 256) for model in models]
    points = [point for point in listed if point is not None]
    value_at = axis(page, "#training")
    drawn = [value_at(y) for y in (*squares, *circles)]
    assert drawn == pytest.approx([point["value"] for point in points], abs=0.001)
    ends = [[value_at(low), value_at(high)] for low, high in whiskers]
    assert np.array(ends) == pytest.approx(
        np.array([[point["low"], point["high"]] for point in points]), abs=0.001
    )


def test_models_drawn_less_often_are_shown_at_no_k_but_their_own(
    browser: Browser, tmp_path: Path
) -> None:
    models = [
        fixed(16, [1, 2, 16]),
        fixed(16, [2, 3, 16], 50),
        fixed(64, [30, 40, 64], 100),
        fixed(4, [1, 2, 4], 150),
    ]
    page = opened(browser, tmp_path, summarise(models, {}, beyond=False), {})
    figure = "document.querySelector('#training .plot')"
    assert (
        page.run(f"return {figure}.querySelectorAll('line[stroke-dasharray=\"4 4\"]').length") == 1
    )
    assert text(page, "#migration-k") == "1248"
    assert page.run("return document.querySelector('#migration-k').value") == "2"
    choose(page, "#migration-k", "8")
    assert "checkpoint-150" not in page.run(
        "return document.querySelector('.plot-flow').textContent"
    )
    heads = page.run(
        "return [...document.querySelectorAll('#numbers th')].map((each) => each.textContent)"
    )
    assert [head for head in heads if head.startswith("Δ_SE")] == [
        "Δ_SE(16), points",
        "Δ_SE(4), points",
    ]


def test_a_model_beside_a_run_is_not_taken_for_the_base(browser: Browser, tmp_path: Path) -> None:
    alone = fixed(16, [1, 2, 3])
    beside = replace(alone, model=replace(alone.model, name="other", beside=True))
    page = opened(browser, tmp_path, summarise([beside], {}, beyond=False), {})
    assert text(page, "#about").count("The base") == 0
