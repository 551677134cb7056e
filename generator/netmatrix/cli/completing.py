"""What a shell offers where a user presses Tab: files, environments, flows, rows of the matrix, rules.

Each function is called for the word that is being typed (`incomplete`). Whatever goes wrong, nothing is offered: a
broken matrix is for commands to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from netmatrix.matrix.model import Matrix


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell's own file names."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The environments of the matrix."""
    return _of_matrix(context, incomplete, lambda matrix: ((name, "") for name in matrix.environments))


def settings(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The switches of the flows, up to the sign before the value."""
    return _of_matrix(
        context,
        incomplete,
        lambda matrix: (
            *((f"flows.{flow.id}.enabled=", flow.reason) for flow in matrix.without_audit().flows.values()),
            *([("audit.enabled=", matrix.audit_pod.description)] if matrix.audit_pod else []),
        ),
    )


def parties(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The rows and endpoints of the matrix."""
    return _of_matrix(
        context,
        incomplete,
        lambda matrix: (
            *((pod.id, pod.description) for pod in matrix.pods.values()),
            *((endpoint.id, endpoint.description) for endpoint in matrix.endpoints.values()),
        ),
    )


def lint_rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the linter's rules."""
    from netmatrix.lint import RULES

    return _items(((rule.id, rule.summary) for rule in RULES), incomplete)


def _of_matrix(
    context: click.Context, incomplete: str, words: Callable[[Matrix], Iterable[tuple[str, str]]]
) -> list[CompletionItem]:
    from netmatrix.cli.project import find_to_judge_by
    from netmatrix.document import FindingsError
    from netmatrix.matrix.load import load_matrix

    matrix = context.params.get("matrix")
    try:
        with redirect_stderr(StringIO()):  # which would stand in the middle of the user's line
            found = load_matrix(str(find_to_judge_by(matrix)))
    except (FindingsError, OSError):
        return []
    return _items(words(found), incomplete)


def _items(words: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    known = ((word, " ".join(text.split()) or None) for word, text in words)
    return [CompletionItem(word, help=text) for word, text in known if word.startswith(incomplete)]
