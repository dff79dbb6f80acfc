"""One model on one benchmark: what is to be drawn, under which key, and how far it has come.

An `Evaluation` is a plan; it holds no draws. `rlvr_eval.draw.worker` carries it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rlvr import verifiers
from rlvr.answers import attempts, prompts
from rlvr.answers.attempts import Ends
from rlvr.core.damage import Damaged, read_json
from rlvr.core.records import Problem
from rlvr.recipes.keep_text import ALL, KeepText
from rlvr.samplers.base import Sampler, SamplingParams
from rlvr.samplers.versions_apart import versions_apart
from rlvr.verifiers import TIMEOUT_S
from rlvr.weights.adapters import small_files
from rlvr_eval.estimators.design import Design, Progress
from rlvr_eval.plan.chat import ends_of, load_tokenizer
from rlvr_eval.statistics.lineup import ModelRef
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.keys import DrawKey
from rlvr_eval.store.replay import owed, standings
from rlvr_eval.store.verdicts import Verdicts


@dataclass(frozen=True)
class Model:
    """What is evaluated: a folder of weights under a name.

    Attributes:
        step: the training step it was saved at; 0 for the base.
        weights: its hash.
        beside: True where it is no checkpoint of the run, but shown beside them.
        parts: where its trainer left it in parts, which `folder` stands for; None for a whole one.
    """

    name: str
    step: int
    folder: Path
    weights: str
    beside: bool = False
    parts: Path | None = None

    @property
    def ref(self) -> ModelRef:
        """Which model this is, without where it lies."""
        return ModelRef(self.name, self.step, self.weights, self.beside)


@dataclass(frozen=True)
class Evaluation:
    """One model on one benchmark under one design.

    Attributes:
        file: what the problems were read from instead of the Hub.
        revision: of the benchmark, as `rlvr.tasks.problems.revision_of` gives it.
        prompt: name of the template.
        chat_template: folder of the model whose chat template is meant by `chat`; None for its own.
        verifier: name of the verifier.
        store: root of the store.
        verify_timeout_s: time limit of the verifier for one completion.
        planned_looks: numbers of draws after which results are looked at, fixed before the first.
        keep_merged: whether the merged copy of a checkpoint in parts stays when it is evaluated.
    """

    model: Model
    benchmark: str
    revision: str
    problems: tuple[Problem, ...]
    prompt: str
    verifier: str
    sampling: SamplingParams
    design: Design
    run_seed: int
    store: Path
    keep_text: KeepText = ALL
    file: Path | None = None
    chat_template: Path | None = None
    verify_timeout_s: float = TIMEOUT_S
    planned_looks: tuple[int, ...] = ()
    keep_merged: bool = False

    @property
    def tokenizer(self) -> Any:
        """What renders the prompt; None where that is a text, since this one is slow to import."""
        if not prompts.is_chat(self.prompt):
            return None
        return load_tokenizer(self.chat_template or self.model.folder)

    @property
    def ends(self) -> Ends:
        """What ends the model's completions under its prompt."""
        return ends_of(self.prompt, self.model.folder, self.chat_template)

    @property
    def drawn_with(self) -> SamplingParams:
        """The sampling, stopped at the end markers of the template."""
        return self.sampling.stopped_at(self.ends.of_template)

    @property
    def verdict_version(self) -> str:
        """The name under which verdicts on its draws are stored."""
        return attempts.verdict_version(verifiers.get(self.verifier).version, self.ends)

    def key(self, sampler: Sampler) -> DrawKey:
        """Return the draw key of this evaluation when this sampler draws.

        Raises:
            UserError: if the prompt is `chat` and there is no chat template.
        """
        tokenizer = self.tokenizer
        return DrawKey(
            weights=self.model.weights,
            benchmark=self.benchmark,
            revision=self.revision,
            prompt=prompts.key_name(self.prompt, tokenizer),
            sampling=self.sampling,
            context_length=context_length(self.model.folder),
            dtype=sampler.dtype,
            sampler=sampler.identity,
            run_seed=self.run_seed,
            end_ids=tuple(sorted(self.ends.of_template)),
            versions_apart=self._versions_apart(sampler.identity.partition("/")[0]),
        )

    def _versions_apart(self, engine: str) -> dict[str, str]:
        if engine not in self._apart:
            tokenizer = self.tokenizer
            asked = [prompts.render(self.prompt, problem, tokenizer) for problem in self.problems]
            self._apart[engine] = versions_apart(self.model.folder, engine, self.sampling, asked)
        return self._apart[engine]

    @cached_property
    def _apart(self) -> dict[str, dict[str, str]]:
        """By engine; a key is asked for often, and these may take the tokens of every prompt."""
        return {}

    def draws(self, sampler: Sampler) -> DrawStore:
        """Return the store of its draws."""
        return DrawStore(self.store, self.key(sampler).fields())

    def progress(self, draws: DrawStore, verdicts: Verdicts) -> list[Progress]:
        """Return where each problem stands."""
        ids = [problem.id for problem in self.problems]
        return standings(self.design, draws.key, ids, verdicts.by_problem())


def context_length(folder: Path) -> int:
    """Count the tokens that the model takes, prompt and completion; 0 if its config is silent."""
    path = small_files(folder) / "config.json"
    tokens = read_json(path, dict).get("max_position_embeddings") or 0
    if not isinstance(tokens, int):
        raise Damaged(path, f"max_position_embeddings is {tokens!r}")
    return tokens


@dataclass(frozen=True)
class Extent:
    """How much an evaluation takes.

    Attributes:
        drawn: draws that are there and count.
        most: draws it takes at most, those included; exactly so many under a fixed design.
        may_end_early: True where its design may end a problem before n_max.
    """

    drawn: int
    most: int
    may_end_early: bool

    @classmethod
    def of(cls, design: Design, progress: Sequence[Progress]) -> "Extent":
        """Add up where every problem stands."""
        return cls(
            drawn=sum(there.n for there in progress),
            most=sum(there.n if there.stopped else design.n_max for there in progress),
            may_end_early=len(design.looks) > 1,
        )


def extent(evaluation: Evaluation, sampler: Sampler) -> Extent:
    """Measure how much of an evaluation is stored, and how much it takes at most."""
    draws = evaluation.draws(sampler)
    verdicts = draws.verdicts(evaluation.verdict_version)
    return Extent.of(evaluation.design, evaluation.progress(draws, verdicts))


def missing(evaluation: Evaluation, sampler: Sampler) -> int:
    """Count the draws that the design asks for next; 0 once it is satisfied."""
    draws = evaluation.draws(sampler)
    verdicts = draws.verdicts(evaluation.verdict_version)
    return owed(evaluation.progress(draws, verdicts))
