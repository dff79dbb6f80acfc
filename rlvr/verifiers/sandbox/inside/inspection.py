"""Answers what `inspect` is asked about functions and classes of the other side."""

from __future__ import annotations

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMES = (
    "getsource", "getsourcelines", "getdoc", "getcomments", "isfunction", "isclass", "ismethod",
    "isroutine", "isbuiltin", "isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction",
    "isabstract", "isgenerator", "isasyncgen",
)  # fmt: skip
# classes that a test asks for, whose instances are lent and not sent
_KNOWN = {
    "builtins.function": lambda: 0,
    "builtins.generator": (_ for _ in ()),
    "builtins.builtin_function_or_method": len,
}


def known_class(type_name: str) -> type | None:
    """Return this side's class that an object of the other side is an instance of, if any.

    No program can choose it but from these few, and none of them compares or computes.
    """
    return type(_KNOWN[type_name]) if type_name in _KNOWN else None


def inspect(subject: Any, name: str) -> Any:
    """Return what `inspect` says of an object of this side.

    Raises:
        LookupError: if that is nothing the other side may ask.
    """
    import inspect as library

    _show_source()
    if name == "signature":
        found = library.signature(subject)
        parameters = [
            (p.name, int(p.kind), *_given(p.default), *_given(p.annotation))
            for p in found.parameters.values()
        ]
        return parameters, _given(found.return_annotation)
    if name not in _NAMES:
        raise LookupError(name)
    return getattr(library, name)(subject)


def _show_source() -> None:
    """Have the program's source found under the name that its code was compiled with."""
    import linecache
    import sys

    if "<program>" not in linecache.cache:
        with open(sys.modules["solution"].__file__ or "", encoding="utf-8") as file:
            source = file.read()
        linecache.cache["<program>"] = len(source), None, source.splitlines(True), "<program>"


def _given(value: Any) -> tuple[bool, Any]:
    import inspect as library

    return (False, None) if value is library.Signature.empty else (True, value)


def signature(lent: Any) -> Any:
    """Return the signature of a function of the other side.

    Raises:
        ValueError, TypeError: if it has none.
    """
    import inspect as library

    parameters, returned = lent._peer.ask(lent._number, "inspect", ("signature",), {})
    kinds = list(library._ParameterKind)
    empty = library.Signature.empty
    return library.Signature(
        [
            library.Parameter(
                name,
                kinds[kind],
                default=default if has_default else empty,
                annotation=annotation if has_annotation else empty,
            )
            for name, kind, has_default, default, has_annotation, annotation in parameters
        ],
        return_annotation=returned[1] if returned[0] else empty,
    )


def ask_the_other_side(stand_in: type) -> None:
    """Have `inspect` in this process ask the other side about what it has lent."""
    import inspect as library

    for name in _NAMES:
        setattr(library, name, _asking(name, getattr(library, name), stand_in))


def _asking(name: str, here: Any, stand_in: type) -> Any:
    def ask(subject: Any) -> Any:
        if isinstance(subject, stand_in):
            return subject._peer.ask(subject._number, "inspect", (name,), {})  # type: ignore[attr-defined]
        return here(subject)

    return ask
