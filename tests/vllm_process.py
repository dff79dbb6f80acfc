"""A VLLMSampler in a process of its own, so that the engine leaves no traces in the test process.

vLLM changes the process it runs in for good: environment variables, torch's thread settings, the
memory policy. `RemoteSampler` has the sampler's methods; iterators come back as lists.
"""

import multiprocessing as mp
from collections.abc import Sequence
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.records import Completion
from rlvr.samplers.base import SampleRequest, SamplingParams


class RemoteSampler:
    """Starts the process at once and the engine with the first `load`."""

    def __init__(self) -> None:
        spawn = mp.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that its death is seen here as the end of the stream

    def load(self, checkpoint: Path) -> None:
        self._call("load", checkpoint)

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> list[Completion]:
        """Completions in the order in which they were yielded."""
        return self._call("sample", requests, params, logprobs=logprobs)

    def take(
        self, number: int, requests: Sequence[SampleRequest], params: SamplingParams
    ) -> list[Completion]:
        """The first completions; then the iterator is closed."""
        return self._call("take", number, requests, params)

    def score(self, prompts: Sequence[str], token_ids: Sequence[Sequence[int]]) -> Any:
        return self._call("score", prompts, token_ids)

    def close(self) -> None:
        self._call("close")

    def end(self) -> None:
        """End the process at once; taking the interpreter down in order takes seconds."""
        self._process.kill()
        self._process.join()

    def _call(self, verb: str, *arguments: Any, **options: Any) -> Any:
        self._connection.send((verb, arguments, options))
        outcome, value = self._connection.recv()
        if outcome == "refused":
            raise UserError(value)
        assert outcome == "done", value
        return value


def _serve(connection: Connection) -> None:
    from rlvr.samplers.vllm.sampler import VLLMSampler

    sampler = VLLMSampler()
    while True:
        verb, arguments, options = connection.recv()
        try:
            connection.send(("done", _answer(sampler, verb, arguments, options)))
        except UserError as error:
            connection.send(("refused", str(error)))
        except Exception as error:
            connection.send(("failed", repr(error)))


def _answer(sampler: Any, verb: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    match verb:
        case "sample":
            return list(sampler.sample(*arguments, **options))
        case "take":
            completions = sampler.sample(*arguments[1:])
            taken = list(islice(completions, arguments[0]))
            completions.close()
            return taken
        case _:
            return getattr(sampler, verb)(*arguments, **options)
