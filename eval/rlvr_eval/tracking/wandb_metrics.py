"""A model's numbers under the names they have as metrics: `eval/<benchmark>/pass@256`, ..

Values are those of summary.json, unchanged. What does not exist (a difference of the base to
itself, a crossover that is not shown) has no metric. Where undecided verdicts matter beside the
interval, `pass@256_upper` is what pass@256 is if all of them are right, and `D@256_least` and
`D@256_greatest` are the differences that they leave possible.
"""

from collections.abc import Sequence

from rlvr_eval.summary.model_summary import Json, at_k

# a test certifies that p fell or rose, never that a problem is out of reach
_CERTIFIED = {"lost": "lower", "gained": "higher"}

STEP = "train/global_step"

Metrics = dict[str, float]


def scalars(benchmark: str, model: Json, headline_ks: Sequence[int]) -> Metrics:
    """Return every single number of a model on a benchmark, its strata included."""
    place = f"eval/{benchmark}/{model['name']}" if model["beside"] else f"eval/{benchmark}"
    metrics = _view(place, model, headline_ks)
    metrics[f"{place}/undecided_rate"] = model["undecided_rate"]
    metrics[f"{place}/truncation_rate"] = model["truncation_rate"]
    metrics[f"{place}/completions"] = model["completions"]
    for change, problems in model.get("certified", {}).items():
        metrics[f"{place}/certified_{_CERTIFIED[change]}"] = len(problems)
    for kind, described in model["strata"].items():
        metrics |= _view(f"{place}/{kind}", described, headline_ks)
    return metrics


def _view(place: str, described: Json, headline_ks: Sequence[int]) -> Metrics:
    """Return the metrics of all problems, or those of one stratum."""
    metrics: Metrics = {}
    # a model with fewer draws than others has ends of its own
    own = {described["curve"][-1]["k"], *(test["k"] for test in described.get("tests", ()))}
    ks = sorted({*headline_ks, *own})
    for point in described["curve"]:
        k = point["k"]
        if k in ks:
            metrics |= _with_ends(f"{place}/pass@{k}", point)
        elif k & (k - 1) == 0:
            metrics[f"{place}/pass@{k}"] = point["value"]
    for point in described.get("curve_upper", ()):
        k = point["k"]
        if k in ks or k & (k - 1) == 0:
            metrics[f"{place}/pass@{k}_upper"] = point["value"]
    metrics |= _with_ends(f"{place}/area", described["area"])
    for k in ks:
        if point := at_k(described.get("difference", ()), k):
            metrics |= _with_ends(f"{place}/D@{k}", point)
        if open_ends := at_k(described.get("difference_range", ()), k):
            metrics[f"{place}/D@{k}_least"] = open_ends["least"]
            metrics[f"{place}/D@{k}_greatest"] = open_ends["greatest"]
    if "difference" in described:
        metrics |= _with_ends(f"{place}/D_area", described["area_difference"])
        metrics |= _with_ends(f"{place}/delta_se", described["delta_se"])
        if described["crossover"]["is_shown"] and described["crossover"]["k"] is not None:
            metrics[f"{place}/crossover_k"] = described["crossover"]["k"]
    return metrics


def _with_ends(name: str, interval: Json) -> Metrics:
    return {
        name: interval["value"],
        f"{name}_low": interval["low"],
        f"{name}_high": interval["high"],
    }
