"""Progress on standard error: a line for each step, redrawn on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and on a terminal that it is done."""
    if not sys.stderr.isatty():
        click.echo(f"{title} ...", err=True)
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(title):
        yield
    console.print(f"[green]done[/green] {title}")


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """Say what is being done on a terminal alone, and leave nothing behind."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(title):
        yield
