"""The functions that need no model give what the commands write and print."""

import json
import math
import operator
import sys
from pathlib import Path
from typing import Any

import pytest

import rlvr
import rlvr_eval
from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr_eval.summary.format import RunSummary

BASE = "problem,n,c\n" + "".join(f"{at},64,{at % 9}\n" for at in range(30))
TRAINED = "problem,n,c\n" + "".join(
    f"{at},64,{at % 9 * 5 if at % 9 > 4 else 0}\n" for at in range(30)
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> rlvr.Run:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    for name, content, step in (("base.csv", BASE, 0), ("rl.csv", TRAINED, 10)):
        (folder.parent / name).write_text(content)
        found = rlvr.import_outcomes(folder.parent / name, folder, step=step, benchmark="sums<1>")
    return found


def printed(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    capsys.readouterr()
    assert main(command) == 0
    return json.loads(capsys.readouterr().out)


def test_import_writes_what_the_command_writes(run: rlvr.Run, tmp_path: Path) -> None:
    for name, step in (("base.csv", "0"), ("rl.csv", "10")):
        words = ["import", str(run.path.parent / name), "--out", str(tmp_path / "mine")]
        assert main([*words, "--step", step, "--benchmark", "sums<1>"]) == 0
    ours, theirs = rlvr.report(run), rlvr.report(tmp_path / "mine")
    assert ours.data == theirs.data


def test_report_is_that_of_the_command(run: rlvr.Run, capsys: pytest.CaptureFixture[str]) -> None:
    report = rlvr.report(run)
    assert report.data == printed(capsys, "report", str(run.path), "--json")
    assert report.summary == RunSummary.model_validate_json(
        (run.path / "summary.json").read_text(encoding="utf-8")
    )
    assert report.html_path.is_file()
    model = report.summary.benchmarks["sums<1>"].models[-1]
    rows = [row for row in report.rows() if row["model"] == model.name]
    assert [row["pass_at_k"] for row in rows] == [point.value for point in model.curve]
    assert model.difference is not None
    at_1 = (rows[0]["difference"], rows[0]["difference_low"], rows[0]["difference_high"])
    assert at_1 == (model.difference[0].value, model.difference[0].low, model.difference[0].high)
    assert report.findings == [model.finding.text]
    assert report.rows()[0]["difference"] is None  # of the base


def test_comparison_is_that_of_the_command(
    run: rlvr.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = rlvr.import_outcomes(
        [run.path.parent / "base.csv"], tmp_path / "other", step=5, benchmark="sums<1>"
    )
    comparison = rlvr.compare(run, other)
    assert comparison.data == printed(capsys, "compare", str(run.path), str(other.path), "--json")
    rows = comparison.rows()
    assert {row["run"] for row in rows} == {None, "mine", "other"}
    assert [row["versus_first"] is None for row in rows] == [row["run"] != "other" for row in rows]


def test_tables_have_the_rows(run: rlvr.Run) -> None:
    report = rlvr.report(run)
    table = report.table()
    assert list(table.columns) == list(report.rows()[0])
    assert len(table) == len(report.rows())
    assert table["pass_at_k"].between(0, 1).all()


def test_plots_draw_each_model_in_per_cent(run: rlvr.Run) -> None:
    report = rlvr.report(run)
    axes = report.plot()
    models = report.data["benchmarks"]["sums<1>"]["models"]
    assert [line.get_label() for line in axes.lines] == [model["name"] for model in models]
    drawn = [float(at) for at in axes.lines[0].get_ydata()]  # type: ignore[arg-type, union-attr]
    assert drawn == pytest.approx([100 * point["value"] for point in models[0]["curve"]])
    assert len(rlvr.compare(run).plot("sums<1>", axes).lines) == 2 * len(models)
    with pytest.raises(UserError, match="no benchmark 'other' was evaluated; there are sums<1>"):
        report.plot("other")


@pytest.mark.parametrize("of", [rlvr.report, rlvr.compare])
def test_notebooks_show_numbers_and_escape_names(of: Any, run: rlvr.Run) -> None:
    shown = of(run)._repr_html_()
    assert "sums&lt;1&gt;" in shown
    assert "sums<1>" not in shown
    first = 100 * of(run).rows()[0]["pass_at_k"]
    assert f"<td>{first:.1f} [" in shown


@pytest.mark.parametrize(("package", "call"), [("pandas", "table"), ("matplotlib.figure", "plot")])
def test_missing_packages_are_named_with_their_extra(
    package: str, call: str, run: rlvr.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"{call}\(\) needs .* rows\(\).*\[notebook\]"):
        getattr(rlvr.report(run), call)()


def test_pass_at_k_is_the_estimator() -> None:
    assert rlvr_eval.pass_at_k(n=4, c=1, k=2) == pytest.approx(0.5)
    assert rlvr_eval.pass_at_k(1024, 3, 256) == pytest.approx(
        1 - 768 * 767 * 766 / 1024 / 1023 / 1022
    )


def test_faults_are_user_errors(run: rlvr.Run, tmp_path: Path) -> None:
    refused: list[tuple[Any, str]] = [
        (lambda: rlvr.report(tmp_path), "evaluat"),
        (lambda: rlvr.compare(run, run.path), "given twice"),
        (lambda: rlvr.compare(), "none of the runs"),
        (lambda: rlvr.compare(run, step=3), "no checkpoint at step 3"),
        (lambda: rlvr.import_outcomes(tmp_path / "none.csv", tmp_path / "o"), "none.csv"),
        (lambda: rlvr.import_outcomes([], tmp_path / "o", columns={"x": "y"}), "no field 'x'"),
        (lambda: rlvr.import_outcomes([], "o", format="x"), "format 'x': no such format"),
        (lambda: rlvr.import_outcomes([], "o", step=-1), "step = -1"),
        (lambda: rlvr.import_outcomes([], "o", verify_timeout_s=0), "verify_timeout_s = 0"),
        (lambda: rlvr.import_outcomes([], "o", correct_above=math.nan), "correct_above = nan"),
        (lambda: rlvr.evaluate(), "name a run directory, or models"),
        (lambda: rlvr.evaluate(run, base="b"), "not both"),
        (lambda: rlvr.evaluate(models="m"), "say what to measure on"),
        (lambda: rlvr.train(tmp_path / "none.yaml"), "none.yaml"),
        (lambda: rlvr.train("recipes/quickstart/grpo.yaml", trainer={"x": object()}), "trainer.x"),
    ]
    for call, message in refused:
        with pytest.raises(UserError, match=message):
            call()
    assert not (tmp_path / "o").exists()


def test_what_is_offered_can_be_imported() -> None:
    for module in (rlvr, rlvr_eval):
        assert all(hasattr(module, name) for name in module.__all__)
        assert set(module.__all__) <= set(dir(module))
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            operator.attrgetter("nothing")(module)
