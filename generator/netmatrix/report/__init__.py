"""Findings as text, JSON, GitHub annotations, SARIF or JUnit. Imports only `document`."""

from netmatrix.report.formats import Format, render

__all__ = ["Format", "render"]
