"""Arguments that a user gives for helm: which are taken, and which would go round the validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netmatrix.document import Finding, Place
from netmatrix.helm.rules import ARGUMENT


@dataclass(frozen=True, slots=True)
class SetArgument:
    """One `--set`-like argument: `flag` is --set, --set-string, --set-json, --set-file or --set-literal."""

    flag: str
    text: str

    def place(self) -> Place:
        """The argument as the user typed it, as the place of a finding."""
        return Place(f"{self.flag} {self.text}")


_VALUES = ("--set", "--values")
_NEVER = ("--skip-schema-validation", "--post-renderer")
_LIMITING = ("--show-only", "--output-dir", "--help")
_SHORT_LIMITING = "sh"
_SHORT_WITH_VALUE = "fnsal"
"""Short flags of `helm template` that swallow the rest of their word: `-nfoo` is namespace foo."""


def refuse_arguments(arguments: Sequence[str]) -> tuple[Finding, ...]:
    """A finding for each argument that would change values, or what is rendered of them, after they were judged.

    Knows every spelling of pflag: `--x=y`, `--x y`, `-fx`, `-f=x`, and -f at the end of a cluster such as `-gf`.
    A word that only looks like such a flag because it is another flag's value is refused too.
    """
    return tuple(finding for finding in map(_judge, arguments) if finding is not None)


def limits_output(arguments: Sequence[str]) -> bool:
    """Whether helm is asked for other than all manifests on standard output: a part, files in a folder, its help."""
    return any(
        _is_one_of(argument.partition("=")[0], _LIMITING)
        if argument.startswith("--")
        else argument.startswith("-") and not _short_flags(argument[1:]).isdisjoint(_SHORT_LIMITING)
        for argument in arguments
    )


def _judge(argument: str) -> Finding | None:
    if argument.startswith("--"):
        name = argument.partition("=")[0]
        if _is_one_of(name, _NEVER):
            return _finding(argument, name, "leave it out: what is printed would not be what was judged")
        if _is_one_of(name, _VALUES):
            return _finding(argument, name, "give values before --, with -f or --set")
    elif argument.startswith("-") and "f" in _short_flags(argument[1:]):
        return _finding(argument, "-f", "give values before --, with -f or --set")
    return None


def _is_one_of(name: str, flags: Sequence[str]) -> bool:
    """`--set-string` is one of `--set`'s kin, and so is whatever a later helm may add to them."""
    return any(name == flag or name.startswith(f"{flag}-") for flag in flags)


def _short_flags(cluster: str) -> set[str]:
    """The flags of a cluster of short ones: -f is in `-gf x`, and neither in `-nfoo` nor in `-g=f`."""
    flags: set[str] = set()
    for letter in cluster:
        if letter == "=":
            break
        flags.add(letter)
        if letter in _SHORT_WITH_VALUE:
            break
    return flags


def _finding(argument: str, name: str, hint: str) -> Finding:
    return Finding(ARGUMENT, f"{name} after -- would go round the validation", Place(f"-- {argument}"), hint=hint)
