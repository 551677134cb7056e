"""What `verify` and `explain` are about: what the matrix grants under some values, and manifests beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netmatrix.cli import completing
from netmatrix.cli.exit_status import ExitStatus, status_of_findings
from netmatrix.cli.options import ValuesOptions, environment_option, values_of, values_options
from netmatrix.cli.project import Project, open_to_judge, upon_environment
from netmatrix.cli.telling import tell_instead

if TYPE_CHECKING:
    from netmatrix.cli.validating import Judged
    from netmatrix.document import Finding, Rule
    from netmatrix.policy import Manifests
    from netmatrix.proof.grants import Discovered, Granted
    from netmatrix.proof.verify import Verdict

Function = TypeVar("Function", bound=Callable[..., Any])

_RENDERED = "helm template"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is granted, the manifests, and all that they were made of.

    `in_files` tells whether the manifests' lines can be looked up; `rendered` whether helm made them just now.
    """

    project: Project
    options: ValuesOptions
    judged: Judged
    granted: Granted
    manifests: Manifests
    contents: tuple[tuple[str, bytes], ...]
    in_files: bool
    rendered: bool

    @property
    def what(self) -> str:
        """What was judged, in words."""
        return "the rendered policies" if self.rendered else "the manifests"


class NotJudgedError(Exception):
    """The values do not hold; what is wrong with them has been told."""

    def __init__(self, status: ExitStatus) -> None:
        super().__init__(status)
        self.status = status


def subject_options(function: Function) -> Function:
    """The values' options, `--environment`, `--manifests` and `--discovered`; `subject_of` takes them out again."""
    for option in reversed(
        (
            environment_option,
            click.option(
                "--manifests",
                "paths",
                multiple=True,
                metavar="PATH",
                shell_complete=completing.files,
                help="Judge these manifests (a file, a folder, or -) instead of what helm renders.",
            ),
            click.option(
                "--discovered",
                multiple=True,
                metavar="ADDRESS:PORT",
                help="An address and TCP port that installing found in the cluster, as [fd00::1]:6443 for IPv6.",
            ),
        )
    ):
        function = option(function)
    return values_options(function)


def subject_of(given: dict[str, Any], save: str | None = None, *, despite: Sequence[Rule] = ()) -> Subject:
    """Judge the values, then render them or read the manifests. Raises NotJudgedError, and what reading raises.

    Errors of the rules `despite` are told, and are no reason not to go on: the values can be rendered all the same.
    """
    from netmatrix.cli.progress import waiting

    paths, texts = (given.pop(name) for name in ("paths", "discovered"))
    if texts and not paths:
        raise click.UsageError("--discovered is about what was installed: give that with --manifests")
    found = [_discovered(text) for text in texts]
    project, options, judged = judged_values(given, tells_warnings=not paths, despite=despite)
    with waiting("reading manifests" if paths else "rendering with helm"):
        return _subject(project, options, judged, paths, found, save)


def judged_values(
    given: dict[str, Any],
    *,
    tells_warnings: bool = True,
    despite: Sequence[Rule] = (),
    tells_despite: bool = True,
) -> tuple[Project, ValuesOptions, Judged]:
    """Judge the values that `values_options` and `--environment` gave, and tell what was found in them.

    Errors of the rules `despite` are told, and no more; with `tells_despite` false, not even that. Raises
    NotJudgedError where the values do not hold, UsageError where none are named.
    """
    from netmatrix.cli.validating import judge
    from netmatrix.report import Format, render

    environment = given.pop("environment")
    options = values_of(given)
    project = open_to_judge(options.matrix)
    options = chosen(project, options, environment)
    judged = judge(project, options)
    status = status_of_findings(tuple(item for item in judged.findings if item.rule not in despite))
    if status is not ExitStatus.HOLDS:
        tell_instead(judged.findings)
        raise NotJudgedError(status)
    told = [item for item in judged.findings if (tells_despite if item.rule in despite else tells_warnings)]
    click.echo(render(told, Format.TEXT), nl=False, err=True)
    return project, options, judged


def verdict_on(subject: Subject) -> Verdict:
    """The proof; what it leaves out of the manifests is told."""
    from netmatrix.cli.progress import waiting
    from netmatrix.proof.verify import verify
    from netmatrix.report import Format, render

    with waiting("verifying"):
        verdict = verify(subject.granted, subject.manifests, subject.contents[0][0])
    told = {item.origin.place for item in verdict.foreign}
    notes = [note for note in subject.manifests.notes if note.place not in told]
    click.echo(render(notes, Format.TEXT), nl=False, err=True)
    return verdict


def chosen(project: Project, options: ValuesOptions, environment: str | None) -> ValuesOptions:
    """The values that are asked about: given files, upon those of a named environment. Raises UsageError for none."""
    options = upon_environment(project, options, environment)
    if not options.files:
        known = "|".join(project.matrix.environments)
        raise click.UsageError(f"name values with -f FILE, or an environment with --environment {known}")
    return options


def _discovered(text: str) -> Discovered:
    from netmatrix.policy.addresses import parse_address
    from netmatrix.proof.grants import Discovered

    address, port = address_and_port(text, "--discovered")
    return Discovered(parse_address(address), port)


def address_and_port(text: str, option: str) -> tuple[str, int]:
    """`10.0.0.1:443` or `[fd00::1]:443` taken apart. Raises BadParameter, about `option`."""
    from netmatrix.policy.addresses import CidrError, parse_address

    address, _, port = text.rpartition(":")
    address = address.removeprefix("[").removesuffix("]")
    try:
        if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
            raise CidrError(f"{text!r} names no port", "write 172.18.0.2:6443 or [fd00::2]:6443")
        parse_address(address)
    except CidrError as error:
        raise click.BadParameter(f"{error}; {error.hint}", param_hint=option) from None
    return address, int(port)


def _subject(
    project: Project,
    options: ValuesOptions,
    judged: Judged,
    paths: Sequence[str],
    discovered: Sequence[Discovered],
    save: str | None,
) -> Subject:
    from netmatrix.cli.rendering import rendered
    from netmatrix.cli.template import require_generated
    from netmatrix.cli.verifying import granted_by
    from netmatrix.document.write import write_whole
    from netmatrix.policy.read import parse_files
    from netmatrix.policy.stream import read_bytes

    granted = granted_by(project, options, judged, discovered)
    unreadable: list[Finding] = []
    if paths:
        contents = read_bytes(paths, unreadable)
    else:
        require_generated(project)
        contents = [(save or _RENDERED, rendered(project, options, judged))]
        if save:
            write_whole(Path(save), contents[0][1])
    manifests = parse_files(contents, unreadable, default_namespace=granted.governed[0])
    in_files = bool(paths or save)
    return Subject(project, options, judged, granted, manifests, tuple(contents), in_files, rendered=not paths)
