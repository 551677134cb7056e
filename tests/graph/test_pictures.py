"""The committed pictures can be read and printed, and say what the matrix says."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netmatrix.graph.style import DARK, LIGHT
from netmatrix.matrix.model import Matrix
from tests.graph.geometry import SVG, faults, read
from tests.support.scenarios import ENVIRONMENTS, ROOT


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_overlaps_runs_through_a_box_or_leaves_the_picture(environment: str) -> None:
    assert faults(picture(environment)) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_flow_of_the_environment_is_drawn_once_between_its_parties(environment: str, matrix: Matrix) -> None:
    """What the chart's own audit needs is no part of the application's pictures."""
    drawn = {
        flow: (group.attrib["data-source"], group.attrib["data-destination"])
        for group in groups(environment, "flow")
        for flow in group.attrib["data-flow"].split()
    }
    assert drawn == {
        flow.id: (flow.source.id, flow.destination.id) for flow in matrix.without_audit().flows_in(environment)
    }


def test_what_is_documented_for_one_environment_or_off_has_a_style_of_its_own() -> None:
    styles = {
        flow: group.attrib["class"].removeprefix("flow ")
        for group in groups("prod", "flow")
        for flow in group.attrib["data-flow"].split()
    }
    assert styles["cron-to-mongo"] == "documented"
    assert styles["ui-to-jobs-manager"] == "environment"
    assert styles["jobs-to-dns"] == "operational off"


@pytest.mark.parametrize(
    ("flow", "label"),
    [
        ("kafka-to-kafka", "9092, 9093, 9094"),
        ("cron-to-dns", "53 UDP+TCP"),
        ("jobs-to-internet", "any port"),
        ("outside-to-ui", "80, 443"),
    ],
)
def test_ports_stand_on_the_edge(flow: str, label: str) -> None:
    (group,) = (group for group in groups("prod", "flow") if flow in group.attrib["data-flow"].split())
    assert " ".join(text.text or "" for text in group.iter(f"{SVG}text")) == label


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_who_does_not_see_the_picture_is_told_every_connection(environment: str, matrix: Matrix) -> None:
    root = ElementTree.fromstring(picture(environment))
    assert root.attrib["role"] == "img"
    names = [root.find(f"{SVG}{tag}") for tag in ("title", "desc")]
    assert [name.attrib["id"] for name in names if name is not None] == root.attrib["aria-labelledby"].split()
    told = (names[1].text or "").splitlines() if names[1] is not None else []
    for flow in matrix.without_audit().flows_in(environment):
        ends = [
            party.titles[environment] if hasattr(party, "titles") else party.short
            for party in (flow.source, flow.destination)
        ]
        assert any(line.startswith(f"{ends[0]} to {ends[1]}: ") for line in told), flow.id


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_needs_nothing_from_elsewhere(environment: str) -> None:
    """GitHub shows an SVG as an image: no script runs, and nothing is loaded."""
    text = picture(environment).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not [word for word in ("<script", "http", "url(", "@import", "@font-face", "href") if word in text]


def test_both_environments_have_what_they_share_in_the_same_place() -> None:
    prod, dev = (read(picture(environment)).boxes for environment in ("prod", "dev"))
    shared = prod.keys() & dev.keys()
    assert len(shared) > 10
    assert {name: prod[name] for name in shared} == {name: dev[name] for name in shared}


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_what_they_stand_on(scheme: dict[str, str]) -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11."""
    grounds = ("canvas", "namespace", "box", "other")
    kinds = ("environment", "operational", "exception")
    assert min(contrast(scheme[text], scheme[ground]) for text, ground in product(("ink", "quiet"), grounds)) >= 4.5
    assert min(contrast(scheme[kind], scheme["canvas"]) for kind in kinds) >= 4.5
    assert min(contrast(scheme[kind], scheme["namespace"]) for kind in kinds) >= 3
    assert contrast(scheme["frame"], scheme["canvas"]) >= 3


def test_the_test_of_geometry_sees_faults() -> None:
    """That it can fail: the boxes moved down, so that lines end in mid-air or run through them."""
    text = picture("prod")
    box = next(group for group in groups("prod", "pod") if group.attrib["data-pod"] == "mongo").find(f"{SVG}rect")
    assert box is not None
    x, y = (f'{name}="{box.attrib[name]}"' for name in ("x", "y"))
    moved = text.replace(f"{x} {y}", f'{x} y="{float(box.attrib["y"]) - 60}"')
    assert moved != text
    assert any("runs through mongo" in fault for fault in faults(moved))
    assert any("leaves mongo" in fault for fault in faults(moved))


def picture(environment: str) -> str:
    return Path(ROOT / "docs" / f"network-{environment}.svg").read_text(encoding="utf-8")


def groups(environment: str, class_: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(picture(environment))
    return [group for group in root.iter(f"{SVG}g") if class_ in group.attrib.get("class", "").split()]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
