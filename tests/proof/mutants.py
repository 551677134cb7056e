"""Manifests with one thing changed: what a slip of a template, an editor or an attacker could make of them.

Each operator yields what it changed and the changed policy, for every place where it can work; None is a policy that is
gone. Nothing here says whether a mutant lets other packets through: that is for the judges.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

Data = dict[str, Any]
Mutants = Iterator[tuple[str, Data | None]]
Operator = Callable[[Data], Mutants]
Edit = Any
"""A function that changes the data it is given; mypy infers no type for a lambda that keeps a loop's variable."""
Edits = Iterator[tuple[str, Edit]]

_PEERS = {"ingress": "from", "egress": "to"}
_OTHER = {"ingress": "egress", "egress": "ingress", "Ingress": "Egress", "Egress": "Ingress"}


def changed(policy: Data, change: Edit) -> Data:
    """A copy of the policy, changed."""
    mutant = copy.deepcopy(policy)
    change(mutant)
    return mutant


def rules(policy: Data) -> Iterator[tuple[str, int, Data]]:
    for direction in _PEERS:
        for number, rule in enumerate(policy["spec"].get(direction) or []):
            yield direction, number, rule


def lists(policy: Data) -> Iterator[tuple[str, int, str]]:
    """Each list of peers or ports, by the way to it."""
    for direction, number, rule in rules(policy):
        for key in (_PEERS[direction], "ports"):
            if rule.get(key):
                yield direction, number, key


def items(policy: Data, key: str) -> Iterator[tuple[str, int, int]]:
    """Each peer or port."""
    for direction, number, found in lists(policy):
        if (found == "ports") == (key == "ports"):
            for index in range(len(policy["spec"][direction][number][found])):
                yield direction, number, index


def peer(policy: Data, direction: str, number: int, index: int) -> Data:
    found: Data = policy["spec"][direction][number][_PEERS[direction]][index]
    return found


def port(policy: Data, direction: str, number: int, index: int) -> Data:
    found: Data = policy["spec"][direction][number]["ports"][index]
    return found


def each_peer(policy: Data, change: Callable[[Data], Edits]) -> Mutants:
    """A mutant for every change that `change` offers for a peer."""
    for place in items(policy, "peers"):
        for told, edit in change(peer(policy, *place)):
            yield f"{told} at {place}", changed(policy, lambda m, edit=edit, place=place: edit(peer(m, *place)))


def each_port(policy: Data, change: Callable[[Data], Edits]) -> Mutants:
    for place in items(policy, "ports"):
        for told, edit in change(port(policy, *place)):
            yield f"{told} at {place}", changed(policy, lambda m, edit=edit, place=place: edit(port(m, *place)))


def each_selector(policy: Data, change: Callable[[Data], Edits]) -> Mutants:
    """Of peers and of the policy itself."""
    for told, edit in change(policy["spec"]["podSelector"]):
        yield f"{told} of the policy", changed(policy, lambda m, edit=edit: edit(m["spec"]["podSelector"]))
    for place in items(policy, "peers"):
        for key in ("podSelector", "namespaceSelector"):
            selector = peer(policy, *place).get(key)
            if selector:
                for told, edit in change(selector):
                    yield (
                        f"{told} of {key} at {place}",
                        changed(policy, lambda m, edit=edit, place=place, key=key: edit(peer(m, *place)[key])),
                    )


def drop_policy(_policy: Data) -> Mutants:
    yield "the policy is gone", None


def drop_rule(policy: Data) -> Mutants:
    for direction, number, _ in rules(policy):
        yield f"{direction} rule {number}", changed(policy, lambda m, d=direction, n=number: m["spec"][d].pop(n))


def drop_item(policy: Data) -> Mutants:
    """A peer or a port; where it was the only one, everybody and every port is left."""
    for direction, number, key in lists(policy):
        for index in range(len(policy["spec"][direction][number][key])):
            yield (
                f"{direction} {number} {key} {index}",
                changed(policy, lambda m, d=direction, n=number, k=key, i=index: m["spec"][d][n][k].pop(i)),
            )


def empty_list(policy: Data) -> Mutants:
    for direction, number, key in lists(policy):
        yield f"{key}", changed(policy, lambda m, d=direction, n=number, k=key: m["spec"][d][n].update({k: []}))


def delete_list(policy: Data) -> Mutants:
    for direction, number, key in lists(policy):
        yield f"{key}", changed(policy, lambda m, d=direction, n=number, k=key: m["spec"][d][n].pop(k))


def rename_field(policy: Data) -> Mutants:
    for direction, number, key in lists(policy):

        def rename(m: Data, d: str = direction, n: int = number, k: str = key) -> None:
            rule = m["spec"][d][n]
            rule[f"{k}s"] = rule.pop(k)

        yield f"{key}", changed(policy, rename)


def widen_port(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        yield "a range", lambda p: p.update(endPort=p["port"] + 1)
        yield "every port", lambda p: p.pop("port")

    yield from each_port(policy, change)


def move_port(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        yield "the next", lambda p: p.update(port=p["port"] + 1)
        yield "a name", lambda p: p.update(port="web")

    yield from each_port(policy, change)


def change_protocol(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        for protocol in {"TCP", "UDP", "SCTP"} - {found.get("protocol", "TCP")}:
            yield protocol, lambda p, protocol=protocol: p.update(protocol=protocol)
        yield "none", lambda p: p.pop("protocol", None)

    yield from each_port(policy, change)


def drop_except(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        for index in range(len(found.get("ipBlock", {}).get("except", ()))):
            yield f"except {index}", lambda p, index=index: p["ipBlock"]["except"].pop(index)

    yield from each_peer(policy, change)


def narrow_except(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        for index, cidr in enumerate(found.get("ipBlock", {}).get("except", ())):
            network = ip_network(cidr)
            if network.prefixlen < network.max_prefixlen:
                half = str(next(network.subnets()))
                yield f"half of {cidr}", lambda p, i=index, h=half: p["ipBlock"]["except"].__setitem__(i, h)

    yield from each_peer(policy, change)


def change_range(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        if "ipBlock" in found:
            network = ip_network(found["ipBlock"]["cidr"])
            if network.prefixlen > 0:
                wider = str(network.supernet())
                yield f"wider, {wider}", lambda p: p["ipBlock"].update(cidr=wider)
            if network.prefixlen < network.max_prefixlen and not found["ipBlock"].get("except"):
                half = str(next(network.subnets()))
                yield f"narrower, {half}", lambda p: p["ipBlock"].update(cidr=half)

    yield from each_peer(policy, change)


def split_and(policy: Data) -> Mutants:
    """One peer with both selectors becomes two peers."""
    for direction, number, index in items(policy, "peers"):
        if {"podSelector", "namespaceSelector"} <= peer(policy, direction, number, index).keys():

            def split(m: Data, d: str = direction, n: int = number, i: int = index) -> None:
                peers = m["spec"][d][n][_PEERS[d]]
                peers.append({"podSelector": peers[i].pop("podSelector")})

            yield f"{direction} {number} {index}", changed(policy, split)


def drop_selector(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        if {"podSelector", "namespaceSelector"} <= found.keys():
            yield "podSelector", lambda p: p.pop("podSelector")
            yield "namespaceSelector", lambda p: p.pop("namespaceSelector")

    yield from each_peer(policy, change)


def empty_selector(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        if found:
            yield "emptied", lambda s: s.clear()

    yield from each_selector(policy, change)


def drop_label(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        for key in found.get("matchLabels", {}):
            yield key, lambda s, key=key: s["matchLabels"].pop(key)

    yield from each_selector(policy, change)


def change_label(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        for key in found.get("matchLabels", {}):
            yield f"value of {key}", lambda s, key=key: s["matchLabels"].update({key: "mutant"})
            yield f"key {key}", lambda s, key=key: s["matchLabels"].update(mutant=s["matchLabels"].pop(key))

    yield from each_selector(policy, change)


def change_operator(policy: Data) -> Mutants:
    def change(found: Data) -> Edits:
        for key, value in found.get("matchLabels", {}).items():
            for operator in ("NotIn", "Exists", "DoesNotExist", "In"):

                def edit(s: Data, key: str = key, value: str = value, operator: str = operator) -> None:
                    s["matchLabels"].pop(key)
                    values = {"values": [value]} if operator in ("In", "NotIn") else {}
                    s["matchExpressions"] = [{"key": key, "operator": operator, **values}]

                yield f"{operator} {key}", edit

    yield from each_selector(policy, change)


def change_types(policy: Data) -> Mutants:
    types = policy["spec"]["policyTypes"]
    for kept in (["Ingress"], ["Egress"], ["Ingress", "Egress"]):
        if kept != types:
            yield f"types {kept}", changed(policy, lambda m, kept=kept: m["spec"].update(policyTypes=kept))
    yield "no types", changed(policy, lambda m: m["spec"].pop("policyTypes"))


def swap_directions(policy: Data) -> Mutants:
    def swap(m: Data) -> None:
        spec = m["spec"]
        spec["policyTypes"] = [_OTHER[kind] for kind in spec["policyTypes"]]
        moved = {
            _OTHER[key]: [
                {_PEERS[_OTHER[key]] if name == _PEERS[key] else name: value for name, value in rule.items()}
                for rule in spec.pop(key)
            ]
            for key in _PEERS
            if key in spec
        }
        spec.update(moved)

    yield "ingress and egress", changed(policy, swap)


def drop_direction(policy: Data) -> Mutants:
    for direction in _PEERS:
        if direction in policy["spec"]:
            yield direction, changed(policy, lambda m, d=direction: m["spec"].pop(d))


def change_namespace(policy: Data) -> Mutants:
    for namespace in ("elsewhere", "kube-system", "default", "stalker", "stalker-jobs"):
        if namespace != policy["metadata"]["namespace"]:
            name = f"{policy['metadata']['name']}-moved"
            moved = {"namespace": namespace, "name": name}
            yield f"to {namespace}", changed(policy, lambda m, moved=moved: m["metadata"].update(moved))


def add_rule(policy: Data) -> Mutants:
    for kind in policy["spec"]["policyTypes"]:
        direction = kind.lower()
        for told, rule in (
            ("all", {}),
            ("every port of some", {_PEERS[direction]: [{"podSelector": {"matchLabels": {"mutant": "mutant"}}}]}),
            ("one port of all", {"ports": [{"protocol": "SCTP", "port": 7}]}),
            ("all over IPv6", {_PEERS[direction]: [{"ipBlock": {"cidr": "::/0"}}]}),
        ):
            yield f"{told}, {direction}", changed(policy, lambda m, d=direction, r=rule: m["spec"][d].append(r))


def add_peer(policy: Data) -> Mutants:
    for direction, number, key in lists(policy):
        if key != "ports":
            peers: tuple[Data, ...] = (
                {"podSelector": {}},
                {"namespaceSelector": {}},
                {"ipBlock": {"cidr": "10.0.0.0/8"}},
            )
            for added in peers:
                yield (
                    f"{added} at {direction} {number}",
                    changed(policy, lambda m, d=direction, n=number, a=added: m["spec"][d][n][_PEERS[d]].append(a)),
                )


def reorder(policy: Data) -> Mutants:
    """Changes nothing: the judges must not cry wolf."""
    for direction in _PEERS:
        if len(policy["spec"].get(direction) or ()) > 1:
            yield direction, changed(policy, lambda m, d=direction: m["spec"][d].reverse())
    for direction, number, key in lists(policy):
        if len(policy["spec"][direction][number][key]) > 1:
            yield key, changed(policy, lambda m, d=direction, n=number, k=key: m["spec"][d][n][k].reverse())


def duplicate(policy: Data) -> Mutants:
    """Changes nothing either."""
    for direction, number, rule in rules(policy):
        yield f"rule {number}", changed(policy, lambda m, d=direction, r=rule: m["spec"][d].append(copy.deepcopy(r)))


OPERATORS: dict[str, Operator] = {
    "drop a policy": drop_policy,
    "drop a rule": drop_rule,
    "drop a peer or port": drop_item,
    "empty peers or ports": empty_list,
    "delete peers or ports": delete_list,
    "rename a field": rename_field,
    "widen a port": widen_port,
    "move a port": move_port,
    "change a protocol": change_protocol,
    "drop an except": drop_except,
    "narrow an except": narrow_except,
    "change a range": change_range,
    "split an AND": split_and,
    "drop a selector": drop_selector,
    "empty a selector": empty_selector,
    "drop a label": drop_label,
    "change a label": change_label,
    "change an operator": change_operator,
    "change policy types": change_types,
    "swap directions": swap_directions,
    "drop a direction's list": drop_direction,
    "change the namespace": change_namespace,
    "add a rule": add_rule,
    "add a peer": add_peer,
    "reorder": reorder,
    "duplicate a rule": duplicate,
}


def extra_policies() -> Iterator[tuple[str, Data]]:
    """Policies of somebody else beside ours."""
    for namespace in ("stalker", "stalker-jobs", "default", "kube-system"):
        for direction, kind in (("ingress", "Ingress"), ("egress", "Egress")):
            spec = {"podSelector": {}, "policyTypes": [kind], direction: [{}]}
            yield f"allow all {direction} in {namespace}", _policy(namespace, spec)
            narrow = {"podSelector": {"matchLabels": {"mutant": "mutant"}}, "policyTypes": [kind], direction: [{}]}
            yield f"allow all {direction} of some pods in {namespace}", _policy(namespace, narrow)
            deny = {"podSelector": {}, "policyTypes": [kind], direction: []}
            yield f"deny all {direction} in {namespace}", _policy(namespace, deny)


def _policy(namespace: str, spec: Data) -> Data:
    metadata = {"name": "extra", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
