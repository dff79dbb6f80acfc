"""The temperature probe: base and checkpoint drawn at several temperatures.

A gap between two curves that closes at another temperature is one of sampling, not of capacity (Yue
et al. 2025, arXiv:2504.13837, Fig. 16). Each temperature is an evaluation like any other, of the
same design, verified and stored; what was drawn before is not drawn again.
"""

from collections.abc import Sequence

from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import plan, store_of
from rlvr_eval.probes.pair import at_temperature, pair_of
from rlvr_eval.probes.results import TEMPERATURE

TEMPERATURES = (0.6, 1.0, 1.2)  # the paper's


def probe(
    run: Run,
    settings: Settings,
    crew: Crew,
    *,
    step: int | None = None,
    temperatures: Sequence[float] = TEMPERATURES,
) -> None:
    """Evaluate the base and one checkpoint at each temperature.

    Raises:
        UserError: if a temperature is negative, or there is no such checkpoint.
    """
    pair = pair_of(run, step)
    for temperature in temperatures:
        if temperature < 0:
            raise UserError(f"temperature {temperature}: write 0 (greedy) or more, as in 0.6,1.0")
        evaluations = plan(pair, at_temperature(settings, temperature), store_of(run))
        ledger = Ledger(run, f"{TEMPERATURE}/{temperature:g}")
        carry_out(run, evaluations, crew, ledger=ledger)
