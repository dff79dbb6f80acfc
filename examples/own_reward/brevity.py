"""A second reward of your own: 1 for a plan without detours, less for every further step."""


def brevity(completion: str, gold: dict) -> float:
    """Return a number; it is logged as rewards/brevity, apart from correctness."""
    steps = completion.count("=")
    needed = len(gold["numbers"]) - 1
    return 1.0 if steps <= needed else needed / steps
