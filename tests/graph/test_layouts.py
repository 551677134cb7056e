"""Whatever is added to a picture finds a place in which nothing overlaps, and always the same one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from netmatrix.graph.measure import fitted, text_width, wrapped
from netmatrix.graph.model import Edge, EdgeKind, FlowLine, Graph, Group, Node, NodeKind
from netmatrix.graph.staircase import staircase
from netmatrix.graph.svg import svg
from netmatrix.matrix.model import Port, Protocol
from tests.cli.conftest import TODAY, Run
from tests.graph.geometry import faults, read

PODS = ("ui", "jobs-manager", "cron", "kafka", "orchestrator", "jobs", "jobs-consumer")
ELSEWHERE = (
    {"cidr": "203.0.113.20/32"},
    {"cidr": "2001:db8:1234:5678:9abc:def0:1234:5678/128"},
    {"namespace": "monitoring", "selector": ["app=prometheus", "app.kubernetes.io/part-of=observability-stack"]},
)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_exceptions_between_any_parties_find_their_way(seed: int, netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(yaml.safe_dump({"exceptions": exceptions(random.Random(seed))}), encoding="utf-8")
    asked = ("graph", "-f", "values/values-dev.yaml", "-f", "values/operational.yaml", "-f", file, *TODAY)
    result = netmatrix(*asked)
    assert result.status == 0, result.err
    assert faults(result.out) == []
    assert netmatrix(*asked).out == result.out


def test_what_was_there_stays_as_it_was_and_the_new_party_stands_beside_it(netmatrix: Run) -> None:
    plain, more = (
        read(netmatrix("graph", "-f", "values/values-prod.yaml", *extra, *TODAY).out)
        for extra in ((), ("-f", "values/clusters/with-exception.yaml"))
    )
    assert more.boxes.keys() - plain.boxes.keys() == {"203.0.113.20/32"}
    moved = {
        (round(more.boxes[name][0] - box[0], 1), round(more.boxes[name][1] - box[1], 1))
        for name, box in plain.boxes.items()
    }
    assert len(moved) == 1
    assert {name: len(more.lines[name]) for name in plain.lines} == {
        name: len(plain.lines[name]) for name in plain.lines
    }
    assert more.boxes["203.0.113.20/32"][0] > max(box[2] for box in more.frames.values())


@pytest.mark.parametrize("seed", range(20))
def test_a_staircase_holds_any_graph(seed: int) -> None:
    graph = any_graph(random.Random(seed))
    text = svg(graph, staircase(graph))
    assert faults(text) == []
    assert len(read(text).lines) == len(graph.edges)


def test_without_node_the_message_says_what_to_install(netmatrix: Run, copy: Path, tmp_path: Path) -> None:
    before = (copy / "docs" / "network-layout.yaml").read_bytes()
    result = netmatrix("graph", "--arrange", cwd=copy, env={"PATH": str(tmp_path)})
    assert result.status == 2
    assert "error NM803 npm cannot be run: no such file or directory" in result.err
    assert "install Node.js" in result.err
    assert (copy / "docs" / "network-layout.yaml").read_bytes() == before


def test_a_text_is_cut_to_its_room_and_says_so() -> None:
    assert fitted("stalker", 11, 100) == "stalker"
    assert fitted("a namespace with a long name", 11, 80).endswith("…")
    assert text_width(fitted("a namespace with a long name", 11, 80), 11) <= 80
    assert wrapped("9092, 9093, 9094", 12, 76, 4) == ("9092, 9093,", "9094")
    assert wrapped(", ".join(map(str, range(1000, 1032))), 12, 76, 3)[-1].endswith("…")
    assert text_width("漢字", 10) > text_width("ab", 10)


def exceptions(chance: random.Random) -> dict[str, object]:
    found: dict[str, object] = {}
    for number in range(4):
        pod, other = ({"pod": name} for name in chance.sample(PODS, 2))
        end = chance.choice((*ELSEWHERE, other))
        source, destination = chance.sample((pod, end), 2)
        ports = [{"protocol": "TCP", "port": port} for port in chance.sample(range(1, 65536), chance.randint(1, 9))]
        found[f"exception-{number}"] = {
            "from": source,
            "to": destination,
            "ports": ports,
            "reason": "It is needed",
            "owner": "somebody",
            "expires": "2027-06-30",
        }
    return found


def any_graph(chance: random.Random) -> Graph:
    groups = tuple(Group(f"g{number}", "n" * chance.randint(1, 63)) for number in range(chance.randint(1, 4)))
    nodes = [
        Node(f"p{number}", NodeKind.POD, "Title " * chance.randint(1, 9), group=chance.choice(groups).id)
        for number in range(chance.randint(1, 9))
    ]
    nodes += [
        Node(f"e{number}", chance.choice(list(NodeKind)[1:]), "An endpoint", "w" * chance.randint(0, 60))
        for number in range(chance.randint(0, 5))
    ]
    pairs = {(chance.choice(nodes).id, chance.choice(nodes).id, chance.choice(list(EdgeKind))) for _ in range(25)}
    edges = (
        Edge(
            source,
            destination,
            kind,
            kind is EdgeKind.EXCEPTION or chance.random() < 0.7,
            (FlowLine(f"f{number}", ports(chance)),),
        )
        for number, (source, destination, kind) in enumerate(sorted(pairs))
    )
    return Graph("Any title " * chance.randint(1, 30), "test", ("test", "other"), groups, tuple(nodes), tuple(edges))


def ports(chance: random.Random) -> tuple[Port, ...] | None:
    return chance.choice((None, tuple(Port(chance.randint(1, 65535), p) for p in chance.sample(list(Protocol), 2))))
