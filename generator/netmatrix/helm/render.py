"""`helm template` on the chart, and Helm's own reading of values files and `--set` arguments."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from netmatrix.document import Finding, Place
from netmatrix.document.program import Output
from netmatrix.helm.arguments import SetArgument
from netmatrix.helm.find import Helm
from netmatrix.helm.inputs import refuse_inputs, values_flags
from netmatrix.helm.rules import CRASHED, MALFORMED, REFUSED, HelmError
from netmatrix.helm.run import program_place

_BEGIN, _END = "netmatrix-values-begin", "netmatrix-values-end"
_TEMPLATE_PLACE = re.compile(r"\([^():\s]+/(templates/[^():\s]+):([0-9]+)(?::([0-9]+))?\)")
"""Where Helm says that a template failed: `execution error at (chart/templates/ui.yaml:1:4)`."""


def template(
    helm: Helm,
    chart: Path,
    *,
    release: str,
    namespace: str,
    files: Sequence[str] = (),
    sets: Sequence[SetArgument] = (),
    extra: Sequence[str] = (),
    stdin: bytes | None = None,
) -> bytes:
    """What `helm template` prints for `chart`; what it says beside that goes on to standard error.

    `extra` are arguments that `refuse_arguments` has let through; `stdin` is what a values file called `-` holds.
    Raises HelmError with Helm's own words where it refuses, or where a file could not be read twice.
    """
    refuse_inputs(files, sets, stdin)
    flags = [*values_flags(files, sets), *extra]
    command = ["template", release, str(chart.absolute()), "--namespace", namespace, *flags]
    output = helm.run(command, stdin=stdin or b"")
    if output.status != 0:
        hint = "mend what helm names here, and run the command again"
        raise HelmError([Finding(REFUSED, words(output), _place(output, chart), hint=hint)])
    sys.stderr.write(output.stderr)
    return output.stdout


def merged_user_values(
    helm: Helm, files: Sequence[str], sets: Sequence[SetArgument], *, stdin: bytes | None = None
) -> dict[str, Any]:
    """What Helm makes of `-f` and `--set` before any chart's defaults, nulls kept: Helm is the one who reads them.

    A throw-away chart without defaults prints its values. `stdin` is what a values file called `-` holds. Raises
    HelmError with a finding for each argument or file that Helm cannot read.
    """
    refuse_inputs(files, sets, stdin)
    with tempfile.TemporaryDirectory(prefix="netmatrix-") as folder:
        printer = _Printer(helm, Path(folder), stdin or b"")
        output = printer.run(files, sets)
        if output.status != 0:
            raise HelmError(_culprits(printer, output, files, sets))
    return _printed_values(helm, output)


class _Printer:
    """A chart whose one template prints its values as JSON, in a comment, so that Helm does not read them again."""

    def __init__(self, helm: Helm, folder: Path, stdin: bytes) -> None:
        self._helm, self._folder, self._stdin = helm, folder, stdin
        (folder / "templates").mkdir()
        (folder / "Chart.yaml").write_text("apiVersion: v2\nname: values\nversion: 0.0.0\n", encoding="utf-8")
        text = f"# {_BEGIN} {{{{ toJson .Values }}}} {_END}\n"
        (folder / "templates" / "values.yaml").write_text(text, encoding="utf-8")

    def run(self, files: Sequence[str], sets: Sequence[SetArgument]) -> Output:
        arguments = ["template", "values", str(self._folder), *values_flags(files, sets)]
        return self._helm.run(arguments, stdin=self._stdin)


def _printed_values(helm: Helm, output: Output) -> dict[str, Any]:
    text = output.stdout.decode("utf-8", errors="replace")
    begin, end = text.find(_BEGIN), text.rfind(_END)
    try:
        values = json.loads(text[begin + len(_BEGIN) : end]) if 0 <= begin < end else None
    except ValueError:
        values = None
    except RecursionError:
        message, hint = "the values are nested too deep", "give values of the shape that the chart's values.yaml has"
        raise HelmError([Finding(REFUSED, message, Place("--set-json", 0, 0), hint=hint)]) from None
    if not isinstance(values, dict):
        hint = f"try `{helm.executable} template` on any chart; set $HELM to another helm"
        message = "helm did not print the values that it was given"
        raise HelmError([Finding(CRASHED, message, program_place(helm.executable), hint=hint)])
    return values


def _culprits(
    printer: _Printer, output: Output, files: Sequence[str], sets: Sequence[SetArgument]
) -> Iterator[Finding]:
    """The files and arguments that Helm refuses each for itself; all of them together where it is none alone."""
    hint = "`helm template --help` tells how such arguments are written; quote them for the shell"
    found = False
    for file in files:
        if (alone := printer.run([file], [])).status != 0:
            found = True
            yield Finding(MALFORMED, words(alone), Place(file), hint="write it as YAML that helm reads")
    for argument in dict.fromkeys(sets):
        if (alone := printer.run([], [argument])).status != 0:
            found = True
            yield Finding(MALFORMED, words(alone), argument.place(), hint=hint)
    if not found:
        together = " ".join(f"{argument.flag} {argument.text}" for argument in sets) or " ".join(files)
        yield Finding(MALFORMED, words(output), Place(together), hint=hint)


def words(output: Output) -> str:
    """Helm's own message on one line, whole, without its advice on flags and what it logged before."""
    lines = [line.strip() for line in output.stderr.splitlines()]
    first = next((number for number, line in enumerate(lines) if line.startswith("Error: ")), 0)
    kept = [line for line in lines[first:] if line and not line.startswith(("Use --debug flag", "level="))]
    return "helm refused: " + (" ".join(kept).removeprefix("Error: ") or f"exit status {output.status}")


def _place(output: Output, chart: Path) -> Place:
    """The template that Helm names, as a file of `chart`; else the chart."""
    match = _TEMPLATE_PLACE.search(output.stderr)
    if match is None or not (chart / match[1]).is_file():
        return Place(str(chart), 0, 0)
    return Place(str(chart / match[1]), int(match[2]), int(match[3] or 1))
