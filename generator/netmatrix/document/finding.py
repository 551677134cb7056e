"""What is wrong, where it stands and what to do about it: the one shape of every message the toolchain gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from netmatrix.document.place import KeyPath, Place


class Severity(StrEnum):
    """How much a finding weighs: an ERROR makes a command exit with status 1, the others are only told."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """A thing that is checked. `id` is stable (`NM104`); `summary` is one sentence on what must hold.

    `fix` is what to do where it does not, in a sentence or two; a finding's own hint knows more of the case.
    """

    id: str
    summary: str
    fix: str

    @property
    def help(self) -> str:
        """What a reader of a finding may want to know of the rule, in Markdown; rooms that know more say more."""
        return f"What holds: {self.summary.rstrip('.')}.\n\n**Fix:** {self.fix}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation of `rule`.

    `message` names the value at fault and what is wrong with it; `hint` says what to do; `path` is the key path inside
    the document (empty where the file as a whole is at fault).
    """

    rule: Rule
    message: str
    place: Place
    path: KeyPath = ()
    hint: str = ""
    severity: Severity = Severity.ERROR

    def order(self) -> tuple[Place, str, str]:
        """The order in which findings are shown: by place, then by rule and text."""
        return (self.place, self.rule.id, self.message)


class FindingsError(Exception):
    """Work cannot go on: `findings` say why. Each room has its own subclass."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(sorted(findings, key=Finding.order))
        super().__init__("; ".join(f"{f.place}: {f.rule.id} {f.message}" for f in self.findings))


class UnreadableError(FindingsError):
    """What a command works on cannot be read, so that it could not run, whatever the rules of the findings."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that offers the closest of the `known` words, else lists them; empty where nothing is known."""
    import difflib  # here, since few runs need it and all would wait for it

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are: {', '.join(names)}" if names else ""
