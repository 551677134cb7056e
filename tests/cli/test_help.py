"""Help that helps, and a start that takes no time."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from tests.cli.conftest import Run
from tests.policy.samples import pod
from tests.support.scenarios import ROOT

COMMANDS = ("build", "generate", "validate", "template", "report")
SLOW = (
    "jsonschema",
    "jinja2",
    "rich",
    "yaml",
    "netmatrix.matrix",
    "netmatrix.emit",
    "netmatrix.values",
    "netmatrix.graph",
    "netmatrix.helm",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_and_names_every_option(command: str, netmatrix: Run) -> None:
    result = netmatrix(command, "--help")
    assert (result.status, result.err) == (0, "")
    assert re.search(rf"Examples?:\s+netmatrix {command}", result.out)
    module = importlib.import_module(f"netmatrix.cli.{command}")
    for parameter in module.command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert all(re.search(rf"(?m)^ .*{re.escape(name)}\b", result.out) for name in parameter.opts)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_work(command: str, netmatrix: Run, copy: Path) -> None:
    lines = netmatrix(command, "--help").out.splitlines()
    examples = [line.split("netmatrix ", 1)[1] for line in lines if re.match(r"\s+(Example: )?netmatrix ", line)]
    assert examples
    for example in examples:
        result = netmatrix(*example.split(), cwd=copy)
        assert result.status == 0, (example, result.err)


def test_the_first_help_lists_the_commands_and_the_statuses(netmatrix: Run) -> None:
    result = netmatrix("--help")
    assert all(re.search(rf"(?m)^  {command} ", result.out) for command in COMMANDS)
    assert "Exit status: 0" in result.out
    assert "Example: netmatrix" in result.out


def test_what_the_list_says_of_a_command_is_what_its_own_help_says(netmatrix: Run) -> None:
    listed = " ".join(netmatrix("--help").out.split())
    for command in COMMANDS:
        module = importlib.import_module(f"netmatrix.cli.{command}")
        assert f"{command} {module.command.get_short_help_str(limit=200).rstrip('.')}" in listed


def test_the_module_and_the_script_are_the_same_command(process: Run) -> None:
    script = Path(sys.executable).parent / "netmatrix"
    done = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True)
    assert process("--version").out == done.stdout


def test_starting_up_imports_nothing_that_takes_time() -> None:
    code = f"import sys, netmatrix.cli.main; print([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_help_and_version_import_nothing_that_takes_time(process: Run) -> None:
    for option in ("--help", "--version"):
        assert imported(process, option) == []


@pytest.mark.parametrize(("format_", "needed"), [("json", []), ("yaml", ["yaml"])])
def test_analyze_imports_what_reading_needs_and_nothing_else(
    process: Run, tmp_path: Path, format_: str, needed: list[str]
) -> None:
    manifest = pod("a")
    file = tmp_path / f"pod.{format_}"
    file.write_text(json.dumps(manifest) if format_ == "json" else yaml.safe_dump(manifest), encoding="utf-8")
    assert imported(process, "analyze", str(file)) == needed


def imported(process: Run, *arguments: str) -> list[str]:
    """What a command imported of all that takes time."""
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print(*(name for name in {SLOW} if name in sys.modules), file=sys.stderr))\n"
        "from netmatrix.cli import main\nmain()"
    )
    result = process(*arguments, program=["-c", code])
    assert result.status == 0
    return result.err.splitlines()[-1].split()
