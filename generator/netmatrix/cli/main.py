"""The entry point: finds the command, runs it, turns what it raises into messages and an exit status.

Only what `--help` needs is imported here, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, TextIO

import click

import netmatrix
from netmatrix.cli.completion import VARIABLE
from netmatrix.cli.exit_status import ExitStatus, status_of

COMMANDS = {
    "build": "Do the main job: check generated files, validate, render, verify and summarise every environment.",
    "generate": "Write the chart, values, schema, tables and pictures from the matrix, or check them.",
    "validate": "Judge values files, layer by layer and merged, before Helm renders them.",
    "migrate": "Rewrite values files of an earlier version: removed keys become their successors.",
    "template": "Validate values, then render the chart with the real helm.",
    "verify": "Prove that manifests grant exactly the matrix, nothing more and nothing less.",
    "explain": "Say whether a connection is allowed, by which rule on each end, from which line of the matrix.",
    "diff": "Say which connections a change opens and closes, between values, manifests or git revisions.",
    "graph": "Draw who may connect to whom under some values, as SVG or for Graphviz or Mermaid.",
    "report": "Write one HTML page: the verdict, who reaches whom and why, exceptions, what is not claimed.",
    "analyze": "Print who reaches whom in any manifests.",
    "discover": "Write an override for a cluster, from what the cluster or a dump of it says about itself.",
    "probe": "Ask a running cluster whether it enforces the matrix, with short-lived pods of its own.",
    "audit": "Compare a cluster with the matrix: drifted, missing and foreign policies, pods and rows.",
    "lint": "Find pitfalls in any NetworkPolicies, by rule, each with its place and what to do.",
    "completion": "Print the script by which a shell completes commands, options, files, environments and flows.",
}


_COLLECT_AFTER = 100_000
"""New objects between two searches for reference cycles. Python's 700 make a dozen searches of the imports alone."""


class _Commands(click.Group):
    """Lists the commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"netmatrix.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from netmatrix.document import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}; {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("netmatrix", cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(netmatrix.__version__)
def root() -> None:
    """One policy matrix: generate the Helm chart, validate values, render, and prove what was rendered.

    Exit status: 0 what was asked holds, 1 findings, 2 could not run. Results go to standard output, messages to
    standard error.

    \b
    Example: netmatrix validate -f values/values-prod.yaml -f values/clusters/minikube.yaml
    """


def main() -> NoReturn:
    """Run the command line and leave with its status. No traceback reaches the user."""
    gc.set_threshold(_COLLECT_AFTER)
    try:
        _prepare_streams()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _stop)
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except (KeyboardInterrupt, _Stopped) as error:
        _tell("netmatrix: interrupted; nothing was left half-written")
        status = 128 + (error.number if isinstance(error, _Stopped) else signal.SIGINT)
    except OSError as error:
        _tell_system_error(error)
        status = int(ExitStatus.COULD_NOT_RUN)
    _give_up_on_broken_streams()
    gc.freeze()  # or Python looks through all objects for cycles once more before it ends
    sys.exit(status)


class _Stopped(BaseException):
    """A signal that asks politely for an end: what cleans up after Ctrl-C cleans up after this."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stopped(number)


def _prepare_streams() -> None:
    """Standard streams that are there and print anything, whatever the locale and however they were closed."""
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            # Closed by the caller. Results that are lost are an error, as soon as there are any; messages are not.
            mode = os.O_RDONLY if name == "stdout" else os.O_WRONLY
            stream = os.fdopen(os.open(os.devnull, mode), "w", encoding="utf-8")
            setattr(sys, name, stream)
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _run(arguments: Sequence[str]) -> int:
    """The command's exit status, its findings and errors told. OSErrors are for the caller."""
    context: click.Context | None = None
    try:
        if VARIABLE in os.environ:
            from click.shell_completion import shell_complete

            return shell_complete(root, {}, "netmatrix", VARIABLE, os.environ[VARIABLE])
        context = root.make_context("netmatrix", list(arguments))
        with context:
            result = root.invoke(context)
        return int(result) if isinstance(result, int) else int(ExitStatus.HOLDS)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return int(ExitStatus.COULD_NOT_RUN)
    except OSError:
        raise
    except Exception as error:
        return _tell_error(error, context)


def _tell_error(error: Exception, context: click.Context | None) -> int:
    from netmatrix.document import FindingsError

    if isinstance(error, FindingsError):
        from netmatrix.cli.telling import tell_instead

        tell_instead(error.findings, context)
        return int(status_of(error))
    if os.environ.get("NETMATRIX_TRACEBACK"):
        raise error
    _tell(f"netmatrix: this is a fault of netmatrix itself: {type(error).__name__}: {error}")
    _tell("  please report it with the command that you ran; NETMATRIX_TRACEBACK=1 shows where it happened")
    return int(ExitStatus.COULD_NOT_RUN)


def _tell_system_error(error: OSError) -> None:
    """Say what the system refused. A reader who has gone away, as in `| head -1`, needs no message."""
    if error.errno == errno.EPIPE:
        return
    # Whatever opens a file names it in its errors; a stream that is written to does not.
    where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else "the output cannot be written"
    _tell(f"netmatrix: {where}: {(error.strerror or str(error)).lower()}")


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(line, err=True)


def _is_broken(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        return True
    return False


def _give_up_on_broken_streams() -> None:
    """What a stream could not print must not be tried again when Python ends: it would complain in its own words."""
    for stream in (sys.stdout, sys.stderr):
        if _is_broken(stream):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
