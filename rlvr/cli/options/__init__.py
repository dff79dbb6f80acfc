"""Holds options and steps that several verbs share."""
