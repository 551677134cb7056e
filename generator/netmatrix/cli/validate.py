"""`netmatrix validate`: values, layer by layer and merged."""

from __future__ import annotations

import re
from typing import Any

import click

from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import environment_option, format_option, values_of, values_options
from netmatrix.cli.project import open_to_judge, upon_environment


@click.command("validate")
@values_options
@environment_option
@click.option("--merged", is_flag=True, help="Print the merged values as YAML where they hold.")
@format_option
def command(format_: str, merged: bool, environment: str | None, **given: Any) -> ExitStatus:
    """Judge values files, layer by layer and merged, before Helm renders them.

    Files are merged the way Helm merges them, over the chart's defaults. Every finding stands at the line of the file
    that set the value. A file called - is standard input.

    \b
    Examples:
      netmatrix validate -f values/values-prod.yaml -f values/clusters/minikube.yaml
      netmatrix validate --environment prod --set pods.orchestrator.ports.http=8080
    """
    from netmatrix.cli.validating import judge
    from netmatrix.report import Format, render
    from netmatrix.values.rules import RULES

    options = values_of(given)
    project = open_to_judge(options.matrix)
    judged = judge(project, upon_environment(project, options, environment))
    status = status_of_findings(judged.findings)
    holds = judged.validated is not None and status is ExitStatus.HOLDS
    # What holds has notes at most: messages beside the result, unless they are the result that a program reads.
    beside = holds and (merged or format_ == Format.TEXT)
    rules = {rule.id: rule for rule in RULES}
    click.echo(render(judged.findings, Format(format_), rules=rules), nl=False, err=beside)
    if judged.validated is not None and holds:
        if merged:
            click.echo(yaml_text(judged.validated.values.data), nl=False)
        click.echo(summary(judged.validated.values.data), err=True)
    return status


def summary(values: Any) -> str:
    """One line on values that hold."""
    on = sum(1 for flow in values["flows"].values() if flow["enabled"])
    exceptions = len(values["exceptions"])
    return f"the values hold: environment {values['environment']}, {on} flows on, {exceptions} exceptions"


def yaml_text(values: Any) -> str:
    """Values as YAML that every reader reads alike: text is quoted, so that none takes `1e3` for a number."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        plain = _PLAIN.fullmatch(text) and text not in _WORDS
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')

    Dumper.add_representer(str, quoted)
    return yaml.dump(values, Dumper=Dumper, sort_keys=False, width=200)


_PLAIN = re.compile("[a-z][a-z0-9-]*", re.ASCII)
_WORDS = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
"""What some YAML reader takes for something else than text."""
