"""Connections by the names that people know: workloads by their owners, addresses as ranges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from netmatrix.policy.addresses import Family, range_text
from netmatrix.policy.bits import members
from netmatrix.policy.objects import Direction, Owner, Workload
from netmatrix.policy.ports import PortSet
from netmatrix.policy.reach import Reach

_Node = tuple[str, str, str]
"""Kind, namespace and name."""


class Connection(NamedTuple):
    """`source` reaches `destination` on `ports`; over one `family` alone, or (None) over all that they have in common.

    Ends are `namespace/name[Kind]`, or a range of addresses `first-last`.
    """

    source: str
    destination: str
    ports: PortSet
    family: Family | None = None

    def __str__(self) -> str:
        over = f" ({self.family})" if self.family else ""
        return f"{self.source} => {self.destination} : {self.ports}{over}"


def connections(reach: Reach) -> Iterator[Connection]:
    """Every allowed connection, in no particular order; those of a workload with itself are left out."""
    names = names_of_groups(reach)
    for block in reach.pod_blocks():
        sources = [name for group in members(block.sources) for name in names[group]]
        destinations = [name for group in members(block.destinations) for name in names[group]]
        for source in sources:
            for destination in destinations:
                if source != destination:
                    yield Connection(source, destination, block.ports, block.family)
    for outside in reach.address_blocks():
        ranges = [range_text(*found) for found in outside.addresses.ranges()]
        for group in members(outside.pods):
            for name in names[group]:
                for addresses in ranges:
                    if outside.direction is Direction.INGRESS:
                        yield Connection(addresses, name, outside.ports)
                    else:
                        yield Connection(name, addresses, outside.ports)


def names_of_groups(reach: Reach) -> list[list[str]]:
    """The names of the workloads in each group, each once.

    A pod goes by the name of its owner, and that by the name of its own, as long as the policies treat everything that
    the owner has made alike; where they do not, each goes by its own name.
    """
    workloads = {(pod.kind, pod.namespace, pod.name): pod for group in reach.universe.groups for pod in group.members}
    chains = {key: _chain(pod, workloads) for key, pod in workloads.items()}
    made: dict[_Node, set[int]] = defaultdict(set)
    for index, group in enumerate(reach.universe.groups):
        for pod in group.members:
            for node in chains[pod.kind, pod.namespace, pod.name]:
                made[node].add(index)
    names: list[list[str]] = []
    for group in reach.universe.groups:
        found: dict[str, None] = {}
        for pod in group.members:
            chain = chains[pod.kind, pod.namespace, pod.name]
            kind, namespace, name = next((node for node in reversed(chain) if len(made[node]) == 1), chain[0])
            found[f"{namespace}/{name}[{kind}]"] = None
        names.append(list(found))
    return names


def _chain(pod: Workload, workloads: dict[_Node, Workload]) -> list[_Node]:
    """A workload, its owner, the owner's owner and so on, as far as the input tells."""
    chain: list[_Node] = [(pod.kind, pod.namespace, pod.name)]
    owners: tuple[Owner, ...] = pod.owners
    while owners:
        node = (owners[0].kind, pod.namespace, owners[0].name)
        if node in chain:
            break
        chain.append(node)
        owner = workloads.get(node)
        owners = owner.owners if owner else ()
    return chain
