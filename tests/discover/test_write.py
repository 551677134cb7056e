"""How an override reads: what is proposed may lose its `#`, and is then what was proposed."""

from __future__ import annotations

from typing import Any

import yaml

from netmatrix.discover.facts import About, Discovery, Entry, Proposal, Question
from netmatrix.discover.write import override

API = Entry(("endpoints", "kubernetes-api", "ports"), [443], "Told.", ("Service x",))


def asked(*proposals: tuple[tuple[str, ...], Any]) -> str:
    questions = tuple(
        Question(f"q{at}", About.PODS, "is it?", "look", Proposal(*one)) for at, one in enumerate(proposals)
    )
    return override(Discovery("a cluster", (), (API,), questions), "schema.json")


def answered(text: str) -> Any:
    """The values once the `#` of every line below `If so:` is gone."""
    lines, inside = [], False
    for line in text.splitlines():
        comment = line.lstrip(" ").startswith("# ")
        lines.append(line.replace("# ", "", 1) if inside and comment else line)
        inside = comment and (inside or line.endswith("# If so:"))
    return yaml.safe_load("\n".join(lines))


def test_an_answer_stands_in_the_map_that_it_belongs_into() -> None:
    text = asked((("endpoints", "kubernetes-api", "discover"), False))
    assert "    ports: [443]\n    # QUESTION q0: is it?\n" in text
    assert "    # If so:\n    # discover: false\n" in text
    assert answered(text) == {"endpoints": {"kubernetes-api": {"ports": [443], "discover": False}}}


def test_several_answers_in_one_map_are_one_map() -> None:
    text = asked((("pods", "ui", "selector"), ["a=b"]), (("pods", "cron", "selector"), ["c=d"]))
    expected = {"endpoints": {"kubernetes-api": {"ports": [443]}}}
    assert yaml.safe_load(text) == expected
    assert answered(text) == {**expected, "pods": {"ui": {"selector": ["a=b"]}, "cron": {"selector": ["c=d"]}}}


def test_keys_and_texts_that_yaml_would_read_otherwise_are_quoted() -> None:
    entries = (Entry(("endpoints", "on", "1"), {"no": "yes", "a b": "\U0001f4a9"}, "", ()),)
    text = override(Discovery("a cluster", (), entries, ()), "schema.json")
    assert yaml.safe_load(text) == {"endpoints": {"on": {"1": {"no": "yes", "a b": "\U0001f4a9"}}}}


def test_nothing_to_write_is_an_empty_map() -> None:
    assert yaml.safe_load(override(Discovery("a cluster", (), (), ()), "schema.json")) == {}
