"""The judge of attacks judged: it accepts what the chart renders, and catches each way of going beyond."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from netmatrix.helm import Helm
from tests.parity.attacks import RICH, exception, full_values
from tests.parity.ceiling import Ceiling
from tests.parity.shapes import NAMESPACE_LABEL, Trespass, read
from tests.support.rendering import Chart
from tests.support.scenarios import ALL, ROOT, Scenario

Objects = dict[str, Any]
"""By `Kind/namespace/name`, without the namespace for a Namespace."""

APP = "NetworkPolicy/stalker"
JOBS = "NetworkPolicy/stalker-jobs"
CILIUM_IN = "CiliumNetworkPolicy/stalker/redkite-mongo-ingress"
CILIUM_JOBS = "CiliumNetworkPolicy/stalker-jobs/redkite-jobs-egress"
CLUSTER = "ClusterNetworkPolicy/redkite-default-deny"
TO_API = {"toEntities": ["kube-apiserver"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "labels": {"a": "b"}}}


@pytest.fixture(scope="session")
def matrix_as_written() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "matrix.yaml").read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="session")
def rendered(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """Prod with everything on, `outside` open to anyone."""
    values = full_values("prod")
    values["endpoints"]["outside"] = {"anyone": True, "peers": {}}
    file = tmp_path_factory.mktemp("ceiling") / "values.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    output = Chart(helm, ROOT / "chart", file.parent).template(file)
    assert output.status == 0, output.stderr
    return {key_of(item): item for item in read(output.stdout)}


@pytest.mark.parametrize("scenario", [scenario for scenario in ALL if not scenario.operational], ids=str)
def test_the_judge_accepts_what_the_project_ships(
    helm: Helm, matrix_as_written: dict[str, Any], scenario: Scenario
) -> None:
    output = Chart(helm, ROOT / "chart", Path()).template(*scenario.files())
    exceptions: dict[str, Any] = {}
    for file in scenario.files():
        exceptions |= yaml.safe_load(file.read_text(encoding="utf-8")).get("exceptions", {})
    Ceiling(matrix_as_written, scenario.environment, exceptions).judge(read(output.stdout))


def test_the_judge_accepts_everything_at_once(rendered: Objects, matrix_as_written: dict[str, Any]) -> None:
    assert len(rendered) > 30
    Ceiling(matrix_as_written, "prod", RICH["exceptions"]).judge(rendered.values())


def test_the_judge_knows_the_environments_apart(rendered: Objects, matrix_as_written: dict[str, Any]) -> None:
    with pytest.raises(Trespass):
        Ceiling(matrix_as_written, "dev", RICH["exceptions"]).judge(rendered.values())


def test_the_judge_asks_for_a_declared_exception(rendered: Objects, matrix_as_written: dict[str, Any]) -> None:
    for name in RICH["exceptions"]:
        others = {key: value for key, value in RICH["exceptions"].items() if key != name}
        with pytest.raises(Trespass):
            Ceiling(matrix_as_written, "prod", others).judge(rendered.values())


def test_the_judge_holds_a_never_line_against_a_declared_exception(
    rendered: Objects, matrix_as_written: dict[str, Any]
) -> None:
    declared = {**RICH["exceptions"], "bad": exception({"cidr": "203.0.113.7/32"}, {"pod": "mongo"})}
    objects = copy.deepcopy(rendered)
    policy = objects[f"{APP}/redkite-mongo-ingress"]
    peer = {"ipBlock": {"cidr": "203.0.113.7/32"}}
    ports = [{"protocol": "TCP", "port": 443}, {"protocol": "UDP", "port": 53}]
    spec = {**policy["spec"], "ingress": [{"from": [peer], "ports": ports}]}
    objects["bad"] = {
        **policy,
        "metadata": {**policy["metadata"], "name": "redkite-exception-bad-ingress-tcp-443-udp-53"},
        "spec": spec,
    }
    with pytest.raises(Trespass, match="never"):
        Ceiling(matrix_as_written, "prod", declared).judge(objects.values())
    Ceiling({**matrix_as_written, "never": {}}, "prod", declared).judge(objects.values())


def at(objects: Objects, path: str) -> tuple[Any, Any]:
    """The container and the key of `APP/redkite-mongo-ingress spec ingress 0 from`."""
    first, *rest = path.split()
    value: Any = objects[first]
    keys = [int(word) if word.isdigit() else word for word in rest]
    for key in keys[:-1]:
        value = value[key]
    return value, keys[-1]


def put(path: str, new: Any) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        container, key = at(objects, path)
        container[key] = copy.deepcopy(new)

    return change


def drop(path: str) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        container, key = at(objects, path)
        del container[key]

    return change


def add(path: str, *new: Any) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        container, key = at(objects, path)
        container[key] += copy.deepcopy(new)

    return change


def new_object(item: Any) -> Callable[[Objects], None]:
    return lambda objects: objects.update({"new": copy.deepcopy(item)})


def moved(old: str, name: str, namespace: str = "stalker") -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        policy = copy.deepcopy(objects[old])
        policy["metadata"].update(name=name, namespace=namespace)
        objects["new"] = policy

    return change


MONGO_IN, UI_IN = f"{APP}/redkite-mongo-ingress", f"{APP}/redkite-flow-outside-to-ui-ingress"
CRON_TO_DNS, API_OUT = (
    f"{APP}/redkite-flow-cron-to-dns-egress",
    f"{APP}/redkite-flow-orchestrator-to-kubernetes-api-egress",
)
JOBS_OUT, KAFKA_IN = f"{JOBS}/redkite-jobs-egress", f"{APP}/redkite-kafka-ingress"
DENY, MAIL_OUT = f"{APP}/redkite-default-deny", f"{APP}/redkite-flow-jobs-manager-to-internet-egress"
EXCEPTION = f"{APP}/redkite-exception-address-egress-tcp-443-udp-53"
DNS = f"{CRON_TO_DNS} spec egress 0"
API = f"{API_OUT} spec egress 0"
INTERNET = f"{JOBS}/redkite-flow-jobs-to-internet-egress spec egress 0"
TCP80, TCP27017 = {"protocol": "TCP", "port": 80}, {"protocol": "TCP", "port": 27017}
TO_DNS = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": "TCP", "port": 53}, {"protocol": "UDP", "port": 53}],
}
PODS_OF_X = {
    "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "x"}},
    "podSelector": {"matchLabels": {"a": "b"}},
}


def block(cidr: str, *excepts: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepts)} if excepts else {})}}


BEYOND: dict[str, Callable[[Objects], None]] = {
    "a rule without from": drop(f"{MONGO_IN} spec ingress 0 from"),
    "an empty from": put(f"{MONGO_IN} spec ingress 0 from", []),
    "a null from": put(f"{MONGO_IN} spec ingress 0 from", None),
    "an empty rule": put(f"{MONGO_IN} spec ingress 0", {}),
    "one more rule": add(f"{MONGO_IN} spec ingress", {}),
    "an empty peer": add(f"{MONGO_IN} spec ingress 0 from", {}),
    "every pod of the namespace": add(f"{MONGO_IN} spec ingress 0 from", {"podSelector": {}}),
    "every namespace": add(f"{MONGO_IN} spec ingress 0 from", {"namespaceSelector": {}}),
    "addresses among pods": add(f"{MONGO_IN} spec ingress 0 from", block("10.0.0.0/8")),
    "another pod": put(f"{MONGO_IN} spec ingress 0 from 0 podSelector matchLabels", {"app": "x"}),
    "fewer labels": drop(f"{MONGO_IN} spec ingress 0 from 0 podSelector matchLabels app.kubernetes.io/component"),
    "expressions": put(f"{MONGO_IN} spec ingress 0 from 0 podSelector matchExpressions", []),
    "no labels": put(f"{MONGO_IN} spec ingress 0 from 0 podSelector matchLabels", {}),
    "no ports": drop(f"{MONGO_IN} spec ingress 0 ports"),
    "empty ports": put(f"{MONGO_IN} spec ingress 0 ports", []),
    "one more port": add(f"{MONGO_IN} spec ingress 0 ports", TCP80),
    "a port of its own": put(f"{MONGO_IN} spec ingress 0 ports 0 port", 27018),
    "a range of ports": put(f"{MONGO_IN} spec ingress 0 ports 0 endPort", 65535),
    "a named port": put(f"{MONGO_IN} spec ingress 0 ports 0 port", "mongodb"),
    "no port number": drop(f"{MONGO_IN} spec ingress 0 ports 0 port"),
    "port zero": put(f"{MONGO_IN} spec ingress 0 ports 0 port", 0),
    "another protocol": put(f"{MONGO_IN} spec ingress 0 ports 0 protocol", "UDP"),
    "two names on one port": put(f"{KAFKA_IN} spec ingress 1 ports 1 port", 9092),
    "anyone with all ports": drop(f"{UI_IN} spec ingress 0 ports"),
    "a rule where only single flows have any": add(f"{APP}/redkite-ui-ingress spec ingress", {"ports": [TCP80]}),
    "anyone where prod does not grant it": add(f"{MONGO_IN} spec ingress", {"ports": [TCP27017]}),
    "a flow of dev": add(f"{UI_IN} spec ingress", {"ports": [{"protocol": "TCP", "port": 4200}]}),
    "a rule of another pod": put(f"{MONGO_IN} spec ingress 0 ports 0 port", 9092),
    "DNS in every namespace": put(f"{DNS} to 0 namespaceSelector", {}),
    "DNS in our namespace": put(f"{DNS} to 0 namespaceSelector matchLabels", {NAMESPACE_LABEL: "stalker"}),
    "DNS by another label": put(f"{DNS} to 0 namespaceSelector matchLabels", {"name": "kube-system"}),
    "DNS without namespace": drop(f"{DNS} to 0 namespaceSelector"),
    "all pods of DNS's namespace": put(f"{DNS} to 0 podSelector", {}),
    "DNS without pods": drop(f"{DNS} to 0 podSelector"),
    "DNS at every address": put(f"{DNS} to 1", block("0.0.0.0/0")),
    "DNS at two addresses": put(f"{DNS} to 1", block("169.254.20.10/31")),
    "DNS at nine addresses": add(f"{DNS} to", *(block(f"10.0.0.{number}/32") for number in range(9))),
    "DNS in five places": add(f"{DNS} to", *[PODS_OF_X] * 4),
    "DNS on another port": put(f"{DNS} ports 0 port", 80),
    "DNS on two ports": add(f"{DNS} ports", {"protocol": "TCP", "port": 5353}),
    "the API in a wide range": put(f"{API} to 0", block("10.0.0.0/23")),
    "the API in a wide IPv6 range": put(f"{API} to 0", block("fd00::/63")),
    "the API at all of IPv4 in disguise": put(f"{API} to 0", block("::ffff:0:0/96")),
    "the API at all of IPv4 behind NAT64": put(f"{API} to 0", block("64:ff9b::/96")),
    "the API with host bits": put(f"{API} to 0", block("10.0.0.1/24")),
    "the API without a prefix": put(f"{API} to 0", block("10.0.0.1")),
    "the API at 17 ranges": add(f"{API} to", *(block(f"10.0.{number}.0/24") for number in range(16))),
    "the API on etcd's port": put(f"{API} ports 0 port", 2379),
    "the API without to": drop(f"{API} to"),
    "the API as pods": add(f"{API} to", {"podSelector": {"matchLabels": {"a": "b"}}}),
    "the Internet without an except": drop(f"{INTERNET} to 0 ipBlock except 0"),
    "the Internet without excepts": drop(f"{INTERNET} to 0 ipBlock except"),
    "the Internet in IPv6": put(f"{INTERNET} to 0 ipBlock", {"cidr": "::/0"}),
    "the Internet twice": add(f"{INTERNET} to", block("10.0.0.0/8")),
    "an except outside the range": add(f"{INTERNET} to 0 ipBlock except", "fd00::/8"),
    "the Internet without to": drop(f"{INTERNET} to"),
    "the Internet on every port": drop(f"{MAIL_OUT} spec egress 0 ports"),
    "the Internet on SSH": put(f"{MAIL_OUT} spec egress 0 ports 0 port", 22),
    "a pod of another namespace without it": drop(f"{JOBS_OUT} spec egress 0 to 0 namespaceSelector"),
    "a pod of another namespace in every one": put(f"{JOBS_OUT} spec egress 0 to 0 namespaceSelector", {}),
    "a policy of every pod": put(f"{MONGO_IN} spec podSelector", {}),
    "a policy of other pods": put(f"{MONGO_IN} spec podSelector matchLabels", {"a": "b"}),
    "a label that is a number": put(f"{MONGO_IN} spec podSelector matchLabels", {"a": 1}),
    "no policy types": drop(f"{MONGO_IN} spec policyTypes"),
    "the other policy type": put(f"{MONGO_IN} spec policyTypes", ["Ingress", "Egress"]),
    "rules of the other direction": put(f"{MONGO_IN} spec egress", [{}]),
    "rules that are null": put(f"{MONGO_IN} spec ingress", None),
    "a field that is not known": put(f"{MONGO_IN} spec ingres", []),
    "a policy that does not deny": put(f"{DENY} spec ingress", [{}]),
    "a default-deny without a list": drop(f"{DENY} spec egress"),
    "a default-deny of some pods": put(f"{DENY} spec podSelector", {"matchLabels": {"a": "b"}}),
    "a default-deny of one direction": put(f"{DENY} spec policyTypes", ["Ingress"]),
    "no default-deny": lambda objects: objects.pop("NetworkPolicy/default/redkite-default-deny"),
    "one default-deny more": moved(DENY, "redkite-default-deny", "kube-system"),
    "a default-deny elsewhere": put(f"{DENY} metadata namespace", "kube-system"),
    "another kind": new_object(CONFIG_MAP),
    "an empty object": new_object({}),
    "a text": new_object("kind: X"),
    "a policy twice": moved(MONGO_IN, "redkite-mongo-ingress"),
    "an unknown policy": moved(MONGO_IN, "redkite-other-ingress"),
    "a policy elsewhere": put(f"{MONGO_IN} metadata namespace", "default"),
    "a policy with a foreign name": put(f"{MONGO_IN} metadata name", "mongo-ingress"),
    "a policy of a documented flow between pods": moved(MONGO_IN, "redkite-flow-cron-to-mongo-ingress"),
    "a flow to an endpoint among those between pods": add(f"{APP}/redkite-cron-egress spec egress", TO_DNS),
    "addresses that were looked up by no flow": moved(CRON_TO_DNS, "redkite-flow-cron-to-dns-egress-6443"),
    "addresses that were looked up for a pod": moved(MONGO_IN, "redkite-mongo-ingress-6443"),
    "a policy of an exception nobody declared": moved(EXCEPTION, "redkite-exception-other-egress-tcp-443-udp-53"),
    "a policy of an exception at the wrong end": moved(MONGO_IN, "redkite-exception-address-ingress-tcp-27017"),
    "an exception without its ports in its name": put(f"{EXCEPTION} metadata name", "redkite-exception-address-egress"),
    "a flow with other ports in its name": put(
        f"{CRON_TO_DNS} metadata name", "redkite-flow-cron-to-dns-egress-tcp-5353-udp-5353"
    ),
    "an exception to another address": put(f"{EXCEPTION} spec egress 0 to 0", block("203.0.113.0/24")),
    "an exception with an except": put(f"{EXCEPTION} spec egress 0 to 0", block("203.0.113.0/24", "203.0.113.7/32")),
    "an exception to everybody": drop(f"{EXCEPTION} spec egress 0 to"),
    "an exception on more ports": add(f"{EXCEPTION} spec egress 0 ports", TCP80),
    "an exception on all ports": drop(f"{EXCEPTION} spec egress 0 ports"),
    "a namespace that is a list": put(f"{MONGO_IN} metadata namespace", ["stalker"]),
    "a name that is a number": put(f"{MONGO_IN} metadata name", 1),
    "an annotation that is a number": put(f"{MONGO_IN} metadata annotations", {"a": 1}),
    "an owner": put(f"{MONGO_IN} metadata ownerReferences", []),
    "a label with a line end": put(f"{MONGO_IN} metadata labels", {"a": "b\nc"}),
    "a namespace that is not ours": put("Namespace/stalker-jobs metadata name", "kube-system"),
    "a namespace with a spec": put("Namespace/stalker-jobs spec", {}),
    "another version": put(f"{MONGO_IN} apiVersion", "v1"),
    "everybody, to Cilium": add(f"{CILIUM_IN} spec ingress", {"fromEntities": ["all"]}),
    "the world, to Cilium": add(f"{CILIUM_IN} spec ingress", {"fromEntities": ["world"]}),
    "every port, to Cilium": drop(f"{CILIUM_IN} spec ingress 0 toPorts"),
    "another port, to Cilium": put(f"{CILIUM_IN} spec ingress 0 toPorts 0 ports 0 port", "27018"),
    "a port that is a number, to Cilium": put(f"{CILIUM_IN} spec ingress 0 toPorts 0 ports 0 port", 27017),
    "every namespace, to Cilium": put(f"{CILIUM_IN} spec ingress 0 fromEndpoints", [{}]),
    "no peers, to Cilium": put(f"{CILIUM_IN} spec ingress 0 fromEndpoints", []),
    "other pods, to Cilium": put(f"{CILIUM_IN} spec endpointSelector matchLabels", {"k8s:a": "b"}),
    "a field that Cilium has": put(f"{CILIUM_IN} spec enableDefaultDeny", {"ingress": False}),
    "the API server for jobs": add(f"{CILIUM_JOBS} spec egress", TO_API),
    "a wider range, to Cilium": put(f"{CILIUM_JOBS} spec egress", [{"toCIDRSet": [{"cidr": "0.0.0.0/0"}]}]),
    "a Cilium policy elsewhere": put(f"{CILIUM_IN} metadata namespace", "kube-system"),
    "another tier": put(f"{CLUSTER} spec tier", "Admin"),
    "another action": put(f"{CLUSTER} spec egress 0 action", "Accept"),
    "some peers of the cluster": put(f"{CLUSTER} spec ingress 0 from", [{"namespaces": {"matchLabels": {"a": "b"}}}]),
    "a namespace more": add(f"{CLUSTER} spec subject namespaces matchExpressions 0 values", "kube-system"),
}  # fmt: skip


@pytest.mark.parametrize("name", BEYOND)
def test_the_judge_catches(rendered: Objects, matrix_as_written: dict[str, Any], name: str) -> None:
    objects = copy.deepcopy(rendered)
    BEYOND[name](objects)
    with pytest.raises(Trespass):
        Ceiling(matrix_as_written, "prod", RICH["exceptions"]).judge(objects.values())


def test_the_judge_catches_pods_that_cannot_be_told_apart(rendered: Objects, matrix_as_written: dict[str, Any]) -> None:
    text = json.dumps(list(rendered.values())).replace('"app.kubernetes.io/component": "cron"', '"other": "label"')
    with pytest.raises(Trespass, match="both"):
        Ceiling(matrix_as_written, "prod", RICH["exceptions"]).judge(json.loads(text))


def test_the_judge_reads_as_strictly_as_the_api_server() -> None:
    with pytest.raises(Trespass, match="a key twice"):
        read(b"spec:\n  podSelector: {a: b}\n  podSelector: {}\n")


def key_of(item: Any) -> str:
    metadata = item["metadata"]
    return "/".join(filter(None, (item["kind"], metadata.get("namespace"), metadata["name"])))
