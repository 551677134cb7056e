"""Hypothetical pods, addresses and ports: on either side of every line that selectors, ranges and numbers draw.

The pods have every set of labels that a selector asks for, the same with a label changed, missing or added, and two
such sets at once: in the namespaces that are governed or spoken of, and in one that nobody names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import combinations
from typing import Any

from tests.policy.brute_force import Data, is_selected

NAME = "kubernetes.io/metadata.name"
OTHER = "somebody-else"
"""A value, and a namespace, that nobody names."""
PROTOCOLS = ("TCP", "UDP", "SCTP")
Labels = dict[str, str]


@dataclass(frozen=True)
class Crowd:
    """`namespaces` are objects with labels; pods have every one of `pod_ips`; all addresses are of one family."""

    namespaces: list[Data]
    pods: list[Data]
    pod_ips: list[str]
    outside_ips: list[str]
    ports: list[tuple[str, int]]


@dataclass(frozen=True)
class Spoken:
    """What is said of pods: in a namespace of that name, or in those that a selector selects, by labels."""

    namespace: str | Data
    pods: Data


def crowds(
    spoken: list[Spoken],
    ranges: Iterable[str],
    ports: Iterable[int],
    known: Iterable[Data] = (),
    port_names: Iterable[str] = (),
) -> list[Crowd]:
    """A crowd for each family and each set of labels that namespaces may have beside their name.

    `known` are Namespace objects, the labels of which nobody else sets. All pods call all their ports all `port_names`.
    """
    everywhere, at_home = label_sets(spoken)
    names = sorted({OTHER, *namespace_names(spoken)})
    homes = {item.namespace for item in spoken if isinstance(item.namespace, str)}
    numbers = sorted({number for port in ports for number in (port - 1, port, port + 1) if 1 <= number <= 65535})
    pairs = sorted((protocol, number) for protocol in PROTOCOLS for number in {1, 65535, *numbers})
    containers = [
        {"ports": [{"name": name, "protocol": protocol, "containerPort": number}]}
        for name in port_names
        for protocol, number in pairs
    ]
    found = []
    for extra in namespace_labels(spoken):
        labelled = f"{OTHER}-labelled"
        given = {item["metadata"]["name"]: item["metadata"].get("labels", {}) for item in known}
        namespaces = [namespace(name, {**extra, **given.get(name, {})}) for name in names if name != OTHER]
        namespaces += [namespace(OTHER, {}), *([namespace(labelled, extra)] if extra else [])]
        pods = [
            pod(item["metadata"]["name"], labels, containers)
            for item in namespaces
            for labels in (at_home if item["metadata"]["name"] in homes else everywhere)
        ]
        for version in (4, 6):
            near, far = addresses(ranges, version)
            found.append(Crowd(namespaces, pods, near, far, pairs))
    return found


def pod(home: str, labels: Labels, containers: list[Data]) -> Data:
    """A pod as a manifest has it."""
    return {"metadata": {"name": "pod", "namespace": home, "labels": labels}, "spec": {"containers": containers}}


def namespace(name: str, labels: Labels) -> Data:
    """A namespace as a manifest has it."""
    return {"metadata": {"name": name, "labels": labels}}


def label_sets(spoken: list[Spoken]) -> tuple[list[Labels], list[Labels]]:
    """Sets of labels for pods anywhere, and more of them for pods of namespaces where selectors tell pods apart."""
    selectors = [item.pods for item in spoken]
    exact = distinct(labels for selector in selectors if (labels := satisfying(selector)) is not None)
    both = [{**one, **other} for one, other in combinations(exact, 2) if agree(one, other)]
    everywhere = distinct([{}, *exact, *both])
    changed = [labels for one in exact for labels in neighbours(one, alternatives(selectors))]
    return everywhere, distinct([*everywhere, *changed])


def namespace_labels(spoken: list[Spoken]) -> list[Labels]:
    """What namespaces may be labelled with beside their names, one set at a time; nothing is the first."""
    selectors = [item.namespace for item in spoken if isinstance(item.namespace, dict)]
    single = [
        {key: value} for key, values in alternatives(selectors).items() if key != NAME for value in sorted(values)
    ]
    together = [labels for selector in selectors if (labels := satisfying(selector))]
    without_names = [{key: value for key, value in labels.items() if key != NAME} for labels in together]
    return distinct([{}, *single, *without_names])


def namespace_names(spoken: list[Spoken]) -> set[str]:
    """All names of namespaces that are spoken of."""
    selectors = [item.namespace for item in spoken if isinstance(item.namespace, dict)]
    homes = {item.namespace for item in spoken if isinstance(item.namespace, str)}
    return homes | alternatives(selectors).get(NAME, set())


def satisfying(selector: Data) -> Labels | None:
    """The labels that a selector asks for, if there are any that it is content with."""
    labels: Labels = dict(selector.get("matchLabels") or {})
    for expression in selector.get("matchExpressions") or []:
        if expression["operator"] == "In":
            labels.setdefault(expression["key"], expression["values"][0])
        elif expression["operator"] == "Exists":
            labels.setdefault(expression["key"], OTHER)
    return labels if is_selected(selector, labels) else None


def alternatives(selectors: Iterable[Data]) -> dict[str, set[str]]:
    """The keys that selectors ask for, each with the values that they name and one that they do not."""
    found: dict[str, set[str]] = {}
    for selector in selectors:
        for key, value in (selector.get("matchLabels") or {}).items():
            found.setdefault(key, {OTHER}).add(value)
        for expression in selector.get("matchExpressions") or []:
            found.setdefault(expression["key"], {OTHER}).update(expression.get("values") or [])
    return found


def neighbours(labels: Labels, values: dict[str, set[str]]) -> Iterator[Labels]:
    """The same labels with one changed, missing or added, in every way that a selector could notice."""
    for key, others in values.items():
        if key in labels:
            yield {name: value for name, value in labels.items() if name != key}
        yield from ({**labels, key: value} for value in sorted(others))


def addresses(ranges: Iterable[str], version: int) -> tuple[list[str], list[str]]:
    """Addresses for pods, and for hosts outside: the ends of each range and their neighbours, also of wider ranges."""
    highest = 2 ** (32 if version == 4 else 128) - 1
    near, far = {1, highest}, {0, 1, highest}
    for cidr in ranges:
        network: Any = ip_network(cidr)
        if network.version != version:
            continue
        first, last = int(network.network_address), int(network.broadcast_address)
        wider = network.supernet() if network.prefixlen else network
        narrower = next(network.subnets()) if network.prefixlen < network.max_prefixlen else network
        near |= {first, last + 1}
        far |= {first - 1, first, last, last + 1, int(narrower.broadcast_address) + 1}
        far |= {int(wider.network_address), int(wider.broadcast_address)}
    return text(near, version, highest), text(far, version, highest)


def text(numbers: set[int], version: int, highest: int) -> list[str]:
    """Addresses as text."""
    kind: Any = type(ip_network("0.0.0.0/0" if version == 4 else "::/0").network_address)
    return [str(kind(number)) for number in sorted(numbers) if 0 <= number <= highest]


def agree(one: Labels, other: Labels) -> bool:
    """Whether a pod can have both sets of labels."""
    return all(other.get(key, value) == value for key, value in one.items())


def distinct(sets: Iterable[Labels]) -> list[Labels]:
    """Each set once, in order."""
    return list({tuple(sorted(labels.items())): labels for labels in sets}.values())
