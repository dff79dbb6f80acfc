"""Holds the teachers that traces can come from, one module each."""
