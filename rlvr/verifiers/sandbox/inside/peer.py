"""One side of a conversation in which each side calls functions of the other.

A judge calls the candidate's function. Where it passes a function as an argument, the candidate
calls that one, while the judge waits; where the candidate returns a function or a generator, the
judge calls it later. The object itself never leaves its process: the other side gets a number, and
arguments and results go across as data.

What a call does to the lists, dicts and sets that it was given is told with its result, and done to
those of the caller.
"""

from __future__ import annotations

import _thread

from . import codec, raised, stand_ins
from .frames import Kind

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import frames

_MOST_NESTED = 40


class Peer:
    """Asks the other side, answers it, and keeps what is lent.

    Args:
        asks, answers: kinds of the messages by which this side asks and is asked.
        only_data: True to refuse as arguments what is neither data nor lent.
    """

    def __init__(
        self, channel: frames.Channel, asks: int, answers: int, *, only_data: bool = False
    ) -> None:
        self._channel, self._asks, self._answers = channel, asks, answers
        self._only_data = only_data
        self._own: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._stand_ins: dict[int, Any] = {}
        self._taken: dict[int, Any] = {}
        self._lent = self._depth = self._call_id = 0
        # one conversation at a time, where several threads call what is lent
        self._speaking = _thread.RLock()

    def action(self, name: str, subject: Any) -> Callable[..., Any]:
        """Return what the other side may do with an object that is lent to it.

        Raises:
            LookupError: if it is nothing of the kind.
        """
        return self._take if name == "take" else stand_ins.ACTIONS[name]

    def lend(self, value: Any) -> bytes | None:
        """Return the ticket for an object that the other side may use or that is its own."""
        if isinstance(value, stand_ins.Lent):
            return b"q%d;" % value._number
        able = self.abilities(value)
        if able is None:
            return None
        self._lent += 1
        number = self._numbers.setdefault(_identity(value), len(self._own))
        if number == len(self._own):
            # kept, so that its id is not given to another
            self._own.append(value)
        return codec.sized(b"p%d;%s;" % (number, able.encode()), codec.type_name(value))

    def abilities(self, value: Any) -> str | None:
        """Say how the other side may use an object, None if not at all."""
        return stand_ins.abilities(type(value))

    def may_operate(self, number: int, other: Any) -> bool:
        """Return whether an operator may tell an object of the other side this value."""
        return True

    def borrow(self, number: int, able: str, type_name: str) -> Any:
        """Return the stand-in for an object of the other side, the same one each time."""
        if number not in self._stand_ins:
            self._stand_ins[number] = stand_ins.stand_in(able, type_name, number, self)
        return self._stand_ins[number]

    def own(self, number: int) -> Any:
        """Return the object of this side that the other side hands back or wants to use."""
        return self._own[number]

    def replace(self, container: Any, content: Any) -> None:
        """Give a container another content."""
        _replace(container, content)

    def rebuild(self, packed: Any) -> BaseException:
        """Rebuild the exception that the other side reports."""
        return raised.rebuild(packed, {})

    def decode(self, payload: bytes, known: list[Any], *, number_new: bool = False) -> Any:
        """Decode the value of a payload."""
        return codec.decode(payload, desk=self, known=known, number_new=number_new)

    def request(self, *asked: Any, known: list[Any]) -> bytes:
        """Encode the payload that asks for something."""
        return codec.encode(
            asked, only_data=self._only_data, desk=self, known=known, number_new=True
        )

    def ask(
        self, number: int, action: str, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Have the other side do something with an object of its own, and give the result."""
        with self._speaking:
            return self._ask(number, action, positional, named)

    def _ask(
        self, number: int, action: str, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        containers: list[Any] = []
        asked = (number, action, positional, tuple(named.items()))
        request = self.request(*asked, known=containers)
        self._channel.send(self._asks, request, call_id=self._call_id)
        frame = self._channel.receive()
        while frame.kind == self._answers:
            self.answer(frame)
            frame = self._channel.receive()
        answer = self.decode(frame.payload, containers)
        if type(answer) is not tuple or len(answer) != 2:
            raise TypeError("what the program sends is no answer")
        value, changes = answer
        for number, content in changes:
            _replace(containers[number], content)
        if frame.kind == Kind.RAISED:
            raise self.rebuild(value)
        return value

    def answer(self, frame: frames.Frame) -> None:
        """Do what the other side asks, and send the result."""
        asked_before, self._call_id = self._call_id, frame.call_id
        self._depth += 1
        try:
            kind, payload = self._do(frame.payload)
        finally:
            self._depth -= 1
            self._call_id = asked_before
        self._channel.send(kind, payload, call_id=frame.call_id)

    def _do(self, request: bytes) -> tuple[int, bytes]:
        containers: list[Any] = []
        try:
            if self._depth > _MOST_NESTED:
                raise RecursionError("calls of each other are nested too deeply")
            number, action, positional, named = self.decode(request, containers, number_new=True)
            before = [_content(container) for container in containers]
            subject = self._own[number]
            act = self.action(action, subject)
            try:
                kind, value = Kind.RESULT, act(subject, *positional, **dict(named))
            except BaseException as error:
                kind, value = Kind.RAISED, raised.pack(error)
            changes = _changes(containers, before)
            return kind, codec.encode((value, changes), desk=self, known=containers)
        except BaseException as error:
            return Kind.RAISED, codec.encode((raised.pack(error), []))

    def _take(self, iterator: Any, count: int) -> tuple[list[Any], list[bool], bool, Any]:
        """Take so many items; return them, whether that was all, and what was raised after them.

        Each item is written down at once: a generator may yield one list again and again, with
        another content each time. The flags say which items are the object of the item before.
        """
        items: list[Any] = []
        again: list[bool] = []
        # what is lent is kept, so its id is not given to another
        last = self._taken.get(id(iterator))
        error = None
        is_over = False
        lent_before = self._lent
        try:
            # what is lent may change with the next item, as the groups of `itertools.groupby` do
            while len(items) < count and self._lent == lent_before:
                item = next(iterator)
                is_same = item is last and _is_changeable(item)
                items.append(codec.written(_content(item) if is_same else item, self))
                again.append(is_same)
                last = item
        except StopIteration:
            is_over = True
        except BaseException as raised_now:
            is_over, error = True, raised.pack(raised_now)
        self._taken[id(iterator)] = last
        return items, again, is_over, error


def _identity(value: Any) -> Any:
    """Return what two mentions of one object share; a method is made anew for each mention."""
    if hasattr(value, "__func__") and hasattr(value, "__self__"):
        return id(value.__self__), id(value.__func__)
    return id(value)


def _is_changeable(item: Any) -> bool:
    return isinstance(item, list | dict | set)


def _content(container: Any) -> Any:
    """Return what a container holds just now; the items themselves, not copies of them."""
    if isinstance(container, dict):
        return list(container.items())
    return container.copy() if hasattr(container, "copy") else container[:]


def _changes(containers: list[Any], before: list[Any]) -> list[tuple[int, Any]]:
    """List number and new content of each container that does not hold what it held."""
    found = zip(containers, before, strict=True)
    return [
        (number, _content(container))
        for number, (container, content) in enumerate(found)
        if _differs(_content(container), content)
    ]


def _differs(now: Any, before: Any) -> bool:
    if isinstance(now, set):
        return bool(now != before)
    if hasattr(now, "tobytes"):
        return bool(now.tobytes() != before.tobytes())
    # by identity, since items compared for equality may be large, or not say the truth
    pairs = zip(_flat(now), _flat(before), strict=False)
    return len(now) != len(before) or any(one is not other for one, other in pairs)


def _flat(content: Any) -> Any:
    """Return the items; of a dict, keys and values one by one."""
    for item in content:
        if type(item) is tuple and len(item) == 2:
            yield from item
        else:
            yield item


def _replace(container: Any, content: Any) -> None:
    """Give a container what the other side's container holds.

    Raises:
        codec.NotData: for what such a container cannot hold.
    """
    # methods of the plain type, since a subclass may do more in its own
    if isinstance(container, dict) and type(content) is list:
        pairs = dict(content)
        container.clear()
        container.update(pairs)
    elif isinstance(container, list) and type(content) is list:
        list.__setitem__(container, slice(None), content)
    elif isinstance(container, set) and type(content) is set:
        set.clear(container)
        set.update(container, content)
    elif type(container) is not type(content):
        raise codec.NotData("another content than the argument can have")
    elif hasattr(container, "shape"):
        container[...] = content
    elif hasattr(container, "tobytes"):
        container[:] = content
    else:
        container.clear()
        container.extend(content)
