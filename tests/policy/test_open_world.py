"""The open world leaves nothing out, says nothing twice, and puts together only what policies treat alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from itertools import product

from hypothesis import strategies as st

from netmatrix.policy import intervals
from netmatrix.policy.addresses import ALL_ADDRESSES, FAMILIES, AddressSet, Family, address_text, parse_cidr
from netmatrix.policy.classes import label_classes
from netmatrix.policy.labels import NAMESPACE_NAME, Operator, Requirement, Selector
from netmatrix.policy.open_world import OpenWorld, Selection, address_classes, mentioned_in
from tests.policy import samples
from tests.policy.brute_force import Data, Packet, World, arrives, is_selected
from tests.policy.worlds import BLOCKS, IPV4, IPV6, KEYS, NAMESPACES, NUMBERS, PROTOCOLS, VALUES, labels, policies
from tests.support.shares import examples

HOMES = (*NAMESPACES, "unheard-of")
OTHERS = ("c", "unheard-of")

requirements = st.builds(
    lambda key, operator, values: Requirement(
        key, operator, tuple(sorted(values)) if operator in (Operator.IN, Operator.NOT_IN) else ()
    ),
    st.sampled_from(KEYS),
    st.sampled_from(Operator),
    st.sets(st.sampled_from(VALUES), min_size=1),
)
selectors = st.lists(requirements, max_size=3).map(lambda items: Selector(tuple(items)))
blocks = st.sampled_from(sorted(BLOCKS)).flatmap(
    lambda cidr: (
        st.tuples(st.just(cidr), st.sets(st.sampled_from(BLOCKS[cidr]))) if BLOCKS[cidr] else st.just((cidr, set()))
    )
)


@examples(20, 60, st.lists(selectors, max_size=6), labels)
def test_every_combination_of_selectors_that_a_pod_can_match_has_one_class(
    found: list[Selector], fixed: dict[str, str]
) -> None:
    possible = {
        matched(found, {**given, **fixed})
        for values in product((None, *VALUES, *OTHERS), repeat=len(KEYS))
        for given in [{key: value for key, value in zip(KEYS, values, strict=True) if value is not None}]
    }
    classes = label_classes(found, fixed)
    assert all(item.items() >= fixed.items() for item in classes)
    assert Counter(matched(found, item) for item in classes) == Counter(possible)


@examples(20, 60, st.lists(blocks, max_size=5))
def test_every_address_is_in_one_class_which_each_range_holds_wholly_or_not_at_all(
    ranges: list[tuple[str, set[str]]],
) -> None:
    sets = [in_range(cidr, excepts) for cidr, excepts in ranges]
    classes = address_classes(sets)
    for family in FAMILIES:
        own = [item for item in classes if item.families() == (family,)]
        assert AddressSet.union(own) == ALL_ADDRESSES.only(family)
        assert not any(one & other for at, one in enumerate(own) for other in own[:at])
        inside = [tuple(bool(item & one) for one in sets) for item in own]
        assert inside == [tuple(not (item - one) for one in sets) for item in own]
        assert len(set(inside)) == len(inside), "two classes that no range tells apart"
    assert all(len(item.families()) == 1 for item in classes)


@examples(20, 60, st.data())
def test_policies_treat_every_pod_as_the_one_class_of_the_open_world_that_it_is_in(data: st.DataObject) -> None:
    drawn = [data.draw(policies(f"policy-{number}")) for number in range(data.draw(st.integers(1, 3)))]
    declared = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue", "labels": data.draw(labels)}}]
    manifests = samples.read(*drawn, *declared[: data.draw(st.integers(0, 1))])
    mentioned = mentioned_in(manifests.policies)
    classes = list(representatives(OpenWorld(mentioned, manifests.namespaces)))
    known = {name: item.labels for name, item in manifests.namespaces.items()}
    homes = {name: {**data.draw(labels), **known.get(name, {}), NAMESPACE_NAME: name} for name in HOMES}
    for _ in range(4):
        pod = data.draw(pods(homes))
        other = data.draw(pods(homes).filter(partial(are_of_one_family, pod)))
        by_name = [item for item in classes if item.namespace == pod.namespace]
        here = by_name or [item for item in classes if item.namespace not in HOMES]
        (stand_in,) = (item for item in here if is_in_class(pod, item, mentioned.selections))
        assert answers(drawn, pod, other) == answers(drawn, stand_in, other)


def matched(found: Iterable[Selector], given: Mapping[str, str]) -> frozenset[Selector]:
    """The selectors that select an object with those labels, as brute force sees it."""
    return frozenset(selector for selector in found if is_selected(as_data(selector), dict(given)))


def as_data(selector: Selector) -> Data:
    """A selector as it stands in a manifest."""
    return {
        "matchExpressions": [
            {"key": item.key, "operator": str(item.operator), "values": list(item.values)}
            for item in selector.requirements
        ]
    }


def in_range(cidr: str, excepts: Iterable[str]) -> AddressSet:
    """The addresses of an ipBlock."""
    return parse_cidr(cidr).addresses() - AddressSet.union([parse_cidr(item).addresses() for item in excepts])


@dataclass(frozen=True)
class Pod:
    """A pod that might exist, or the one that stands for a class, which has any of `addresses`."""

    namespace: str
    namespace_labels: Mapping[str, str]
    labels: Mapping[str, str]
    family: Family
    addresses: tuple[tuple[int, int], ...]


@st.composite
def pods(draw: st.DrawFn, homes: Mapping[str, Mapping[str, str]]) -> Pod:
    """A pod in one of the namespaces."""
    name, ip = draw(st.sampled_from(sorted(homes))), ip_address(draw(st.sampled_from((*IPV4, *IPV6))))
    return Pod(name, homes[name], draw(labels), Family(ip.version), ((int(ip), int(ip)),))


def representatives(world: OpenWorld) -> Iterator[Pod]:
    """Each class, addresses and all."""
    for group in world.universe.groups:
        (family,) = group.addresses.families()
        home = world.universe.namespaces[group.namespace]
        yield Pod(home.name, home.labels, group.labels, family, group.addresses.of_family(family))


def is_in_class(pod: Pod, stand_in: Pod, selections: Iterable[Selection]) -> bool:
    """Whether no selector and no range tells a pod from the one that stands for a class."""
    return (
        pod.family == stand_in.family
        and intervals.contains(stand_in.addresses, pod.addresses[0][0])
        and all(told(item, pod) == told(item, stand_in) for item in selections)
    )


def told(selection: Selection, pod: Pod) -> tuple[bool, bool]:
    """Whether a selection is about the pod's namespace, and about the pod."""
    about = is_selected(as_data(selection.namespaces), dict(pod.namespace_labels))
    return about, about and is_selected(as_data(selection.pods), dict(pod.labels))


def are_of_one_family(pod: Pod, other: Pod) -> bool:
    """Whether a connection between two pods is possible."""
    return pod.family == other.family


def answers(drawn: list[Data], pod: Pod, other: Pod) -> list[bool]:
    """What brute force says of packets between two pods, both ways, in both models."""
    namespaces = [
        {"metadata": {"name": item.namespace, "labels": dict(item.namespace_labels)}} for item in (pod, other)
    ]
    ends = [(as_object(item), address_text(pod.family, item.addresses[0][0])) for item in (pod, other)]
    packets = [
        Packet(*source, *destination, protocol, port)
        for source, destination in (ends, ends[::-1])
        for protocol in PROTOCOLS
        for port in NUMBERS
    ]
    worlds = [World(namespaces, [], drawn, model) for model in (False, True)]
    return [arrives(world, packet) for world in worlds for packet in packets]


def as_object(pod: Pod) -> Data:
    """The pod as a manifest has it."""
    return {"metadata": {"namespace": pod.namespace, "labels": dict(pod.labels)}, "spec": {}}
