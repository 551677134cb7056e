"""The chart as it is published: signed, from a real registry, into the cluster; and a registry that is down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from netmatrix.helm import find_helm
from netmatrix.matrix.model import Matrix
from releasing.__main__ import newest_section
from releasing.chart import package_chart
from releasing.signing import throw_away_key
from tests.e2e import packets
from tests.e2e.choosing import chosen
from tests.e2e.comparison import disagreements
from tests.e2e.conftest import World
from tests.e2e.enforcement import settle
from tests.e2e.expectation import Engine, Expectation
from tests.e2e.installation import NAMESPACE, RELEASE, grants, installed_policies, rendered
from tests.e2e.paths import ROOT, TOOLS
from tests.e2e.release import OPERATIONAL, PROD
from tests.e2e.session import Cluster, Output
from tests.release.local_registry import Registry, running_registry

pytestmark = [pytest.mark.e2e, pytest.mark.operations]

NAME, VERSION = "red-kite-network", newest_section().version


@dataclass(frozen=True)
class Published:
    """A registry inside the cluster's network, with the signed chart in it."""

    cluster: Cluster
    registry: Registry
    keyring: Path

    def helm(self, *words: str, keyring: Path | None = None) -> Output:
        """`helm WORDS` of the chart in the registry, verified."""
        verified = ("--version", VERSION, "--plain-http", "--verify", "--keyring", str(keyring or self.keyring))
        command, *options = words
        where = ("--namespace", NAMESPACE, "--values", str(PROD))
        chart = f"{self.registry.repository}/{NAME}"
        return self.cluster.helm(command, RELEASE, chart, *where, *verified, *options, check=False)

    def revisions(self) -> list[tuple[int, str, str]]:
        """The revisions of the release, with the chart and the status of each."""
        shown = self.cluster.helm("history", RELEASE, "--namespace", NAMESPACE, "--output", "json", check=False)
        found = json.loads(shown.stdout) if shown.status == 0 else []
        return [(item["revision"], item["chart"], item["status"]) for item in found]


@pytest.fixture
def published(bare: World) -> Iterator[Published]:
    """Nothing is installed; what the registry keeps goes with the test."""
    cluster, section = bare.cluster, newest_section()
    room = cluster.folder.scratch / "published"
    with throw_away_key("netmatrix e2e") as key:
        package = package_chart(find_helm(tools=TOOLS), ROOT / "chart", section, room, epoch=section.epoch(), key=key)
        keyring = shutil.copyfile(key.public_ring, room / "keyring.gpg")
    inside = [*cluster.enter, f"--wdns={ROOT}", "--", "setpriv", "--pdeathsig=TERM", "--"]
    with running_registry(room / "registry", enter=inside) as registry:
        pushed = cluster.helm("push", str(package), registry.repository, "--plain-http")
        assert "Digest: sha256:" in pushed.stdout + pushed.stderr
        yield Published(cluster, registry, keyring)
    shutil.rmtree(room)


def test_the_chart_goes_through_a_registry_into_the_cluster(published: Published, bare: World, matrix: Matrix) -> None:
    cluster = published.cluster

    # A key that did not sign it: nothing is sent.
    foreign = published.keyring.with_name("foreign.gpg")
    with throw_away_key("somebody else") as other:
        shutil.copyfile(other.public_ring, foreign)
    refused = published.helm("install", "--create-namespace", keyring=foreign)
    assert refused.status != 0
    assert published.revisions() == []

    # The right one: what is enforced is what the matrix grants.
    installed = published.helm("install", "--create-namespace")
    assert installed.status == 0, installed.stderr
    assert published.revisions() == [(1, f"{NAME}-{VERSION}", "deployed")]
    settle(cluster)
    expected = Expectation(installed_policies(cluster), grants(matrix, [PROD]))
    # What the tables grant is told from what they do not by what only the operational flows open.
    states = [Engine(expected.policies), Engine(rendered(cluster, [PROD, OPERATIONAL]))]
    seen = packets.send(cluster, chosen(bare.questions, states), expected.engine)
    assert list(map(str, disagreements(seen, expected))) == []

    # A registry that is down: it is said, and the release stays as it is.
    published.registry.stop()
    down = published.helm("upgrade", "--values", str(OPERATIONAL))
    assert down.status != 0
    assert "connection refused" in down.stderr
    assert published.revisions() == [(1, f"{NAME}-{VERSION}", "deployed")]
    assert installed_policies(cluster) == expected.policies
