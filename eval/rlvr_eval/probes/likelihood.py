"""The likelihood probe: stored completions and reference traces, scored by base and checkpoints.

Each pair of scorer and source leaves one file in `<run>/probes/likelihood/`, named by everything it
depends on; run again, the probe scores only pairs that have none.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rlvr.core.damage import read_json
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_json
from rlvr.core.hashing import json_digest
from rlvr.core.progress import stage
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import Sampler
from rlvr.samplers.versions_apart import PROMPT_TOKENS
from rlvr_eval.plan.chat import load_tokenizer
from rlvr_eval.plan.evaluation import Model
from rlvr_eval.plan.ledger import Entry, Ledger, model_of
from rlvr_eval.plan.planning import models_of
from rlvr_eval.probes import completions
from rlvr_eval.probes.completions import Tokens
from rlvr_eval.probes.perplexity_panel import Scores, mean_logprob, panel
from rlvr_eval.statistics.outcomes import independent_units
from rlvr_eval.store.keys import digest
from rlvr_eval.summary.model_summary import Json

logger = logging.getLogger(__name__)

PER_PROBLEM = 16  # as in the paper; of traces, all that the file has
_SCORED_AT_ONCE = 1024


@dataclass(frozen=True)
class Source:
    """Whose completions: a model's draws, or a file of traces.

    Attributes:
        step: of the model; 0 for traces.
        id: tells these completions from any others.
    """

    name: str
    step: int
    id: str
    tokens: Mapping[str, Sequence[Tokens]]


@dataclass(frozen=True)
class Pair:
    """One file to be: a source under a scorer, on the benchmark of `entry`."""

    scorer: Model
    source: Source
    entry: Entry
    prompts: Mapping[str, str] = field(repr=False)

    def identity(self, sampler: Sampler) -> Json:
        """Identify everything that the scores depend on."""
        key = self.entry["draw_key"]
        return {
            "benchmark": self.entry["benchmark"],
            "scorer": self.scorer.weights,
            "completions": self.source.id,
            "prompt": key["prompt"],
            "sampler": sampler.identity,
            "dtype": sampler.dtype,
            # of prompts that an earlier version began twice, when it scored as when it drew
            **{name: key[name] for name in (PROMPT_TOKENS,) if name in key},
        }


def probe(
    run: Run, sampler: Sampler, *, per_problem: int = PER_PROBLEM, traces: Path | None = None
) -> int:
    """Score what has not been scored; return the number of pairs that were.

    Raises:
        UserError: if nothing was evaluated, tokens were not kept, or the traces do not fit.
    """
    pairs = list(_pairs(run, per_problem, traces))
    due = [pair for pair in pairs if not _file(run, pair.identity(sampler)).is_file()]
    total = sum(len(each) for pair in due for each in pair.source.tokens.values())
    with stage(f"likelihood {run.name}", total) as bar:
        # sorted, so that each model is loaded once
        loaded = None
        for pair in sorted(due, key=lambda pair: (pair.scorer.step, pair.scorer.weights)):
            if loaded != pair.scorer:
                sampler.load(pair.scorer.folder)
                loaded = pair.scorer
            _write(run, pair, sampler, _scores(pair, sampler, bar.advance))
    return len(due)


def panels(run: Run) -> dict[str, list[Json]]:
    """Build every benchmark's likelihood panel from what the probe wrote, without a model.

    Of a pair that was scored in several ways, the last stands. Scores of weights that are no longer
    the evaluated ones are left out.
    """
    entries = Ledger(run).entries()
    weights = {entry["weights"] for entry in entries}
    # completions of no model come first
    place_of = {entry["model"]: at for at, entry in enumerate(entries)}
    latest: dict[tuple[str, str, str], Json] = {}
    for path in (run.path / "probes" / "likelihood").glob("*.json"):
        told = read_json(path, dict)
        place = (told["benchmark"], told["scorer_name"], told["completions_of"])
        is_newer = place not in latest or latest[place]["noted"] < told["noted"]
        if told["scorer"] in weights and is_newer:
            latest[place] = told
    ordered = sorted(
        latest.values(),
        key=lambda told: [place_of.get(told[of], -1) for of in ("completions_of", "scorer_name")],
    )
    return {
        benchmark: panel(
            [_as_scores(told) for told in ordered if told["benchmark"] == benchmark],
            _families([entry for entry in entries if entry["benchmark"] == benchmark]),
        )
        for benchmark in dict.fromkeys(told["benchmark"] for told in ordered)
    }


def _families(entries: Sequence[Entry]) -> dict[str, int] | None:
    """Return the unit that each problem of some entries belongs to; None if each stands alone."""
    labels: dict[str, str] = {}
    for entry in entries:
        told = zip_longest(entry["problem_ids"], entry.get("families", ()), fillvalue="")
        labels |= {id: label or labels.get(id, "") for id, label in told}
    units = independent_units(list(labels), list(labels.values()))
    return None if units is None else dict(zip(labels, units.tolist(), strict=True))


def _pairs(run: Run, per_problem: int, traces: Path | None) -> Iterator[Pair]:
    """Yield the base on everything, every checkpoint on its own completions and on the traces."""
    models = {model.weights: model for model in models_of(run)}
    entries = list(_with_weights(Ledger(run).entries(), models))
    for benchmark in dict.fromkeys(entry["benchmark"] for entry in entries):
        here = [entry for entry in entries if entry["benchmark"] == benchmark]
        bases = [entry for entry in here if model_of(entry).is_base]
        sources = {entry["model"]: _drawn(run, entry, per_problem) for entry in here}
        writers = {entry["model"]: models[entry["weights"]] for entry in here}
        reference = _traces(traces, here[0], models) if traces else None
        for entry in here:
            scorer = models[entry["weights"]]
            folders = [scorer.folder, *(model.folder for model in models.values())]
            asked = completions.prompts_of(run, entry, folders)
            scored = list(sources.values()) if entry in bases else [sources[entry["model"]]]
            for source in scored:
                completions.check_same_tokens(scorer.folder, writers[source.name].folder)
            for source in [*scored, *([reference] if reference else [])]:
                yield Pair(scorer, source, entry, asked)


def _with_weights(entries: Sequence[Entry], models: Mapping[str, Model]) -> Iterator[Entry]:
    """Yield the entries whose model still exists; log the others."""
    for entry in entries:
        if entry["weights"] in models:
            yield entry
        elif "counts" not in entry:  # which were imported, and never had weights
            logger.warning(
                "%s on %s was evaluated with weights that are gone or were replaced; it is left "
                "out: evaluate it again",
                entry["model"],
                entry["benchmark"],
            )


def _drawn(run: Run, entry: Entry, per_problem: int) -> Source:
    tokens = completions.stored_tokens(run, entry, per_problem)
    id = f"{digest(entry['draw_key'])}:{per_problem}"
    return Source(entry["model"], entry["step"], id, tokens)


def _traces(path: Path, entry: Entry, models: Mapping[str, Model]) -> Source:
    if not path.is_file():
        raise UserError(f"--traces {path}: no such file")
    tokenizer = load_tokenizer(models[entry["weights"]].folder)
    tokens = completions.read_traces(path, entry["problem_ids"], tokenizer)
    id = f"traces:{completions.trace_identity(path)}"
    return Source(completions.trace_name(path), 0, id, tokens)


def _scores(pair: Pair, sampler: Sampler, advance: Any) -> dict[str, list[float]]:
    """Compute the mean log-probability of each completion, by problem."""
    flat = [(id, tokens) for id, draws in pair.source.tokens.items() for tokens in draws]
    found: dict[str, list[float]] = {}
    for start in range(0, len(flat), _SCORED_AT_ONCE):
        some = flat[start : start + _SCORED_AT_ONCE]
        logprobs = sampler.score([pair.prompts[id] for id, _ in some], [t for _, t in some])
        for (id, _), each in zip(some, logprobs, strict=True):
            found.setdefault(id, []).append(mean_logprob(each))
        advance(len(some))
    return found


def _write(run: Run, pair: Pair, sampler: Sampler, scores: Mapping[str, list[float]]) -> None:
    identity = pair.identity(sampler)
    path = _file(run, identity)
    make_folder(path.parent)
    names = {
        "scorer_name": pair.scorer.name,
        "completions_of": pair.source.name,
        "step": max(pair.scorer.step, pair.source.step),
        "scorer_step": pair.scorer.step,
        "source_step": pair.source.step,
        "noted": datetime.now(UTC).isoformat(timespec="microseconds"),
    }
    write_json(path, identity | names | {"mean_logprobs": scores})


def _file(run: Run, identity: Json) -> Path:
    name = json_digest(identity, 8)
    return run.path / "probes" / "likelihood" / f"{name}.json"


def _as_scores(told: Json) -> Scores:
    return Scores(told["scorer_name"], told["completions_of"], told["step"], told["mean_logprobs"])
