"""What a cluster, or a dump that somebody made, may not do: end a comment or a quote, or pass for what it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from netmatrix.discover.facts import About, Discovery, Entry, Fact, Proposal, Question
from netmatrix.discover.learn import learn
from netmatrix.discover.rules import MalformedError
from netmatrix.discover.write import is_untouched, override
from netmatrix.matrix.model import Matrix
from tests.discover.clusters import (
    API_SLICE,
    DNS,
    PLAIN,
    daemon,
    dns_ports,
    learned,
    node,
    pod,
    service,
    slice_of,
    snapshot,
    without,
)

BREAKOUTS = (
    "x\nexceptions: {}",
    "x\r\nflows: {}",
    "x\u2028y: 1",
    "x\u0085y: 1",
    "x\ufeff",
    "\n---\nkind: Secret",
    "*/ {{ fail }} */",
    "'\"}] # ",
    "\x1b[2J",
    "\U0001f4a9",
    "%YAML 1.1",
)


def is_comments_and(values: Any, text: str) -> bool:
    """Whether every line but the values is a comment, and the values are read as they were meant by YAML readers."""
    return bool(yaml.safe_load(text) == values) and "\x1b" not in text and text.count("\n---\n") == 1


@pytest.mark.parametrize("text", BREAKOUTS)
def test_no_text_of_a_cluster_becomes_yaml(text: str, tmp_path: Path, matrix: Matrix) -> None:
    """Names and annotations that no API server checks, or that a dump may hold, and the names of contexts."""
    objects = [
        daemon(f"calico{text}", {"k8s-app": "calico-node"}),
        node(f"n{text}", version=f"v1{text}", annotations={"k3s.io/node-args": text}),
        pod(f"ui-{text}", "stalker", {"app": "ui"}, "10.244.0.8"),
        pod(f"other-{text}", "stalker", {"app": "other"}, "10.244.0.9"),
        service(f"s{text}", "elsewhere", "11.0.0.9", {"a": "b"}, {"port": 80, "name": text}),
    ]
    found = learn(snapshot(tmp_path, matrix, *PLAIN, *objects), matrix, f"context {text}")
    written = override(found, "schema.json")
    assert is_comments_and(found.values(), written)
    assert set(found.values()) == {"endpoints"}
    assert all(line.startswith("#") for line in written.partition("\n---\n")[0].splitlines())


@given(st.text(), st.text(), st.text())
@example("a\nb", "c: d", "\u2028")
def test_whatever_is_told_stays_a_comment_and_whatever_is_a_value_stays_it(told: str, value: str, source: str) -> None:
    entry = Entry(("endpoints", "x", "y"), [value], told, (source,))
    asked = Question("q", About.DNS, told, told, Proposal(("endpoints", "x", "z"), value))
    found = Discovery(source, (Fact(About.DNS, told, (source,)),), (entry,), (asked,))
    written = override(found, "schema.json")
    # A lone surrogate is no text in any encoding; json and YAML escape it, and no YAML reader takes it back.
    if value.isprintable():
        assert is_comments_and({"endpoints": {"x": {"y": [value]}}}, written)
    assert is_untouched(written)


@pytest.mark.parametrize(
    ("gone", "instead", "said"),
    [
        (
            DNS,
            service("kube-dns", "kube-system", "10.96.0.10", {"a\nb": "c"}, *dns_ports()),
            "'a\\nb': 'c' is no valid",
        ),
        (
            DNS,
            service("kube-dns", "kube-system", "10.96.0.10", {"a": "c d"}, *dns_ports()),
            "'a': 'c d' is no valid la",
        ),
        (DNS, service("kube-dns", "kube-system", "not one", {"a": "b"}, *dns_ports()), "'not one' is not an address"),
        (API_SLICE, slice_of("kubernetes", "default", "10.0.0.4/8"), "'10.0.0.4/8' is not an address"),
        (None, node("m", podCIDRs=["10.0.0.0/99"]), "'10.0.0.0/99' is not an address range"),
        (None, node("m", podCIDRs="10.0.0.0/24"), "expected a list; found the string"),
        (None, pod("a", "stalker", {"app": "x" * 64}, "10.244.0.1"), "is no valid label"),
        (None, {**node("m"), "spec": [1]}, "expected a map; found a list"),
        (None, pod("a", "b", {}, "10.244.0.1", hostNetwork="no"), "expected true or false; found the string 'no'"),
    ],
)
def test_what_no_api_server_would_have_accepted_is_an_error_with_its_place(
    gone: dict[str, Any] | None, instead: dict[str, Any], said: str, tmp_path: Path, matrix: Matrix
) -> None:
    objects = [*(without(gone) if gone else PLAIN), instead]
    with pytest.raises(MalformedError) as caught:
        learned(tmp_path, matrix, *objects)
    (finding,) = caught.value.findings
    assert said in finding.message
    assert finding.rule.id == "NM920"
    assert finding.place.file.endswith("dump.json")
    assert finding.place.column > 1


def test_a_file_that_somebody_changed_is_told_apart(tmp_path: Path, matrix: Matrix) -> None:
    text = override(learned(tmp_path, matrix, *PLAIN), "schema.json")
    assert is_untouched(text)
    assert is_untouched(text.replace("schema.json", "elsewhere/schema.json"))
    assert not is_untouched(text.replace("6443", "443"))
    assert not is_untouched(text + "flows: {}\n")
    assert not is_untouched("endpoints: {}\n")
