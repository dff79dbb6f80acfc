"""What probes found, put into the summary of the run that they were asked of."""

from rlvr.runs import Run
from rlvr_eval.model_summary import Json
from rlvr_eval.probes import likelihood


def attach(summary: Json, run: Run) -> None:
    """Add to every benchmark of a summary what probes found on it, under the probe's name."""
    found = {"likelihood": likelihood.panels(run)}
    for name, benchmark in summary["benchmarks"].items():
        benchmark |= {probe: by_name[name] for probe, by_name in found.items() if name in by_name}
