"""Finds what is wrong with a training before anything is loaded."""
