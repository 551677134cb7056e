"""A verdict for programs: all of it, with the digests of what was judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netmatrix.document import Place
from netmatrix.policy.addresses import AddressSet, Family, range_text
from netmatrix.policy.objects import Foreign
from netmatrix.policy.packet import EndVerdict, Packet, Party
from netmatrix.policy.ports import PortSet, Protocol
from netmatrix.policy.semantics import Model
from netmatrix.proof.backend import BackendVerdict
from netmatrix.proof.coverage import Coverage
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.exactly import CounterExample
from netmatrix.proof.grants import Grant, Granted
from netmatrix.proof.judge import EndGrants, forbidding, off_at
from netmatrix.proof.verdict_text import not_claimed
from netmatrix.proof.verify import Verdict


def document(verdict: Verdict, digests: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict as data for JSON. `digests` say what was judged: SHA-256 of matrix, values and manifests."""
    granted = verdict.granted
    return {
        "environment": granted.environment,
        "holds": verdict.holds,
        "digests": dict(digests),
        "coverage": _coverage(verdict.coverage),
        "grants": [_grant(grant) for grant in granted.grants],
        "off": [grant.name for grant in granted.off if granted.environment in grant.environments],
        "counterExamples": [_counter_example(granted, item) for item in verdict.counter_examples],
        "onlyWhereIpBlockMatchesPods": [_deviation(item) for item in verdict.model_dependent],
        "backends": [_backend(granted, item) for item in verdict.backends],
        "unjudged": [foreign_data(item) for item in verdict.unjudged],
        "notClaimed": list(not_claimed(granted)),
    }


def _backend(granted: Granted, verdict: BackendVerdict) -> dict[str, Any]:
    backend = verdict.backend
    return {
        "name": backend.name,
        "kind": backend.kind,
        "holds": verdict.holds,
        "objects": backend.objects,
        "rules": backend.rules,
        "claims": [
            {
                "among": claim.among,
                "claim": claim.said,
                "holds": not claim.counter_examples,
                "counterExamples": [_counter_example(granted, item) for item in claim.counter_examples],
                "whereTheApisDiffer": [_deviation(item) for item in claim.differing],
            }
            for claim in verdict.claims
        ],
        "differences": [
            {"name": item.name, "packets": item.packets, "why": item.why, "source": item.source}
            for item in backend.differences
        ],
        "problems": [
            {"rule": item.rule.id, "message": item.message, "place": place_data(item.place)}
            for item in verdict.problems
        ],
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "rows": coverage.rows,
        "foreignPodClasses": coverage.foreign_pod_classes,
        "namespaces": coverage.namespaces,
        "addressClasses": {str(family): count for family, count in coverage.address_classes.items()},
        "portClasses": {str(protocol): count for protocol, count in coverage.port_classes.items()},
        "policies": coverage.policies,
        "rules": coverage.rules,
        "grants": coverage.grants,
        "connectionClasses": coverage.connections,
    }


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "name": grant.name,
        "kind": grant.kind,
        "source": grant.source.name,
        "destination": grant.destination.name,
        "ports": ports_data(grant.ports),
        "place": place_data(grant.place),
    }


def _counter_example(granted: Granted, item: CounterExample) -> dict[str, Any]:
    model = Model(ipblock_matches_pods=item.deviation.models[0])
    told = judged_data(granted, item.deviation.packet, model, item.verdicts, item.grants)
    return {**_deviation(item.deviation), **told}


def _deviation(item: Deviation) -> dict[str, Any]:
    return {
        "allowed": item.gained,
        "granted": not item.gained,
        "source": item.source,
        "destination": item.destination,
        "ports": ports_data(item.ports),
        "families": [str(family) for family in item.families],
        "sourceAddresses": addresses_data(item.source_addresses),
        "destinationAddresses": addresses_data(item.destination_addresses),
        "ipBlockMatchesPods": list(item.models),
    }


def judged_data(
    granted: Granted, packet: Packet, model: Model, verdicts: Iterable[EndVerdict], grants: Iterable[EndGrants]
) -> dict[str, Any]:
    """A packet, what policies and matrix say at its two ends, and the `never` lines that forbid it."""
    return {
        "packet": packet_data(packet),
        "ends": [_end(granted, packet, model, *pair) for pair in zip(verdicts, grants, strict=True)],
        "forbiddenBy": [
            {"name": line.id, "place": place_data(line.place)} for line in forbidding(granted, packet, model)
        ],
    }


def _end(granted: Granted, packet: Packet, model: Model, verdict: EndVerdict, grants: EndGrants) -> dict[str, Any]:
    return {
        "direction": str(verdict.direction),
        "row": grants.row,
        "rowPlace": place_data(granted.matrix.pods[grants.row].place) if grants.row else None,
        "governed": grants.governed,
        "allowed": verdict.allowed,
        "granted": grants.granted,
        **rules_data(verdict),
        "grantedBy": [_grant(grant) for grant in grants.granted_by],
        "off": [_grant(grant) for grant in off_at(granted, packet, grants.direction, model)],
    }


def rules_data(verdict: EndVerdict) -> dict[str, Any]:
    """The policies that isolate an end, and the rules that admit the packet there."""
    ruling = verdict.ruling
    return {
        **({"ruledBy": {"rule": str(ruling), "accepts": ruling.accepts}} if ruling else {}),
        "isolatedBy": [{"policy": str(policy), "place": place_data(policy.place)} for policy in verdict.isolated_by],
        "admittedBy": [
            {
                "policy": str(rule.policy),
                "rule": rule.index + 1,
                "place": place_data(rule.origin.place if rule.origin else None),
            }
            for rule in verdict.admitted_by
        ],
    }


def foreign_data(item: Foreign) -> dict[str, Any]:
    """Objects of a kind that is not understood."""
    return {"apiVersion": item.api_version, "kind": item.kind, "count": item.count}


def packet_data(packet: Packet) -> dict[str, Any]:
    """A packet as data."""
    return {
        "source": _party(packet, packet.source),
        "destination": _party(packet, packet.destination),
        "family": str(packet.family),
        "protocol": str(packet.protocol),
        "port": packet.port,
    }


def _party(packet: Packet, party: Party) -> dict[str, Any]:
    address = {"address": packet.address(party)}
    if party.namespace is None:
        return address
    namespace = {"namespace": party.namespace.name, "namespaceLabels": dict(party.namespace.labels)}
    return {**address, **namespace, "labels": dict(party.labels)}


def ports_data(ports: PortSet) -> dict[str, list[list[int]]]:
    """Ranges of ports by protocol, first and last of each."""
    return {
        str(protocol): [[first, last] for first, last in ports.of_protocol(protocol)]
        for protocol in Protocol
        if ports.of_protocol(protocol)
    }


def addresses_data(addresses: AddressSet) -> dict[str, list[str]]:
    """Ranges of addresses by family, as `first-last`."""
    return {
        str(family): [range_text(family, first, last) for first, last in addresses.of_family(family)]
        for family in Family
        if addresses.of_family(family)
    }


def place_data(place: Place | None) -> dict[str, Any] | None:
    """A place as data."""
    return {"file": place.file, "line": place.line, "column": place.column} if place else None
