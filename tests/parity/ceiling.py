"""An independent judge: do rendered objects stay within what the matrix grants in an environment?

Written from matrix.yaml, read raw, and from the NetworkPolicy documentation; it shares no code with the toolchain.
Names, labels and port numbers may be any (values retarget), but each must be the same wherever it stands, and different
from the others. A rule that is not within one granted flow, or that no declared exception explains, is a trespass.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from tests.parity.audit import KINDS, check_audit
from tests.parity.cilium import check_cilium
from tests.parity.naming import check_ports, is_looked_up, parts_of
from tests.parity.shapes import (
    Pods,
    Trespass,
    block_of,
    check_cluster_policy,
    check_metadata,
    check_test_pod,
    demand,
    is_block,
    numbers_of,
    pods_of,
    selector_of,
)

ENDS = {"ingress": "from", "egress": "to"}
NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
NOTHING: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}


class Ceiling:
    """What a matrix grants in one environment, and beyond it the exceptions that values declare."""

    def __init__(self, matrix: Mapping[str, Any], environment: str, exceptions: Mapping[str, Any]) -> None:
        self.matrix, self.environment, self.exceptions = matrix, environment, exceptions
        self.pods: dict[str, Pods] = {}
        self.ports: dict[tuple[str, str], int] = {}
        self.ours: set[str] = set()

    def judge(self, objects: Iterable[Any]) -> None:
        """Raises Trespass at the first thing that goes beyond."""
        given = list(objects)
        audit = [item for item in given if isinstance(item, dict) and item.get("kind") in KINDS]
        items = [item for item in given if not any(item is other for other in audit)]
        for item in items:
            demand(isinstance(item, dict) and {"apiVersion", "kind", "metadata"} <= item.keys(), f"no object: {item!r}")
            if item["kind"] == "Pod":
                check_test_pod(item)
            else:
                check_metadata(item["metadata"], namespaced=item["kind"] not in ("Namespace", "ClusterNetworkPolicy"))
        identities = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in items]
        demand(len(identities) == len(set(identities)), "an object twice")
        policies = [item for item in items if item["kind"] == "NetworkPolicy"]
        self._default_deny([item for item in policies if item["metadata"]["name"].endswith("-default-deny")])
        for item in items:
            if item["kind"] == "Namespace":
                demand(item.keys() == {"apiVersion", "kind", "metadata"} and item["apiVersion"] == "v1", "a field")
                demand(item["metadata"]["name"] in self.ours - {"default"}, "a namespace that is not ours")
            elif item["kind"] == "Pod":
                demand(item["metadata"]["namespace"] in self.ours, "a pod outside our namespaces")
            elif item["kind"] == "ClusterNetworkPolicy":
                check_cluster_policy(item, self.ours, f"{self.matrix['prefix']}-default-deny")
            elif item["kind"] == "CiliumNetworkPolicy":
                demand(item["metadata"]["namespace"] in self.ours, "a Cilium policy outside our namespaces")
            else:
                demand(item["kind"] == "NetworkPolicy" and item["apiVersion"] == "networking.k8s.io/v1", "a kind")
                demand(item.keys() == {"apiVersion", "kind", "metadata", "spec"}, "a field of a policy")
        rest = [item for item in policies if not item["metadata"]["name"].endswith("-default-deny")]
        for item in rest:
            self._bind(item)
        self._audit(check_audit(audit, self.ours, f"{self.matrix['prefix']}-audit"))
        self._apart()
        for item in rest:
            self._rules(item)
        check_cilium([item for item in items if item["kind"] == "CiliumNetworkPolicy"], policies)

    def _audit(self, found: Pods | None) -> None:
        """The pods of the CronJob are the audit's row, which has policies only where there is one."""
        rows = {id_ for id_, row in self.matrix["pods"].items() if row.get("purpose") == "audit"}
        demand(found or not rows & self.pods.keys(), "policies of an audit that is not there")
        for row in rows if found else ():
            demand(self.pods.get(row, found) == found, f"the CronJob's pods are not {row}")

    def _default_deny(self, found: list[Any]) -> None:
        """One in each of the namespaces, with lists that are there and empty."""
        for item in found:
            demand(item["metadata"]["name"] == f"{self.matrix['prefix']}-default-deny", "the default-deny's name")
            demand(item["spec"] == NOTHING, "a default-deny that does not deny all")
        self.ours = {item["metadata"]["namespace"] for item in found}
        demand(len(self.ours) == len(found) == len(self.matrix["namespaces"]), f"default-deny in {sorted(self.ours)}")
        fixed = {n["name"] for n in self.matrix["namespaces"].values() if n["name"] == "default"}
        demand(fixed <= self.ours, "no default-deny in default")
        demand(not any(name.startswith("kube-") for name in self.ours), "a namespace of Kubernetes' own")

    def _subject(self, policy: Any) -> tuple[str, str, list[str] | None]:
        """By a policy's name: its pod, its direction, and the flows that it may hold (no list for an exception)."""
        prefix, name = f"{self.matrix['prefix']}-", policy["metadata"]["name"]
        demand(name.startswith(prefix), f"policy {name!r}")
        subject, direction, ports = parts_of(name.removeprefix(prefix))
        discovered = is_looked_up(ports)
        end = "from" if direction == "egress" else "to"  # the end of a flow that the policy's pod is
        kind, _, id_ = subject.partition("-")
        if kind == "exception" and id_ in self.exceptions:
            demand(not discovered, f"policy {name!r}, where nothing is looked up")
            party = self.exceptions[id_][end]
            demand(set(party) == {"pod"}, f"policy {name!r} for an end that is no pod")
            return party["pod"], direction, None
        if kind == "flow" and id_ in self.matrix["flows"]:
            flow = self.matrix["flows"][id_]
            demand(flow["basis"] == "operation" or self._apart_from_pods(flow), f"policy {name!r} for a flow of pods")
            looked_up = "discover" in self.matrix["endpoints"].get(flow["to"], {})
            demand(looked_up or not discovered, f"policy {name!r}, where nothing is looked up")
            return flow[end], direction, [id_]
        demand(subject in self.matrix["pods"] and not ports, f"policy {name!r}")
        of_table = {i: flow for i, flow in self.matrix["flows"].items() if flow["basis"] == "table"}
        mine = [i for i, flow in of_table.items() if flow[end] == subject and not self._apart_from_pods(flow)]
        return subject, direction, mine

    def _apart_from_pods(self, flow: Mapping[str, Any]) -> bool:
        return bool({flow["from"], flow["to"]} & self.matrix["endpoints"].keys())

    def _bind(self, policy: Any) -> None:
        """A pod has one namespace and one set of labels in all its policies."""
        pod, direction, _ = self._subject(policy)
        spec = policy["spec"]
        demand(spec.keys() == {"podSelector", "policyTypes", direction}, f"spec of {sorted(spec)}")
        demand(spec["policyTypes"] == [direction.capitalize()], "policyTypes")
        demand(isinstance(spec[direction], list), "rules that are no list")
        where = (policy["metadata"]["namespace"], selector_of(spec["podSelector"]))
        demand(self.pods.setdefault(pod, where) == where, f"{pod} is selected in two ways")

    def _apart(self) -> None:
        """Pods of one namespace of the matrix share one, others do not; no pod can be two rows."""
        demand({namespace for namespace, _ in self.pods.values()} <= self.ours, "a policy outside our namespaces")
        for (one, (ns1, labels1)), (two, (ns2, labels2)) in combinations(self.pods.items(), 2):
            same = self.matrix["pods"][one]["namespace"] == self.matrix["pods"][two]["namespace"]
            demand((ns1 == ns2) == same, f"{one} and {two} in {ns1} and {ns2}")
            differ = any(labels2.get(key, value) != value for key, value in labels1.items())
            demand(not same or differ, f"a pod can be both {one} and {two}")
        for one, (namespace, labels) in self.pods.items():
            self._not_anothers(one, namespace, labels)

    def _not_anothers(self, pod: str, namespace: str, labels: Mapping[str, str]) -> None:
        """What the matrix gives another row or another namespace is not taken, whatever values make of that one."""
        home = self.matrix["pods"][pod]["namespace"]
        for id_, item in self.matrix["namespaces"].items():
            demand(id_ == home or item["name"] != namespace, f"{pod} lives in {namespace}, which is {id_}")
        for other, row in self.matrix["pods"].items():
            if other != pod and row["namespace"] == home:
                differ = any(row["labels"].get(key, value) != value for key, value in labels.items())
                demand(differ, f"{pod} can be what the matrix calls {other}")

    def _rules(self, policy: Any) -> None:
        pod, direction, flows = self._subject(policy)
        name = policy["metadata"]["name"]
        for rule in policy["spec"][direction]:
            demand(isinstance(rule, dict) and rule.keys() <= {ENDS[direction], "ports"}, f"{name}: rule {rule!r}")
            if flows is None:
                reasons = [self._excepted(rule, name, direction)]
            else:
                reasons = list(self._tried(rule, pod, direction, flows))
            demand(None in reasons, f"{name}: {rule!r} is beyond the matrix: {reasons}")
            if flows is None:
                check_ports(name, numbers_of(rule), ())
            elif name.startswith(f"{self.matrix['prefix']}-flow-"):
                check_ports(name, numbers_of(rule) if "ports" in rule else (), self._ports_of(*flows))

    def _ports_of(self, id_: str) -> Iterator[tuple[str, int]]:
        """The ports that the matrix gives a flow."""
        flow = self.matrix["flows"][id_]
        party = self.matrix["pods"].get(flow["to"]) or self.matrix["endpoints"][flow["to"]]
        for port in () if flow["ports"] == "any" else flow["ports"]:
            found = party.get("ports", {}).get(port, port)
            if isinstance(found, dict):
                yield from ((protocol.upper(), number) for protocol, number in found.items())
            else:
                number, _, protocol = str(found).partition("/")
                yield protocol.upper() or "TCP", int(number)

    def _tried(self, rule: Any, pod: str, direction: str, flows: list[str]) -> Iterator[str | None]:
        """For each flow, why the rule is not within it; None where it is."""
        for id_ in flows:
            flow = self.matrix["flows"][id_]
            try:
                demand(self.environment in flow.get("environments", self.matrix["environments"]), "not granted here")
                self._peers(rule, flow["from"] if direction == "ingress" else flow["to"], pod, direction)
                self._flow_ports(rule, flow)
                yield None
            except Trespass as error:
                yield f"{id_}: {error}"

    def _peers(self, rule: Any, party: str, pod: str, direction: str) -> None:
        """The rule's peers are no more than `party`."""
        end = ENDS[direction]
        endpoint = self.matrix["endpoints"].get(party)
        if endpoint and endpoint["kind"] == "anyone" and end not in rule:
            return
        peers = rule.get(end)
        demand(isinstance(peers, list) and peers, f"no {end}, which is everybody")
        if endpoint is None:
            namespace, labels = self.pods.get(party, ("", {}))
            demand(labels, f"{party} is not known")
            for peer in peers:
                here, found = pods_of(peer, self.pods[pod][0])
                demand((here, found) == (namespace, labels), f"{peer!r} is not {party}")
            return
        blocks = [block_of(peer) for peer in peers if is_block(peer)]
        pods = [pods_of(peer, None) for peer in peers if not is_block(peer)]
        if endpoint["kind"] == "anyone":
            demand(not any(excepts for _, excepts in blocks), "an except")
            return
        demand(endpoint["kind"] == "pods" or not pods, "pods for addresses")
        if "cidrs" in endpoint and "ceiling" not in endpoint:
            demand(len(blocks) == 1, "more ranges than one")
            demand([str(blocks[0][0])] == endpoint["cidrs"], f"another range than {endpoint['cidrs']}")
            demand(set(endpoint.get("except", ())) <= set(map(str, blocks[0][1])), "a documented except is missing")
            return
        ceiling = endpoint["ceiling"]
        demand(len(blocks) <= ceiling["cidrs"] and len(pods) <= ceiling.get("peers", 0), "more peers than allowed")
        demand(not self.ours & {namespace for namespace, _ in pods}, "a peer in our namespace")
        for network, excepts in blocks:
            demand(network.prefixlen >= ceiling["prefix"][f"ipv{network.version}"], f"{network} is too wide")
            if any(network.version == 6 and network.overlaps(nat64) for nat64 in NAT64):  # the last 32 bits are IPv4's
                demand(network.prefixlen - 96 >= ceiling["prefix"]["ipv4"], f"{network} is too wide behind NAT64")
            demand(not excepts, "an except")

    def _flow_ports(self, rule: Any, flow: Mapping[str, Any]) -> None:
        if flow["ports"] == "any":
            demand("ports" not in rule, "ports of a flow that has none")
            return
        found = numbers_of(rule)
        to = flow["to"]
        if to in self.matrix["pods"]:
            demand(len(found) == len(flow["ports"]), "other ports than the flow's")
            for name, (protocol, number) in zip(flow["ports"], found, strict=True):
                _, _, wanted = str(self.matrix["pods"][to]["ports"][name]).partition("/")
                demand(protocol == (wanted or "TCP"), f"protocol {protocol}")
                demand(self.ports.setdefault((to, name), number) == number, f"{to} {name} is {number} here")
                others = [port for key, port in self.ports.items() if key[0] == to and key[1] != name]
                demand(number not in others, f"{to}: {number} is another port's")
            return
        ceiling = self.matrix["endpoints"][to].get("ceiling")
        if ceiling is None:
            demand(found == [("TCP", number) for number in flow["ports"]], f"ports {found}")
            return
        declared = [self.matrix["endpoints"][to]["ports"][name] for name in flow["ports"]]
        by_protocol = [protocol for ports in declared if isinstance(ports, dict) for protocol in ports]
        demand(all(number in ceiling["ports"] for _, number in found), f"ports {found} beyond the ceiling")
        protocols = sorted(protocol.lower() for protocol, _ in found)
        demand(protocols == sorted(by_protocol) if by_protocol else set(protocols) == {"tcp"}, f"ports {found}")

    def _excepted(self, rule: Any, name: str, direction: str) -> str | None:
        """Why the exception that the policy is named after does not explain the rule; None where it does."""
        exception = self.exceptions[parts_of(name)[0].removeprefix(f"{self.matrix['prefix']}-exception-")]
        mine, theirs = (exception["from"], exception["to"])[:: 1 if direction == "egress" else -1]
        try:
            wanted = [(port["protocol"], int(port["port"])) for port in exception["ports"]]
            demand(sorted(numbers_of(rule)) == sorted(wanted), "other ports than declared")
            for line in self.matrix["never"].values():
                if self.environment in line["environments"] and direction == "ingress" and line["to"] == mine["pod"]:
                    demand("pod" in theirs, "a never line forbids it")
            party = theirs.get("pod", theirs.get("endpoint"))
            if party is not None:
                self._peers(rule, party, mine["pod"], direction)
                return None
            demand(len(rule.get(ENDS[direction], ())) == 1, "other peers than declared")
            (peer,) = rule[ENDS[direction]]
            if "cidr" in theirs:
                demand(block_of(peer) == (ipaddress.ip_network(theirs["cidr"]), []), "another range than declared")
                return None
            labels = dict(label.split("=", 1) for label in theirs["selector"])
            demand(pods_of(peer, None) == (theirs["namespace"], labels), "other pods than declared")
        except Trespass as error:
            return str(error)
        return None
