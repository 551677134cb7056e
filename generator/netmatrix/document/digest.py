"""SHA-256 of what a verdict rests on."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(content: bytes) -> str:
    """`sha256:` and the digest in hexadecimal."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def data_digest(data: Any) -> str:
    """The digest of data as JSON, with sorted keys and without spaces."""
    return digest(json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
