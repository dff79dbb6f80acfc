"""ES modules as one script, each module in a function of its own.

The page is one file, opened from disk, where a browser refuses to import modules. Understood is
what the page's scripts use: `import { a, b } from "./x.js";` at the top, and `export` before a
`const` or a `function`.
"""

import re
from collections.abc import Iterator, Mapping

_IMPORT = re.compile(r'^import \{ ?([^}]*?),? ?\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|function) (\w+))", re.MULTILINE)
_TYPES = re.compile(r"^/\*\* @import [^*]*\*/\n", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(modules: Mapping[str, str], main: str) -> str:
    """Join a module and all that it imports, every module after those that it imports.

    Raises:
        ValueError: if modules import each other in a circle, one is missing or exports no such
            name, or an import or export is written in another way.
    """
    order = list(dict.fromkeys(_in_order(modules, main, ())))
    _check_names(modules, order)
    parts = "\n".join(_wrapped(name, modules[name]) for name in order)
    return f'(() => {{\n"use strict";\nconst modules = {{}};\n{parts}}})();\n'


def _in_order(modules: Mapping[str, str], name: str, importers: tuple[str, ...]) -> Iterator[str]:
    if name in importers:
        raise ValueError(f"modules import each other: {' -> '.join((*importers, name))}")
    if name not in modules:
        raise ValueError(
            f"{importers[-1] if importers else 'the page'} imports {name}: no such module"
        )
    for _, imported in _IMPORT.findall(modules[name]):
        yield from _in_order(modules, imported, (*importers, name))
    yield name


def _check_names(modules: Mapping[str, str], order: list[str]) -> None:
    for name in order:
        for listed, imported in _IMPORT.findall(modules[name]):
            for wanted in re.findall(r"\w+", listed):
                if wanted not in _EXPORT.findall(modules[imported]):
                    raise ValueError(f"{name} imports {wanted}, which {imported} does not export")


def _wrapped(name: str, source: str) -> str:
    exported = _EXPORT.findall(source)
    plain = _TYPES.sub("", _EXPORT.sub("", source))
    inner = _IMPORT.sub(r'const { \1 } = modules["\2"];\n', plain)
    if other := _OTHER.search(inner):
        raise ValueError(f"{name}: cannot bundle {other[0]!r}")
    return f'modules["{name}"] = (() => {{\n{inner}return {{ {", ".join(exported)} }};\n}})();\n'
