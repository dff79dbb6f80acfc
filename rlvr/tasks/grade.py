"""Grading completions line by line: what is behind `rlvr grade FILE --task T`.

    {"id": .., "gold" or "problem": .., "completion": ..}   one JSON object a line in
    {"id": .., "verdict": .., "answer": .., "reason": ..}   one a line out, in the same order

`gold` is what the task's verifier checks against; `problem` names a problem of a benchmark instead
("gsm8k/3"). Optional: "truncated": true for a completion that the token budget cut off.

It is a filter: a line is graded as soon as it is there, and lines that have piled up are graded
together. A line that cannot be graded is named on the log and does not stop the rest.
"""

import json
import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from rlvr import verifiers
from rlvr.answers import prompts
from rlvr.answers.attempts import Ends
from rlvr.answers.attempts import attempt as attempt_of
from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Problem, Verdict
from rlvr.tasks import problems
from rlvr.verifiers import golds

_BATCH = 256
_TOLD_LINES = 18
_AHEAD = 1024  # lines read before the graders have caught up

FindProblem = Callable[[str], Problem]


class _BrokenLine(Exception):
    """A line that cannot be graded; its text says why."""


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    id: Any
    attempt: Attempt


def grade(
    lines: Iterable[str | bytes],
    task: str,
    out: TextIO,
    log: TextIO,
    *,
    template: str = "plain",
    paths: Mapping[str, str | Path] | None = None,
    timeout_s: float = verifiers.TIMEOUT_S,
) -> int:
    """Grade every line; the exit code is 0, or 1 if a line could not be graded.

    Args:
        task: name of the verifier.
        out: gets the verdicts; that it is closed early, as by `head`, is not an error.
        log: gets the broken lines and, at the end, the counts.
        template: prompt template, under which invented turns end a completion too.
        paths: benchmark -> local file, for lines that name a `problem`.

    Raises:
        UserError: unknown task or template, before any line is read.
    """
    template = prompts.canonical(template)
    prompts.get(template)
    verifiers.check(task)
    ends = Ends(template)
    grader = _Grader(verifiers.get(task), out, log, timeout_s)
    find = _problem_finder(paths or {})
    waiting: queue.Queue[_Item | None] = queue.Queue(_AHEAD)
    # reading stays on the main thread: a thread blocked in a read cannot be ended
    thread = threading.Thread(target=grader.run, args=(waiting,), name="grader", daemon=True)
    thread.start()
    try:
        for number, line in enumerate(lines, start=1):
            if grader.stopped:
                break
            if not line.strip():
                continue
            try:
                waiting.put(_read(number, line, ends, find, task))
            except _BrokenLine as fault:
                grader.report(number, str(fault))
    except KeyboardInterrupt:
        raise  # whoever stops the command does not wait for the batch under way
    except BaseException:
        _end(thread, waiting)
        raise
    _end(thread, waiting)
    return grader.finish()


def _end(thread: threading.Thread, waiting: "queue.Queue[_Item | None]") -> None:
    waiting.put(None)
    thread.join()


class _Grader:
    """The verifier's side: takes what is waiting, writes verdicts, counts."""

    def __init__(
        self, verifier: verifiers.Verifier, out: TextIO, log: TextIO, timeout_s: float
    ) -> None:
        self._verifier, self._out, self._log = verifier, out, log
        self._timeout_s = timeout_s
        self._counts: Counter[str] = Counter()
        self._broken = 0
        self._fault: BaseException | None = None
        self.stopped = False

    def run(self, waiting: "queue.Queue[_Item | None]") -> None:
        """Grade until None comes; after a fault, only empty the queue for its writer."""
        more = True
        while more:
            batch, more = _next_batch(waiting)
            if self.stopped:
                continue
            try:
                self._grade(batch)
            except BrokenPipeError:
                self.stopped = True
            except BaseException as fault:  # raised again on the caller's thread
                self._fault, self.stopped = fault, True

    def report(self, number: int, fault: str) -> None:
        """Report a line that is left out."""
        self._broken += 1
        if self._broken > _TOLD_LINES:
            return
        more = "; further ones are only counted" if self._broken == _TOLD_LINES else ""
        with suppress(BrokenPipeError):
            self._log.write(f"line {number}: {fault:.300}; left out{more}\n")

    def finish(self) -> int:
        """Write the counts; the exit code."""
        if self._fault is not None:
            raise self._fault
        if self.stopped:
            _discard(self._out)
            return 0
        total = sum(self._counts.values())
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self._counts.most_common())
        broken = f"; {self._broken} lines left out" if self._broken else ""
        self._log.write(f"graded {total}{': ' if counts else ''}{counts}{broken}\n")
        return 1 if self._broken else 0

    def _grade(self, batch: list[_Item]) -> None:
        for item, verdict in zip(batch, self._verdicts(batch), strict=True):
            if verdict is not None:
                self._counts[verdict.outcome] += 1
                self._out.write(_line(item.id, verdict))
        self._out.flush()

    def _verdicts(self, batch: list[_Item]) -> list[Verdict | None]:
        """Verify a batch; None for an item whose gold does not fit the task, which is reported."""
        attempts = [item.attempt for item in batch]
        try:
            return list(self._verifier.verify(attempts, timeout_s=self._timeout_s))
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            if len(batch) == 1:
                reason = f"its gold is not valid for task {self._verifier.name} ({fault!r})"
                self.report(batch[0].number, reason)
                return [None]
        return [verdict for item in batch for verdict in self._verdicts([item])]


def _next_batch(waiting: "queue.Queue[_Item | None]") -> tuple[list[_Item], bool]:
    """Return the waiting items, at least one, and whether more may come."""
    batch: list[_Item] = []
    item = waiting.get()
    while item is not None:
        batch.append(item)
        if len(batch) == _BATCH:
            return batch, True
        try:
            item = waiting.get_nowait()
        except queue.Empty:
            return batch, True
    return batch, False


def _read(number: int, line: str | bytes, ends: Ends, find: FindProblem, task: str) -> _Item:
    try:
        row = reading.json_object(line)
    except reading.NotReadable as fault:
        raise _BrokenLine(str(fault)) from None
    if not isinstance(row.get("completion"), str):
        raise _BrokenLine('no text in "completion"')
    ran_out = row.get("truncated") or False
    if not isinstance(ran_out, bool):
        raise _BrokenLine('"truncated" is neither true nor false')
    problem = _problem(row, find)
    if misfit := golds.fault(task, problem.gold):
        raise _BrokenLine(misfit)
    attempt = attempt_of(problem, row["completion"], ends, ran_out=ran_out)
    return _Item(number, row.get("id"), attempt)


def _problem(row: Mapping[str, Any], find: FindProblem) -> Problem:
    if "gold" in row:
        return Problem(str(row.get("id")), "", row["gold"])
    if not isinstance(row.get("problem"), str):
        raise _BrokenLine('neither "gold" nor the id of a "problem"')
    try:
        return find(row["problem"])
    except UserError as error:
        raise _BrokenLine(f"problem {row['problem']}: {error}") from error


def _problem_finder(paths: Mapping[str, str | Path]) -> FindProblem:
    """Return a function that finds problems by id; it loads a benchmark when it is first named."""
    loaded: dict[str, Mapping[str, Problem] | UserError] = {}

    def find(problem_id: str) -> Problem:
        benchmark = problem_id.partition("/")[0]
        if benchmark not in loaded:
            try:
                all_of_it = problems.load(benchmark, path=paths.get(benchmark))
                loaded[benchmark] = {problem.id: problem for problem in all_of_it}
            except UserError as fault:  # remembered: a Hub that is away is asked once
                loaded[benchmark] = fault
        by_id = loaded[benchmark]
        if isinstance(by_id, UserError):
            raise by_id
        if problem_id not in by_id:
            raise UserError(f"{benchmark} has no such problem")
        return by_id[problem_id]

    return find


def _line(identity: Any, verdict: Verdict) -> str:
    row = {"id": identity, "verdict": verdict.outcome, "answer": verdict.answer}
    if verdict.reason is not None:
        row["reason"] = verdict.reason
    return json.dumps(row, ensure_ascii=False) + "\n"


def _discard(out: TextIO) -> None:
    """Let what is still buffered go nowhere: the interpreter flushes standard output at its end."""
    if out is sys.stdout:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
