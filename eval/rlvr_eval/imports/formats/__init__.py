"""Outcomes in the files of other tools, one module each, by what the tools' own code writes.

A module has a `FORMAT` (`shape`): how its rows are known, and how they become samples. `registry`
lists them; `--format` names one where a file could be of several.
"""
