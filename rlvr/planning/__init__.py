"""What a recipe needs before anything of it is started: memory, tokens, disk, and what cannot fit.

All of it is arithmetic on the recipe and a model's config.json; no weights are loaded and nothing
is written. `rlvr plan` prints it; docs/planning.md explains the formulas and how they were checked.
"""
