"""Worlds for Hypothesis: small clusters, as manifests, in which everything that a policy can say is said."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.policy.brute_force import Data, World

KEYS = ("app", "tier", "example.com/zone")
VALUES = ("a", "b", "")
NAMESPACES = ("default", "blue")
PORT_NAMES = ("http", "dns")
NUMBERS = (1, 53, 80, 81, 65535)
PROTOCOLS = ("TCP", "UDP", "SCTP")
IPV4 = ("10.0.0.1", "10.0.0.2", "10.0.1.1", "10.128.0.1", "192.168.0.1")
IPV6 = ("fd00::1", "fd00::2", "fd00:1::1", "2001:db8::1")
BLOCKS: dict[str, tuple[str, ...]] = {
    "0.0.0.0/0": ("10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32", "128.0.0.0/1"),
    "10.0.0.0/8": ("10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/24", "10.0.0.2/32"),
    "10.0.0.0/24": ("10.0.0.1/32", "10.0.0.0/31", "10.0.0.128/25"),
    "10.0.0.1/32": (),
    "10.0.0.2/32": (),
    "10.0.0.0/30": ("10.0.0.1/32", "10.0.0.2/31"),
    "::/0": ("fd00::/8", "2001:db8::/32", "fd00::1/128"),
    "fd00::/8": ("fd00::/64", "fd00::/127", "fd00:1::/32"),
    "fd00::2/128": (),
}

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
_values = st.lists(st.sampled_from([*VALUES, "c"]), min_size=1, max_size=3)
_PRESENT, _NULL = 8, 9


@st.composite
def _optional(draw: st.DrawFn, fields: dict[str, st.SearchStrategy[Any]]) -> Data:
    """A mapping in which each field is there in most cases, and now and then null or missing."""
    data: Data = {}
    for name, values in fields.items():
        chance = draw(st.integers(0, 10))
        if chance <= _PRESENT:
            data[name] = draw(values)
        elif chance == _NULL:
            data[name] = None
    return data


def _expressions(keys: tuple[str, ...]) -> st.SearchStrategy[Data]:
    with_values = st.fixed_dictionaries(
        {"key": st.sampled_from(keys), "operator": st.sampled_from(["In", "NotIn"]), "values": _values}
    )
    without_values: st.SearchStrategy[Data] = st.fixed_dictionaries(
        {"key": st.sampled_from(keys), "operator": st.sampled_from(["Exists", "DoesNotExist"])},
        optional={"values": st.just([])},
    )
    return with_values | without_values


def _selectors(keys: tuple[str, ...]) -> st.SearchStrategy[Data]:
    """Mostly loose ones, so that they find somebody."""
    one_label = st.dictionaries(st.sampled_from(keys), st.sampled_from(VALUES[:2]), min_size=1, max_size=1)
    return st.one_of(
        st.just({}),
        st.fixed_dictionaries({"matchLabels": one_label}),
        st.fixed_dictionaries({"matchExpressions": st.lists(_expressions(keys), min_size=1, max_size=1)}),
        _optional({"matchLabels": one_label, "matchExpressions": st.lists(_expressions(keys), max_size=2)}),
    )


@st.composite
def blocks(draw: st.DrawFn) -> Data:
    cidr = draw(st.sampled_from(sorted(BLOCKS)))
    block: Data = {"cidr": cidr}
    excepts = st.sampled_from(BLOCKS[cidr] or ("",))
    if draw(st.booleans()) and BLOCKS[cidr]:
        block["except"] = draw(st.lists(excepts, max_size=3))
    return block


_namespace_selectors = _selectors(KEYS) | st.sampled_from(NAMESPACES).map(
    lambda name: {"matchLabels": {"kubernetes.io/metadata.name": name}}
)
peers = st.one_of(
    st.fixed_dictionaries({"podSelector": _selectors(KEYS)}, optional={"namespaceSelector": st.none()}),
    st.fixed_dictionaries({"namespaceSelector": _namespace_selectors}, optional={"podSelector": st.none()}),
    st.fixed_dictionaries({"namespaceSelector": _namespace_selectors, "podSelector": _selectors(KEYS)}),
    st.fixed_dictionaries({"ipBlock": blocks()}),
    st.fixed_dictionaries({"ipBlock": blocks()}),
)
_protocol: dict[str, st.SearchStrategy[Any]] = {"protocol": st.sampled_from([None, *PROTOCOLS])}
_ranges = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)).map(sorted)
ports = st.one_of(
    st.fixed_dictionaries({}, optional=_protocol),
    st.fixed_dictionaries({"port": st.sampled_from(NUMBERS)}, optional=_protocol),
    st.fixed_dictionaries({"port": st.sampled_from(PORT_NAMES)}, optional=_protocol),
    st.fixed_dictionaries({"port": st.sampled_from(PORT_NAMES)}),
    st.tuples(_ranges, st.fixed_dictionaries({}, optional=_protocol)).map(
        lambda pair: {"port": pair[0][0], "endPort": pair[0][1], **pair[1]}
    ),
)


def _rules(field: str) -> st.SearchStrategy[list[Data]]:
    rule = _optional({field: st.lists(peers, min_size=1, max_size=2), "ports": st.lists(ports, min_size=1, max_size=3)})
    return st.lists(rule, max_size=3)


_specs = _optional(
    {
        "podSelector": _selectors(KEYS),
        "policyTypes": st.lists(st.sampled_from(["Ingress", "Egress"]), max_size=2),
        "ingress": _rules("from"),
        "egress": _rules("to"),
    }
)
_container_port: dict[str, st.SearchStrategy[Any]] = {"containerPort": st.sampled_from(NUMBERS)}
_container_ports = st.lists(
    st.fixed_dictionaries(_container_port, optional={"name": st.sampled_from(PORT_NAMES), **_protocol}), max_size=3
)
_named_ports = st.lists(
    st.fixed_dictionaries({**_container_port, "name": st.sampled_from(PORT_NAMES)}), min_size=1, max_size=2
)
_containers = st.fixed_dictionaries({"name": st.just("main")}, optional={"ports": _container_ports})
_init_containers = st.fixed_dictionaries(
    {"name": st.just("init"), "ports": _named_ports}, optional={"restartPolicy": st.just("Always")}
)
_pod_specs = st.fixed_dictionaries(
    {"containers": st.lists(_containers, min_size=1, max_size=2)},
    optional={"initContainers": st.lists(_init_containers, min_size=1, max_size=1)},
)
_addresses = st.sampled_from([(True, True), (True, True), (True, False), (False, True)])


def _meta(name: str, namespace: str) -> Data:
    return {"name": name} if namespace == "default" else {"name": name, "namespace": namespace}


@st.composite
def policies(draw: st.DrawFn, name: str, namespace: str | None = None) -> Data:
    """A NetworkPolicy."""
    home = namespace or draw(st.sampled_from(NAMESPACES))
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(name, home),
        "spec": draw(_specs),
    }


@st.composite
def _pods(draw: st.DrawFn, index: int) -> Data:
    meta = _meta(f"pod-{index}", draw(st.sampled_from(NAMESPACES)))
    if draw(st.booleans()) or index < 2:
        meta["labels"] = draw(labels)
    has = draw(_addresses)
    ips = [texts[index] for texts, given in zip((IPV4, IPV6), has, strict=True) if given]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": draw(_pod_specs),
        "status": {"phase": "Running", "podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]},
    }


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A cluster of two to four pods with up to five policies, one namespace perhaps without an object of its own."""
    declared = draw(st.lists(st.sampled_from(NAMESPACES), unique=True, max_size=2))
    return World(
        namespaces=[
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": draw(labels)}}
            for name in declared
        ],
        pods=[draw(_pods(index)) for index in range(draw(st.integers(2, 4)))],
        policies=[draw(policies(f"policy-{index}")) for index in range(draw(st.integers(1, 5)))],
        ipblock_matches_pods=draw(st.booleans()),
    )
