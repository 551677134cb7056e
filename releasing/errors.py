"""The one error of this folder."""

from __future__ import annotations


class ReleaseError(Exception):
    """A release cannot be made. `remedy` says what to do; what was there before is unchanged."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  {remedy}")
        self.remedy = remedy
