"""A verifier of your own: the last result that a completion writes must be the target."""

import re


def reaches_target(completion: str, gold: dict) -> tuple[bool | None, str | None]:
    """Return the verdict and the answer; None as verdict where there is no answer."""
    numbers = re.findall(r"= (\d+)", completion)
    if not numbers:
        return None, None
    return int(numbers[-1]) == gold["target"], numbers[-1]
