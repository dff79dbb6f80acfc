"""The forecast of an evaluation as text: sizes, vLLM's share, draws, and what they may save."""

from collections.abc import Iterator
from typing import Any

from rlvr.core.disk import size
from rlvr.planning.show import engine_line
from rlvr_eval.draw.forecast import Forecast


def evaluation_lines(found: Forecast, rates: tuple[float, float] | None) -> Iterator[str]:
    """Yield the lines of an evaluation's plan.

    Args:
        rates: tokens sampled and trained per second by all GPUs together; None shows no hours.
    """
    budget = found.settings.sampling.max_completion_tokens
    sizes = ", ".join(
        f"{name} ({'size unknown' if number is None else f'{number:,}'})"
        for name, number in found.problems.items()
    )
    design = found.settings.design or "each benchmark's own design"
    yield f"evaluation of {len(found.models)} model(s) under {design}: {sizes}"
    for name, engine in found.engines.items():
        yield f"vLLM      {name} {engine_line(engine)}"
    yield (
        f"draws     {found.draws.most:,} a model, {found.most_draws:,} in all, of up to {budget:,} "
        f"tokens; the store takes at most {size(found.most_bytes)}"
    )
    if found.sequential and found.sequential.most:
        yield f"saving    {_saving(found)}"
    elif found.draws.most:
        yield f"expected  {_likely(found.draws.likely)}"
    if rates and found.most_tokens:
        yield f"hours     at most {found.most_tokens / rates[0] / 3600:,.1f}"


def _saving(found: Forecast) -> str:
    assert found.sequential is not None
    factors = {name: found.draws.most / n for name, n in found.sequential.likely.items() if n}
    told = ", ".join(f"{factor:.1f} times on {name}" for name, factor in factors.items())
    n = found.draws.most // max(1, sum(number or 0 for number in found.problems.values()))
    return f"design=sequential:{n} draws fewer for problems as hard as known ones: {told}"


def _likely(likely: Any) -> str:
    told = ", ".join(f"{round(n):,} if as hard as {name}" for name, n in likely.items())
    return f"draws of a model: {told}"
