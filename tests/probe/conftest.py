"""What the project's matrix grants in prod, and a run whose pods have addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pytest

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import open_project
from netmatrix.cli.validating import judge
from netmatrix.cli.verifying import granted_by
from netmatrix.policy.addresses import Family, parse_address
from netmatrix.policy.ports import Protocol
from netmatrix.probe.cast import Actor, cast
from netmatrix.probe.questions import Addresses, Answering, Outside, Question, ServiceAddress, by_family, questions
from netmatrix.proof.grants import Discovered, Granted
from tests.support.scenarios import ROOT

CONTROL = "(no labels elsewhere)"
OWN = "netmatrix-probe-0a1b2c"
DNS = Answering(
    "dns",
    "kube-system",
    {"k8s-app": "kube-dns", "pod-template-hash": "1"},
    by_family(["10.244.0.2", "fd00::2"]),
    ((Protocol.TCP, 53), (Protocol.UDP, 53)),
    (9153,),
)
API = ServiceAddress("kubernetes-api", by_family(["10.96.0.1"]), 443, (("192.168.49.2", 6443),))
OUTSIDE = (Outside("203.0.113.7", 443), Outside("10.1.2.3", 80))


@dataclass(frozen=True)
class Scene:
    """A run of the project's matrix."""

    granted: Granted
    actors: tuple[Actor, ...]
    running: Mapping[str, Addresses]

    def questions(self, *outside: Outside, api: ServiceAddress = API) -> tuple[Question, ...]:
        """What is asked beside the name service and the API server of `API`."""
        return questions(self.granted, self.actors, self.running, [DNS], [api], outside)


@pytest.fixture(scope="session")
def scene() -> Scene:
    return scene_of("values-prod.yaml")


def scene_of(
    *files: str,
    ranges: tuple[str, str] = ("10.244.1.", "fd00::1:"),
    discovered: Sequence[Discovered] = (Discovered(parse_address("192.168.49.2"), 6443),),
) -> Scene:
    """A run under values files of the project, each pod with an address of both `ranges`."""
    project = open_project(str(ROOT / "matrix.yaml"))
    options = ValuesOptions(None, tuple(str(ROOT / "values" / file) for file in files), (), date(2026, 6, 15))
    granted = granted_by(project, options, judge(project, options), discovered)
    actors = cast(granted, OWN)
    running = {
        actor.id: by_family([f"{start}{number}" for start in ranges]) for number, actor in enumerate(actors, start=1)
    }
    assert all(set(addresses) == set(Family) for addresses in running.values())
    return Scene(granted, actors, running)
