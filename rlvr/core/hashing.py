"""The one hash of this package: BLAKE2b, of as many bytes as the digest's use needs.

A digest that names something on disk is for ever, so no use here may change its text or its size.
What is new says in `domain` what it is of: then equal texts of two uses have two digests.
"""

import json
from hashlib import blake2b
from typing import Any


def hex_digest(content: str | bytes | memoryview, size: int = 8, *, domain: str = "") -> str:
    """Hash a text or bytes to `size` bytes, as hexadecimal digits."""
    return _digest(content, size, domain).hex()


def hash_number(content: str, size: int = 8, *, domain: str = "") -> int:
    """Hash a text to a number that is uniform in 0 .. 2^(8 size) - 1."""
    return int.from_bytes(_digest(content, size, domain), "big")


def json_digest(value: Any, size: int = 8, *, domain: str = "") -> str:
    """Hash a JSON value, whatever the order of its keys, to hexadecimal digits."""
    return hex_digest(json.dumps(value, sort_keys=True), size, domain=domain)


def streamed(size: int) -> blake2b:
    """Return a hash object that is fed piece by piece."""
    return blake2b(digest_size=size)


def _digest(content: str | bytes | memoryview, size: int, domain: str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    found = blake2b(f"{domain}|".encode() if domain else b"", digest_size=size)
    found.update(data)
    return found.digest()
