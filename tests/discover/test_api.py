"""The API server: what stands behind its Service, within what the matrix allows."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from netmatrix.matrix.model import Matrix
from tests.discover.clusters import API, API_SLICE, PLAIN, learned, question, service, slice_of, without


def api(tmp_path: Path, matrix: Matrix, *objects: dict[str, Any]) -> Any:
    return learned(tmp_path, matrix, *objects).values()["endpoints"].get("kubernetes-api")


def test_it_is_what_the_endpoint_slices_say(tmp_path: Path, matrix: Matrix) -> None:
    behind = slice_of("kubernetes", "default", "10.0.0.6", "10.0.0.5", ports=(8443,))
    expected = {"cidrs": ["10.0.0.5/32", "10.0.0.6/32"], "ports": [8443]}
    assert api(tmp_path, matrix, *without(API_SLICE), behind) == expected


def test_slices_of_other_services_are_none_of_its(tmp_path: Path, matrix: Matrix) -> None:
    other = slice_of("web", "default", "10.9.9.9", ports=(443,))
    assert api(tmp_path, matrix, *PLAIN, other) == {"cidrs": ["10.0.0.4/32"], "ports": [6443]}


def test_the_services_own_address_joins_only_where_no_stranger_would_be_opened(tmp_path: Path, matrix: Matrix) -> None:
    """Each range goes with each port: with 443 beside 6443, port 443 of the nodes would be open too."""
    behind = slice_of("kubernetes", "default", "10.0.0.5", ports=(443,))
    assert api(tmp_path, matrix, *without(API_SLICE), behind)["cidrs"] == ["10.0.0.5/32", "10.96.0.1/32"]
    assert api(tmp_path, matrix, *PLAIN)["cidrs"] == ["10.0.0.4/32"]


def test_addresses_on_ports_of_their_own_are_never_crossed(tmp_path: Path, matrix: Matrix) -> None:
    """Values have each range with each port: 10.0.0.4:443 and 10.0.0.9:6443 are nobody's, and would be open."""
    other = slice_of("kubernetes", "default", "10.0.0.9", ports=(443,))
    other["metadata"]["name"] = "kubernetes-2"
    found = learned(tmp_path, matrix, *PLAIN, other)
    asked = question(found, "api-ports")
    assert "10.0.0.4:6443, 10.0.0.9:443" in asked.text
    assert "discover: true" in asked.answer
    assert "kubernetes-api" not in found.values().get("endpoints", {})


def test_slices_that_share_their_ports_are_one(tmp_path: Path, matrix: Matrix) -> None:
    other = slice_of("kubernetes", "default", "10.0.0.9", "fd00::9")
    other["metadata"]["name"] = "kubernetes-2"
    expected = {"cidrs": ["10.0.0.4/32", "10.0.0.9/32", "fd00::9/128"], "ports": [6443]}
    assert api(tmp_path, matrix, *PLAIN, other) == expected


@pytest.mark.parametrize("protocol", ["UDP", "SCTP"])
def test_only_its_tcp_ports_are_read(protocol: str, tmp_path: Path, matrix: Matrix) -> None:
    """As the chart and the audit look them up; what is granted is TCP."""
    behind, here = copy.deepcopy(API_SLICE), copy.deepcopy(API)
    behind["ports"].append({"name": "q", "port": 443, "protocol": protocol})
    here["spec"]["ports"] = [{"name": "q", "port": 6443, "protocol": protocol}]
    found = api(tmp_path, matrix, *without(API, API_SLICE), here, behind)
    assert found == {"cidrs": ["10.0.0.4/32"], "ports": [6443]}


def test_names_are_no_addresses(tmp_path: Path, matrix: Matrix) -> None:
    named = slice_of("kubernetes", "default", "api.example.com")
    named["metadata"]["name"], named["addressType"] = "kubernetes-2", "FQDN"
    assert api(tmp_path, matrix, *PLAIN, named) == {"cidrs": ["10.0.0.4/32"], "ports": [6443]}


def test_ipv6_is_an_address_like_others(tmp_path: Path, matrix: Matrix) -> None:
    behind = slice_of("kubernetes", "default", "fd00::5")
    assert api(tmp_path, matrix, *without(API_SLICE), behind)["cidrs"] == ["fd00::5/128"]


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (slice_of("kubernetes", "default", "10.0.0.5", ports=(9443,)), "TCP 9443, and the matrix allows 443, 6443"),
        (slice_of("kubernetes", "default", *(f"10.0.0.{at}" for at in range(17))), "17 addresses, and the matrix allo"),
    ],
    ids=["port", "number"],
)
def test_what_the_matrix_does_not_allow_is_a_question(
    behind: dict[str, Any], said: str, tmp_path: Path, matrix: Matrix
) -> None:
    found = learned(tmp_path, matrix, *without(API_SLICE), behind)
    assert said in question(found, "api-ceiling").text
    assert "kubernetes-api" not in found.values().get("endpoints", {})


def test_a_service_without_endpoints_is_a_question(tmp_path: Path, matrix: Matrix) -> None:
    behind = slice_of("kubernetes", "default")
    found = learned(tmp_path, matrix, *without(API_SLICE), behind)
    assert "no EndpointSlice with an address and a TCP port" in question(found, "api-endpoints").text


def test_a_headless_service_has_no_address_of_its_own(tmp_path: Path, matrix: Matrix) -> None:
    headless = service("kubernetes", "default", "None", {}, {"name": "https", "port": 6443})
    assert api(tmp_path, matrix, *without(API), headless)["cidrs"] == ["10.0.0.4/32"]
