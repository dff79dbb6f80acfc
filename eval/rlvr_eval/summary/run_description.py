"""What a run directory is, trained, evaluated or imported, in plain values for readers."""

from typing import Any

from rlvr.runs.run_directory import Run

_OF_THE_MANIFEST = ("versions", "commit", "hardware", "models", "imported")


def about(run: Run) -> dict[str, Any]:
    """Return the run's name and what is known of how it was made."""
    manifest = run.manifest()
    told = {key: manifest[key] for key in _OF_THE_MANIFEST if key in manifest}
    if not (run.path / "recipe.yaml").exists():
        return {"name": run.name, **told}
    recipe = run.recipe()
    return {
        "name": run.name,
        "method": recipe.method,
        "model": recipe.model,
        "seed": recipe.seed,
        "recipe": recipe.model_dump(mode="json"),
        **told,
    }
