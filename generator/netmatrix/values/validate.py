"""All checks on values in one run: each file alone, the merged values against the schema, the cross-field rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from netmatrix.document import Finding, KeyPath, Severity
from netmatrix.document.reader import Document
from netmatrix.matrix.model import Matrix
from netmatrix.values import check_addresses, check_audit, check_exceptions, check_names, check_notes, check_pods, rules
from netmatrix.values.command_line import CommandLineValues, with_command_line
from netmatrix.values.context import Context
from netmatrix.values.merge import Merged, merge_layers, over_defaults
from netmatrix.values.schema import Schemas, layer_findings, result_findings

CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    *check_names.CHECKS,
    *check_pods.CHECKS,
    *check_addresses.CHECKS,
    *check_exceptions.CHECKS,
    *check_audit.CHECKS,
    *check_notes.CHECKS,
)
"""The cross-field rules, each a function of the merged values."""

_SCHEMA_RULES = (rules.VALUES_SCHEMA, rules.UNKNOWN_KEY, rules.MISSING_KEY, rules.REMOVED_KEY)


@dataclass(frozen=True, slots=True)
class Validated:
    """The merged values and everything that was found, in the order of files and lines."""

    values: Merged
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether no finding is an error."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def validate_values(
    matrix: Matrix,
    schemas: Schemas,
    defaults: Document,
    layers: Sequence[Document],
    *,
    command_line: CommandLineValues | None = None,
    today: date,
    files_of_environments: Mapping[str, str] = MappingProxyType({}),
) -> Validated:
    """Judge `layers`, later ones winning, over the chart's `defaults`, the way Helm would; all findings at once.

    `command_line` holds what Helm made of the same layers and the `--set` arguments. `files_of_environments` says which
    file to recommend for an environment; `values/values-<environment>.yaml` where it says nothing.
    """
    files = merge_layers(layers)
    user = files if command_line is None else with_command_line(files, command_line)
    values = over_defaults(defaults, user)
    context = Context.of(matrix, values, today, files_of_environments)
    on_rules = [finding for check in CHECKS for finding in check(context)]
    on_rules += check_names.environment_kept(context, layers)
    on_result = _one_each(result_findings(schemas.merged, values), on_rules, context)
    return Validated(values, _distinct([*on_result, *check_layers(schemas, layers)]))


def check_layers(schemas: Schemas, layers: Sequence[Document]) -> tuple[Finding, ...]:
    """What breaks the schema in each file alone, also where a later file mends it. Missing keys are no fault here."""
    return _distinct([finding for layer in layers for finding in layer_findings(schemas.one_file, layer)])


def _one_each(on_schema: Sequence[Finding], on_rules: Sequence[Finding], context: Context) -> list[Finding]:
    """One mistake is one finding: where the schema has spoken about a value, the rules about it and in it are silent.

    A rule about the very same text knows better what was meant, so that its hint is told with the schema's finding.
    """
    told = {finding.path: finding for finding in on_schema}
    kept: list[Finding] = []
    for finding in on_rules:
        around = next((told[path] for path in _prefixes(finding.path) if path in told), None)
        if around is None:
            kept.append(finding)
        elif around.path == finding.path and context.text(*finding.path) is not None:
            told[finding.path] = replace(around, hint=finding.hint)
    return [*told.values(), *kept]


def _prefixes(path: KeyPath) -> Iterator[KeyPath]:
    return (path[:length] for length in range(len(path) + 1))


def _distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Without what was found both in a file and in the result, sorted by place."""
    seen: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        subject = "" if finding.rule in _SCHEMA_RULES else finding.message
        seen.setdefault((finding.rule.id, finding.path, finding.place, subject), finding)
    return tuple(sorted(seen.values(), key=Finding.order))
