"""Adds to the site what is generated: figures, the reference of recipes, the commands' help."""

import argparse
import os
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import figures
import recipe_reference

_COLUMNS = "88"
# what stands in a page where generated text belongs
_RECIPE_KEYS = "<!-- recipe keys -->"
_COMMANDS = "<!-- commands -->"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the figures as files of the site."""
    for name in figures.FIGURES:
        files.append(File.generated(config, f"figures/{name}.svg", content=figures.draw(name)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put generated text into the pages that have a place for it."""
    if _RECIPE_KEYS in markdown:
        markdown = markdown.replace(_RECIPE_KEYS, recipe_reference.reference())
    if _COMMANDS in markdown:
        markdown = markdown.replace(_COMMANDS, _commands())
    return markdown


def _commands() -> str:
    """Return every verb's help."""
    from rlvr.cli.main import build_parser

    os.environ["COLUMNS"] = _COLUMNS
    verbs = next(
        action.choices
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return "\n".join(
        f"## rlvr {name}\n\n```text\n{parser.format_help().rstrip()}\n```\n"
        for name, parser in verbs.items()
    )
