"""Types of command line arguments: numbers within bounds."""

import argparse
import re
from collections.abc import Callable


def whole(at_least: int, at_most: int = 2**31 - 1) -> Callable[[str], int]:
    """Return an argument type: a whole number within bounds."""

    def number(text: str) -> int:
        value = int(text) if re.fullmatch("[+-]?[0-9]{1,12}", text) else None
        if value is None or not at_least <= value <= at_most:
            bounds = f"at least {at_least}" if at_most == 2**31 - 1 else f"{at_least} to {at_most}"
            raise argparse.ArgumentTypeError(f"{text!r:.60}: write a whole number, {bounds}")
        return value

    return number
