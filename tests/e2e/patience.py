"""How much longer than usual everything may take: so many times, from NETMATRIX_PATIENCE, for a slow machine."""

from __future__ import annotations

import os

FACTOR = float(os.environ.get("NETMATRIX_PATIENCE", "1"))


def patient(seconds: float) -> float:
    """What a wait of so many seconds is on this machine."""
    return seconds * FACTOR
