"""Stand-ins for objects that stay in the other sandbox.

A stand-in has the attributes, the methods and the special methods of its object: Python asks the
other side for the length, an item or the text of an object, and what comes back is data.
Comparisons are passed on only where both operands live on the other side. Otherwise an object of
the program could say itself whether it equals what a test expects: to a value of this side, a
stand-in is equal to nothing. Which other operators may be passed on with a value of this side, the
peer says.
"""

from __future__ import annotations

from . import awaiting, codec, inspection, raised
from .operators import COMPARISONS, OPERATORS

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .asking import Asking

_MOST_AT_ONCE = 1024
# special methods whose result is looked at by the side that asks
_ASKED = (
    "len", "length_hint", "getitem", "setitem", "delitem", "reversed", "str", "repr", "format",
    "bytes", "hash", "bool", "int", "float", "complex", "index", "round", "floor", "ceil", "trunc",
    "abs", "neg", "pos", "invert", "call", "iter", "next", "enter", "exit", "await",
    "instancecheck", "contains", "fspath", "aiter", "anext", "aenter", "aexit",
)  # fmt: skip
# names of attributes with two underscores that tests look at
_TOLD = frozenset(
    {
        "__name__", "__qualname__", "__dict__", "__annotations__", "__defaults__", "__kwdefaults__",
        "__code__", "__wrapped__", "__match_args__", "__slots__", "__self__", "__func__",
    }
)  # fmt: skip
_OWN = frozenset({"type_name", "_number", "_peer"})
_found: dict[type, str] = {}
_classes: dict[tuple[str, str], type[Lent]] = {}


def abilities(kind: type) -> str:
    """Return names of the special methods that a type has beyond those of every object."""
    if kind not in _found:
        defined: dict[str, Any] = {}
        for base in reversed(kind.__mro__[:-1]):
            defined.update(base.__dict__)
        names = [n for n in (*_ASKED, *OPERATORS) if defined.get(f"__{n}__") is not None]
        if "iter" in names and "contains" in names:
            # Python looks through the items by itself, and believes nobody
            names.remove("contains")
        _found[kind] = ",".join(names)
    return _found[kind]


class Lent(codec.Opaque):
    """Stands for an object of the other side."""

    __slots__ = ("_number", "_peer")

    def __init__(self, type_name: str, number: int, peer: Asking) -> None:
        super().__init__(type_name)
        self._number, self._peer = number, peer

    def __getattr__(self, name: str) -> Any:
        if name == "__signature__":
            return inspection.signature(self)
        if name.startswith("__") and name not in _TOLD:
            raise AttributeError(name)
        return self._peer.ask(self._number, "get", (name,), {})

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN or name in LentIterator.__slots__:
            object.__setattr__(self, name, value)
        else:
            self._peer.ask(self._number, "set", (name, value), {})

    def __delattr__(self, name: str) -> None:
        self._peer.ask(self._number, "delete", (name,), {})

    def __dir__(self) -> Any:
        return self._peer.ask(self._number, "dir", (), {})

    def __copy__(self) -> Any:
        return self._peer.ask(self._number, "copy", ("copy",), {})

    def __deepcopy__(self, _: Any) -> Any:
        return self._peer.ask(self._number, "copy", ("deepcopy",), {})


class LentIterator(Lent):
    """Fetches one item, then ever more at once, so that an endless iterator can be used too."""

    __slots__ = ("_again", "_at_once", "_error", "_is_over", "_items", "_last")

    def __init__(self, type_name: str, number: int, peer: Asking) -> None:
        super().__init__(type_name, number, peer)
        self._items: list[Any] = []
        self._again: list[bool] = []
        self._last: Any = None
        self._at_once, self._is_over = 1, False
        self._error: BaseException | None = None

    def __iter__(self) -> LentIterator:
        return self

    def __next__(self) -> Any:
        if not self._items and not self._is_over:
            self._fetch()
        if self._items:
            item = self._items.pop()
            if self._again.pop():
                self._peer.replace(self._last, item)
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


def stand_in(able: str, type_name: str, number: int, peer: Asking) -> Lent:
    """Build the stand-in for an object with these abilities.

    Raises:
        LookupError: if they name what is no special method.
    """
    name = type_name.rpartition(".")[2]
    if (able, type_name) not in _classes:
        names = able.split(",") if able else []
        base = LentIterator if "next" in names else Lent
        methods: dict[str, Any] = {
            "__slots__": (),
            "__doc__": property(lambda self: self._peer.ask(self._number, "get", ("__doc__",), {})),
        }
        known = inspection.known_class(type_name)
        if known is not None:
            methods["__class__"] = property(lambda _: known)
        for special in names:
            if special not in ("iter", "next") or base is Lent:
                methods[f"__{special}__"] = _METHODS[special]
        if "await" in names:
            methods.update(send=_send, throw=_throw, close=lambda _: None)
        _classes[able, type_name] = type(name if name.isidentifier() else "Lent", (base,), methods)
    return _classes[able, type_name](type_name, number, peer)


def _asking(name: str) -> Callable[..., Any]:
    def ask(self: Lent, *arguments: Any) -> Any:
        return self._peer.ask(self._number, "special", (name, *arguments), {})

    return ask


def _operating(name: str) -> Callable[[Lent, Any], Any]:
    def operate(self: Lent, other: Any) -> Any:
        is_own = isinstance(other, Lent) and other._peer is self._peer
        if not is_own and (
            name in COMPARISONS
            or isinstance(other, Lent)
            or not self._peer.may_operate(self._number, other)
        ):
            return NotImplemented
        return self._peer.ask(self._number, "operate", (name, other), {})

    return operate


def _call(self: Lent, /, *positional: Any, **named: Any) -> Any:
    return self._peer.ask(self._number, "call", positional, named)


def _iterate(self: Lent) -> Any:
    return self._peer.ask(self._number, "iterate", (), {})


def _exit(self: Lent, kind: Any, error: BaseException | None, trace: Any) -> None:
    """Let the exception go on, whatever the object says: it may be that of a failing test."""
    packed = None if error is None else raised.pack(error)
    self._peer.ask(self._number, "exit", (packed,), {})


def _is_instance(self: Lent, value: Any) -> bool:
    if not isinstance(value, Lent) or value._peer is not self._peer:
        return False
    return self._peer.ask(self._number, "special", ("instancecheck", value), {}) is True


def _await(self: Lent) -> Any:
    return self._peer.ask(self._number, "await", (), {})
    yield


async def _anext(self: Lent) -> Any:
    answer = self._peer.ask(self._number, "anext", (), {})
    if type(answer) is not tuple or len(answer) != 2:
        raise codec.NotData("not an item of an iterator")
    if answer[0] is not False:
        raise StopAsyncIteration
    return answer[1]


async def _aenter(self: Lent) -> Any:
    return self._peer.ask(self._number, "aenter", (), {})


async def _aexit(self: Lent, kind: Any, error: BaseException | None, trace: Any) -> None:
    """Let the exception go on, whatever the object says, as in `_exit`."""
    packed = None if error is None else raised.pack(error)
    self._peer.ask(self._number, "aexit", (packed,), {})


def _send(self: Lent, _: Any) -> None:
    raise StopIteration(self._peer.ask(self._number, "await", (), {}))


def _throw(self: Lent, error: BaseException, *_: Any) -> None:
    raise error


_METHODS: dict[str, Callable[..., Any]] = {
    **{name: _asking(name) for name in _ASKED},
    **{name: _operating(name) for name in OPERATORS},
    "call": _call,
    "iter": _iterate,
    "exit": _exit,
    "instancecheck": _is_instance,
    "await": _await,
    "anext": _anext,
    "aenter": _aenter,
    "aexit": _aexit,
}


def _do_special(subject: Any, name: str, *arguments: Any) -> Any:
    return getattr(type(subject), f"__{name}__")(subject, *arguments)


def _do_exit(subject: Any, packed: Any) -> None:
    type(subject).__exit__(subject, *_of_exit(packed))


def _do_aexit(subject: Any, packed: Any) -> None:
    awaiting.complete(type(subject).__aexit__(subject, *_of_exit(packed)))


def _of_exit(packed: Any) -> tuple[Any, Any, None]:
    error = None if packed is None else raised.rebuild(packed, {})
    return None if error is None else type(error), error, None


def _do_copy(subject: Any, how: str) -> Any:
    import copy

    return copy.deepcopy(subject) if how == "deepcopy" else copy.copy(subject)


# what the side that has an object does for the other one
ACTIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *positional, **named: function(*positional, **named),
    "iterate": iter,
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    "special": _do_special,
    "operate": lambda subject, name, other: OPERATORS[name](subject, other),
    "exit": _do_exit,
    "copy": _do_copy,
    "await": awaiting.complete,
    "anext": awaiting.next_of,
    "aenter": lambda subject: awaiting.complete(type(subject).__aenter__(subject)),
    "aexit": _do_aexit,
    "dir": dir,
    "inspect": inspection.inspect,
    "abilities": lambda subject: abilities(type(subject)),
}
