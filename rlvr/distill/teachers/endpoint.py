"""A model behind an OpenAI-compatible endpoint as a teacher, e.g. `vllm serve`.

One request per trace, each with a seed of its own: traces are kept one by one as they come, and
which of them are still due is all that a restart needs to know. A prompt that the server will never
take is left out with a warning; it is asked again the next time. Where nothing but refusals come,
the settings are wrong, and that is said at once.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any

from rlvr.answers import prompts
from rlvr.core.errors import UserError
from rlvr.core.records import Completion, FinishReason, Problem
from rlvr.core.secrets import read_key
from rlvr.distill.teachers.http_retry import Patience, PatientClient, Refused, Stopped
from rlvr.distill.teachers.protocol import Due, asked_problems, asked_revisions, section_of
from rlvr.recipes.distill_section import EndpointTeacher
from rlvr.recipes.recipe import Recipe
from rlvr.samplers.base import SamplingParams, draw_seed

logger = logging.getLogger(__name__)

_REFUSALS_WITHOUT_SUCCESS = 3
# servers differ in what they know beyond OpenAI's parameters: sent only where they say something
_NEUTRAL = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}


class Endpoint:
    """A `Teacher` that is asked over HTTP, many requests at once."""

    def __init__(self, recipe: Recipe, settings: EndpointTeacher) -> None:
        self._recipe, self._settings = recipe, settings
        self._run_seed = section_of(recipe).run_seed
        self._is_chat = prompts.is_chat(settings.prompt)

    def key(self) -> Mapping[str, Any]:
        """Identify the teacher by its model's name: what the server loads is not visible here."""
        settings = self._settings
        return {
            "teacher": f"endpoint:{settings.model}",
            "prompt": settings.prompt,
            "system": settings.system,
            "instruction": settings.instruction,
            "sampling": settings.sampling.model_dump(mode="json"),
            "problems": asked_revisions(self._recipe),
            "run_seed": self._run_seed,
        }

    def problems(self) -> list[Problem]:
        """Return the problems of `data.problems`."""
        return asked_problems(self._recipe)

    def traces(self, due: Sequence[Due]) -> Iterator[Completion]:
        """Yield traces as they come. Where a request fails for good, those under way are kept."""
        client = self._client()
        asked = ((one.problem, index) for one in due for index in one.indices)
        results = _Results(self._settings)
        with ThreadPoolExecutor(self._settings.concurrency) as pool:
            under_way: set[Future[Completion]] = set()
            try:
                while True:
                    free = self._settings.concurrency - len(under_way)
                    under_way |= {
                        pool.submit(self._trace, client, *draw) for draw in islice(asked, free)
                    }
                    if not under_way:
                        break
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    yield from results.of(done)
            except UserError:
                client.stop()
                yield from results.of(wait(under_way).done, errors_too=False)
                raise
            finally:
                client.stop()
        results.tell_refusals()

    def _client(self) -> PatientClient:
        settings = self._settings
        key = read_key(settings.key_variable)
        patience = Patience(
            settings.attempts,
            settings.backoff_s,
            settings.timeout_s,
            settings.requests_per_minute,
        )
        return PatientClient(key, patience)

    def _trace(self, client: PatientClient, problem: Problem, index: int) -> Completion:
        """Send one request, on a thread of the pool."""
        seed = draw_seed(self._run_seed, self._settings.model, problem.id) + index
        place = "chat/completions" if self._is_chat else "completions"
        url = f"{self._settings.url.rstrip('/')}/{place}"
        text, reason = read_choice(client.post(url, self._body(problem, seed), seed=seed))
        return Completion(problem.id, index, text, reason)

    def _body(self, problem: Problem, seed: int) -> dict[str, Any]:
        settings = self._settings
        body = {"model": settings.model, "seed": seed, **wire_parameters(settings.sampling)}
        if not self._is_chat:
            return {**body, "prompt": prompts.render(settings.prompt, problem)}
        template = prompts.get(settings.prompt)
        said = settings.system or template.system
        system = [{"role": "system", "content": said}] if said else []
        asked = "\n".join(filter(None, (problem.question, settings.instruction)))
        if template.chat_template_kwargs:  # a parameter of vLLM's and SGLang's servers
            body["chat_template_kwargs"] = dict(template.chat_template_kwargs)
        return {**body, "messages": [*system, {"role": "user", "content": asked}]}


class _Results:
    """What came of finished requests, and how many of them the server refused."""

    def __init__(self, settings: EndpointTeacher) -> None:
        self._settings = settings
        self._taken = self._refused = 0
        self._reason = ""

    def of(
        self, finished: Iterable[Future[Completion]], *, errors_too: bool = True
    ) -> Iterator[Completion]:
        """Yield the traces, then raise the first error that ends the run."""
        errors: list[UserError] = []
        for future in finished:
            try:
                trace = future.result()
            except Refused as refusal:
                self._refused, self._reason = self._refused + 1, str(refusal)
            except Stopped:
                continue
            except UserError as error:
                errors.append(error)
            else:
                self._taken += 1
                yield trace
        if self._refused >= _REFUSALS_WITHOUT_SUCCESS and not self._taken:
            errors.append(self._refusal())
        if errors and errors_too:
            raise errors[0]

    def tell_refusals(self) -> None:
        """Warn of prompts that were left out.

        Raises:
            UserError: if that is all of them.
        """
        if self._refused and not self._taken:
            raise self._refusal()
        if self._refused:
            logger.warning(
                "%d traces were refused and left out; the last with: %s",
                self._refused,
                self._reason,
            )

    def _refusal(self) -> UserError:
        return UserError(
            f"{self._settings.url} refuses every request, the last one with: {self._reason}; "
            "correct distill.teacher (model, prompt, sampling)"
        )


def wire_parameters(sampling: SamplingParams) -> dict[str, Any]:
    """Name sampling parameters as OpenAI's API and vLLM's additions do."""
    values = sampling.model_dump(mode="json")
    values["max_tokens"] = values.pop("max_completion_tokens")
    neutral = {**_NEUTRAL, "stop": [], "stop_token_ids": []}
    return {name: value for name, value in values.items() if neutral.get(name) != value}


def read_choice(reply: Mapping[str, Any]) -> tuple[str, FinishReason]:
    """Read text and finish reason of the only choice; put a separate reasoning before it.

    Raises:
        Refused: if the reply holds no text, or was ended by a filter.
    """
    try:
        choice = reply["choices"][0]
        reason = choice["finish_reason"]
        message = choice.get("message")
        text = choice["text"] if message is None else _spoken(message)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise Refused(f"a reply without a choice ({error!r}): {str(reply)[:200]}") from None
    if reason not in ("stop", "length"):
        raise Refused(f"finish_reason {reason!r}")
    return text, reason


def _spoken(message: Mapping[str, Any]) -> str:
    """Put back the <think> text that vLLM's reasoning parsers take out of the content."""
    content = str(message.get("content") or "")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    return f"<think>\n{reasoning}\n</think>\n\n{content}" if reasoning else content
