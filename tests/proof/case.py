"""One set of values under a matrix: what Helm makes of it, what the product says is granted, what must be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.validating import judge
from netmatrix.cli.verifying import granted_by
from netmatrix.helm import Helm
from netmatrix.helm.arguments import SetArgument
from netmatrix.helm.inputs import values_flags
from netmatrix.matrix.load import load_matrix
from netmatrix.policy import parse_manifests
from netmatrix.policy.addresses import parse_address
from netmatrix.policy.packet import Packet as ProductPacket
from netmatrix.proof.exactly import CounterExample
from netmatrix.proof.grants import Discovered, Granted
from netmatrix.proof.verify import Verdict, verify
from tests.policy.brute_force import Data, Packet, World, arrives
from tests.proof.crowd import NAME, pod
from tests.proof.granted import Requirements, is_governed, is_granted
from tests.proof.packets import Grants, Policies, Sampler
from tests.proof.spoken import crowds_for, names_of_ports
from tests.support.rendering import objects_of

TODAY = date(2026, 6, 15)
MODELS = (False, True)
ANOTHER = "another-namespace"
"""How the product calls namespaces that nobody names."""
Found = tuple[tuple[str, int], ...]
"""What installing discovered: addresses and ports."""


@dataclass(frozen=True)
class Case:
    """`granted` is the product's, `matrix` and `values` are plain data, the values as Helm merged them."""

    granted: Granted
    matrix: Data
    values: Data
    objects: list[Data]
    discovered: Found = ()

    def wanted(self, *, ipblock_matches_pods: bool) -> Requirements:
        """What must be granted, in one of the two models."""
        return Requirements(self.matrix, self.values, ipblock_matches_pods, self.discovered)


class Refused(Exception):  # noqa: N818
    """Validation, or Helm, does not take the values."""


def prepare(
    root: Path,
    helm: Helm,
    files: Sequence[Path],
    scratch: Path,
    *,
    sets: Sequence[SetArgument] = (),
    discovered: Found = (),
    arguments: Sequence[str] = (),
) -> Case:
    """Everything about the values `files` and `sets` for the matrix and chart in `root`. Raises Refused.

    `arguments` are further ones for helm, such as lead it to a cluster in which it discovers `discovered`.
    """
    project = Project(load_matrix(str(root / "matrix.yaml")), root)
    options = ValuesOptions(None, tuple(map(str, files)), tuple(sets), TODAY)
    judged = judge(project, options)
    if judged.validated is None or not judged.validated.holds:
        raise Refused(judged.findings)
    flags = list(values_flags(options.files, sets))
    output = helm.run(["template", "release", str(root / "chart"), "--namespace", "apps", *flags, *arguments])
    if output.status != 0:
        raise Refused(output.stderr)
    return Case(
        granted_by(project, options, judged, [Discovered(parse_address(ip), port) for ip, port in discovered]),
        yaml.safe_load((root / "matrix.yaml").read_text(encoding="utf-8")),
        merged_by_helm(root / "chart", helm, flags, scratch),
        objects_of(output.stdout),
        discovered,
    )


def merged_by_helm(chart: Path, helm: Helm, flags: Sequence[str], scratch: Path) -> Data:
    """The values that the chart's templates see, from Helm itself: another chart with the same defaults prints them."""
    templates = scratch / "values-of-the-chart" / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    (templates.parent / "Chart.yaml").write_text("{apiVersion: v2, name: values, version: 0.0.0}\n", encoding="utf-8")
    (templates.parent / "values.yaml").write_bytes((chart / "values.yaml").read_bytes())
    (templates / "values.yaml").write_text("values: {{ toJson .Values }}\n", encoding="utf-8")
    output = helm.run(["template", "release", str(templates.parent), *flags])
    assert output.status == 0, output.stderr
    (printed,) = objects_of(output.stdout)
    values: Data = printed["values"]
    return values


def verdict_on(case: Case, objects: Iterable[Data]) -> Verdict:
    """What the product says of manifests. Raises a FindingsError where it cannot read them, or cannot decide."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    return verify(case.granted, parse_manifests(text.encode(), "manifests.json"), "manifests.json")


def differing(case: Case, objects: list[Data]) -> Iterator[tuple[Packet, bool]]:
    """Packets that manifests allow and the matrix does not grant, or the other way round; each with its model.

    Where a policy names ports, a pod that nobody has yet may call any port so, or none.
    """
    policies = [item for item in objects if item["kind"] == "NetworkPolicy"]
    namespaces = [item for item in objects if item["kind"] == "Namespace"]
    for model in MODELS:
        wanted = case.wanted(ipblock_matches_pods=model)
        for named in (False, True) if names_of_ports(policies) else (False,):
            for crowd in crowds_for(policies, namespaces, wanted, named=named):
                allowed = Sampler(crowd).ask(Policies(World(crowd.namespaces, [], policies, model)))
                granted = Sampler(crowd).ask(Grants(wanted))
                concerned = {at for at, pod in enumerate(crowd.pods) if is_governed(wanted, pod)}
                yield from ((packet, model) for packet in Sampler(crowd).differing(allowed, granted, concerned))


def confirmed(case: Case, objects: list[Data], item: CounterExample) -> None:
    """Fail where brute force does not see what a counter-example of `verify` says of its packet."""
    model = item.deviation.models[0]
    policies = [thing for thing in objects if thing["kind"] == "NetworkPolicy"]
    called = sorted(names_of_ports(policies)) if item.deviation.gained else []
    packet, namespaces = concrete(item.deviation.packet, called)
    allowed = arrives(World(namespaces, [], policies, model), packet)
    granted = is_granted(case.wanted(ipblock_matches_pods=model), packet)
    assert (allowed, granted) == (item.deviation.gained, not item.deviation.gained), packet


def concrete(packet: ProductPacket, called: Iterable[str] = ()) -> tuple[Packet, list[Data]]:
    """A packet of the product's as plain data, with its namespaces; the destination calls its port all of `called`."""
    ends: list[Data | None] = []
    namespaces: list[Data] = []
    for number, party in enumerate((packet.source, packet.destination)):
        if party.namespace is None:
            ends.append(None)
            continue
        # Two ends in namespaces that nobody names are in two of them.
        name = f"{party.namespace.name}-{number}" if party.namespace.name.startswith(ANOTHER) else party.namespace.name
        labels = {key: value for key, value in party.namespace.labels.items() if key != NAME}
        namespaces.append({"metadata": {"name": name, "labels": labels}})
        port = {"protocol": str(packet.protocol), "containerPort": packet.port}
        ends.append(pod(name, dict(party.labels), [{"ports": [{"name": item, **port}]} for item in called]))
    addresses = [packet.address(party) for party in (packet.source, packet.destination)]
    return Packet(ends[0], addresses[0], ends[1], addresses[1], str(packet.protocol), packet.port), namespaces
