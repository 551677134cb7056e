"""The corpus: values files, each with a head comment that says what is put below it and what must be found in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from netmatrix.helm.arguments import SetArgument
from tests.parity.verdicts import Fault
from tests.support.scenarios import ROOT

CORPUS = Path(__file__).parent / "corpus"

_HEAD = re.compile(r"^# (base|expect|only|set|set-string|set-json): *(.*)$", re.MULTILINE)
_EXPECT = re.compile(
    r"(?P<rule>NM[0-9]{3})(?: (?P<path>.*?))? (?P<place>[0-9]+:[0-9]+|--set\S* .*|(?:chart|values)/\S+)"
)
_BASES = {"none": (), "prod": ("values-prod.yaml",), "dev": ("values-dev.yaml",)}


@dataclass(frozen=True)
class Expected:
    """One `# expect:` line. `python_only` is set by an `# only: python` line behind it."""

    fault: Fault
    place: str
    python_only: bool


@dataclass(frozen=True)
class Case:
    """One file of the corpus."""

    file: Path
    base: tuple[Path, ...]
    sets: tuple[SetArgument, ...]
    expected: tuple[Expected, ...]

    def __str__(self) -> str:
        return self.file.stem

    @property
    def files(self) -> tuple[str, ...]:
        """The values files in order, by their paths from the project's folder."""
        return tuple(str(path.relative_to(ROOT)) for path in (*self.base, self.file))

    @property
    def faults_for_helm(self) -> frozenset[Fault]:
        """What Helm must name. It judges in two steps: where the form is wrong, it looks no further."""
        faults = frozenset(item.fault for item in self.expected if not item.python_only)
        of_form = frozenset(fault for fault in faults if fault.rule in ("NM201", "NM202", "NM203"))
        return of_form or faults


def cases(folder: str) -> list[Case]:
    """The cases of `good` or `bad`, by name."""
    return [read(file) for file in sorted((CORPUS / folder).glob("*.yaml"))]


def read(file: Path) -> Case:
    """Read one file's head comment. Raises ValueError where it cannot be understood."""
    base: tuple[Path, ...] = (ROOT / "values" / "values-prod.yaml",)
    sets: list[SetArgument] = []
    expected: list[Expected] = []
    for word, text in _HEAD.findall(file.read_text(encoding="utf-8", errors="replace")):
        if word == "base":
            base = tuple(ROOT / "values" / name for name in _BASES.get(text, tuple(text.split())))
        elif word == "expect":
            expected.append(_expected(file, text))
        elif word == "only":
            if not expected or not text.startswith("python because "):
                raise ValueError(f"{file}: `only` follows an `expect` and says: python because ...")
            expected[-1] = Expected(expected[-1].fault, expected[-1].place, python_only=True)
        else:
            sets.append(SetArgument(f"--{word}", text))
    return Case(file, base, tuple(sets), tuple(expected))


def _expected(file: Path, text: str) -> Expected:
    match = _EXPECT.fullmatch(text)
    if match is None:
        raise ValueError(f"{file}: not understood: expect: {text}")
    return Expected(Fault(match["rule"], re.sub(r"\[([0-9]+)\]", r".\1", match["path"] or "")), match["place"], False)
