"""The entropy probe: the checkpoint at the temperature where it is as uncertain as its base.

A fifth of a benchmark's problems, chosen by the hash of their ids, is set apart: on them the
temperature is searched (`rlvr_eval.statistics.token_entropy`), on the others the base at its own
temperature and the checkpoint at the one found are evaluated. So the choice of the temperature
cannot favour the curve.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_json
from rlvr.core.hashing import hex_digest
from rlvr.core.progress import stage
from rlvr.core.records import Problem
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import Sampler
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.draw.sample_requests import Requests
from rlvr_eval.plan.evaluation import Evaluation
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import plan, store_of
from rlvr_eval.probes.pair import pair_of
from rlvr_eval.probes.results import ENTROPY
from rlvr_eval.statistics.population_intervals import Interval
from rlvr_eval.statistics.token_entropy import Match, TokenEntropy, match_temperature
from rlvr_eval.summary.model_summary import Json

PER_PROBLEM = 16
_APART_OF = 5  # one problem of so many


class Division(NamedTuple):
    """A benchmark's problems: those that the temperature is searched on, and the others."""

    apart: tuple[Problem, ...]
    rest: tuple[Problem, ...]


def probe(
    run: Run,
    settings: Settings,
    crew: Crew,
    *,
    step: int | None = None,
    per_problem: int = PER_PROBLEM,
) -> None:
    """Search the temperature on every benchmark, and evaluate both models there.

    Raises:
        UserError: if the base is drawn greedily, or there is no such checkpoint.
    """
    pair = pair_of(run, step)
    if settings.sampling.temperature == 0:
        raise UserError("the base is drawn greedily (temperature 0), so its entropy is 0 already")
    planned = plan(pair, settings, store_of(run))
    by_benchmark = zip(planned[: len(planned) // 2], planned[len(planned) // 2 :], strict=True)
    for base, checkpoint in by_benchmark:
        _probe_benchmark(run, base, checkpoint, crew, per_problem)


def divide(problems: Sequence[Problem]) -> Division:
    """Set apart a fifth of the problems, whichever order they come in.

    Raises:
        UserError: if there are fewer than four, so that one part would be next to nothing.
    """
    if len(problems) < _APART_OF - 1:
        raise UserError(f"{len(problems)} problems are too few to set some apart; give 4 or more")
    by_hash = sorted(problems, key=lambda problem: hex_digest(problem.id, 64))
    apart = {problem.id for problem in by_hash[: max(2, round(len(problems) / _APART_OF))]}
    return Division(
        tuple(problem for problem in problems if problem.id in apart),
        tuple(problem for problem in problems if problem.id not in apart),
    )


def token_entropy(evaluation: Evaluation, sampler: Sampler, per_problem: int) -> TokenEntropy:
    """Measure a model's entropy under an evaluation's sampling; its weights must be loaded."""
    position = {problem.id: at for at, problem in enumerate(evaluation.problems)}
    surprisal = np.zeros(len(position))
    tokens = np.zeros(len(position), dtype=np.int64)
    requests = Requests(evaluation)
    asked = [requests.draws(problem, 0, per_problem) for problem in evaluation.problems]
    for drawn in sampler.sample(asked, evaluation.drawn_with, logprobs=True):
        assert drawn.sum_logprob is not None, "asked for log-probabilities"
        surprisal[position[drawn.problem_id]] -= drawn.sum_logprob
        tokens[position[drawn.problem_id]] += len(drawn.token_ids)
    return TokenEntropy(surprisal, tokens)


def _probe_benchmark(
    run: Run, base: Evaluation, checkpoint: Evaluation, crew: Crew, per_problem: int
) -> None:
    apart, rest = divide(base.problems)
    with stage(f"entropy of {checkpoint.model.name} on {base.benchmark}", 0) as bar:

        def measured(evaluation: Evaluation, temperature: float) -> TokenEntropy:
            bar.extend(1)
            found = token_entropy(_at(evaluation, temperature), crew.sampler, per_problem)
            bar.advance(1, f"T = {temperature:g}: {found.mean:.4f} nats per token")
            return found

        start = base.sampling.temperature
        crew.sampler.load(base.model.folder)
        target = measured(replace(base, problems=apart), start)
        crew.sampler.load(checkpoint.model.folder)
        part = replace(checkpoint, problems=apart)
        match = match_temperature(lambda t: measured(part, t), target.mean, start=start)
    place = f"{ENTROPY}/{checkpoint.model.name}"
    if match.temperature is not None:
        matched = _at(replace(checkpoint, problems=rest), match.temperature)
        evaluations = [replace(base, problems=rest), matched]
        carry_out(run, evaluations, crew, ledger=Ledger(run, place))
    told = _told(base, checkpoint, target, match) | {"apart": [problem.id for problem in apart]}
    folder = run.path / place / "matched"
    make_folder(folder)
    write_json(folder / f"{base.benchmark.replace(':', '_')}.json", told)


def _at(evaluation: Evaluation, temperature: float) -> Evaluation:
    sampling = evaluation.sampling.model_copy(update={"temperature": temperature})
    return replace(evaluation, sampling=sampling)


def _told(base: Evaluation, checkpoint: Evaluation, target: TokenEntropy, match: Match) -> Json:
    grid = [
        {"temperature": temperature, "tokens": int(found.tokens.sum())} | _json(found.interval())
        for temperature, found in match.grid.items()
    ]
    told: Json = {
        "benchmark": base.benchmark,
        "model": checkpoint.model.name,
        "step": checkpoint.model.step,
        "weights": checkpoint.model.weights,
        "base": {"temperature": base.sampling.temperature, "tokens": int(target.tokens.sum())}
        | _json(target.interval()),
        "temperature": match.temperature,
        "grid": grid,
    }
    if match.temperature is not None:
        told["difference"] = _json(match.grid[match.temperature].minus(target))
    return told


def _json(interval: Interval) -> Json:
    return {end: float(getattr(interval, end)) for end in ("value", "low", "high")}
