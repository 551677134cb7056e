"""Findings as text, JSON, GitHub annotations or SARIF. Imports only `document`."""

from netmatrix.report.formats import Format, render

__all__ = ["Format", "render"]
