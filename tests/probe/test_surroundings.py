"""What a probe finds in the cluster before it begins; a script stands for kubectl and says what a cluster would."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netmatrix.cluster import Kubectl
from netmatrix.probe.manifests import LABEL, LIFETIME
from netmatrix.probe.rules import ProbeError
from netmatrix.probe.surroundings import look
from tests.probe.conftest import OWN, Scene

OTHERS = {"items": [], "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 443}]}}
"""What there is of everything but namespaces."""

Cluster = Callable[[timedelta], Kubectl]


@pytest.fixture
def cluster(tmp_path: Path, scene: Scene) -> Cluster:
    """A cluster with the namespaces of the matrix, and one of a run that began some time ago."""

    def make(age: timedelta) -> Kubectl:
        began = (datetime.now(UTC) - age).isoformat()
        run = {"name": OWN, "labels": {LABEL: "0a1b2c"}, "creationTimestamp": began}
        governed = [{"metadata": {"name": name}} for name in scene.granted.governed]
        namespaces = {"items": [*governed, {"metadata": run}]}
        file = tmp_path / "kubectl"
        said = (
            f"case \"$*\" in *' namespaces '*) echo '{json.dumps(namespaces)}';; *) echo '{json.dumps(OTHERS)}';; esac"
        )
        file.write_text(f"#!/bin/sh\n{said}\n", encoding="utf-8")
        file.chmod(0o755)
        return Kubectl(file)

    return make


def test_another_run_that_may_go_on_is_left_alone(cluster: Cluster, scene: Scene) -> None:
    with pytest.raises(ProbeError, match=f"NM914 {OWN}, 7 minutes old, may still be in use"):
        look(cluster(timedelta(minutes=7)), scene.granted)


def test_what_a_run_left_whose_pods_have_ended_is_to_be_removed(cluster: Cluster, scene: Scene) -> None:
    found = look(cluster(timedelta(seconds=LIFETIME + 60)), scene.granted)
    assert [item.namespace for item in found.leftovers] == [OWN]
