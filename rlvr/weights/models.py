"""Models by name: `embedded:<name>`, a folder, or a Hub id; always a folder in the end."""

from pathlib import Path

from rlvr import tiny
from rlvr.core.errors import UserError

EMBEDDED = {"countdown-base": tiny.BASE}
_PREFIX = "embedded:"
_WEIGHTS_AND_TOKENIZER = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_CARD = "README.md"  # for the licence


def resolve(name: str, revision: str | None = None) -> Path:
    """Return the folder that holds a model, downloaded from the Hub if it is not local.

    Raises:
        UserError: if the model cannot be had; the message says what to write instead.
    """
    if fault := local_fault(name):
        raise UserError(f"model '{name}': {fault}")
    if name.startswith(_PREFIX):
        return EMBEDDED[name.removeprefix(_PREFIX)]
    return Path(name) if Path(name).is_dir() else _download(name, revision)


def local_fault(name: str) -> str | None:
    """Say why no model of this name can exist, as far as this machine can tell; None otherwise."""
    if name.startswith(_PREFIX):
        embedded = name.removeprefix(_PREFIX)
        if embedded in EMBEDDED:
            return None
        return f"no embedded model '{embedded}'; there are: {', '.join(EMBEDDED)}"
    if Path(name).is_dir():
        return None
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        return f"no such folder; write one that is there, seen from {Path.cwd()}, or a Hub id"
    return None


def _download(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        return Path(
            snapshot_download(
                name, revision=revision, allow_patterns=[*_WEIGHTS_AND_TOKENIZER, _CARD]
            )
        )
    except (RepositoryNotFoundError, HFValidationError):
        raise UserError(
            f"model '{name}' is neither a folder nor on the Hub; check the spelling, and log in "
            "with `hf auth login` if it is private"
        ) from None
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"model '{name}' is not in the local cache and the Hub cannot be reached ({reason}); "
            f"download it where there is a network (`hf download {name}`) or give a folder"
        ) from None
