"""Probes, `rlvr eval RUN --probe ..`: what takes a model beyond sampling a benchmark once.

A probe writes what it found into `<run>/probes/<name>/`. `rlvr report` reads that and loads no
model: `rlvr_eval.probes.results` puts the numbers into the summary, `rlvr_eval.report.probe_tables`
prints them.
"""

NAMES = ("likelihood", "temperature", "entropy", "direct")
