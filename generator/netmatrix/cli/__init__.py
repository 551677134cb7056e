"""The command line: one module per command, each thin. `main` is the entry point; nothing else is imported from here.

Modules are imported when their command runs, so that `--help` and small commands start at once.
"""

from __future__ import annotations

from netmatrix.cli.main import main

__all__ = ["main"]
