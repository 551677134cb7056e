"""netpol-analyzer's goldens: every connection, in that tool's model.

In that model an ipBlock matches no pod, pods on the host's network are pods like any other, and there is no IPv6.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from netmatrix.policy import ManifestError, Model, Reach, connections, parse_manifests
from netmatrix.policy.intervals import canonical

FOLDER = Path(__file__).parent / "conformance" / "netpol-analyzer"
CASES = sorted(case.parent.name for case in FOLDER.glob("*/connections.txt"))
MODEL = Model(ipblock_matches_pods=False, host_network_as_pods=True)

UNREADABLE = {
    "example_pods_w_same_owner_and_labels_gap_with_good_match_expression": (
        # API conventions: names "must be a lowercase RFC 1123 subdomain". OwnerReference: `kind` is required.
        {"NM504": "use_common_labels_same_values", "NM503": "'kind' is missing"},
        {"use_common_labels_same_values": "use-common-labels", "- name: internal-": "- kind: Pod\n    name: internal-"},
    ),
    "exposure_test_with_different_rules_5_with_matching_pods": (
        # `values` is "an array of string values", and the API server's reader (YAML 1.1) takes a bare y for true.
        {"NM012": "readers differ"},
        {"- y\n": '- "y"\n'},
    ),
    "netpol_named_port_test": (
        # ContainerPort: `containerPort` is required, and "containerport" is no field.
        {"NM501": "'containerport'", "NM503": "'containerPort' is missing"},
        {"containerport: 3535": "containerPort: 3535"},
    ),
}
"""Cases that the API server would refuse, and the tool reads: what is wrong in each, and what mends it.

Mended, their connections are the golden ones. Of the 60 cases, the tool's answer is wrong in none.
"""


def test_the_goldens_are_all_there() -> None:
    assert len(CASES) == 60


@pytest.mark.parametrize("case", CASES)
def test_every_connection_is_the_golden_one(case: str) -> None:
    text = (FOLDER / case / "manifests.yaml").read_text(encoding="utf-8")
    for wrong, right in UNREADABLE.get(case, ({}, {}))[1].items():
        text = text.replace(wrong, right)
    reach = Reach(parse_manifests(text.encode(), f"{case}/manifests.yaml"), MODEL)
    found = {str(item) for item in connections(reach) if ":" not in f"{item.source}{item.destination}"}
    golden = (FOLDER / case / "connections.txt").read_text(encoding="utf-8").splitlines()
    assert found == _with_neighbours_merged(golden)


@pytest.mark.parametrize("case", sorted(UNREADABLE))
def test_what_the_api_server_would_refuse_is_refused(case: str) -> None:
    with pytest.raises(ManifestError) as refused:
        parse_manifests((FOLDER / case / "manifests.yaml").read_bytes(), "manifests.yaml")
    for rule, words in UNREADABLE[case][0].items():
        assert any(rule == item.rule.id and words in item.message for item in refused.value.findings)
    assert {item.rule.id for item in refused.value.findings} == UNREADABLE[case][0].keys()


def _with_neighbours_merged(lines: list[str]) -> set[str]:
    """The tool splits address ranges at every boundary that a policy names."""
    merged: set[str] = set()
    ranges: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for line in lines:
        source, rest = line.split(" => ")
        destination, ports = rest.split(" : ")
        if "/" not in source:
            ranges["from", destination, ports].append(_numbers(source))
        elif "/" not in destination:
            ranges["to", source, ports].append(_numbers(destination))
        else:
            merged.add(line)
    for (way, pod, ports), pairs in ranges.items():
        for first, last in canonical(pairs):
            addresses = f"{IPv4Address(first)}-{IPv4Address(last)}"
            ends = (addresses, pod) if way == "from" else (pod, addresses)
            merged.add(f"{ends[0]} => {ends[1]} : {ports}")
    return merged


def _numbers(addresses: str) -> tuple[int, int]:
    first, last = addresses.split("-")
    return int(IPv4Address(first)), int(IPv4Address(last))
