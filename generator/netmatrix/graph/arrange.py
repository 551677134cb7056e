"""Runs the layout engine, ELK, over everything that any environment's picture may hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from netmatrix.document import Finding, Place
from netmatrix.graph.layout import Layout, Point, Rect, Route
from netmatrix.graph.model import Edge, Graph, Node
from netmatrix.graph.rules import ENGINE, LayoutError
from netmatrix.graph.shapes import GROUP_HEAD, GROUP_PADDING, Size, group_width, label_lines, label_size, node_size

_PROGRAM = Path(__file__).parent / "elk"

# https://eclipse.dev/elk/reference/options.html. Layers run from top to bottom, so that labels, which are wider than
# high, stand side by side on upright pieces.
_OPTIONS = {
    "elk.algorithm": "layered",
    "elk.direction": "DOWN",
    "elk.hierarchyHandling": "INCLUDE_CHILDREN",
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.layered.thoroughness": "100",
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.layered.edgeLabels.centerLabelPlacementStrategy": "SPACE_EFFICIENT_LAYER",
    "elk.layered.compaction.postCompaction.strategy": "EDGE_LENGTH",
    "elk.spacing.nodeNode": "20",
    "elk.spacing.edgeEdge": "12",
    "elk.spacing.edgeNode": "18",
    "elk.spacing.nodeSelfLoop": "22",
    "elk.layered.spacing.nodeNodeBetweenLayers": "30",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "12",
    "elk.layered.spacing.edgeNodeBetweenLayers": "16",
}
_SEEDS = 16
"""How many layouts are tried: the engine begins with a random order. The narrowest is taken, since pages are narrow."""


def arrange(graphs: Iterable[Graph], tools: Path) -> Layout:
    """A layout that has a place for all that `graphs` hold. `tools` is a folder to keep the engine in.

    Raises LayoutError where the engine cannot be had or run.
    """
    given = _question(list(graphs))
    answer = _run(given, tools)
    boxes = {id_: _rect(box) for id_, box in answer["boxes"].items()}
    edges = {key: Route(_straightened(edge["points"]), _rect(edge["label"])) for key, edge in answer["edges"].items()}
    groups = {group["id"].removeprefix(_GROUP): (boxes.pop(group["id"]),) for group in given["groups"]}
    nodes = {id_: boxes[id_] for id_ in sorted(boxes)}
    return Layout(groups, nodes, {key: edges[key] for key in sorted(edges)})


_JOG = 3.5
"""What differs by less is meant to be one line."""

_GROUP = "namespace:"
"""Before the ids of groups: a pod may have the same one."""


def _question(graphs: list[Graph]) -> dict[str, Any]:
    """What the engine is asked: every node and edge once, in the largest size that it has."""
    sizes: dict[str, Size] = {}
    members: dict[str | None, dict[str, Node]] = {}
    edges: dict[str, tuple[Edge, Size]] = {}
    widths = {group.id: group_width(group) for graph in graphs for group in graph.groups}
    for graph in graphs:
        for node in graph.nodes:
            sizes[node.id] = _larger(node_size(node), sizes.get(node.id))
            members.setdefault(node.group, {})[node.id] = node
        for edge in graph.edges:
            known = edges.get(edge.lane)
            edges[edge.lane] = (edge, _larger(label_size(label_lines(edge)), known[1] if known else None))
    children = {
        group: [{"id": id_, "width": sizes[id_][0], "height": sizes[id_][1]} for id_ in nodes]
        for group, nodes in members.items()
    }
    return {
        "options": _OPTIONS,
        "seeds": _SEEDS,
        "groups": [
            {"id": f"{_GROUP}{id_}", "padding": _padding(widths[id_], nodes), "nodes": nodes}
            for id_, nodes in children.items()
            if id_ is not None
        ],
        "nodes": children.get(None, []),
        "edges": [
            {"id": key, "source": edge.source, "target": edge.destination, "width": size[0], "height": size[1]}
            for key, (edge, size) in edges.items()
        ],
    }


def _padding(least: float, nodes: Iterable[Mapping[str, Any]]) -> str:
    """The margins within a namespace's box: its name has its place at the top, and fits in the box's width."""
    sides = max((least - max(node["width"] for node in nodes)) / 2, GROUP_PADDING)
    return f"[top={GROUP_HEAD + 8},left={sides},bottom={GROUP_PADDING},right={sides}]"


def _larger(size: Size, other: Size | None) -> Size:
    return size if other is None else (max(size[0], other[0]), max(size[1], other[1]))


def _straightened(points: Iterable[Iterable[float]]) -> tuple[Point, ...]:
    """A way without the jogs that the engine leaves where an edge enters a group, and without points along a line."""
    straight: list[Point] = []
    for x, y in points:
        if straight:
            before_x, before_y = straight[-1]
            x, y = (before_x if abs(x - before_x) < _JOG else x), (before_y if abs(y - before_y) < _JOG else y)
        while len(straight) > 1 and any(
            coordinate == straight[-1][axis] == straight[-2][axis] for axis, coordinate in enumerate((x, y))
        ):
            straight.pop()
        if not straight or straight[-1] != (x, y):
            straight.append((x, y))
    return tuple((round(x, 1), round(y, 1)) for x, y in straight)


def _rect(box: Iterable[float]) -> Rect:
    x, y, width, height = (round(number, 1) for number in box)
    return Rect(x, y, width, height)


def _run(given: Mapping[str, Any], tools: Path) -> Any:
    folder = tools / "elk"
    if not (folder / "node_modules" / "elkjs" / "package.json").is_file() or _is_other(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "layout.mjs"):
            shutil.copyfile(_PROGRAM / name, folder / name)
        _call(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], folder)
    return json.loads(_call(["node", "layout.mjs"], folder, json.dumps(given)))


def _is_other(folder: Path) -> bool:
    """Whether what is installed is not this version's."""
    return any(
        (folder / name).read_bytes() != (_PROGRAM / name).read_bytes() if (folder / name).is_file() else True
        for name in ("package-lock.json", "layout.mjs")
    )


def _call(command: list[str], folder: Path, text: str = "") -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, input=text, capture_output=True, text=True, check=False, env=os.environ
        )
    except OSError as error:
        hint = "install Node.js 20 or newer with npm, and run the command again; only laying out needs it"
        message = f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}"
        raise LayoutError([Finding(ENGINE, message, Place(command[0]), hint=hint)]) from error
    if done.returncode != 0:
        told = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        message = f"{' '.join(command[:2])} failed with status {done.returncode}: {told[-1][:300]}"
        hint = "nothing was changed; run the command again when the package index can be reached"
        raise LayoutError([Finding(ENGINE, message, Place(str(folder)), hint=hint)])
    return done.stdout
