"""Findings that stand where a result would: why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from netmatrix.document import Finding


def tell_instead(findings: Sequence[Finding], context: click.Context | None = None) -> None:
    """Why work could not go on: a message, unless a format was asked for that a program reads from standard output.

    `context` is that of the command, by default the current one.
    """
    from netmatrix.report import Format, render

    context = context or click.get_current_context(silent=True)
    format_ = Format(context.meta.get("netmatrix.format", "text")) if context else Format.TEXT
    click.echo(render(findings, format_), err=format_ is Format.TEXT, nl=False)
