"""Decides what a model is asked, and what of its completion is the answer."""
