"""What is in the cluster already, as far as a probe must know it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from netmatrix.cluster import ClusterError, Kubectl, Permission, RefusedError
from netmatrix.cluster.rules import ABSENT
from netmatrix.matrix.model import Discovery, EndpointKind
from netmatrix.policy.addresses import parse_address
from netmatrix.policy.labels import NAMESPACE_NAME
from netmatrix.policy.open_world import Selection
from netmatrix.probe import cast
from netmatrix.probe.manifests import LABEL, LIFETIME, NAMESPACES
from netmatrix.probe.questions import Answering, LeftOut, ServiceAddress, by_family
from netmatrix.probe.rules import OTHER_RUN, ProbeError
from netmatrix.proof.grants import Discovered, Granted
from netmatrix.proof.parties import labels_of

CLEANING = (Permission("list", "namespaces"), Permission("delete", "namespaces"))
"""What is needed to find and remove what a run left; what is in other namespaces goes with the run's own."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """The namespace of a run that did not remove it, where its pods are, and its age in minutes."""

    namespace: str
    run: str
    pods_in: tuple[str, ...]
    minutes: int

    @property
    def may_go_on(self) -> bool:
        """Whether its pods may still live, so that somebody may still be using them."""
        return self.minutes <= LIFETIME // 60


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found. `unknown` says what was not, and why it is therefore not asked about."""

    context: str
    server: str
    leftovers: tuple[Leftover, ...]
    services: tuple[cast.Service, ...]
    answering: tuple[Answering, ...]
    api_services: tuple[ServiceAddress, ...]
    discovered: tuple[Discovered, ...]
    unknown: tuple[LeftOut, ...] = field(default_factory=tuple)


def permissions(namespaces: Sequence[str], own: str) -> Iterator[Permission]:
    """What a run needs leave to do; `own` is its own namespace, which is not there yet."""
    yield from (*CLEANING, Permission("create", "namespaces"))
    for namespace in (*namespaces, own):
        yield from (Permission(verb, "pods", namespace) for verb in ("create", "get", "list", "delete"))
        yield Permission("create", "pods/exec", namespace)
    yield from (Permission("list", "services", namespace) for namespace in namespaces)


def context_of(kubectl: Kubectl) -> tuple[str, str]:
    """The name of the context that is used, and the API server's address, to be told; nobody has any in a pod."""
    try:
        found = kubectl.get_config()
    except RefusedError:
        return "(none)", "(unknown)"
    servers = [item["cluster"].get("server", "") for item in found.get("clusters") or []]
    return found.get("current-context") or "(none)", next(iter(servers), "") or "(unknown)"


def leftovers(kubectl: Kubectl) -> tuple[Leftover, ...]:
    """The namespaces that earlier runs left."""
    return tuple(_leftover(item) for item in kubectl.get("namespaces", f"--selector={LABEL}")["items"])


def look(kubectl: Kubectl, granted: Granted) -> Surroundings:
    """Look around.

    Raises ClusterError where a namespace of the matrix is absent, or what must be known is not told, and ProbeError
    where another run may still be going on, whose pods would be taken from under it.
    """
    context, server = context_of(kubectl)
    namespaces = kubectl.get("namespaces")["items"]
    _require_namespaces(kubectl, granted, [item["metadata"]["name"] for item in namespaces])
    found = tuple(_leftover(item) for item in namespaces if LABEL in item["metadata"].get("labels", {}))
    _require_no_other_run(kubectl, found)
    unknown: list[LeftOut] = []
    api_services, discovered = _api_services(kubectl, granted, unknown)
    return Surroundings(
        context,
        server,
        found,
        tuple(_service(item) for name in granted.governed for item in kubectl.get("services", f"-n{name}")["items"]),
        tuple(_answering(kubectl, granted, unknown)),
        tuple(api_services),
        tuple(discovered),
        tuple(unknown),
    )


def _require_no_other_run(kubectl: Kubectl, found: Iterable[Leftover]) -> None:
    """Raise ProbeError where one of them is too young to be given up."""
    hint = "wait until it has ended; if it was killed, `netmatrix probe --clean-up` removes what it left"
    going_on = [
        kubectl.finding(OTHER_RUN, f"{item.namespace}, {item.minutes} minutes old, may still be in use", hint)
        for item in found
        if item.may_go_on
    ]
    if going_on:
        raise ProbeError(going_on)


def policies(kubectl: Kubectl, namespaces: Iterable[str]) -> int | None:
    """How many NetworkPolicies are in the namespaces; None where that is not told."""
    try:
        return sum(len(kubectl.get("networkpolicies", f"-n{name}")["items"]) for name in namespaces)
    except RefusedError:
        return None


def _require_namespaces(kubectl: Kubectl, granted: Granted, there: Sequence[str]) -> None:
    absent = [name for name in granted.governed if name not in there]
    hint = "install the chart first, or give the values that it was installed with (-f, --set): they name namespaces"
    if absent:
        raise ClusterError(kubectl.finding(ABSENT, f"there is no namespace {name}", hint) for name in absent)


def _leftover(item: Mapping[str, Any]) -> Leftover:
    metadata = item["metadata"]
    made = datetime.fromisoformat(metadata["creationTimestamp"])
    minutes = int((datetime.now(UTC) - made).total_seconds() // 60)
    pods_in = metadata.get("annotations", {}).get(NAMESPACES, "").split(",")
    return Leftover(metadata["name"], metadata["labels"][LABEL], tuple(filter(None, pods_in)), minutes)


def _service(item: Mapping[str, Any]) -> cast.Service:
    metadata, spec = item["metadata"], item["spec"]
    published = bool(spec.get("publishNotReadyAddresses"))
    return cast.Service(metadata["name"], metadata["namespace"], spec.get("selector") or {}, published)


def _answering(kubectl: Kubectl, granted: Granted, unknown: list[LeftOut]) -> Iterator[Answering]:
    """A running pod for each endpoint that stands for pods."""
    for endpoint in granted.matrix.endpoints.values():
        if endpoint.kind is EndpointKind.PODS:
            end = granted.endpoints[endpoint.id]
            found = next((pod for item in end.selections for pod in _pods(kubectl, item, endpoint.id, unknown)), None)
            ports = cast.endpoint_ports(granted, endpoint.id)
            if found is None:
                unknown.append(LeftOut(endpoint.id, "no running pod of it was found"))
            else:
                metadata, addresses = found["metadata"], by_family(ip["ip"] for ip in found["status"]["podIPs"])
                labels = metadata.get("labels", {})
                others = tuple(sorted(_tcp_ports(found) - {port for _, port in ports}))
                yield Answering(endpoint.id, metadata["namespace"], labels, addresses, ports, others)


def _pods(kubectl: Kubectl, selection: Selection, endpoint: str, unknown: list[LeftOut]) -> list[Mapping[str, Any]]:
    namespace = labels_of(selection.namespaces)[NAMESPACE_NAME]
    selector = ",".join(f"{key}={value}" for key, value in labels_of(selection.pods).items())
    try:
        found = kubectl.get("pods", f"--namespace={namespace}", f"--selector={selector}")["items"]
    except RefusedError as error:
        unknown.append(LeftOut(endpoint, error.findings[0].message))
        return []
    # Host-network pods have a node's address, of which policies cannot speak by labels; one that is not ready may not
    # listen.
    return [item for item in found if not item["spec"].get("hostNetwork") and _is_ready(item)]


def _tcp_ports(item: Mapping[str, Any]) -> set[int]:
    """The TCP ports that a pod declares."""
    ports = (port for container in item["spec"]["containers"] for port in container.get("ports") or [])
    return {port["containerPort"] for port in ports if port.get("protocol", "TCP") == "TCP"}


def _is_ready(item: Mapping[str, Any]) -> bool:
    conditions = item["status"].get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def _api_services(
    kubectl: Kubectl, granted: Granted, unknown: list[LeftOut]
) -> tuple[list[ServiceAddress], list[Discovered]]:
    """The Services that installing looks up, and the addresses behind them."""
    services: list[ServiceAddress] = []
    discovered: list[Discovered] = []
    for endpoint in granted.matrix.endpoints.values():
        if endpoint.discovery is not None:
            try:
                service = _api_service(kubectl, endpoint.id, endpoint.discovery)
            except RefusedError as error:
                unknown.append(LeftOut(endpoint.id, error.findings[0].message))
                continue
            services.append(service)
            discovered += [Discovered(parse_address(address), port) for address, port in service.behind]
    return services, discovered


def _api_service(kubectl: Kubectl, endpoint: str, discovery: Discovery) -> ServiceAddress:
    namespace, name = f"--namespace={discovery.namespace}", discovery.service
    spec = kubectl.get("service", name, namespace)["spec"]
    slices = kubectl.get("endpointslices", namespace, f"--selector=kubernetes.io/service-name={name}")["items"]
    behind = [
        (address, port["port"])
        for item in slices
        for port in item.get("ports") or []
        for end in item.get("endpoints") or []
        for address in end["addresses"]
    ]
    addresses = by_family(spec.get("clusterIPs") or [spec["clusterIP"]])
    return ServiceAddress(endpoint, addresses, spec["ports"][0]["port"], tuple(sorted(set(behind))))
