"""A rule of what helm renders has lost its peers, or its ports: a probe finds what that opens, or says that it cannot.

The policy engine stands for a cluster that enforces the policies, and answers all that a run would ask there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

import pytest
import yaml

from netmatrix.policy import parse_manifests
from netmatrix.policy.addresses import AddressSet, parse_address
from netmatrix.policy.objects import Direction, NetworkPolicy
from netmatrix.policy.packet import Packet, Party, judge_end
from netmatrix.policy.read import Manifests, namespace
from netmatrix.policy.semantics import Model
from netmatrix.probe.manifests import Image
from netmatrix.probe.plan import plan
from netmatrix.probe.questions import Outcome, Question
from netmatrix.probe.surroundings import Surroundings
from netmatrix.probe.verdict import Verdict, verdict
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.exactly import MODELS
from netmatrix.proof.verify import verify
from tests.probe.conftest import API, CONTROL, DNS, Scene, scene_of
from tests.proof.mutants import delete_list
from tests.support.scenarios import ROOT

Data = dict[str, Any]
Ends = Mapping[tuple[Question, Direction], bool]

ADDRESS = replace(API, behind=())
"""The API server, at no other address than the one that the values name: what was discovered is in no golden file."""
SCENARIOS = {
    "prod": ("values-prod.yaml",),
    "dev": ("values-dev.yaml",),
    "prod-operational": ("values-prod.yaml", "operational.yaml"),
}


@dataclass(frozen=True)
class Subject:
    """A run under some values, the policies that helm renders for them, and which end lets which packet through."""

    scene: Scene
    packets: Mapping[Question, Packet]
    policies: tuple[Data, ...]
    ends: Mapping[Model, Ends]
    not_asked: tuple[str, ...]

    def verdicts(self, mutant: Manifests, changed: Sequence[NetworkPolicy]) -> Iterator[Verdict]:
        """Of a cluster that has the mutant's policies, in both models; only the ends of a changed one differ."""
        for model, ends in self.ends.items():
            touched = {
                (item, direction): judge_end(mutant.policies, packet, direction, model).allowed
                for item, packet in self.packets.items()
                for direction in Direction
                if judge_end(changed, packet, direction, model).isolated_by
            }
            yield self.verdict({**ends, **touched})

    def verdict(self, ends: Ends) -> Verdict:
        said = {item: all(ends[item, direction] for direction in Direction) for item in self.packets}
        found = {item: Outcome.OPEN if passes else Outcome.REFUSED for item, passes in said.items()}
        return verdict(tuple(found), found, CONTROL, frozenset(), self.scene.granted.endpoints)

    def class_of(self, deviation: Deviation) -> str | None:
        """The class of packets that no run asks about to which all of these belong, if they belong to one."""
        found = (words for words, holds in CLASSES.items() if deviation.gained and holds(self.scene, deviation))
        return next(found, None)


def is_of_the_api_server(scene: Scene, deviation: Deviation) -> bool:
    """Nobody of a run listens there, and who does on other ports, if anybody, is not known."""
    end = scene.granted.endpoints[ADDRESS.endpoint].addresses
    return _is_address(deviation) and not deviation.destination_addresses - end


def is_outside(_scene: Scene, deviation: Deviation) -> bool:
    """Nobody of a run listens there."""
    return _is_address(deviation)


def is_at_another_address(scene: Scene, deviation: Deviation) -> bool:
    """Between pods, where a rule with an ipBlock matches them; the cluster gives the run's pods no address in it."""
    own = AddressSet.union(parse_address(ip) for pod in scene.running.values() for ip in pod.values())
    own |= AddressSet.union(map(parse_address, DNS.addresses.values()))
    return deviation.models == (True,) and not own & deviation.destination_addresses


CLASSES: Mapping[str, Callable[[Scene, Deviation], bool]] = {
    "kubernetes-api on other ports than 443": is_of_the_api_server,
    "addresses outside the cluster": is_outside,
    "pods at addresses that the cluster gives to none of the run's": is_at_another_address,
}
"""What is opened and not found, by how the run says that it does not ask about it."""


@pytest.fixture(scope="module", params=SCENARIOS)
def subject(request: pytest.FixtureRequest) -> Subject:
    scene = scene_of(*SCENARIOS[request.param], discovered=())
    packets = {item: packet_of(scene, item) for item in scene.questions(api=ADDRESS)}
    golden = (ROOT / f"tests/chart/golden/{request.param}.yaml").read_text(encoding="utf-8")
    policies = [item for item in yaml.load_all(golden, yaml.CSafeLoader) if item and item["kind"] == "NetworkPolicy"]
    read = manifests(policies).policies
    ends = {
        model: {
            (item, direction): judge_end(read, packet, direction, model).allowed
            for item, packet in packets.items()
            for direction in Direction
        }
        for model in MODELS
    }
    around = Surroundings("minikube", "https://192.168.49.2:8443", (), (), (DNS,), (ADDRESS,), ())
    made = plan(scene.granted, around, "0a1b2c", Image("agnhost", "Always"))
    return Subject(scene, packets, tuple(policies), ends, made.not_asked)


def test_a_cluster_with_what_helm_renders_is_as_the_matrix_says(subject: Subject) -> None:
    for ends in subject.ends.values():
        assert subject.verdict(ends).holds


def test_a_rule_open_to_everybody_or_on_every_port_is_found_or_named_as_not_asked(subject: Subject) -> None:
    """A mutant may open nothing, where the other end still refuses what it no longer does: the proof says which."""
    found, unasked = list[str](), list[tuple[str, set[str | None]]]()
    for number, policy in enumerate(subject.policies):
        for told, data in delete_list(policy):
            assert data is not None
            name = f"{policy['metadata']['name']}, without {told}"
            mutant = manifests([*subject.policies[:number], data, *subject.policies[number + 1 :]])
            proof = verify(subject.scene.granted, mutant, "mutant.json")
            if all(seen.deviations for seen in subject.verdicts(mutant, manifests([data]).policies)):
                assert not proof.holds, f"{name}: a deviation where nothing differs"
                found.append(name)
            elif not proof.holds:
                unasked.append((name, {subject.class_of(item.deviation) for item in proof.counter_examples}))
    for name, classes in unasked:
        assert None not in classes, f"{name}: opens what is neither found nor named as not asked"
    for words in set[str | None]().union(*(classes for _, classes in unasked)):
        assert any(line.startswith(str(words)) for line in subject.not_asked), words
    assert len(found) > 6 * len(unasked), (found, unasked)


def manifests(policies: Sequence[Data]) -> Manifests:
    items = json.dumps({"apiVersion": "v1", "kind": "List", "items": policies})
    return parse_manifests(items.encode(), "mutant.json")


def packet_of(scene: Scene, item: Question) -> Packet:
    """The packet that the question sends: to a pod of the run, to one of the name service, or to an address."""
    pods = {
        address: _party(address, actor.namespace, actor.labels)
        for actor in scene.actors
        for address in scene.running[actor.id].values()
    }
    pods |= {address: _party(address, DNS.namespace, DNS.labels) for address in DNS.addresses.values()}
    source = next(scene.running[actor.id] for actor in scene.actors if actor.title == item.source)[item.family]
    host = DNS.addresses[item.family] if item.is_query else item.address.rpartition(":")[0].strip("[]")
    destination = pods.get(host, Party(int(ip_address(host))))
    return Packet(pods[source], destination, item.family, item.protocol, item.port)


def _party(address: str, name: str, labels: Mapping[str, str]) -> Party:
    return Party(int(ip_address(address)), namespace(name, {}, None), labels, frozenset())


def _is_address(deviation: Deviation) -> bool:
    return deviation.packet.destination.namespace is None
