"""Computes intervals and tests from the counts of an evaluation."""
