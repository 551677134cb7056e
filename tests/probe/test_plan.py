"""Who takes part in a probe, what is asked, and what the matrix says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netmatrix.policy.addresses import Family
from netmatrix.policy.ports import ALL_PORTS, PortSet, Protocol
from netmatrix.probe import cast
from netmatrix.probe.cast import STRANGER, THIEF
from netmatrix.probe.manifests import Image, pod
from netmatrix.probe.plan import announcement, plan
from netmatrix.probe.questions import (
    Answering,
    Outcome,
    Outside,
    Question,
    ServiceAddress,
    by_family,
    questions,
)
from netmatrix.probe.surroundings import Leftover, Surroundings
from tests.probe.conftest import API, DNS, OUTSIDE, OWN, Scene, scene_of

IMAGE = Image("registry.example/agnhost:1", "IfNotPresent")
TIME = Answering(
    "time", "kube-system", {"app": "ntp"}, by_family(["10.244.0.3"]), ((Protocol.TCP, 4460), (Protocol.UDP, 123))
)
MONGO_SERVICE = cast.Service("mongo-headless", "stalker", {"app.kubernetes.io/instance": "mongo"}, True)


def surroundings(
    *services: cast.Service, leftovers: tuple[Leftover, ...] = (), answering: tuple[Answering, ...] = ()
) -> Surroundings:
    return Surroundings("minikube", "https://192.168.49.2:8443", leftovers, services, answering, (), ())


def expected(found: tuple[Question, ...], source: str, destination: str) -> dict[tuple[str, int], set[Outcome]]:
    """What is expected from one to the other, by protocol and port."""
    said: dict[tuple[str, int], set[Outcome]] = {}
    for item in found:
        if (item.source, item.destination) == (source, destination):
            said.setdefault((str(item.protocol), item.port), set()).add(item.expected)
    return said


def test_every_row_takes_part_and_so_does_nobody_in_every_governed_namespace(scene: Scene) -> None:
    ids = {actor.id: actor for actor in scene.actors}
    assert ids.keys() >= set(scene.granted.matrix.pods)
    assert {ids[f"nobody-{name}"].namespace for name in scene.granted.governed} == set(scene.granted.governed)
    assert not any(ids[f"nobody-{name}"].labels for name in scene.granted.governed)
    assert ids[STRANGER].namespace == ids[THIEF].namespace == OWN


def test_only_rows_whose_pods_may_reach_each_other_have_two(scene: Scene) -> None:
    assert {actor.twin for actor in scene.actors if actor.twin} == {"mongo", "kafka"}
    found = scene.questions()
    assert {item.source for item in found if item.destination == "mongo (another pod)"} == {"mongo"}
    assert expected(found, "mongo", "mongo (another pod)")[("TCP", 27017)] == {Outcome.OPEN}


def test_the_thief_carries_what_jobs_and_a_pod_of_the_application_carry(scene: Scene) -> None:
    """The Orchestrator lets in jobs of the jobs namespace alone; labels without the namespace must not do."""
    (thief,) = (actor for actor in scene.actors if actor.id == THIEF)
    assert thief.labels["red-kite.io/component"] == "job"
    assert thief.labels["app.kubernetes.io/name"]
    assert expected(scene.questions(), thief.title, "orchestrator")[("TCP", 80)] == {Outcome.REFUSED}


def test_what_is_expected_is_the_matrix_over_both_families(scene: Scene) -> None:
    found = scene.questions()
    unlisted = scene.actors[0].ports[-1]
    assert unlisted not in cast.known_ports(scene.granted)
    to_manager = expected(found, "ui", "jobs-manager")
    assert to_manager == {
        ("TCP", 3000): {Outcome.OPEN},
        ("TCP", unlisted): {Outcome.REFUSED},
        ("UDP", 3000): {Outcome.REFUSED},
        ("UDP", unlisted): {Outcome.REFUSED},
    }
    assert {item.family for item in found if item.destination == "jobs-manager"} == set(Family)
    assert set.union(*expected(found, "jobs", "mongo").values()) == {Outcome.REFUSED}


def test_nobody_outside_may_reach_the_interface_and_nothing_else(scene: Scene) -> None:
    (stranger,) = (actor.title for actor in scene.actors if actor.id == STRANGER)
    found = scene.questions()
    opened = {item.destination for item in found if item.source == stranger and item.expected is Outcome.OPEN}
    assert opened == {"ui", "(stolen labels elsewhere)", "dns", "dns (another port)", "kubernetes-api"}


def test_pods_of_no_row_are_asked_on_every_port_that_the_matrix_names_over_both_protocols(scene: Scene) -> None:
    """A rule that lost its peers opens a row's port to anybody, and only who listens there can tell."""
    found = scene.questions()
    for other in (actor for actor in scene.actors if actor.id in (STRANGER, THIEF)):
        assert set(other.ports) > cast.known_ports(scene.granted)
        every = {(protocol, port) for protocol in ("TCP", "UDP") for port in other.ports}
        assert expected(found, "cron", other.title).keys() == every
        assert expected(found, other.title, "(no labels in default)").keys() == every


def test_ports_that_are_neighbours_are_known_one_by_one_and_all_of_them_are_none() -> None:
    """A set of ports has them as one range."""
    both = PortSet.of(Protocol.TCP, 8080) | PortSet.of(Protocol.TCP, 8081)
    assert list(cast.single_ports(both)) == [(Protocol.TCP, 8080), (Protocol.TCP, 8081)]
    assert list(cast.single_ports(ALL_PORTS)) == []


def test_between_two_that_refuse_each_other_one_port_stands_for_all(scene: Scene) -> None:
    unlisted = scene.actors[0].ports[-1]
    found = scene.questions()
    assert expected(found, "cron", "(no labels in default)").keys() == {("TCP", unlisted), ("UDP", unlisted)}
    assert expected(found, "jobs", "mongo").keys() == {("TCP", 27017), ("TCP", unlisted), ("UDP", 27017)}


def test_pods_of_no_row_listen_on_so_many_ports_as_their_memory_bears(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cast, "MOST_PORTS", 2)
    made = plan(scene.granted, surroundings(), "0a1b2c", IMAGE)
    (stranger,) = (actor for actor in made.actors if actor.id == STRANGER)
    missing = sorted(cast.known_ports(scene.granted))[2:]
    assert len(stranger.ports) == 3
    assert f"not asked: ports {', '.join(map(str, missing))} at pods of no row" in announcement(made)


def test_what_nobody_of_the_run_listens_for_is_told(scene: Scene) -> None:
    around = replace(surroundings(answering=(DNS,)), api_services=(API,))
    told = announcement(plan(scene.granted, around, "0a1b2c", IMAGE))
    assert "not asked: addresses outside the cluster: --outside" in told
    assert "not asked: kubernetes-api on other ports than 443:" in told
    assert "not asked: dns on ports that its pods do not declare" in told
    told = announcement(plan(scene.granted, around, "0a1b2c", IMAGE, OUTSIDE))
    assert "not asked: addresses and ports outside the cluster that --outside does not name" in told


def test_the_name_service_is_asked_a_name_and_connected_to(scene: Scene) -> None:
    asked = [item for item in scene.questions() if item.destination == "dns"]
    assert {item.source for item in asked if item.is_query and item.expected is Outcome.OPEN} >= {"ui", "kafka"}
    assert {item.expected for item in asked if item.source == "jobs"} == {Outcome.REFUSED}
    assert {item.address for item in asked if not item.is_query} == {"10.244.0.2:53", "[fd00::2]:53"}
    assert len([item for item in asked if item.is_query and item.source == "ui"]) == 1


def test_the_name_services_pods_are_asked_on_the_other_ports_that_they_declare(scene: Scene) -> None:
    """A rule that lost its ports opens them."""
    asked = [item for item in scene.questions() if item.destination == "dns (another port)"]
    assert {(str(item.protocol), item.port, item.is_outside) for item in asked} == {("TCP", 9153, True)}
    assert {item.expected for item in asked if item.source == "ui"} == {Outcome.REFUSED}


def test_only_a_name_service_is_queried(scene: Scene) -> None:
    """The answer to a name says nothing of a time server's UDP port, which is told as left out."""
    asked = questions(scene.granted, scene.actors, scene.running, [TIME])
    assert {(item.protocol, item.port) for item in asked if item.destination == "time"} == {(Protocol.TCP, 4460)}
    made = plan(scene.granted, surroundings(answering=(TIME,)), "0a1b2c", IMAGE)
    assert "not asked: time: UDP 123:" in announcement(made)


def test_the_api_server_is_expected_open_only_where_both_its_addresses_are_granted(scene: Scene) -> None:
    both = expected(scene.questions(), "orchestrator", "kubernetes-api")
    moved = ServiceAddress("kubernetes-api", by_family(["10.96.0.1"]), 443, (("192.168.49.3", 6443),))
    one = expected(scene.questions(api=moved), "orchestrator", "kubernetes-api")
    assert both == {("TCP", 443): {Outcome.OPEN}}
    assert one == {("TCP", 443): {Outcome.EITHER}}
    assert expected(scene.questions(), "jobs", "kubernetes-api") == {("TCP", 443): {Outcome.REFUSED}}


def test_addresses_outside_are_asked_by_everybody(scene: Scene) -> None:
    found = scene.questions(*OUTSIDE)
    assert expected(found, "jobs", "203.0.113.7") == {("TCP", 443): {Outcome.OPEN}}
    assert expected(found, "jobs", "10.1.2.3") == {("TCP", 80): {Outcome.REFUSED}}
    assert expected(found, "ui", "203.0.113.7") == {("TCP", 443): {Outcome.REFUSED}}
    assert all(item.family is Family.IPV4 for item in found if item.destination == "203.0.113.7")


def test_where_pods_have_addresses_of_the_internet_it_depends_on_the_plugin() -> None:
    """Whether the jobs' range of addresses matches pods is for network plugins to say."""
    found = scene_of("values-prod.yaml", ranges=("198.51.100.", "fd00::1:")).questions()
    by_family_of = {
        item.family: item.expected for item in found if (item.source, item.destination) == ("jobs", _stranger())
    }
    assert by_family_of == {Family.IPV4: Outcome.EITHER, Family.IPV6: Outcome.REFUSED}


def _stranger() -> str:
    return "(no labels elsewhere)"


def test_a_row_is_left_out_where_a_service_would_name_its_pod(scene: Scene) -> None:
    """A Service with publishNotReadyAddresses sends clients to what is never ready."""
    made = plan(scene.granted, surroundings(MONGO_SERVICE), "0a1b2c", IMAGE)
    assert {actor.id for actor in scene.actors} - {actor.id for actor in made.actors} == {"mongo", "mongo-2"}
    assert [item.name for item in made.left_out] == ["mongo"]
    assert "not asked: mongo: Service stalker/mongo-headless names pods that are not ready too" in announcement(made)
    everybody = plan(scene.granted, surroundings(MONGO_SERVICE), "0a1b2c", IMAGE, include_published=True)
    assert len(everybody.actors) == len(scene.actors)
    assert everybody.left_out == ()


@pytest.mark.parametrize(
    "service",
    [
        cast.Service("mongo", "stalker", MONGO_SERVICE.selector, False),
        cast.Service("mongo", "elsewhere", MONGO_SERVICE.selector, True),
        cast.Service("mongo", "stalker", {"app.kubernetes.io/instance": "mongo", "more": "labels"}, True),
        cast.Service("external", "stalker", {}, True),
    ],
    ids=["ready-only", "another-namespace", "more-labels", "no-selector"],
)
def test_other_services_leave_nobody_out(scene: Scene, service: cast.Service) -> None:
    assert len(plan(scene.granted, surroundings(service), "0a1b2c", IMAGE).actors) == len(scene.actors)


def test_what_will_be_created_is_told_before(scene: Scene) -> None:
    leftover = Leftover("netmatrix-probe-ffffff", "ffffff", (), 17)
    told = announcement(plan(scene.granted, surroundings(leftovers=(leftover,)), "0a1b2c", IMAGE))
    for text in (
        "minikube",
        "https://192.168.49.2:8443",
        OWN,
        IMAGE.name,
        "in stalker-jobs: jobs, nobody-stalker-jobs",
    ):
        assert text in told
    for text in ("memory 64Mi", "256Mi", "15 minutes", "netmatrix-probe-ffffff", "--outside", "prod"):
        assert text in told


def test_a_pod_of_a_run_is_no_pod_of_the_row(scene: Scene) -> None:
    """Never ready, controlled by the run's namespace, without a token, ending by itself."""
    made = pod(scene.actors[0], "0a1b2c", "uid-1", IMAGE)
    assert made["spec"]["readinessGates"]
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("Namespace", OWN, "uid-1", True)
    assert made["spec"]["automountServiceAccountToken"] is False
    assert made["spec"]["activeDeadlineSeconds"] <= 15 * 60
    assert made["metadata"]["labels"].items() >= scene.actors[0].labels.items()
    resources = made["spec"]["containers"][0]["resources"]
    assert all(resources[kind].keys() == {"cpu", "memory"} for kind in ("requests", "limits"))


def test_an_address_of_one_family_is_asked_over_that_alone(scene: Scene) -> None:
    found = scene.questions(Outside("2001:db8::7", 443))
    asked = [item for item in found if item.destination == "2001:db8::7"]
    assert {item.address for item in asked} == {"[2001:db8::7]:443"}
    assert {item.protocol for item in asked} == {Protocol.TCP}
