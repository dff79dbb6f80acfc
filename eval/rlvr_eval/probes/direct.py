"""The direct probe: which answers the base can guess without reasoning.

A problem whose answer is guessed now and then is solved at large k by luck. So the base is asked
for the answer alone, with no room to reason, and problems that it answers with low but non-zero
accuracy are dropped (Yue et al. 2025, arXiv:2504.13837, appendix D.2). The curves without them
stand beside those of all problems.
"""

from dataclasses import replace

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.plan.evaluation import Evaluation
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import plan, store_of
from rlvr_eval.probes.pair import base_of
from rlvr_eval.probes.results import DIRECT

PROMPT = "direct-boxed"
# room for an answer, and for nothing that leads to it
LONGEST_ANSWER = 48


def probe(run: Run, settings: Settings, crew: Crew, *, prompt: str = PROMPT) -> None:
    """Ask the base for answers alone, on every benchmark where that can be right.

    Raises:
        UserError: if there is no such benchmark, or no base.
    """
    planned = plan([base_of(run)], settings, store_of(run))
    asked = [directly(each, prompt) for each in planned if can_be_guessed(each)]
    if not asked:
        names = ", ".join(each.benchmark for each in planned)
        raise UserError(
            f"{names}: its verifier checks every step, so an answer alone is never right and there "
            "is nothing to guess"
        )
    carry_out(run, asked, crew, ledger=Ledger(run, DIRECT))


def can_be_guessed(evaluation: Evaluation) -> bool:
    """Return False where a bare answer is never right."""
    return evaluation.verifier not in verifiers.CHECKS_EVERY_STEP


def directly(evaluation: Evaluation, prompt: str = PROMPT) -> Evaluation:
    """Ask the same problems for the answer alone."""
    short = {"max_completion_tokens": LONGEST_ANSWER}
    return replace(evaluation, prompt=prompt, sampling=evaluation.sampling.model_copy(update=short))
