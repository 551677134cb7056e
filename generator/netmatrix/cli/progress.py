"""Progress on standard error: a line for each step, redrawn on a terminal, plain elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
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


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal alone, which leaves nothing behind; what it gives is told how much more is done."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.advance(task, done)
