"""How the processes of one launch take turns together, where each starts children of its own.

The first process leads: it says what comes next, and waits until all have done it. They meet in the
store that the launcher has opened (or, where it has not, the first process). Children that connect
to one another must not meet there a second time, among what the children before them have left: for
each turn the leader opens a new store, on a port of the system's choice.
"""

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rlvr.core.launched import is_launched, rank, world_size

if TYPE_CHECKING:
    from torch.distributed import Store  # type: ignore[attr-defined]

_POLL_S = 0.2


class Ranks:
    """The processes of this launch; without a launcher there is one, which meets nobody.

    Args:
        is_told_to_stop: asked while waiting; `Stopped` is raised once it is true.
    """

    def __init__(self, is_told_to_stop: Callable[[], bool]) -> None:
        self.leads = rank() == 0
        # also a single process meets itself where a launcher started it
        self._is_launched = is_launched()
        self._is_told_to_stop = is_told_to_stop
        self._turn = 0
        self._meeting: Store | None = None

    def announce(self, what: str) -> None:
        """Announce the next turn, as the leader."""
        if self._is_launched:
            self._turn += 1
            self._store.set(self._key("port"), str(self._open()))
            self._store.set(self._key("what"), what)

    def hear(self) -> str:
        """Wait, as another process, for the leader to announce the next turn."""
        self._turn += 1
        self._wait(lambda: self._store.check([self._key("what")]))
        return self._store.get(self._key("what")).decode()

    def done(self) -> None:
        """Note that this process has done its part of the turn; the leader waits for the others."""
        if not self._is_launched:
            return
        if self.leads:
            self._wait(lambda: self._store.add(self._key("done"), 0) == world_size() - 1)
        else:
            self._store.add(self._key("done"), 1)

    def environment(self) -> Mapping[str, str]:
        """Return the variables by which child processes of all ranks find each other."""
        if not self._is_launched:
            return os.environ
        port = self._store.get(self._key("port")).decode()
        # torch's word for a store that is open already when its users come
        return {**os.environ, "MASTER_PORT": port, "TORCHELASTIC_USE_AGENT_STORE": "True"}

    @cached_property
    def _store(self) -> "Store":
        from torch.distributed.rendezvous import rendezvous

        store: Store = next(rendezvous("env://"))[0]
        return store

    def _open(self) -> int:
        from torch.distributed import TCPStore  # type: ignore[attr-defined]

        address = os.environ["MASTER_ADDR"]
        opened = TCPStore(address, 0, is_master=True, wait_for_workers=False)
        # in place of the one before, whose users have ended
        self._meeting = opened
        return int(opened.port)

    def _key(self, name: str) -> str:
        return f"rlvr/turn-{self._turn}/{name}"

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Wait in short steps: the store's own wait ignores signals and has a time limit."""
        while not condition():
            if self._is_told_to_stop():
                raise Stopped
            time.sleep(_POLL_S)


class Stopped(Exception):
    """A signal came while this process waited for others."""
