"""Awaits what lives in this sandbox for the other one, all in one event loop."""

from __future__ import annotations

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_loops: list[Any] = []


def complete(awaitable: Any) -> Any:
    """Return the result of something that can be awaited."""
    import asyncio

    async def wait() -> Any:
        return await awaitable

    if asyncio._get_running_loop() is not None:
        return _complete_in_thread(wait())
    if not _loops:
        # one for all: an asynchronous generator ends with the loop that it began in
        _loops.append(asyncio.new_event_loop())
    return _loops[0].run_until_complete(wait())


def _complete_in_thread(coroutine: Any) -> Any:
    """Run a coroutine in a loop of its own, since this thread's loop waits for the result."""
    import asyncio
    import threading

    found: list[Any] = []

    def run() -> None:
        try:
            found.extend((asyncio.run(coroutine), None))
        except BaseException as error:
            found.extend((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    result, error = found
    if error is not None:
        raise error
    return result


def next_of(iterator: Any) -> tuple[bool, Any]:
    """Return whether an asynchronous iterator is over, and else its next item."""
    try:
        return False, complete(type(iterator).__anext__(iterator))
    except StopAsyncIteration:
        return True, None
