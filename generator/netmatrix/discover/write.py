"""A discovery as a commented override, and as JSON. Nothing that a cluster says can end a comment or a quote."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netmatrix.discover.facts import About, Discovery, Entry, Question, ValuePath
from netmatrix.document.digest import digest

_WIDTH = 120
_LONGEST = 600
_KEYS = {"source", "facts", "questions", "values", "override"}
_PLAIN_KEY = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][a-z0-9-]*", re.IGNORECASE)
_MARK = "# Written by `netmatrix discover`; "
_MARKED = re.compile(rf"^{re.escape(_MARK)}(sha256:[0-9a-f]{{64}}) of what follows this line\.\n", re.MULTILINE)


@dataclass
class _Node:
    """A map of the override: its values or maps, and the questions that belong there."""

    children: dict[str, _Node | Entry] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)


def override(found: Discovery, schema: str) -> str:
    """The YAML text; `schema` is the override schema's path from the file, for editors."""
    body = "".join(f"{line}\n" for line in _body(found))
    return (
        f"# yaml-language-server: $schema={schema}\n{_MARK}{digest(body.encode())} of what follows this line.\n{body}"
    )


def is_untouched(text: str) -> bool:
    """Whether a file is as `override` wrote it, or a `document`, which nobody has a reason to change."""
    if text.startswith("{"):
        return _is_document(text)
    marked = _MARKED.search(text)
    return marked is not None and digest(text[marked.end() :].encode()) == marked[1]


def document(found: Discovery) -> dict[str, Any]:
    """The same as data: what was learned, from which objects, and what is a question."""
    return {
        "source": found.source,
        "facts": [{"about": item.about, "text": item.text, "from": list(item.sources)} for item in found.facts],
        "questions": [
            {
                "id": item.id,
                "about": item.about,
                "text": item.text,
                "answer": item.answer,
                "proposal": {"path": list(item.proposal.path), "value": item.proposal.value} if item.proposal else None,
            }
            for item in found.questions
        ],
        "values": [
            {"path": list(item.path), "value": item.value, "comment": item.comment, "from": list(item.sources)}
            for item in found.entries
        ],
        "override": found.values(),
    }


def shown(text: str) -> str:
    """`text` on one line: what could end a comment, or show as something else, is escaped, what is long is cut."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in cut)


def _is_document(text: str) -> bool:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and set(data) == _KEYS


def _body(found: Discovery) -> Iterator[str]:
    yield from _comment(f"What {found.source} says about itself. Run it again when the cluster changes.")
    yield "#"
    for about in About:
        told = [fact.text for fact in found.facts if fact.about is about]
        if told:
            yield f"# {about[:1].upper()}{about[1:]}"
        for text in told:
            yield from _comment(f"  - {text}", "    ")
    if found.questions:
        number = len(found.questions)
        yield "#"
        ids = ", ".join(item.id for item in found.questions)
        yield from _comment(
            f"{number} QUESTION{'' if number == 1 else 'S'} below that the cluster did not answer: {ids}."
        )
    yield "---"
    root = _tree(found)
    yield from _lines(root, 0)
    if not root.children:
        yield "{}"


def _tree(found: Discovery) -> _Node:
    root = _Node()
    for entry in found.entries:
        node = root
        for key in entry.path[:-1]:
            child = node.children.setdefault(key, _Node())
            assert isinstance(child, _Node)
            node = child
        node.children[entry.path[-1]] = entry
    for question in found.questions:
        _place(root, question).questions.append(question)
    return root


def _place(root: _Node, question: Question) -> _Node:
    """The innermost map that its proposal belongs into; the whole where it has none."""
    return _innermost(root, question.proposal.path) if question.proposal else root


def _innermost(root: _Node, path: ValuePath) -> _Node:
    node = root
    for key in path[:-1]:
        child = node.children.get(key)
        if not isinstance(child, _Node):
            break
        node = child
    return node


def _lines(root: _Node, depth: int, above: ValuePath = ()) -> Iterator[str]:
    indent = "  " * depth
    for key, child in root.children.items():
        if isinstance(child, Entry):
            yield from _comment(child.comment, indent=indent)
            yield f"{indent}{_key(key)}: {_flow(child.value)}"
        else:
            yield f"{indent}{_key(key)}:"
            yield from _lines(child, depth + 1, (*above, key))
    for question in root.questions:
        yield from _comment(f"QUESTION {question.id}: {question.text}", "  ", indent)
        yield from _comment(f"  To answer: {question.answer}", "    ", indent)
    proposals = [(item.proposal.path[len(above) :], item.proposal.value) for item in root.questions if item.proposal]
    if proposals:
        yield f"{indent}# If so:"
        yield from (f"{indent}# {line}" for line in _proposed(proposals))


def _proposed(proposals: Sequence[tuple[ValuePath, Any]], depth: int = 0) -> Iterator[str]:
    """Values as YAML that may lose its `#`: each map once, whoever proposes something in it."""
    for key in dict.fromkeys(path[0] for path, _ in proposals):
        yield from (f"{'  ' * depth}{_key(key)}: {_flow(value)}" for path, value in proposals if path == (key,))
        inside = [(path[1:], value) for path, value in proposals if path[0] == key and len(path) > 1]
        if inside:
            yield f"{'  ' * depth}{_key(key)}:"
            yield from _proposed(inside, depth + 1)


def _comment(text: str, hanging: str = "", indent: str = "") -> Iterator[str]:
    if text:
        start = f"{indent}# "
        lead = text[: len(text) - len(text.lstrip(" "))]
        yield from textwrap.wrap(
            shown(text.lstrip(" ")),
            _WIDTH,
            initial_indent=start + lead,
            subsequent_indent=start + (lead or "") + (hanging if not lead else hanging[len(lead) :]),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _quoted(key)


def _flow(value: Any) -> str:
    """A value on one line, as the other overrides are written."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """In double quotes as JSON has them; YAML writes otherwise only what JSON needs a pair of surrogates for."""
    return re.sub(
        r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})",
        lambda pair: f"\\U{0x10000 + ((int(pair[1], 16) & 0x3FF) << 10) + (int(pair[2], 16) & 0x3FF):08x}",
        json.dumps(text),
    )
