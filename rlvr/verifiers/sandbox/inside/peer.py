"""One side of a conversation in which each side calls functions of the other.

A judge calls the candidate's function. Where it passes a function as an argument, the candidate
calls that one, while the judge waits; where the candidate returns a function or a generator, the
judge calls it later. The object itself never leaves its process: the other side gets a number, and
arguments and results go across as data.

What a call does to the lists, dicts and sets that it was given is told with its result, and done to
those of the caller.
"""

from __future__ import annotations

from . import codec, raised
from .frames import Kind

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import frames

CALLABLE, ITERATOR, ITERABLE, PLAIN = "c", "n", "i", "a"
_MOST_NESTED = 40
_MOST_AT_ONCE = 1024


class Lent(codec.Opaque):
    """Stands for an object that stays on the other side, and equals nothing but itself.

    Its attributes and methods are those of the object, but for the special ones, by which Python
    compares and calculates.
    """

    def __init__(self, type_name: str, number: int, peer: Peer) -> None:
        super().__init__(type_name)
        self._number, self._peer = number, peer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._peer.ask(self._number, "get", (name,), {})


class LentFunction(Lent):
    """Calls the function of the other side."""

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._peer.ask(self._number, "call", positional, named)


class LentIterable(Lent):
    """Gives an iterator of the other side each time."""

    def __iter__(self) -> Any:
        return self._peer.ask(self._number, "iterate", (), {})


class LentIterator(Lent):
    """Fetches one item, then ever more at once, so that an endless iterator can be used too."""

    def __init__(self, type_name: str, number: int, peer: Peer) -> None:
        super().__init__(type_name, number, peer)
        self._items: list[Any] = []
        self._again: list[bool] = []
        self._last: Any = None
        self._at_once, self._is_over = 1, False
        self._error: Exception | None = None

    def __iter__(self) -> LentIterator:
        return self

    def __next__(self) -> Any:
        if not self._items and not self._is_over:
            self._fetch()
        if self._items:
            item = self._items.pop()
            if self._again.pop():
                _replace(self._last, item)
            else:
                self._last = item
            return self._last
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise StopIteration

    def _fetch(self) -> None:
        fetched = self._peer.ask(self._number, "take", (self._at_once,), {})
        if type(fetched) is not tuple or len(fetched) != 4:
            raise codec.NotData("not items of an iterator")
        items, again, is_over, error = fetched
        if type(items) is not list or type(again) is not list or len(items) != len(again):
            raise codec.NotData("not items of an iterator")
        self._items, self._again = items[::-1], [flag is True for flag in again[::-1]]
        self._is_over = is_over is not False or not items
        self._error = None if error is None else self._peer.rebuild(error)
        self._at_once = min(2 * self._at_once, _MOST_AT_ONCE)


_STAND_INS = {PLAIN: Lent, CALLABLE: LentFunction, ITERATOR: LentIterator, ITERABLE: LentIterable}


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
        self._taken: dict[int, Any] = {}
        self._depth = self._call_id = 0

    @property
    def actions(self) -> dict[str, Callable[..., Any]]:
        """What the other side may do with what is lent to it."""
        return ACTIONS | {"take": self._take}

    def lend(self, value: Any) -> bytes | None:
        """The ticket for an object that the other side may use or that is its own."""
        if isinstance(value, Lent):
            return b"q%d;" % value._number
        abilities = self.abilities(value)
        if abilities is None:
            return None
        self._own.append(value)
        ticket = b"p%d;%s;" % (len(self._own) - 1, abilities.encode())
        return codec.sized(ticket, codec.type_name(value))

    def abilities(self, value: Any) -> str | None:
        """How the other side may use an object, None if not at all."""
        if hasattr(type(value), "__next__"):
            return ITERATOR
        if callable(value):
            return CALLABLE
        return ITERABLE if hasattr(type(value), "__iter__") else PLAIN

    def borrow(self, number: int, abilities: str, type_name: str) -> Any:
        """The stand-in for an object of the other side."""
        return _STAND_INS[abilities](type_name, number, self)

    def own(self, number: int) -> Any:
        """The object of this side that the other side hands back or wants to use."""
        return self._own[number]

    def rebuild(self, packed: Any) -> Exception:
        """The exception that the other side tells of."""
        return raised.rebuild(packed, {})

    def decode(self, payload: bytes, known: list[Any], *, number_new: bool = False) -> Any:
        """The value of a payload."""
        return codec.decode(payload, desk=self, known=known, number_new=number_new)

    def request(self, *asked: Any, known: list[Any]) -> bytes:
        """The payload that asks for something."""
        return codec.encode(
            asked, only_data=self._only_data, desk=self, known=known, number_new=True
        )

    def ask(
        self, number: int, action: str, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """Have the other side do something with an object of its own, and give the result."""
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
            act = self.actions[action]
            try:
                kind, value = Kind.RESULT, act(self._own[number], *positional, **dict(named))
            except BaseException as error:
                kind, value = Kind.RAISED, raised.pack(error)
            changes = _changes(containers, before)
            return kind, codec.encode((value, changes), desk=self, known=containers)
        except BaseException as error:
            return Kind.RAISED, codec.encode((raised.pack(error), []))

    def _take(self, iterator: Any, count: int) -> tuple[list[Any], list[bool], bool, Any]:
        """So many next items, whether that was all, and what was raised in place of a further one.

        Each item is written down at once: a generator may yield one list again and again, with
        another content each time. The flags say which items are the object of the item before.
        """
        items: list[Any] = []
        again: list[bool] = []
        # what is lent is kept, so its id is not given to another
        last = self._taken.get(id(iterator))
        error = None
        is_over = False
        try:
            while len(items) < count:
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


ACTIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *positional, **named: function(*positional, **named),
    "iterate": iter,
    "get": getattr,
}


def _is_changeable(item: Any) -> bool:
    return isinstance(item, list | dict | set)


def _content(container: Any) -> Any:
    """What a container holds just now; the items themselves, not copies of them."""
    if isinstance(container, dict):
        return list(container.items())
    return container.copy() if hasattr(container, "copy") else container[:]


def _changes(containers: list[Any], before: list[Any]) -> list[tuple[int, Any]]:
    """Number and new content of each container that does not hold what it held."""
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
    """The items; of a dict's, which are pairs, key and value by themselves."""
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
