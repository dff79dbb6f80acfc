"""Where a benchmark's files are, and their rows.

Files come from the Hub through its own cache, or from a pinned address whose bytes are checked.
Whether the Hub answers is asked once, with a short time limit and without retries: its client
retries for half a minute before it gives up. This module knows nothing of problems.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder
from rlvr.core.hashing import hex_digest

if TYPE_CHECKING:
    from rlvr.tasks.benchmarks.record import Benchmark

Row = Mapping[str, Any]

logger = logging.getLogger(__name__)

# (repository, revision asked for) -> the commit that it stood for when this process first asked
_resolved: dict[tuple[str, str | None], str] = {}

_HUB_ANSWERS_WITHIN_S = 5.0
_DOWNLOAD_STALLS_AFTER_S = 30.0


def rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a .jsonl, .json (a list), .parquet or .csv file.

    Raises:
        UserError: if the file is missing, of another kind or broken; with the line where known.
    """
    return (row.values for row in reading.rows(file, _refuse))


def check(file: Path) -> None:
    """Refuse a file that `rows` could not read, without opening it.

    Raises:
        UserError: if the file is missing or of another kind.
    """
    if fault := reading.table_fault(file):
        _refuse(str(file), fault)


def _refuse(where: str, fault: str) -> NoReturn:
    raise UserError(f"{where}: {fault}")


def file_hash(file: Path) -> str:
    """Hash of a file's bytes, which stands for the revision of a local file."""
    if not file.is_file():
        raise UserError(f"{file}: no such file; check path:, relative to {Path.cwd()}")
    return f"blake2b:{hex_digest(file.read_bytes(), 16)}"


def fetch(benchmark: "Benchmark", revision: str | None = None) -> list[Path]:
    """Return the benchmark's files on this machine; download the missing ones.

    Raises:
        UserError: in one line, if they are neither cached nor to be had.
    """
    check_revision(benchmark, revision)
    if benchmark.url is not None:
        return [_fetch_url(benchmark)]
    folder = _snapshot(benchmark, revision)
    found = sorted(
        file
        for file in folder.rglob("*")
        if any(fnmatch(str(file.relative_to(folder)), pattern) for pattern in benchmark.files)
    )
    if not found:
        raise UserError(
            f"{benchmark.name}: {benchmark.hub_id} has no file {' or '.join(benchmark.files)} at "
            f"{folder.name}; give another revision, or path: with a local file"
        )
    return found


def resolve(benchmark: "Benchmark", revision: str | None = None) -> str:
    """Return the commit that `fetch` reads: the pinned one, or the newest on the Hub.

    Asked once in a process, so that it is the one which was read even if the Hub moves on.

    Raises:
        UserError: if it is neither pinned nor cached and the Hub does not answer.
    """
    check_revision(benchmark, revision)
    if benchmark.url is not None or (revision is None and benchmark.revision is not None):
        assert benchmark.revision is not None
        return benchmark.revision
    return _snapshot(benchmark, revision).name


def check_revision(benchmark: "Benchmark", revision: str | None) -> None:
    """Refuse to choose a revision where there is but one.

    Raises:
        UserError: if the benchmark is a single file that is pinned by its checksum.
    """
    if benchmark.url is not None and revision not in (None, benchmark.revision):
        raise UserError(
            f"{benchmark.name}: revision {revision} cannot be chosen, since the file is pinned by "
            f"its checksum; leave it out, or give path: with a local file"
        )


def _snapshot(benchmark: "Benchmark", revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    assert benchmark.hub_id is not None
    asked = benchmark.hub_id, revision or benchmark.revision
    wanted = _resolved.get(asked, asked[1])
    cached_only = not _hub_answers(benchmark, wanted)
    try:
        folder = snapshot_download(
            benchmark.hub_id,
            repo_type="dataset",
            revision=wanted,
            allow_patterns=list(benchmark.files),
            local_files_only=cached_only,
            etag_timeout=_HUB_ANSWERS_WITHIN_S,
        )
    except (LocalEntryNotFoundError, OSError) as error:
        raise UserError(_unreachable(benchmark, f"{benchmark.hub_id} on the Hub")) from error
    if asked not in _resolved:
        _resolved[asked] = Path(folder).name
        if asked[1] is None:
            logger.warning(
                "%s: no revision of %s is pinned; read at commit %s",
                benchmark.name,
                benchmark.hub_id,
                Path(folder).name,
            )
    return Path(folder)


def _hub_answers(benchmark: "Benchmark", revision: str | None) -> bool:
    """Return whether a download can work: False offline, UserError if the Hub has no such set."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    assert benchmark.hub_id is not None
    try:
        HfApi().dataset_info(benchmark.hub_id, revision=revision, timeout=_HUB_ANSWERS_WITHIN_S)
    except OfflineModeIsEnabled:
        return False
    except HfHubHTTPError as error:
        raise UserError(
            f"{benchmark.name}: the Hub refuses {benchmark.hub_id} at revision "
            f"{revision or 'main'} ({str(error).splitlines()[0]}); log in with `hf auth login`, or "
            "give path: with a local file"
        ) from error
    except Exception as error:  # the client's transport library, and so its errors, change
        logger.debug("the Hub does not answer: %s", error)
        return False
    return True


def _unreachable(benchmark: "Benchmark", what: str) -> str:
    return (
        f"{benchmark.name}: cannot reach {what}, and no copy is cached; connect once to fetch it, "
        f"or give path: with a local file of the same columns"
    )


def _fetch_url(benchmark: "Benchmark") -> Path:
    """Download a file from outside the Hub; store it beside the Hub's cache under its checksum."""
    import urllib.request

    from huggingface_hub import constants

    assert benchmark.url is not None
    assert benchmark.sha256 is not None
    target = Path(constants.HF_HOME) / "rlvr" / benchmark.sha256 / benchmark.url.rpartition("/")[2]
    if target.is_file():
        return target
    if constants.HF_HUB_OFFLINE:
        raise UserError(_unreachable(benchmark, benchmark.url + " (HF_HUB_OFFLINE is set)"))
    try:
        with urllib.request.urlopen(benchmark.url, timeout=_DOWNLOAD_STALLS_AFTER_S) as reply:
            content = reply.read()
    except OSError as error:
        raise UserError(_unreachable(benchmark, benchmark.url)) from error
    if sha256(content).hexdigest() != benchmark.sha256:
        raise UserError(
            f"{benchmark.name}: {benchmark.url} is not the file that was pinned (sha256 differs); "
            "give path: with a copy that you trust"
        )
    make_folder(target.parent)
    partial = target.with_suffix(f".{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(target)
    return target
