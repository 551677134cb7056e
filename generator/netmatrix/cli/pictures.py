"""The pictures of a project: the graph of some values, the committed coordinates, the files that `generate` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project, shown
from netmatrix.cli.validating import Judged
from netmatrix.document import Finding, Place, Severity
from netmatrix.document.reader import Document, parse_mapping, read_mapping
from netmatrix.emit.plan import Plan, header_of, plan
from netmatrix.graph.build import network_graph
from netmatrix.graph.layout import NOTHING, Layout, layout_of
from netmatrix.graph.model import Graph
from netmatrix.graph.place import Placed, placed
from netmatrix.graph.rules import MISSING
from netmatrix.graph.svg import svg
from netmatrix.matrix.model import Matrix
from netmatrix.values.context import Context
from netmatrix.values.merge import merge_layers, over_defaults

_LAYOUT = PurePosixPath("docs/network-layout.yaml")


def graph_of(project: Project, options: ValuesOptions, judged: Judged, *, with_off: bool = False) -> Graph:
    """The graph of values in which `judge` found no error."""
    assert judged.validated is not None, "values that could not be read have no graph"
    return network_graph(Context.of(project.matrix, judged.validated.values, options.today), with_off=with_off)


def environment_graphs(matrix: Matrix, planned: Plan) -> dict[str, Graph]:
    """Each environment as its own values file has it, with what is off; from the files that are to be written."""
    defaults = _planned(planned, "chart/values.yaml")
    graphs: dict[str, Graph] = {}
    for environment in matrix.environments:
        own = _planned(planned, f"values/values-{environment}.yaml")
        values = over_defaults(defaults, merge_layers([own]))
        graphs[environment] = network_graph(Context.of(matrix, values, date.min), with_off=True)
    return graphs


def layout_file(project: Project) -> Path:
    """The committed coordinates of a project's pictures."""
    return project.root / _LAYOUT


def committed_layout(project: Project) -> Layout:
    """The committed coordinates; nothing where there are none. Raises DocumentError or LayoutError for bad ones."""
    file = layout_file(project)
    return layout_of(read_mapping(shown(file))) if file.exists() else NOTHING


def whole_plan(project: Project) -> tuple[Plan, tuple[Finding, ...]]:
    """All that `generate` writes, pictures too, and a note where the committed coordinates lack something.

    Never fails for coordinates that lack something: who adds a row need not have the layout engine.
    """
    committed, planned = committed_layout(project), plan(project.matrix)
    files, found = dict(planned.files), []
    for environment, graph in environment_graphs(project.matrix, planned).items():
        found.append(placed(graph, committed))
        header = header_of(project.matrix, f"flows in {environment}")
        files[PurePosixPath(f"docs/network-{environment}.svg")] = svg(graph, found[-1].layout, header=header)
    return replace(planned, files=dict(sorted(files.items()))), notes_on(project, found)


def notes_on(project: Project, found: Sequence[Placed]) -> tuple[Finding, ...]:
    """A note on what has no place in the committed coordinates, if there is anything."""
    missing = tuple(dict.fromkeys(item for picture in found for item in picture.missing))
    if not missing:
        return ()
    file = layout_file(project)
    hint = "lay out anew with `netmatrix graph --arrange`, then run `netmatrix generate`; it needs Node.js"
    what = f"place for {', '.join(missing[:3])}{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}"
    how = "every party is drawn on a step of its own" if any(item.anew for item in found) else "put beside the rest"
    message = f"there is no {what if file.exists() else 'file of coordinates'}: {how}"
    return (Finding(MISSING, message, Place(shown(file)), hint=hint, severity=Severity.NOTE),)


def _planned(planned: Plan, path: str) -> Document:
    return parse_mapping(planned.files[PurePosixPath(path)].encode(), path)
