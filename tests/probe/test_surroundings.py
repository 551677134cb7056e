"""What a probe finds in the cluster before it begins; a script stands for kubectl and says what a cluster would."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netmatrix.cluster import Kubectl
from netmatrix.policy.ports import Protocol
from netmatrix.probe.manifests import LABEL, LIFETIME
from netmatrix.probe.rules import ProbeError
from netmatrix.probe.surroundings import look
from tests.probe.conftest import OWN, Scene

OTHERS = {"items": [], "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 443}]}}
"""What there is of everything but namespaces."""

PODS = {
    "items": [
        {
            "metadata": {"name": "coredns-1", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
            "spec": {
                "containers": [
                    {
                        "ports": [
                            {"containerPort": 53, "protocol": "UDP"},
                            {"containerPort": 53, "protocol": "TCP"},
                            {"containerPort": 9153},
                        ]
                    },
                    {},
                ]
            },
            "status": {"podIPs": [{"ip": "10.244.0.2"}], "conditions": [{"type": "Ready", "status": "True"}]},
        }
    ]
}
"""A name service."""

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
            f"case \"$*\" in *' namespaces '*) echo '{json.dumps(namespaces)}';; "
            f"*' pods '*) echo '{json.dumps(PODS)}';; *) echo '{json.dumps(OTHERS)}';; esac"
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


def test_the_other_ports_of_a_name_service_are_those_that_its_pods_declare(cluster: Cluster, scene: Scene) -> None:
    (pods,) = look(cluster(timedelta(seconds=LIFETIME + 60)), scene.granted).answering
    assert pods.ports == ((Protocol.TCP, 53), (Protocol.UDP, 53))
    assert pods.others == (9153,)
