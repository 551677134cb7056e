"""Validation as several commands need it: files read, `--set` read by Helm, everything judged by the matrix."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project, shown
from netmatrix.document import Finding, Place
from netmatrix.document.reader import Document, parse_mapping
from netmatrix.document.rules import READABLE
from netmatrix.document.text import MAX_BYTES
from netmatrix.emit.schema import values_schema
from netmatrix.emit.values_files import values_yaml
from netmatrix.values.command_line import CommandLineValues
from netmatrix.values.layers import Layers, read_layers
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import Validated, check_layers, validate_values

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings of one run; `validated` is None where a file could not be read, so that nothing could be merged."""

    findings: tuple[Finding, ...]
    validated: Validated | None
    stdin: bytes | None
    """What standard input held, where a values file is `-`: it can be read only once, and helm needs it too."""


@dataclass(frozen=True, slots=True)
class Standards:
    """What all values of a project are judged by: the schema, and the defaults that lie below every file."""

    schemas: Schemas
    defaults: Document


def judge(project: Project, options: ValuesOptions, standards: Standards | None = None) -> Judged:
    """All checks on the given values. Raises HelmError where `--set` is given and helm cannot read it.

    `standards` are those of `standards_of`, from whoever judges many values by them.
    """
    standards = standards or standards_of(project)
    stdin = _standard_input() if _STANDARD_INPUT in options.files else None
    layers = _layers(options.files, stdin)
    if layers.findings:
        findings = (*layers.findings, *check_layers(standards.schemas, layers.documents))
        return Judged(tuple(sorted(findings, key=Finding.order)), None, stdin)
    validated = validate_values(
        project.matrix,
        standards.schemas,
        standards.defaults,
        layers.documents,
        command_line=_command_line(project, options, stdin),
        today=options.today,
        files_of_environments={
            environment: project.values_file(f"values-{environment}.yaml")
            for environment in project.matrix.environments
        },
    )
    return Judged(validated.findings, validated, stdin)


def standards_of(project: Project) -> Standards:
    """Both as the matrix gives them, so that a chart that was not generated anew cannot mislead."""
    text = values_yaml(project.matrix, "the chart's defaults")
    defaults = parse_mapping(text.encode(), shown(project.chart / "values.yaml"))
    return Standards(Schemas.of(values_schema(project.matrix)), defaults)


def stated_environment(files: Sequence[str]) -> object:
    """What the last of the files that names an environment names; None where none does, or none can be read."""
    found: object = None
    for document in read_layers(files).documents:
        found = document.data.get("environment") or found
    return found


def _standard_input() -> bytes | None:
    """All of it, or as much as is certainly too much; None where it is closed, which the reader of files tells."""
    return sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin is not None else None


def _layers(files: tuple[str, ...], stdin: bytes | None) -> Layers:
    if files.count(_STANDARD_INPUT) > 1:
        message = "standard input is named more than once, and can be read only once"
        finding = Finding(READABLE, message, Place(_STANDARD_INPUT), hint="give -f - once")
        return Layers((), (finding,))
    return read_layers(files, stdin=None if stdin is None else io.BytesIO(stdin))


def _command_line(project: Project, options: ValuesOptions, stdin: bytes | None) -> CommandLineValues | None:
    if not options.sets:
        return None
    from netmatrix.helm import merged_user_values

    data = merged_user_values(project.helm(), options.files, options.sets, stdin=stdin)
    return CommandLineValues(data, tuple((argument.flag, argument.text) for argument in options.sets))
