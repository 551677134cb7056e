"""What a slow machine needs: longer waits, by NETMATRIX_PATIENCE, and fewer questions, by NETMATRIX_QUESTIONS."""

from __future__ import annotations

import os
import sys

_MOST = 100.0


def _factor() -> float:
    text = os.environ.get("NETMATRIX_PATIENCE") or "1"
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1.0 <= factor <= _MOST:
        _refuse(f"NETMATRIX_PATIENCE is {text!r}; set it to a number from 1 to {_MOST:.0f}: so many times longer")
    return factor


def _are_few() -> bool:
    text = os.environ.get("NETMATRIX_QUESTIONS") or "all"
    if text not in ("all", "few"):
        _refuse(f"NETMATRIX_QUESTIONS is {text!r}; set it to all, or to few")
    return text == "few"


def _refuse(why: str) -> None:
    print(f"error: {why}", file=sys.stderr, flush=True)
    raise SystemExit(2)


_FACTOR = _factor()

FEW = _are_few()
"""Whether a few questions are asked that stand for all of them. Such a run writes no page."""


def patient(seconds: float) -> float:
    """What a wait of so many seconds is on this machine."""
    return seconds * _FACTOR
