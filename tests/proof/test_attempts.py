"""Attempts to get a wrong "holds" out of `verify`: what opens or closes a packet, hidden as well as may be."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from netmatrix.policy import ManifestError, parse_manifests
from netmatrix.proof.verify import verify
from tests.policy.samples import Data, policy
from tests.proof.judging import subject
from tests.support.scenarios import Scenario

APP = "stalker"
OPEN = policy("open", APP, podSelector={}, ingress=[{}])
MONGO = {"matchLabels": {"app.kubernetes.io/name": "mongodb"}}
OURS = ["devspace-app", "mongodb", "kafka"]


def requirement(key: str, operator: str, *values: str) -> Data:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


def mongo(**rule: Any) -> Data:
    """A policy of somebody else that lets something in to a pod of ours."""
    return policy("more", APP, podSelector=MONGO, ingress=[rule])


def without(item: Data, *fields: str) -> Data:
    return {key: value for key, value in item.items() if key not in fields}


def about(item: Data, **metadata: Any) -> Data:
    """The object with more in its metadata; None takes something away."""
    merged = {**item["metadata"], **metadata}
    return {**item, "metadata": {key: value for key, value in merged.items() if value is not None}}


def listed(item: Data, version: str = "v1", kind: str = "List") -> Data:
    return {"apiVersion": version, "kind": kind, "items": [item]}


MORE = {
    "a port by name": mongo(ports=[{"port": "mongodb"}]),
    "a port by a name that nobody uses": mongo(ports=[{"port": "abc", "protocol": "UDP"}]),
    "the last port, as a range": mongo(ports=[{"port": 65535, "endPort": 65535}]),
    "a granted port over SCTP": mongo(ports=[{"port": 27017, "protocol": "SCTP"}]),
    "peers that are null": mongo(**{"from": None}),
    "IPv6 around what stands for IPv4": mongo(**{"from": [{"ipBlock": {"cidr": "::/80"}}]}),
    "an address that no except takes out": mongo(
        **{"from": [{"ipBlock": {"cidr": "10.0.0.0/30", "except": ["10.0.0.0/31", "10.0.0.2/32"]}}]}
    ),
    "namespaces that nobody has labelled": mongo(**{"from": [{"namespaceSelector": requirement("team", "Exists")}]}),
    "pods that carry nobody's label": policy(
        "x", APP, podSelector=requirement("app.kubernetes.io/name", "NotIn", *OURS), ingress=[{}]
    ),
    "pods that lack a label, from such as have one": policy(
        "x",
        APP,
        podSelector=requirement("z", "DoesNotExist"),
        ingress=[{"from": [{"podSelector": requirement("q", "Exists")}]}],
    ),
    "egress without policyTypes": policy("x", APP, podSelector={}, egress=[{}]),
    "an empty list of policyTypes": policy("x", APP, podSelector={}, policyTypes=[], ingress=[{}]),
    "a selector of a thousand values": policy(
        "x", APP, podSelector=requirement("app", "In", *(f"v{number}" for number in range(1_000))), ingress=[{}]
    ),
    "DNS cut off where it runs": policy("x", "kube-system", podSelector={}, policyTypes=["Ingress"]),
    "DNS cut off by no spec at all": without(policy("x", "kube-system"), "spec"),
    "pods of others that may no longer leave": policy("x", "elsewhere", podSelector={}, policyTypes=["Egress"]),
    "a name that the API server completes": about(OPEN, name=None, generateName="redkite-"),
    "a policy that is being deleted": about(OPEN, deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b"]),
    "an old version": {**OPEN, "apiVersion": "extensions/v1beta1"},
    "a plugin's own kind": {**OPEN, "apiVersion": "crd.projectcalico.org/v1"},
    "a list of one kind": listed(without(OPEN, "kind", "apiVersion"), "networking.k8s.io/v1", "NetworkPolicyList"),
    "a List in a List": listed(listed(OPEN)),
}

TEXTS = {
    "JSON among YAML": "---\n" + json.dumps(OPEN),
    "a comment on the separator": f"--- # theirs\n{yaml.safe_dump(OPEN)}",
    "a merge key": f"---\n{yaml.safe_dump(without(OPEN, 'spec'))}spec: {{<<: {{ingress: [{{}}]}}}}\n",
    "carriage returns for lines": f"---\n# x\r{yaml.safe_dump(OPEN)}".replace("\n", "\r"),
    "next lines for lines": f"--- # x\n{yaml.safe_dump(OPEN)}".replace("\n", "\x85"),
    "the end of a document": f"...\n{yaml.safe_dump(OPEN)}",
    "a text that hangs on a separator": "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---x: |\n"
    + "".join(f" {line}\n" for line in yaml.safe_dump(OPEN).splitlines()),
}

HARMLESS = {
    "one more of what is there": lambda policies: [*policies, policies[0]],
    "the same under another name": lambda policies: [*policies, about(policies[0], name=None, generateName="x-")],
    "what a cluster adds": lambda policies: [
        {**about(item, uid="u", resourceVersion="1", managedFields=[{"fieldsV1": {"f:spec": {}}}]), "status": {}}
        for item in policies
    ],
    "a list of one kind": lambda policies: [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicyList",
            "items": [without(item, "kind", "apiVersion") for item in policies],
        }
    ],
    "a range that its excepts use up": lambda policies: [
        *policies,
        mongo(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9", "10.128.0.0/9"]}}]}),
    ],
}


def holds(text: str) -> bool:
    """The verdict on prod; False where the text is refused as well."""
    try:
        manifests = parse_manifests(text.encode(), "f.yaml")
    except ManifestError:
        return False
    return verify(subject(Scenario("prod")).granted, manifests, "f.yaml").holds


def rendered() -> list[Data]:
    return [*subject(Scenario("prod")).policies]


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_an_object_more_is_found_out(more: Data) -> None:
    assert not holds(yaml.safe_dump_all([*rendered(), more]))


@pytest.mark.parametrize("more", TEXTS.values(), ids=TEXTS)
def test_a_text_that_readers_differ_on_is_found_out_or_refused(more: str) -> None:
    assert not holds(yaml.safe_dump_all(rendered()) + more)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_no_packet_holds(change: Any) -> None:
    assert holds(yaml.safe_dump_all(change(rendered())))
