"""The locks of `multiprocessing`, for a process that is alone.

Python's own lie in /dev/shm, where other processes find them. A sandbox has neither, and a pool of
threads (`multiprocessing.pool.ThreadPool`) wants such locks all the same.
"""

from __future__ import annotations

import sys

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RECURSIVE = 0


class SemLock:
    """A semaphore, or a lock that its owner may take again, made of those of `threading`."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        import threading

        # without a name, nobody registers it with a process that would clean up
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, None, 0
        self._value, self._owner, self._times = value, 0, 0
        self._free, self._identify = threading.Condition(), threading.get_ident

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it; False where it cannot be had in time."""
        with self._free:
            if self.kind == _RECURSIVE and self._is_mine():
                self._times += 1
                return True
            wait_s = timeout if block else 0
            if not self._free.wait_for(lambda: self._value > 0, wait_s):
                return False
            self._value -= 1
            self._owner, self._times = self._identify(), self._times + 1
            return True

    def release(self) -> None:
        """Give it back."""
        with self._free:
            if self.kind == _RECURSIVE:
                if not self._is_mine():
                    raise AssertionError("attempt to release recursive lock not owned by thread")
            elif self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._times -= 1
            if self.kind != _RECURSIVE or self._times == 0:
                self._value += 1
                self._free.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._times

    def _is_mine(self) -> bool:
        return self._times > 0 and self._owner == self._identify()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        """Do nothing: no process is ever forked."""


def install() -> None:
    """Put these locks where `multiprocessing` looks for the kernel's."""
    module: Any = type(sys)("_multiprocessing")
    module.SemLock, module.sem_unlink, module.flags = SemLock, lambda name: None, {}
    sys.modules["_multiprocessing"] = module
