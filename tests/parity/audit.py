"""The objects of the audit that the chart runs: it may read what it compares, and its pod can do nothing to a node."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.parity.shapes import IMAGE, NAME, Pods, check_metadata, demand, labels_of

KINDS = {"ServiceAccount", "ConfigMap", "CronJob", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
OF_CLUSTER = {
    "policy.networking.k8s.io": {"adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"},
    "cilium.io": {"ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies"},
    "crd.projectcalico.org": {"networkpolicies", "globalnetworkpolicies"},
    "projectcalico.org": {"networkpolicies", "globalnetworkpolicies"},
    "crd.antrea.io": {"networkpolicies", "clusternetworkpolicies"},
    "networking.k8s.aws": {"clusternetworkpolicies", "applicationnetworkpolicies"},
    "networking.gke.io": {"fqdnnetworkpolicies"},
    "k8s.ovn.org": {"egressfirewalls"},
    "network.openshift.io": {"egressnetworkpolicies"},
}
OF_NAMESPACE = {"networking.k8s.io": {"networkpolicies"}, "discovery.k8s.io": {"endpointslices"}, "": {"pods"}}
QUANTITY = re.compile(r"[1-9][0-9]{0,5}(m|Mi|Gi)?")
SCHEDULE = re.compile(r"@[a-z]{5,7}|[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4}")


def check_audit(items: Iterable[Any], ours: set[str], name: str) -> Pods | None:
    """The pods that the CronJob makes, by namespace and labels; None where there is no audit."""
    found = list(items)
    if not found:
        return None
    demand({item["kind"] for item in found} == KINDS, "an audit with a part of its objects")
    for item in found:
        wide = item["kind"].startswith("Cluster")
        check_metadata(item["metadata"], namespaced=not wide)
        demand(item["metadata"]["name"] == name, f"{item['kind']} of another name")
    (account,) = (item for item in found if item["kind"] == "ServiceAccount")
    demand(account.keys() == {"apiVersion", "kind", "metadata", "automountServiceAccountToken"}, "an account's field")
    home = account["metadata"]["namespace"]
    demand(home in ours, "an account outside our namespaces")
    for item in found:
        if item["kind"].endswith("Role"):
            _role(item, ours)
        elif item["kind"].endswith("Binding"):
            demand(item.keys() == {"apiVersion", "kind", "metadata", "roleRef", "subjects"}, "a binding's field")
            kind = item["kind"].removesuffix("Binding")
            role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
            demand(item["roleRef"] == role, "another role")
            demand(item["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": home}], "another subject")
        elif item["kind"] == "ConfigMap":
            demand(item["metadata"]["namespace"] == home and item.keys() >= {"data"}, "a ConfigMap")
            demand(item["data"].keys() == {"values.json"}, "data beside the values")
            demand(isinstance(json.loads(item["data"]["values.json"]), dict), "values that are none")
    (job,) = (item for item in found if item["kind"] == "CronJob")
    demand(job["metadata"]["namespace"] == home, "a CronJob elsewhere")
    return home, _job(job["spec"], name)


def _role(item: Any, ours: set[str]) -> None:
    """Nothing but reading: by name what is the cluster's own, in the cluster's namespaces only policies."""
    demand(item.keys() == {"apiVersion", "kind", "metadata", "rules"}, "a role's field")
    for rule in item["rules"]:
        demand(rule.keys() <= {"apiGroups", "resources", "resourceNames", "verbs"}, f"rule {rule!r}")
        (group,), resources = rule["apiGroups"], set(rule["resources"])
        if rule["verbs"] == ["get"]:
            names = rule["resourceNames"]
            demand((item["kind"], group, resources) == ("ClusterRole", "", {"namespaces"}), f"rule {rule!r}")
            demand(names and all(isinstance(text, str) and NAME.fullmatch(text) for text in names), f"names {names!r}")
            continue
        known = OF_CLUSTER if item["kind"] == "ClusterRole" else OF_NAMESPACE
        demand(rule["verbs"] == ["list"] and "resourceNames" not in rule, f"rule {rule!r}")
        demand(resources and resources <= known.get(group, set()), f"rule {rule!r}")
        if resources == {"pods"}:
            demand(item["metadata"]["namespace"] in ours, "pods of other namespaces")


def _job(spec: Mapping[str, Any], name: str) -> dict[str, str]:
    """The labels of its pods, where all else but a few words is what it always is."""
    demand(isinstance(spec["schedule"], str) and SCHEDULE.fullmatch(spec["schedule"]), "a schedule")
    pod = spec["jobTemplate"]["spec"]["template"]
    labels = labels_of(pod["metadata"]["labels"])
    inner = pod["spec"]
    (container,) = inner["containers"]
    demand(IMAGE.fullmatch(container["image"]), f"image {container['image']!r}")
    demand(container["imagePullPolicy"] in ("Always", "IfNotPresent", "Never"), "a pull policy")
    for amounts in container["resources"].values():
        demand(all(QUANTITY.fullmatch(text) for text in amounts.values()), f"amounts {amounts!r}")
    for secret in inner.get("imagePullSecrets", ()):
        demand(secret.keys() == {"name"} and isinstance(secret["name"], str), f"a pull secret {secret!r}")
    demand(
        inner.keys() - {"imagePullSecrets"} == _POD.keys() | {"serviceAccountName", "containers", "volumes"}, "a field"
    )
    demand({key: inner[key] for key in _POD} == _POD and inner["serviceAccountName"] == name, "a pod's spec")
    demand([{*volume} - {"name"} for volume in inner["volumes"]] == [{"configMap"}, {"emptyDir"}], "a volume")
    secure = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    demand(container["securityContext"] == secure, "a container that may do more")
    demand("command" not in container and container["args"][0] == "audit", "another command")
    return labels


_POD = {
    "automountServiceAccountToken": True,
    "restartPolicy": "Never",
    "enableServiceLinks": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "nodeSelector": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
}
