"""What a reviewer reads of a change: one line for each connection, by what is new about it."""

from __future__ import annotations

from typing import Any

import pytest

from netmatrix.proof.changes import changes
from netmatrix.proof.difference import Side, difference
from tests.policy.samples import Data, policy, read

DENY = policy("deny", podSelector={}, policyTypes=["Ingress", "Egress"])
A, B = "a pod of namespace default with app=a", "a pod of namespace default with app=b"
ANY_OTHER = "any other pod of namespace default"


def namespace(name: str, **labels: str) -> Data:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def ingress(*rules: Any, name: str = "in") -> Data:
    """Lets the pods of app b in."""
    return policy(name, podSelector={"matchLabels": {"app": "b"}}, policyTypes=["Ingress"], ingress=list(rules))


def egress(*rules: Any, name: str = "out") -> Data:
    """Lets the pods of app a out."""
    return policy(name, podSelector={"matchLabels": {"app": "a"}}, policyTypes=["Egress"], egress=list(rules))


def pods(app: str) -> Data:
    return {"podSelector": {"matchLabels": {"app": app}}}


def block(cidr: str, *excepts: str) -> Data:
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepts)} if excepts else {})}}


def tcp(*ports: int | str) -> Data:
    return {"ports": [{"port": port} for port in ports]}


def told(old: list[Data], new: list[Data]) -> tuple[list[str], list[str]]:
    found = changes(difference(*(Side(read(*side), "list.json") for side in (old, new))))
    return [f"{item.kind}: {item.text}" for item in found.gained], [item.text for item in found.lost]


@pytest.mark.parametrize(
    ("old", "new", "gained"),
    [
        pytest.param(
            [DENY, egress({})],
            [DENY, egress({}), ingress({"from": [pods("a")], **tcp(80)})],
            [f"new peer: {A} -> {B}: TCP 80"],
            id="a rule for one peer",
        ),
        pytest.param(
            [DENY, egress({}), ingress({"from": [pods("a")], **tcp(80)})],
            [DENY, egress({}), ingress({"from": [pods("a")], **tcp(80, 81)})],
            [f"new port: {A} -> {B}: TCP 81"],
            id="a port more",
        ),
        pytest.param(
            [DENY, ingress()],
            [DENY, ingress(tcp(80))],
            [f"from anywhere: anyone -> {B}: TCP 80"],
            id="a rule without peers",
        ),
        pytest.param(
            [DENY, ingress()],
            [DENY, ingress({"from": [{"namespaceSelector": {}}, block("0.0.0.0/0"), block("::/0")]})],
            [f"from anywhere: anyone -> {B}: All Connections"],
            id="peers that are everybody",
        ),
        pytest.param(
            [DENY, ingress()],
            [DENY, ingress({"from": [block("0.0.0.0/0")], **tcp(80)})],
            [f"from anywhere: any IPv4 address -> {B}: TCP 80"],
            id="every IPv4 address, pods at them included where ipBlocks match pods",
        ),
        pytest.param(
            [DENY, egress({"to": [block("198.51.100.0/25")], **tcp(443)})],
            [DENY, egress({"to": [block("198.51.100.0/24")], **tcp(443)})],
            [f"wider range: {A} -> 198.51.100.128/25: TCP 443"],
            id="a wider range",
        ),
        pytest.param(
            [DENY, egress({"to": [block("10.0.0.0/8", "10.9.9.9/32")], **tcp(443)})],
            [DENY, egress({"to": [block("10.0.0.0/8")], **tcp(443)})],
            [f"wider range: {A} -> 10.9.9.9: TCP 443"],
            id="an except less",
        ),
        pytest.param(
            [DENY, egress({"to": [block("10.0.0.0/8")], **tcp(443)})],
            [DENY, egress({"to": [block("10.0.0.0/8")], **tcp(443, 444)})],
            [f"new port: {A} -> 10.0.0.0/8: TCP 444"],
            id="a port more to a range",
        ),
        pytest.param(
            [DENY, egress()],
            [DENY, egress({"to": [block("10.0.0.0/8")], **tcp(443)})],
            [f"new peer: {A} -> 10.0.0.0/8: TCP 443"],
            id="a first range",
        ),
        pytest.param(
            [DENY, egress()],
            [DENY, egress({"to": [block("0.0.0.0/0", "10.0.0.0/8", "169.254.169.254/32"), block("2000::/3")]})],
            [f"new peer: {A} -> 0.0.0.0/0 (except 10.0.0.0/8, 169.254.169.254), 2000::/3: All Connections"],
            id="a range with excepts",
        ),
        pytest.param(
            [DENY, egress()],
            [DENY, egress({})],
            [f"to anywhere: {A} -> anyone: All Connections"],
            id="everything out",
        ),
        pytest.param(
            [DENY, ingress(tcp(80)), egress()],
            [DENY, ingress(tcp(80)), egress({"to": [pods("b")]})],
            [f"new peer: {A} -> {B}: TCP 80"],
            id="both ends decide",
        ),
        pytest.param(
            [DENY, ingress(), egress()],
            [DENY, ingress(tcp(80)), egress({"to": [pods("b")]})],
            [f"from anywhere: anyone -> {B}: TCP 80", f"new peer: {A} -> {B}: TCP 80"],
            id="an end of its own is told beside an opening to anyone",
        ),
        pytest.param(
            [DENY],
            [DENY, policy("all", podSelector={}, policyTypes=["Ingress", "Egress"], ingress=[{}], egress=[{}])],
            [
                f"from anywhere: anyone -> {ANY_OTHER}: All Connections",
                f"to anywhere: {ANY_OTHER} -> anyone: All Connections",
            ],
            id="both ends to anyone say it of each other",
        ),
    ],
)
def test_a_gain_is_told_by_what_is_new_about_it(old: list[Data], new: list[Data], gained: list[str]) -> None:
    assert told(old, new) == (gained, [])
    lost = [item.partition(": ")[2] for item in gained]
    there_and_back = told(new, old)
    assert (there_and_back[0], sorted(there_and_back[1])) == ([], sorted(lost))


def test_a_name_of_a_port_is_the_pod_s_to_give() -> None:
    old, new = (
        [DENY, ingress({"from": [block("10.0.0.1/32")], **tcp(80)})],
        [
            DENY,
            ingress({"from": [block("10.0.0.1/32")], **tcp(80, "http")}),
        ],
    )
    called = "where it calls the port 'http'"
    assert told(old, new) == ([f"new port: 10.0.0.1 -> {B}: TCP 1-79,81-65535 {called}"], [])
    assert told(new, new) == ([], [])


def test_each_name_of_a_port_is_told_by_itself() -> None:
    """Who agrees to a port that is called metrics has not agreed to one that is called http."""
    new = [DENY, ingress({"ports": [{"port": "http"}, {"port": "metrics"}]})]
    gained, _ = told([DENY, ingress()], new)
    assert gained == [
        f"from anywhere: anyone -> {B}: TCP 1-65535 where it calls the port {name!r}" for name in ("http", "metrics")
    ]


def test_two_names_may_open_what_neither_opens_alone() -> None:
    """One name at the sender's end and another one at the receiver's: the port of a pod may have both."""
    out, closed = egress({"to": [pods("b")], **tcp("web")}), ingress()
    named = ingress({"from": [pods("a")], **tcp("http")})
    gained, lost = told([DENY, out, closed], [DENY, out, named])
    assert gained == [f"new peer: {A} -> {B}: TCP 1-65535 where it calls the port 'http' and 'web'"]
    assert lost == []


def test_a_name_stands_for_no_port_of_an_address() -> None:
    old, new = egress(), egress({"to": [block("10.0.0.0/8")], **tcp("http")})
    gained, _ = told([DENY, old], [DENY, new])
    assert all("-> 10." not in item for item in gained), gained


def test_a_namespace_that_gets_a_label_opens_what_asks_for_it() -> None:
    asking = ingress({"from": [{"namespaceSelector": {"matchLabels": {"team": "x"}}}], **tcp(80)})
    before, after = [namespace("other"), DENY, asking], [namespace("other", team="x"), DENY, asking]
    assert told(before, after) == ([f"new peer: any other pod of namespace other -> {B}: TCP 80"], [])
    found = difference(*(Side(read(*side), "list.json") for side in (before, after))).gained
    for part, labels in ((found[0].closed, {}), (found[0].opened, {"team": "x"})):
        space = part.packet.source.namespace
        assert space is not None
        assert {key: value for key, value in space.labels.items() if key == "team"} == labels


def test_a_label_that_no_side_sets_may_be_there_on_both() -> None:
    asking = [{"namespaceSelector": {"matchLabels": {"team": "x"}}}]
    gained, _ = told(
        [namespace("other"), DENY, ingress()],
        [namespace("other"), DENY, ingress({"from": asking, **tcp(80)})],
    )
    assert f"new peer: any other pod of namespace other labelled team=x -> {B}: TCP 80" in gained


def test_a_namespace_that_loses_a_label_closes_what_asks_for_it() -> None:
    asking = ingress({"from": [{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}]})
    before, after = [namespace("other", team="x"), DENY, asking], [namespace("other"), DENY, asking]
    assert told(before, after) == ([], [f"any other pod of namespace other -> {B}: All Connections"])


def test_pods_that_were_reachable_at_some_addresses_are_not_told_twice() -> None:
    """Where ipBlocks match pods, b could be reached at 10.0.0.1 before; it is one connection that is new."""
    out = egress({"to": [block("10.0.0.1/32")], **tcp(80)})
    more = egress({"to": [block("10.0.0.1/32"), pods("b")], **tcp(80)})
    let = ingress(tcp(80))
    assert told([DENY, let, out], [DENY, let, more]) == ([f"new peer: {A} -> {B}: TCP 80"], [])
