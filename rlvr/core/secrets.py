"""Keys for servers: read from the environment, checked, and kept out of every text.

A key travels in one HTTP header and nowhere else. It is never part of a recipe, a URL, a message or
a stored reply.
"""

import os
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from rlvr.core.errors import UserError

_HEADER_VALUE = re.compile(r"[!-~]+")  # visible ASCII without spaces
# placeholders such as EMPTY, which servers without a key are given, may stand in any text
_SHORTEST_SECRET = 8
_HIDDEN = "***"
_SECRET_NAME = re.compile(r"(^|_)(token|api_key|apikey|password|passwd|secret)$", re.IGNORECASE)
_VOCABULARY = re.compile(r"(^|_)(bos|eos|pad|unk|mask|image|special|extra)_token$", re.IGNORECASE)


def read_key(variable: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the key that an environment variable holds, without white space around it.

    Returns None where the variable is unset or blank.

    Raises:
        UserError: naming the variable, if its value cannot stand in an HTTP header.
    """
    key = environment.get(variable, "").strip()
    if not key:
        return None
    if _HEADER_VALUE.fullmatch(key) is None:
        raise UserError(
            f"the environment variable {variable} holds white space, a control character or a "
            "non-ASCII letter inside the key; set it to the key alone"
        )
    return key


def names_secret(name: str) -> bool:
    """Return whether a setting of this name holds a secret; `pad_token` and the like do not."""
    return bool(_SECRET_NAME.search(name)) and not _VOCABULARY.search(name)


def redacted(text: str, key: str | None) -> str:
    """Return the text with every occurrence of the key hidden, also as URLs and JSON write it."""
    if key is None or len(key) < _SHORTEST_SECRET:
        return text
    in_base64 = b64encode(key.encode()).decode()
    for written in {key, key.replace("/", "\\/"), quote(key), quote(key, safe=""), in_base64}:
        text = text.replace(written, _HIDDEN)
    return text


def redacted_value(value: Any, key: str | None) -> Any:
    """Return a JSON value with the key hidden in every text of it.

    Done after parsing: JSON can write any letter of the key as an escape.
    """
    if isinstance(value, str):
        return redacted(value, key)
    if isinstance(value, list):
        return [redacted_value(each, key) for each in value]
    if isinstance(value, dict):
        return {redacted(name, key): redacted_value(each, key) for name, each in value.items()}
    return value


def url_fault(url: str) -> str | None:
    """Say what is wrong with the address of an API; None if nothing is.

    The text does not repeat the address: a part that is wrong may be a password.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL; write one such as http://localhost:8000/v1"
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        return "is not a URL; write one such as http://localhost:8000/v1"
    if parts.username is not None or parts.password is not None:
        return (
            "holds a user name or password, which would be written to the run directory; remove it "
            "and put the key into the environment variable that key_variable names"
        )
    if parts.query or parts.fragment:
        return "must end with its path, as in http://localhost:8000/v1; remove what follows ? or #"
    return None
