"""The sides that `diff` compares: manifests, or values rendered by the real helm, here or in a git revision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project, UnusableMatrixError, find_to_judge_by, open_to_judge
from netmatrix.cli.rendering import rendered
from netmatrix.cli.revision import Revision
from netmatrix.cli.subject import NotJudgedError, chosen
from netmatrix.cli.telling import tell_instead
from netmatrix.cli.template import require_generated
from netmatrix.cli.validating import judge
from netmatrix.cli.verifying import granted_by
from netmatrix.document import Finding, FindingsError, Place, Severity
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.rules import MatrixError
from netmatrix.policy import parse_manifests, read_manifests
from netmatrix.proof.difference import Side
from netmatrix.proof.grants import Grant, Granted
from netmatrix.report import Format, render
from netmatrix.values.rules import EXCEPTION_EXPIRED


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of one side: the values, and the revision whose chart and matrix render them."""

    options: ValuesOptions
    environment: str | None
    revision: Revision | None
    old: bool

    def told(self, text: str) -> str:
        """A text in which the revision's files go by names that a reader knows.

        Those of an old revision are named as git names them; those of the new one as they stand in the working tree.
        """
        if self.revision is None:
            return text
        here = os.path.relpath(self.revision.top)
        prefix = f"{self.revision.name}:" if self.old else "" if here == "." else f"{here}/"
        return text.replace(f"{self.revision.folder}/", prefix)

    def told_finding(self, finding: Finding) -> Finding:
        """A finding with such names."""
        message, hint = self.told(finding.message), self.told(finding.hint)
        return replace(finding, message=message, hint=hint, place=self._place(finding.place))

    def told_granted(self, granted: Granted) -> Granted:
        """Grants with such names."""
        return replace(
            granted,
            matrix=replace(granted.matrix, file=self.told(granted.matrix.file)),
            grants=tuple(self._grant(grant) for grant in granted.grants),
            off=tuple(self._grant(grant) for grant in granted.off),
        )

    def _grant(self, grant: Grant) -> Grant:
        return replace(grant, place=self._place(grant.place))

    def _place(self, place: Place) -> Place:
        return replace(place, file=self.told(place.file))


def rendered_side(asked: Asked) -> Side:
    """What helm renders of a side's values, and what its matrix grants under them.

    Raises NotJudgedError where the values do not hold. Of old ones an expired exception is no fault: taking it away may
    be what the change is about.
    """
    with _told(asked):
        project, options = _project(asked)
        judged = judge(project, options)
        found = [item for item in judged.findings if not (asked.old and item.rule == EXCEPTION_EXPIRED)]
        errors = [item for item in found if item.severity is Severity.ERROR]
        told = [asked.told_finding(item) for item in (errors if asked.old else found)]
        status = status_of_findings(tuple(errors))
        if status is not ExitStatus.HOLDS:
            tell_instead(told)
            raise NotJudgedError(status)
        click.echo(render(told, Format.TEXT), nl=False, err=True)
        if project.home is None:
            require_generated(project)
        granted = asked.told_granted(granted_by(project, options, judged))
        content = rendered(project, options, judged)
        file = f"helm template ({'old' if asked.old else 'new'})"
        manifests = parse_manifests(content, file, default_namespace=granted.governed[0])
        return Side(manifests, file, granted, in_files=False)


def granted_for_names(options: ValuesOptions, environment: str | None) -> Granted:
    """What a matrix grants under some values, which gives the pods of manifests their names."""
    project = open_to_judge(options.matrix)
    options = chosen(project, options, environment)
    judged = judge(project, options)
    status = status_of_findings(judged.findings)
    if status is not ExitStatus.HOLDS:
        tell_instead(judged.findings)
        raise NotJudgedError(status)
    return granted_by(project, options, judged)


def manifests_side(path: str, granted: Granted | None) -> Side:
    """The manifests in a file or folder; what is left out of them is told."""
    default = granted.governed[0] if granted else "default"
    manifests = read_manifests([path], default_namespace=default)
    unjudged = {item.origin.place for item in manifests.foreign if item.is_policy}
    notes = [note for note in manifests.notes if note.place not in unjudged]
    click.echo(render(notes, Format.TEXT), nl=False, err=True)
    return Side(manifests, path, granted)


def _project(asked: Asked) -> tuple[Project, ValuesOptions]:
    """The side's chart and matrix, and its values."""
    revision, options = asked.revision, asked.options
    here = find_to_judge_by(options.matrix)
    if revision is not None:
        options = replace(options, files=tuple(revision.file(name) for name in options.files))
    if revision is None or not revision.holds(here):
        project = open_to_judge(options.matrix)
        return project, chosen(project, options, asked.environment)
    file = Path(revision.file(str(here.resolve())))
    try:
        project = Project(load_matrix(str(file)), file.parent, home=here.resolve().parent)
    except MatrixError as error:
        raise UnusableMatrixError(error.findings) from error
    return project, chosen(project, options, asked.environment)


@contextmanager
def _told(asked: Asked) -> Iterator[None]:
    try:
        yield
    except FindingsError as error:
        raise type(error)([asked.told_finding(item) for item in error.findings]) from error
