"""`netmatrix explain`: why one connection is allowed or denied, as a user asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TODAY, Run
from tests.support.scenarios import ROOT

PROD = ("--environment", "prod", *TODAY)


def line(text: str) -> int:
    """The number of the line of the matrix that starts with `text`."""
    lines = (ROOT / "matrix.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, item in enumerate(lines, start=1) if item.startswith(text))


@pytest.mark.parametrize(
    ("asked", "verdict", "told"),
    [
        ("cron mongo 27017", "allowed", [f"the flow cron-to-mongo at matrix.yaml:{line('  cron-to-mongo:')}:3 grants"]),
        ("cron mongo tcp/27017", "allowed", ["egress rule 2 of policy stalker/redkite-cron-egress"]),
        ("cron mongo mongodb", "allowed", ["ingress rule 2 of policy stalker/redkite-mongo-ingress"]),
        ("cron mongo udp/27017", "denied", ["no rule of stalker/redkite-cron-egress, stalker/redkite-default-deny"]),
        ("cron kafka client", "denied", [f"no flow that is on grants it to cron, matrix.yaml:{line('  cron:')}:3"]),
        ("jobs dns", "denied", ["jobs-to-dns at", "is off: `flows.jobs-to-dns.enabled=true` switches it on"]),
        ("jobs dns udp/53", "denied", ["is off: `flows.jobs-to-dns.enabled=true` switches it on"]),
        ("jobs 169.254.169.254 80", "denied", ["no rule of stalker-jobs/redkite-default-deny"]),
        ("jobs internet 443", "allowed", ["198.51.100.7: outside the cluster; no policy speaks for it"]),
        ("outside mongo", "denied", ["outside-to-mongo at", "is not of prod", "the never line outside-to-mongo at"]),
        (
            "kube-system/k8s-app=x ui https",
            "allowed",
            ["kube-system/k8s-app=x at 10.244.1.7: open: no policy isolates"],
        ),
        ("stalker/ mongo 27017", "denied", ["the matrix has no row for this pod: default-deny grants it nothing"]),
        ("2001:db8::1 ui 443", "allowed", ["2001:db8::1 -> stalker/", "IPv6 TCP 443"]),
    ],
)
def test_the_answer_says_why(asked: str, verdict: str, told: list[str], netmatrix: Run) -> None:
    result = netmatrix("explain", *asked.split(), *PROD)
    assert result.status == 0, result.err
    assert f"{verdict}: {asked.split()[0]} -> {asked.split()[1]}, " in result.out
    for words in told:
        assert words in result.out


def test_without_a_port_every_open_range_is_explained(netmatrix: Run) -> None:
    out = netmatrix("explain", "kafka", "kafka", *PROD).out
    assert out.startswith("kafka -> kafka: TCP 9092-9094\nallowed: kafka -> kafka, TCP 9092\n")


def test_where_the_model_of_ip_blocks_decides_both_answers_are_given(netmatrix: Run) -> None:
    out = netmatrix("explain", "jobs", "8.8.8.8", "443", *PROD).out
    assert "where ipBlocks" not in out, "8.8.8.8 is no pod"
    both = netmatrix("explain", "jobs", "other/a=b", "443", *PROD, "--manifests", "-", stdin=open_to_pods())
    assert "denied: jobs -> other/a=b, TCP 443, where ipBlocks do not match pods" in both.out
    assert "allowed: jobs -> other/a=b, TCP 443, where ipBlocks match pods" in both.out
    assert "differs  the matrix does not grant it; `netmatrix verify` tells all that differs" in both.out


def open_to_pods() -> bytes:
    return (
        b"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: stalker-jobs}\n"
        b"spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}\n"
    )


def test_an_expectation_is_a_check(netmatrix: Run) -> None:
    asked = ("explain", "jobs", "169.254.169.254", "tcp/80", *PROD, "--expect")
    assert netmatrix(*asked, "denied").status == 0
    failed = netmatrix(*asked, "allowed")
    assert (failed.status, failed.err.splitlines()[-1]) == (1, "netmatrix: expected allowed")


def test_json_carries_the_packet_and_both_ends(netmatrix: Run) -> None:
    data = json.loads(netmatrix("explain", "cron", "mongo", *PROD, "--format", "json").out)
    assert data["openPorts"] == {"TCP": [[27017, 27017]]}
    (answer,) = data["answers"]
    assert (answer["allowed"], answer["granted"], answer["ipBlockMatchesPods"]) == (True, True, [False, True])
    assert answer["packet"]["port"] == 27017
    assert [end["row"] for end in answer["ends"]] == ["cron", "mongo"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("cron mongdb", "there is no 'mongdb': did you mean 'mongo'?"),
        ("cron mongo mongdb", "mongo has no port 'mongdb': did you mean 'mongodb'?"),
        ("cron mongo 0", "0 is not a port"),
        ("cron mongo icmp/1", "'icmp' is no protocol"),
        ("cron stalker/a 1", "'a' is no label"),
        ("cron Stalker/a=b 1", "'Stalker' is no name of a namespace"),
        ("10.0.0.1 2001:db8::1 80", "10.0.0.1 and 2001:db8::1 have no IP family in common"),
    ],
)
def test_what_is_not_understood_is_told(asked: str, words: str, netmatrix: Run) -> None:
    result = netmatrix("explain", *asked.split(), *PROD)
    assert (result.status, result.out) == (2, "")
    assert words in result.err


def test_the_manifests_of_a_file_give_the_places(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "prod.yaml"
    assert netmatrix("verify", *PROD, "--save", file).status == 0
    out = netmatrix("explain", "cron", "mongo", "27017", *PROD, "--manifests", file).out
    place = next(part for part in out.split() if part.startswith(str(file)))
    number = int(place.split(":")[1])
    assert file.read_text(encoding="utf-8").splitlines()[number - 1].strip() == "- to:"


def test_the_audit_s_row_is_there_with_the_audit_and_whoever_asks_is_told(netmatrix: Run) -> None:
    asked = ("explain", "audit", "kubernetes-api", "443", *PROD)
    off = netmatrix(*asked)
    assert off.status == 2
    assert "there is no 'audit'" in off.err
    assert "audit is there with `audit.enabled: true`" in off.err
    on = netmatrix(*asked, "-f", "values/clusters/with-audit.yaml", "--expect", "allowed")
    assert on.status == 0, on.err
    assert "audit.enabled" not in netmatrix("explain", "nobody", "kubernetes-api", "443", *PROD).err
