"""The embedded default: a small world in which the whole study runs on a laptop in minutes.

`countdown` makes its problems and plans, `model` its tokenizer and architecture; `data/`, `base/`
and `recipes/` hold the drawn problems, the base model's weights and the recipes that made them.
"""

from pathlib import Path

BASE = Path(__file__).parent / "base"
RECIPES = Path(__file__).parent / "recipes"
