"""Many questions in one `kubectl exec`: the shell's script for them, and what its lines mean.

`agnhost connect` says of a connection that it was made, or why not. It is started once for each: the image has a shell,
and a start takes 30 ms, where an exec through the API server takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netmatrix.probe.questions import Outcome, Question

AT_ONCE = 4
"""Connections at a time from each pod: more would be slowed down by the limit on its CPU, and look refused."""

_QUERY_SECONDS = 8
"""What a query takes at most where nobody answers: a second for each of a pod's search paths."""

SCRIPT = """
set -f
ask() { words=$(/agnhost connect "$3" --protocol "$2" --timeout "$TIMEOUT" 2>&1) && words=OPEN; echo "$1" $words; }
asked=0
while read -r number protocol address; do
  ask "$number" "$protocol" "$address" &
  asked=$((asked + 1)); [ $((asked % AT_ONCE)) -ne 0 ] || wait
done
wait
"""

_WITHOUT_ANSWER = ("i/o timeout", "connection refused", "not permitted", "permission denied", "unreachable", "no route")
"""How Go's resolver says that no name server answered. An answer that there is no such name is an answer."""


def script(timeout: int) -> str:
    """The script; it reads the questions from standard input. A connection is given up after `timeout` seconds."""
    return f"TIMEOUT={timeout}s AT_ONCE={AT_ONCE}\n{SCRIPT}"


def written(asked: Sequence[Question]) -> bytes:
    """The questions as the script reads them, numbered."""
    lines = (f"{number} {item.protocol.lower()} {item.address}\n" for number, item in enumerate(asked))
    return "".join(lines).encode()


def most_seconds(asked: Sequence[Question], timeout: int) -> float:
    """How long the script may take, with some patience for a slow machine."""
    queries = sum(item.is_query for item in asked)
    return 30 + (len(asked) // AT_ONCE + 1) * (timeout + 1) + queries * _QUERY_SECONDS


def answers(asked: Sequence[Question], printed: str) -> dict[Question, Outcome]:
    """The answers that the script printed; a question without one is missing."""
    found: dict[Question, Outcome] = {}
    for line in printed.splitlines():
        number, _, words = line.partition(" ")
        if number.isdecimal() and int(number) < len(asked):
            question = asked[int(number)]
            outcome = _query_outcome(words) if question.is_query else _outcome(words)
            if outcome is not None:
                found[question] = outcome
    return found


def _outcome(words: str) -> Outcome | None:
    """What became of a connection. `agnhost connect` also fails with such words as TIMEOUT, REFUSED and OTHER."""
    if words.startswith("OPEN"):
        return Outcome.OPEN
    # UNKNOWN is what it calls an error of UDP that is none of these, such as "operation not permitted".
    return Outcome.REFUSED if words.startswith(("TIMEOUT", "REFUSED", "OTHER", "UNKNOWN")) else None


def _query_outcome(words: str) -> Outcome | None:
    """Whether the name service answered; what became of a connection to the address that it gave is all the same."""
    if words.startswith("DNS"):
        return Outcome.REFUSED if any(text in words for text in _WITHOUT_ANSWER) else Outcome.OPEN
    return None if _outcome(words) is None else Outcome.OPEN


def by_source(asked: Iterable[Question]) -> Mapping[str, list[Question]]:
    """The questions of each source."""
    found: dict[str, list[Question]] = {}
    for question in asked:
        found.setdefault(question.source, []).append(question)
    return found
