"""Values files and `--set` arguments as helm's command line takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from netmatrix.document import Finding, Place
from netmatrix.helm.arguments import SetArgument
from netmatrix.helm.rules import UNREPEATABLE, HelmError

STANDARD_INPUT = "-"


def values_flags(files: Sequence[str], sets: Sequence[SetArgument]) -> Iterator[str]:
    """The arguments that hand `files` and `sets` to helm, in order."""
    for file in files:
        yield from ("--values", _values_argument(file))
    for argument in sets:
        yield from (argument.flag, argument.text)


def refuse_inputs(files: Sequence[str], sets: Sequence[SetArgument], stdin: bytes | None) -> None:
    """Raises HelmError for what can be read only once: it was judged already, and helm would get nothing of it."""
    places = [Place(file) for file in files if _reads_once(file, stdin)]
    places += [
        argument.place()
        for argument in sets
        if argument.flag == "--set-file" and any(folder in argument.text for folder in ("=/dev/", "=/proc/"))
    ]
    if places:
        message, hint = "cannot be read twice, once to be judged and once by helm", "write it to a file first"
        raise HelmError(Finding(UNREPEATABLE, message, place, hint=hint) for place in places)


def _reads_once(file: str, stdin: bytes | None) -> bool:
    if file == STANDARD_INPUT:
        return stdin is None
    # /dev/stdin and the /dev/fd/63 of a shell's <(...): helm has other open files than we have.
    if file.startswith(("/dev/", "/proc/")) and file != "/dev/null":
        return True
    try:
        return Path(file).is_fifo()
    except ValueError:  # a NUL in the name: helm cannot be given it, and says so
        return False


def _values_argument(file: str) -> str:
    """A file's name for `--values`, which splits at commas (it is read as CSV) and fetches what looks like a URL."""
    if ":" in file and not Path(file).is_absolute():
        file = f"./{file}"
    if not file or any(character in file for character in ',"\r\n') or file != file.strip():
        return '"' + file.replace('"', '""') + '"'
    return file
