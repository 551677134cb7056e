"""The release that goes through its life: its values, Helm's commands, its policies as they stand, edits by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from netmatrix.matrix.names import without_ports
from tests.e2e.hosts import INTERNET
from tests.e2e.installation import NAMESPACE, RELEASE, arguments
from tests.e2e.paths import ROOT
from tests.e2e.session import Cluster
from tests.e2e.workloads import APP, ATTACKERS, JOBS, UNRELATED

PROD, DEV, OPERATIONAL = (ROOT / "values" / f"{name}.yaml" for name in ("values-prod", "values-dev", "operational"))

SOMEBODY = {"namespace": UNRELATED, "selector": ["k8s-app=kube-dns"]}
"""A pod of one namespace, which is called `as-dns`."""

EXCEPTION = {
    "from": {"pod": "orchestrator"},
    "to": {"cidr": f"{INTERNET[0]}/32"},
    "ports": [{"protocol": "TCP", "port": 443}],
    "reason": "a test",
    "owner": "tests",
    "expires": str(date.today() + timedelta(days=1)),
}

Key = tuple[str, str]
"""A policy's namespace and name."""

_OURS = "app.kubernetes.io/name=red-kite-network"


def install(cluster: Cluster) -> None:
    """Install prod, as the README says."""
    cluster.helm("install", "--create-namespace", *arguments([PROD]))


def upgrade(cluster: Cluster, *files: Path) -> None:
    """Upgrade to other values."""
    cluster.helm("upgrade", *arguments(files))


def roll_back(cluster: Cluster) -> None:
    """To the revision before."""
    cluster.helm("rollback", RELEASE, "--namespace", NAMESPACE)


def uninstall(cluster: Cluster) -> None:
    """Take the release away."""
    cluster.helm("uninstall", RELEASE, "--namespace", NAMESPACE)


def forget(cluster: Cluster) -> None:
    """Take off the namespaces what Helm has written on them and, as it was told to, left."""
    for name in (APP, JOBS):
        metadata = cluster.get("namespace", name)["metadata"]
        labels = [f"{key}-" for key in metadata["labels"] if not key.startswith("kubernetes.io/")]
        notes = [f"{key}-" for key in metadata.get("annotations", {})]
        for verb, keys in {"label": labels, "annotate": notes}.items():
            if keys:
                cluster.kubectl(verb, "namespace", name, *keys)


def everything(cluster: Cluster) -> list[Path]:
    """Prod, and every kind of policy that the chart makes."""
    return [*with_override(cluster, {"exceptions": {"somewhere": EXCEPTION}}, "exception"), OPERATIONAL]


def narrowed(cluster: Cluster) -> list[Path]:
    """Prod with flows off in the middle of their policies, a range taken out, and a few instead of anyone."""
    values = {
        "flows": {"cron-to-jobs-manager": {"enabled": False}, "jobs-manager-to-kafka": {"enabled": False}},
        "endpoints": {
            "internet": {"additionalExcept": {"somewhere": f"{INTERNET[0]}/32"}},
            "outside": {"anyone": False, "peers": {"somebody": SOMEBODY}},
        },
    }
    return with_override(cluster, values, "narrowed")


def with_override(cluster: Cluster, values: Mapping[str, Any], name: str = "override") -> list[Path]:
    """Prod, and an override of this cluster, which is written into a file of that name."""
    file = cluster.folder.scratch / f"{name}.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    return [PROD, file]


def with_exception(cluster: Cluster, port: int, of: str = "as-dns") -> list[Path]:
    """Prod, and an exception that lets cron through to one pod of a namespace without policies, on one port."""
    labels = {item.name: item.labels for item in ATTACKERS if item.namespace == UNRELATED}[of]
    to = {"namespace": UNRELATED, "selector": [f"{key}={value}" for key, value in labels.items()]}
    excepted = {**EXCEPTION, "from": {"pod": "cron"}, "to": to, "ports": [{"protocol": "TCP", "port": port}]}
    return with_override(cluster, {"exceptions": {"of-cron": excepted}}, f"exception-{of}")


def policies(cluster: Cluster, *options: str) -> dict[Key, Any]:
    """The chart's policies in the cluster."""
    found = cluster.get("networkpolicies", "--all-namespaces", "--selector", _OURS, *options)["items"]
    return {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in found}


def specs(cluster: Cluster) -> dict[Key, Any]:
    """What they say."""
    return {key: item["spec"] for key, item in policies(cluster).items()}


def add_a_rule(cluster: Cluster, key: Key) -> None:
    """At the end of a policy, as somebody would by hand: everything is allowed."""
    set_rules(cluster, key, [*rules(specs(cluster)[key]), {}])


def set_rules(cluster: Cluster, key: Key, found: list[Any]) -> None:
    """Write the rules of a policy, by hand."""
    namespace, name = key
    patch = json.dumps({"spec": {"egress" if without_ports(name).endswith("-egress") else "ingress": found}})
    cluster.kubectl("patch", "networkpolicy", name, "--namespace", namespace, "--type=merge", "--patch", patch)


def rules(spec: Mapping[str, Any]) -> list[Any]:
    """The rules of a policy; the chart's have one direction each, or none."""
    return [*spec.get("ingress", []), *spec.get("egress", [])]
