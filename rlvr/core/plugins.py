"""What other installed packages add: methods, verifiers, benchmarks, samplers and teachers.

A package registers each by an entry point, under the name that recipes then use:

    [project.entry-points."rlvr.methods"]
    my_method = "my_package.my_method:METHOD"

Names are read from the packages' metadata; nothing is imported before it is asked for.
"""

import sys
from collections.abc import Collection
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from rlvr.core.errors import UserError

Group = Literal[
    "rlvr.methods", "rlvr.verifiers", "rlvr.benchmarks", "rlvr.samplers", "rlvr.teachers"
]


def names(group: Group) -> tuple[str, ...]:
    """Return the names that installed packages register in a group, sorted."""
    return tuple(sorted({point.name for point in _points(group)}))


def find(group: Group, name: str, built_in: Collection[str] = ()) -> EntryPoint | None:
    """Return the entry point of a name, without importing anything; None if there is none.

    Args:
        built_in: names that come along and that no package may take.

    Raises:
        UserError: if several packages register the name, or one takes a built-in one.
    """
    found = [point for point in _points(group) if point.name == name]
    packages = " and ".join(sorted(package_of(point) for point in found))
    if found and name in built_in:
        raise UserError(
            f"'{name}' comes along, and the package {packages} registers the same name in {group}; "
            "uninstall it or have it renamed"
        )
    if len(found) > 1:
        raise UserError(
            f"'{name}' is registered in {group} by the packages {packages}; uninstall one of them"
        )
    return found[0] if found else None


def load(point: EntryPoint) -> Any:
    """Import what an entry point names.

    Raises:
        UserError: naming the package, if that fails in whatever way.
    """
    try:
        return point.load()
    except (Exception, SystemExit) as error:  # a stranger's module may do anything
        raise broken(point, f"{type(error).__name__}: {' '.join(str(error).split())}") from error


def broken(point: EntryPoint, reason: str) -> UserError:
    """Return the error for a plug-in that is not what its group asks for."""
    return UserError(
        f"plug-in '{point.name}' of the package {package_of(point)} ({point.value}) cannot be "
        f"used: {reason[:300]}; update or uninstall it"
    )


def package_of(point: EntryPoint) -> str:
    """Return the name of the package that registers an entry point."""
    return point.dist.name if point.dist is not None else "unknown"


def version_of(point: EntryPoint) -> str:
    """Return package and version, as what identifies a thing that the package makes."""
    return f"{package_of(point)}/{point.dist.version if point.dist is not None else 0}"


def _points(group: Group) -> tuple[EntryPoint, ...]:
    return _read(group, tuple(sys.path))


@lru_cache(maxsize=32)
def _read(group: Group, path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Read a group's entry points; the path of imports is an argument because it decides them."""
    # a package that is on the path twice is one package
    unique = {(point.name, point.value, package_of(point)): point for point in _points_of(group)}
    return tuple(unique.values())


def _points_of(group: Group) -> list[EntryPoint]:
    return list(entry_points(group=group))
