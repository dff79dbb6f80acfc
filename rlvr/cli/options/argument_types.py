"""Types of command line arguments: numbers within bounds, durations, and folders to write."""

import argparse
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def whole(at_least: int, at_most: int = 2**31 - 1) -> Callable[[str], int]:
    """Return an argument type: a whole number within bounds."""

    def number(text: str) -> int:
        value = int(text) if re.fullmatch("[+-]?[0-9]{1,12}", text) else None
        if value is None or not at_least <= value <= at_most:
            bounds = f"at least {at_least}" if at_most == 2**31 - 1 else f"{at_least} to {at_most}"
            raise argparse.ArgumentTypeError(f"{text!r:.60}: write a whole number, {bounds}")
        return value

    return number


def positive(below: float, wanted: str) -> Callable[[str], float]:
    """Return an argument type: a number above 0 and below a bound; `wanted` says it in words."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < below:
            raise argparse.ArgumentTypeError(f"{text!r:.60}: write {wanted}")
        return value

    return number


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str) -> float:
    """Read 90s, 30m, 2h or 1d as seconds."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])", text)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text!r:.60}: write a duration, such as 90s, 30m or 2h")
    return seconds


def finite(text: str) -> float:
    """Read a number that is neither infinite nor none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r:.60}: write a number, such as 0 or 0.5")
    return value


def folder(text: str) -> Path:
    """Read the name of a folder that may have to be made."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!a:.60}: write the name of a folder")
    return Path(text)


class Once(argparse.Action):
    """Stores an option's value, and refuses to have it twice: one of the two would be lost."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option: str | None = None,
    ) -> None:
        given = vars(namespace).setdefault("_given", set())
        if option is not None and self.dest in given:
            parser.error(f"{option} is given twice; leave one of them out")
        given.add(self.dest)
        setattr(namespace, self.dest, values)
