"""What manifests, and what matrix and values, speak of: the lines on either side of which a crowd must stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.policy.brute_force import Data, namespace_of
from tests.proof.crowd import Crowd, Spoken, crowds
from tests.proof.granted import Requirements, lines, namespace


def crowds_for(
    policies: list[Data], namespaces: list[Data], wanted: Requirements, *, named: bool = False
) -> list[Crowd]:
    """The crowds that could notice a difference between manifests and requirements.

    Where the manifests name ports, `named` decides whether pods call all of their ports by all of these names, or none.
    """
    names = names_of_ports(policies) if named else set()
    return crowds(
        [*said_by_policies(policies), *said_by_matrix(wanted)],
        sorted({*ranges_of_policies(policies), *ranges_of_matrix(wanted)}),
        {*numbers_of_policies(policies), *(port for line in lines(wanted) for _, port in line.ports or ())},
        namespaces,
        sorted(names),
    )


def said_by_policies(policies: Iterable[Data]) -> Iterator[Spoken]:
    """Selectors, each with the namespaces in which it selects."""
    for policy in policies:
        home = namespace_of(policy)
        yield Spoken(home, policy["spec"].get("podSelector") or {})
        for peer in peers(policy):
            if "ipBlock" not in peer:
                namespaces = peer.get("namespaceSelector")
                yield Spoken(home if namespaces is None else namespaces, peer.get("podSelector") or {})


def said_by_matrix(wanted: Requirements) -> Iterator[Spoken]:
    """The rows, the peers of endpoints, and the pods that exceptions speak of."""
    for name in wanted.matrix["namespaces"]:
        yield Spoken(namespace(wanted, name), {})
    for name, row in wanted.matrix["pods"].items():
        yield Spoken(namespace(wanted, row["namespace"]), match(wanted.values["pods"][name]["selector"]))
    ends = [end for line in lines(wanted) for end in (line.source, line.destination)]
    ends += [peer for item in wanted.values["endpoints"].values() for peer in item.get("peers", {}).values()]
    for end in ends:
        if "selector" in end:
            yield Spoken(end["namespace"], match(end["selector"]))


def match(selector: list[str]) -> Data:
    """A list of `key=value` as a selector of Kubernetes."""
    return {"matchLabels": dict(item.split("=") for item in selector)}


def ranges_of_policies(policies: Iterable[Data]) -> Iterator[str]:
    """All ranges and exceptions."""
    for policy in policies:
        for peer in peers(policy):
            if "ipBlock" in peer:
                yield peer["ipBlock"]["cidr"]
                yield from peer["ipBlock"].get("except") or []


def ranges_of_matrix(wanted: Requirements) -> Iterator[str]:
    """All ranges and exceptions of endpoints and exceptions, and what was discovered."""
    for name, stated in wanted.matrix["endpoints"].items():
        given = wanted.values["endpoints"][name]
        yield from [*stated.get("cidrs", []), *stated.get("except", []), *given.get("cidrs", [])]
        yield from given.get("additionalExcept", {}).values()
        yield from (peer["cidr"] for peer in given.get("peers", {}).values() if "cidr" in peer)
    for line in lines(wanted):
        yield from (end["cidr"] for end in (line.source, line.destination) if "cidr" in end)


def numbers_of_policies(policies: Iterable[Data]) -> Iterator[int]:
    """All numbers of ports, first and last."""
    for port in entries(policies):
        yield from (port[key] for key in ("port", "endPort") if isinstance(port.get(key), int))


def names_of_ports(policies: Iterable[Data]) -> set[str]:
    """All ports that are said by name."""
    return {port["port"] for port in entries(policies) if isinstance(port.get("port"), str)}


def entries(policies: Iterable[Data]) -> Iterator[Data]:
    """All entries of `ports`."""
    for policy in policies:
        for rule in rules(policy):
            yield from rule.get("ports") or []


def peers(policy: Data) -> Iterator[Data]:
    """All entries of `from` and `to`."""
    for rule in rules(policy):
        yield from [*(rule.get("from") or []), *(rule.get("to") or [])]


def rules(policy: Data) -> list[Data]:
    """All rules of both directions."""
    return [*(policy["spec"].get("ingress") or []), *(policy["spec"].get("egress") or [])]
