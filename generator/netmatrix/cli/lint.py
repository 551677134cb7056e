"""`netmatrix lint`: pitfalls in any NetworkPolicies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import format_option

if TYPE_CHECKING:
    from netmatrix.document import Finding

_LEVELS = ("error", "warning", "note")


def _explain(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    from netmatrix.document import did_you_mean
    from netmatrix.lint import RULES
    from netmatrix.lint.page import section

    rules = {rule.id: rule for rule in RULES}
    if value not in rules:
        raise click.BadParameter(f"there is no rule {value!r}; {did_you_mean(value, rules)}")
    click.echo(f"{value}: {rules[value].summary}\n\n{section(rules[value])}", nl=False)
    context.exit()


@click.command("lint")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=completing.files)
@click.option(
    "--explain",
    metavar="RULE",
    shell_complete=completing.lint_rules,
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Say what a rule is about, with examples, and judge nothing.",
)
@click.option(
    "--severity",
    "least",
    type=click.Choice(_LEVELS),
    default="note",
    show_default=True,
    help="The least that is told.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS),
    default="error",
    show_default=True,
    help="The least for which the exit status is 1; what is not told counts as well.",
)
@format_option
def command(paths: tuple[str, ...], least: str, fail_on: str, format_: str) -> ExitStatus:
    """Find pitfalls in any NetworkPolicies, by rule, each with its place and what to do.

    PATH is a file, a folder (all its .yaml, .yml and .json files) or -, standard input. With the workloads and
    namespaces beside the policies, more can be decided. What a policy's annotation lint.netmatrix/RULE: REASON allows
    is told as a note; --explain RULE, or docs/lint.md, says what a rule is about.

    \b
    Examples:
      netmatrix lint manifests/
      kubectl get networkpolicies,pods,namespaces -A -o json | netmatrix lint - --severity warning
    """
    from netmatrix.cli.progress import waiting
    from netmatrix.lint import RULES, lint
    from netmatrix.policy import survey_manifests
    from netmatrix.policy.collection import without_collection
    from netmatrix.report import Format, render

    with without_collection(), waiting("judging policies"):
        manifests, faults = survey_manifests(paths)
        findings = lint(manifests, faults)
    told = [finding for finding in findings if _weighs(finding.severity, least)]
    click.echo(render(told, Format(format_), rules={rule.id: rule for rule in RULES}), nl=False)
    click.echo(_summary(len(manifests.policies), findings), err=True)
    status = status_of_findings(findings)
    if status is ExitStatus.HOLDS and any(_weighs(finding.severity, fail_on) for finding in findings):
        return ExitStatus.FINDINGS
    return status


def _weighs(severity: str, least: str) -> bool:
    return _LEVELS.index(severity) <= _LEVELS.index(least)


def _summary(policies: int, findings: Sequence[Finding]) -> str:
    """One line on what was found, told or not."""
    found = Counter(str(finding.severity) for finding in findings)
    counts = [(policies, "policy", "policies"), *((found[level], level, f"{level}s") for level in _LEVELS)]
    judged, *others = (f"{count} {one if count == 1 else several}" for count, one, several in counts)
    return f"{judged} judged: {', '.join(others)}"
