"""The cluster of docs/audit.md, as a dump: the chart's own policies, and what people have done since."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.audit.cluster import Cluster, definition, pod, policy
from tests.support.scenarios import ROOT

FILE = ROOT / "examples" / "audit" / "cluster.json"


def test_the_example_is_the_chart_of_today(
    cluster_with: Callable[..., Cluster], request: pytest.FixtureRequest
) -> None:
    """Written anew by `make golden`."""
    cluster = cluster_with("--environment", "prod")
    _live_in(cluster)
    text = json.dumps(json.loads(cluster.dump()), indent=1) + "\n"
    if request.config.getoption("--update-golden"):
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == text


def _live_in(cluster: Cluster) -> None:
    """Somebody debugs, somebody installs Kafka, somebody deletes too much, somebody deploys to the wrong namespace.

    The cluster has Prometheus' API, and none of policies.
    """
    cluster.add(definition("servicemonitors", "monitoring.coreos.com", "ServiceMonitor"))
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    cluster.add(policy("debug", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}, annotations=applied))
    kafka = {"app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": "kafka"}
    spec = {
        "podSelector": {"matchLabels": kafka},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": 9092}]}],
        "egress": [{}],
    }
    release = {"meta.helm.sh/release-name": "kafka", "meta.helm.sh/release-namespace": "stalker"}
    cluster.add(policy("kafka", spec, annotations=release))
    cluster.policy("redkite-mongo-ingress")["spec"]["ingress"].append({"ports": [{"protocol": "TCP", "port": 27017}]})
    cluster.remove(cluster.policy("redkite-default-deny", "stalker-jobs"))
    cluster.add(pod("shell", "stalker", {"run": "shell"}))
    cluster.remove(cluster.one("Pod", "jobs-0", "stalker-jobs"))
    cluster.one("EndpointSlice", "kubernetes", "default")["endpoints"][0]["addresses"] = ["172.18.0.3"]
