"""Options that several commands share, as one typed value."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import click

from netmatrix.cli import completing
from netmatrix.helm.arguments import SetArgument

Function = TypeVar("Function", bound=Callable[..., Any])

_SET_FLAGS = ("--set", "--set-string", "--set-json", "--set-file", "--set-literal")

FORMATS = ("text", "json", "github", "sarif", "junit")


@dataclass(frozen=True, slots=True)
class ValuesOptions:
    """The values that a command works on: files in order, then `--set` arguments, as Helm takes them."""

    matrix: str | None
    files: tuple[str, ...]
    sets: tuple[SetArgument, ...]
    today: date


def matrix_option(function: Function) -> Function:
    """`--matrix FILE`."""
    text = "The matrix; by default matrix.yaml here or above."
    option = click.option("--matrix", metavar="FILE", shell_complete=completing.files, help=text)
    return option(function)


def environment_option(function: Function) -> Function:
    """`--environment NAME`; `upon_environment` puts its file below the others."""
    text = "Take this environment's own values file, below the others."
    option = click.option("--environment", metavar="NAME", shell_complete=completing.environments, help=text)
    return option(function)


def format_option(function: Function) -> Function:
    """`--format`, which adapts to GitHub Actions by itself."""
    return format_option_with()(function)


def format_option_with(*more: str) -> Callable[[Function], Function]:
    """`--format` with formats of a command's own."""
    default = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
    return click.option(
        "--format",
        "format_",
        type=click.Choice((*FORMATS, *more)),
        default=default,
        callback=_remember_format,
        help=f"How to print findings [{default}].",
    )


def _remember_format(context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """For `main`, which prints the findings that end a command."""
    context.meta["netmatrix.format"] = value if value in FORMATS else "text"
    return value


def values_options(function: Function) -> Function:
    """`-f FILE...`, `--set...`, `--today` and `--matrix`; a command collects them with `values_of`."""
    for flag in reversed(_SET_FLAGS):
        name = flag.removeprefix("--").replace("-", "_")
        option = click.option(
            flag,
            name,
            multiple=True,
            metavar="KEY=VALUE",
            shell_complete=completing.settings,
            help=f"As helm's {flag}.",
        )
        function = option(function)
    function = click.option(
        "-f",
        "--values",
        "files",
        multiple=True,
        metavar="FILE",
        shell_complete=completing.files,
        help="A values file; repeat it, later ones win.",
    )(function)
    function = click.option(
        "--today",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="YYYY-MM-DD",
        help="The day on which exceptions are judged; by default today.",
    )(function)
    return matrix_option(function)


def values_of(given: dict[str, Any]) -> ValuesOptions:
    """What `values_options` parsed, taken out of a command's parameters."""
    sets = tuple(
        SetArgument(flag, text) for flag in _SET_FLAGS for text in given.pop(flag.removeprefix("--").replace("-", "_"))
    )
    today: datetime | None = given.pop("today")
    return ValuesOptions(
        matrix=given.pop("matrix"),
        files=tuple(given.pop("files")),
        sets=sets,
        today=today.date() if today else date.today(),
    )
