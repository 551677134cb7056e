"""The cross-checks of a matrix: what a schema cannot say. Each small function yields the findings of one rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from netmatrix.document import Finding, KeyPath, did_you_mean
from netmatrix.document.reader import Document
from netmatrix.matrix import rules
from netmatrix.matrix.build import ANY_PORT, is_fixed, is_literal_port, parse_port
from netmatrix.matrix.check_endpoints import ENDPOINT_CHECKS
from netmatrix.matrix.check_purposes import PURPOSE_CHECKS
from netmatrix.matrix.checking import Checked, at, at_key
from netmatrix.matrix.model import Port, Protocol
from netmatrix.matrix.names import DIGEST, LONGEST_NAME


def cross_check(document: Document) -> list[Finding]:
    """All findings in a document of the right form; names first, since the other rules need them to resolve."""
    checked = Checked(document)
    findings = [finding for check in _NAME_CHECKS for finding in check(checked)]
    if not findings:
        findings = [finding for check in (*_CHECKS, *ENDPOINT_CHECKS, *PURPOSE_CHECKS) for finding in check(checked)]
    return findings


def _unknown_parties(checked: Checked) -> Iterator[Finding]:
    for section, noun in (("flows", "flow"), ("never", "never line")):
        for id_, line in checked.section(section).items():
            for end, verb in (("from", "starts at"), ("to", "goes to")):
                name = line[end]
                if name not in checked.parties:
                    message = f"{noun} {id_!r} {verb} {name!r}, which is neither a pod nor an endpoint"
                    yield at(
                        checked, rules.UNKNOWN_PARTY, (section, id_, end), message, did_you_mean(name, checked.parties)
                    )
    for id_, line in checked.section("access").items():
        if line["to"] not in checked.pods:
            message = f"access line {id_!r} leads to {line['to']!r}, which is not a pod"
            hint = did_you_mean(line["to"], checked.pods)
            yield at(checked, rules.UNKNOWN_PARTY, ("access", id_, "to"), message, hint)


def _unknown_environments(checked: Checked) -> Iterator[Finding]:
    def report(path: KeyPath, name: str, *, key: bool = False) -> Finding:
        known = did_you_mean(name, checked.environments)
        finding = at_key if key else at
        return finding(
            checked, rules.UNKNOWN_ENVIRONMENT, path, f"{name!r} is not an environment of this matrix", known
        )

    for section in ("flows", "never", "access"):
        for id_, line in checked.section(section).items():
            for index, name in enumerate(line.get("environments", [])):
                if name not in checked.environments:
                    yield report((section, id_, "environments", index), name)
    for id_, pod in checked.pods.items():
        if isinstance(pod["title"], dict):
            for name in pod["title"]:
                if name not in checked.environments:
                    yield report(("pods", id_, "title", name), name, key=True)


def _unknown_namespaces(checked: Checked) -> Iterator[Finding]:
    namespaces = checked.section("namespaces")
    for id_, pod in checked.pods.items():
        name = pod["namespace"]
        if name not in namespaces:
            message = f"pod {id_!r} lives in {name!r}, which is not a namespace of this matrix"
            yield at(
                checked,
                rules.UNKNOWN_NAMESPACE,
                ("pods", id_, "namespace"),
                message,
                did_you_mean(name, namespaces),
            )


def _unknown_ports(checked: Checked) -> Iterator[Finding]:
    for id_, flow in checked.section("flows").items():
        if flow["ports"] == ANY_PORT or flow["to"] not in checked.parties:
            continue
        known = checked.parties[flow["to"]].get("ports", {})
        for index, port in enumerate(flow["ports"]):
            if not is_literal_port(port) and port not in known:
                message = f"flow {id_!r} uses port {port!r}, which {flow['to']!r} does not define"
                hint = did_you_mean(port, known) or f"define it under the ports of {flow['to']!r}, or write a number"
                yield at(checked, rules.UNKNOWN_PORT, ("flows", id_, "ports", index), message, hint)
            elif is_literal_port(port):
                yield from _literal_port(checked, id_, index, port, known)
    for id_, line in checked.section("access").items():
        known = checked.pods.get(line["to"], {}).get("ports", {})
        if line["to"] in checked.pods and line["port"] not in known:
            message = f"access line {id_!r} uses port {line['port']!r}, which {line['to']!r} does not define"
            yield at(checked, rules.UNKNOWN_PORT, ("access", id_, "port"), message, did_you_mean(line["port"], known))


def _literal_port(
    checked: Checked, flow: str, index: int, port: int | str, known: Mapping[str, Any]
) -> Iterator[Finding]:
    """A number where the destination names its ports would not move when values retarget them."""
    path: KeyPath = ("flows", flow, "ports", index)
    if not 1 <= parse_port(port).number <= 65535:
        yield at(checked, rules.UNKNOWN_PORT, path, f"{port} is not a port", "ports are 1 to 65535")
    elif known or checked.section("flows")[flow]["to"] in checked.pods:
        message = (
            f"flow {flow!r} goes to a port by number, though {checked.section('flows')[flow]['to']!r} has named ports"
        )
        yield at(checked, rules.UNKNOWN_PORT, path, message, "name the port: " + ", ".join(known or ["(define one)"]))


def _overlapping_selectors(checked: Checked) -> Iterator[Finding]:
    for (first, one), (second, other) in combinations(checked.pods.items(), 2):
        if one["namespace"] != other["namespace"]:
            continue
        shared = one["labels"].keys() & other["labels"].keys()
        if all(one["labels"][key] == other["labels"][key] for key in shared):
            message = f"a pod could match both {first!r} and {second!r}: no label that both demand differs"
            hint = "give both a label with the same key and different values, such as app.kubernetes.io/name"
            yield at(checked, rules.SELECTORS_OVERLAP, ("pods", second, "labels"), message, hint)


def _unused(checked: Checked) -> Iterator[Finding]:
    used = {flow[end] for flow in checked.section("flows").values() for end in ("from", "to")}
    used |= {line[end] for line in checked.section("never").values() for end in ("from", "to")}
    for section in ("pods", "endpoints"):
        for id_ in checked.section(section):
            if id_ not in used:
                message = f"no flow starts or ends at {id_!r}"
                yield at_key(checked, rules.UNUSED, (section, id_), message, "add a flow, or remove it")


def _duplicate_flows(checked: Checked) -> Iterator[Finding]:
    by_ends: dict[tuple[str, str], list[str]] = {}
    flows = checked.section("flows")
    for id_, flow in flows.items():
        by_ends.setdefault((flow["from"], flow["to"]), []).append(id_)
    for ids in by_ends.values():
        for first, second in combinations(ids, 2):
            if checked.environments_of(flows[first]) & checked.environments_of(flows[second]) and _ports_meet(
                checked, flows[first], flows[second]
            ):
                place = checked.document.key_place(("flows", first))
                message = f"flow {second!r} grants again what flow {first!r} grants (line {place.line})"
                yield at_key(checked, rules.DUPLICATE_FLOW, ("flows", second), message, "merge the two into one flow")


def _ports_meet(checked: Checked, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if ANY_PORT in (one["ports"], other["ports"]):
        return True
    return bool(_numbers(checked, one) & _numbers(checked, other))


def _numbers(checked: Checked, flow: Mapping[str, Any]) -> set[Port]:
    known = checked.parties[flow["to"]].get("ports", {})
    numbers: set[Port] = set()
    for port in flow["ports"]:
        value = port if is_literal_port(port) else known[port]
        if isinstance(value, dict):
            numbers |= {Port(number, Protocol(protocol.upper())) for protocol, number in value.items()}
        else:
            numbers.add(parse_port(value))
    return numbers


def _flows_without_pod(checked: Checked) -> Iterator[Finding]:
    for id_, flow in checked.section("flows").items():
        if flow["from"] not in checked.pods and flow["to"] not in checked.pods:
            message = f"flow {id_!r} has an endpoint at both ends: no policy of ours could grant it"
            yield at_key(checked, rules.NO_POD, ("flows", id_), message, "one end must be a pod of this matrix")


def _never_ends(checked: Checked) -> Iterator[Finding]:
    for id_, line in checked.section("never").items():
        for end in ("from", "to"):
            endpoint = checked.endpoints.get(line[end])
            if endpoint is not None and endpoint["kind"] != "anyone":
                message = f"never line {id_!r} names {line[end]!r}, an endpoint of kind {endpoint['kind']}"
                yield at(
                    checked, rules.NEVER_END, ("never", id_, end), message, "name a pod, or an endpoint of kind anyone"
                )


def _never_contradicted(checked: Checked) -> Iterator[Finding]:
    for id_, flow in checked.section("flows").items():
        for never_id, line in checked.section("never").items():
            common = checked.environments_of(flow) & checked.environments_of(line)
            if common and all(_covers(checked, line[end], flow[end]) for end in ("from", "to")):
                message = f"flow {id_!r} grants what never line {never_id!r} forbids: {line['reason']}"
                hint = f"take {', '.join(sorted(common))} out of the environments of one of them"
                yield at_key(checked, rules.NEVER, ("flows", id_), message, hint)


def _covers(checked: Checked, never_end: str, flow_end: str) -> bool:
    """Whether a never line's end takes in a flow's: the same pod, or for anyone all that is no pod of ours.

    An addresses endpoint stands for addresses that are no pod's, so a pod's line leaves the matrix's own flows to it
    alone (else "jobs never reach the database" would forbid that they reach the Internet). Exceptions are judged more
    strictly: there an operator names the addresses, and a cross-check cannot know whose they are.
    """
    if never_end in checked.pods:
        kind = checked.endpoints.get(flow_end, {}).get("kind")
        return never_end == flow_end or kind == "anyone"
    return flow_end not in checked.pods


def _operation_everywhere(checked: Checked) -> Iterator[Finding]:
    for id_, flow in checked.section("flows").items():
        missing = set(checked.environments) - checked.environments_of(flow)
        if flow["basis"] == "operation" and missing:
            message = f"operational flow {id_!r} leaves out {', '.join(sorted(missing))}"
            hint = "values/operational.yaml serves every environment: leave `environments` out"
            yield at_key(checked, rules.OPERATION_EVERYWHERE, ("flows", id_), message, hint)


def _names(checked: Checked) -> Iterator[Finding]:
    for id_ in checked.endpoints:
        if id_ in checked.pods:
            yield at_key(
                checked, rules.NAME, ("endpoints", id_), f"{id_!r} is both a pod and an endpoint", "rename one of them"
            )
    for path, name in _policies(checked):
        if len(name) > LONGEST_NAME:
            message = f"the policy {name!r} would have a name of {len(name)} characters"
            yield at_key(checked, rules.NAME, path, message, f"{LONGEST_NAME} is the longest: shorten it")
    for id_ in checked.pods:
        if id_ in _RESERVED or id_.startswith(("flow-", "exception-", "cilium-", "audit-")):
            message = f"a pod called {id_!r} would take the name of another of the chart's files or policies"
            yield at_key(checked, rules.NAME, ("pods", id_), message, "choose another id")


def _policies(checked: Checked) -> Iterator[tuple[tuple[str, str], str]]:
    """The longest name of a policy that each pod, and each flow that stands alone, would have."""
    prefix = checked.document.data["prefix"]
    for id_ in checked.pods:
        yield ("pods", id_), f"{prefix}-{id_}-ingress"
    for id_, flow in checked.section("flows").items():
        if flow["basis"] == "operation" or {flow["from"], flow["to"]} & checked.endpoints.keys():
            moved = flow["ports"] != ANY_PORT and not all(map(is_literal_port, flow["ports"]))
            yield ("flows", id_), f"{prefix}-flow-{id_}-ingress{'-' + 'f' * DIGEST if moved else ''}"


_RESERVED = {"default-deny", "namespaces", "exceptions", "helm-test", "requirements", "cluster-network-policy"}


def _titles(checked: Checked) -> Iterator[Finding]:
    for id_, pod in checked.pods.items():
        if isinstance(pod["title"], dict):
            missing = set(checked.environments) - pod["title"].keys()
            if missing:
                message = f"pod {id_!r} has no title in {', '.join(sorted(missing))}"
                yield at(checked, rules.TITLE, ("pods", id_, "title"), message, "add one, or write one for all")


def _access_ports(checked: Checked) -> Iterator[Finding]:
    seen: dict[tuple[str, int], str] = {}
    for id_, line in checked.section("access").items():
        for environment in sorted(checked.environments_of(line)):
            other = seen.setdefault((environment, _local_port(line["url"])), id_)
            if other != id_:
                message = f"access lines {other!r} and {id_!r} use one local port in {environment}"
                yield at(checked, rules.ACCESS, ("access", id_, "url"), message, "give one of them another local port")
                break


def _local_port(url: str) -> int:
    try:
        return urlsplit(url).port or 0
    except ValueError:
        return 0


def _access_urls(checked: Checked) -> Iterator[Finding]:
    for id_, line in checked.section("access").items():
        if not 1024 <= _local_port(line["url"]) <= 65535:
            message = f"access line {id_!r} has a URL whose port a person cannot forward"
            yield at(checked, rules.ACCESS, ("access", id_, "url"), message, "use a local port from 1024 to 65535")


def _same_ports(checked: Checked) -> Iterator[Finding]:
    for id_, pod in checked.pods.items():
        seen: dict[Port, str] = {}
        for name, value in pod.get("ports", {}).items():
            port = parse_port(value)
            path: KeyPath = ("pods", id_, "ports", name)
            if not 1 <= port.number <= 65535:
                yield at(checked, rules.UNKNOWN_PORT, path, f"{value} is not a port", "ports are 1 to 65535")
            if port in seen:
                message = f"pod {id_!r} calls {port} both {seen[port]!r} and {name!r}"
                yield at(checked, rules.SAME_PORT, path, message, "one name for a port is enough")
            seen.setdefault(port, name)


def _namespaces(checked: Checked) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for id_, namespace in checked.section("namespaces").items():
        name = namespace["name"]
        if name in seen:
            message = f"namespaces {seen[name]!r} and {id_!r} are both {name!r}"
            yield at(
                checked, rules.NAMESPACE, ("namespaces", id_, "name"), message, "one line for a namespace is enough"
            )
        seen.setdefault(name, id_)
        if is_fixed(name) and namespace.get("create"):
            message = f"namespace {name!r} is Kubernetes' own"
            yield at(checked, rules.NAMESPACE, ("namespaces", id_, "create"), message, "leave `create` out")


_NAME_CHECKS = (_unknown_parties, _unknown_environments, _unknown_namespaces, _unknown_ports, _names, _same_ports)
_CHECKS = (
    _overlapping_selectors,
    _unused,
    _duplicate_flows,
    _flows_without_pod,
    _never_ends,
    _never_contradicted,
    _operation_everywhere,
    _titles,
    _access_urls,
    _access_ports,
    _namespaces,
)
