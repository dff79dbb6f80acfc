"""The verb `report` as a function: reads the store, and writes what people see; loads no model."""

import logging
import sys
from typing import Any, TextIO

from rlvr.core.files import write_atomically, write_json
from rlvr.runs.model_card import write_cards
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import Ledger, is_of_earlier_rule
from rlvr_eval.plan.planning import store_of
from rlvr_eval.plan.unevaluated import unevaluated
from rlvr_eval.probes.results import attach
from rlvr_eval.report.examples import collect
from rlvr_eval.report.html import write_report
from rlvr_eval.report.probe_tables import write_probes
from rlvr_eval.report.svg import curves_svg
from rlvr_eval.report.tables import write_summary
from rlvr_eval.summary import pass_at_k_under_marks
from rlvr_eval.summary.claims import state_findings
from rlvr_eval.summary.run_description import about
from rlvr_eval.summary.run_summary import summarise

logger = logging.getLogger(__name__)


def report(run: Run, *, stream: TextIO | None = sys.stdout) -> dict[str, Any]:
    """Write summary.json and report.html from the stored draws, and print the tables.

    Args:
        stream: where the tables are printed; None prints none.

    Returns:
        The summary.

    Raises:
        UserError: if nothing was evaluated yet, or draws are missing.
    """
    ledger = Ledger(run)
    outcomes = ledger.outcomes()
    if any(map(is_of_earlier_rule, ledger.entries())):
        logger.warning(
            "%s: some verdicts are on answers that an earlier version read by another rule; run: "
            "rlvr eval %s --regrade",
            run.name,
            run.path,
        )
    summary = summarise(outcomes, about(run))
    summary["warnings"] += unevaluated(run, (each.model.name for each in outcomes))
    attach(summary, run, outcomes)
    state_findings(summary)  # what probes found may be claimed too, so it is in the same family
    pass_at_k_under_marks.attach(summary, run, zip(ledger.entries(), outcomes, strict=True))
    examples = collect(run, ledger.entries(), store_of(run))
    write_json(run.path / "summary.json", summary)
    write_cards(run)
    write_atomically(run.path / "pass-at-k.svg", curves_svg(summary))
    write_report(summary, examples, run.path / "report.html")
    if stream is not None:
        write_summary(summary, stream)
        write_probes(summary, stream)
    return summary
