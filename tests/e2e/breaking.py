"""The manifests of the chart, broken in one place on purpose, as another chart: what the packets are there to find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.addresses import API_PORT
from tests.e2e.installation import manifests
from tests.e2e.session import Cluster

Break = Callable[[Mapping[str, Any]], None]
"""Changes the specs of the policies, which it finds by name."""


def drop_the_ports_of_a_rule(policies: Mapping[str, Any]) -> None:
    """Who may come to the UI may come to all of its ports."""
    del policies["redkite-flow-outside-to-ui-ingress"]["ingress"][0]["ports"]


def split_a_peer(policies: Mapping[str, Any]) -> None:
    """A namespace AND pods in it become a namespace, OR pods."""
    (rule,) = policies["redkite-jobs-egress"]["egress"]
    rule["to"] = [{key: value} for key, value in rule["to"][0].items()]


def lose_an_exception(policies: Mapping[str, Any]) -> None:
    """The Internet begins at the metadata service."""
    (rule,) = policies["redkite-flow-jobs-to-internet-egress"]["egress"]
    rule["to"][0]["ipBlock"]["except"].remove("169.254.169.254/32")


def widen_a_range(policies: Mapping[str, Any]) -> None:
    """Who reaches the API server where it was discovered reaches everybody on its port."""
    (rule,) = policies[f"redkite-flow-orchestrator-to-kubernetes-api-egress-{API_PORT}"]["egress"]
    rule["to"][0]["ipBlock"]["cidr"] = "0.0.0.0/0"


def broken_chart(cluster: Cluster, files: Sequence[Path], break_: Break, folder: Path) -> Path:
    """A chart of what Helm sends with these values, after `break_`."""
    found = [item for item in yaml.safe_load_all(manifests(cluster, files)) if item]
    objects = [item for item in found if "helm.sh/hook" not in item["metadata"].get("annotations", {})]
    policies = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "NetworkPolicy"}
    break_(policies)
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: broken\nversion: 0.0.0\n", encoding="utf-8")
    (folder / "templates" / "all.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    return folder
