"""The objects that a run creates: a namespace of its own, and its pods, which belong to that namespace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netmatrix.probe.cast import Actor

LABEL = "netmatrix.invalid/probe"
"""On everything that a run makes; its value is the run's own. `.invalid` is nobody's domain (RFC 2606)."""
NAMESPACES = "netmatrix.invalid/namespaces"
"""On the run's own namespace: those in which its pods are."""
PREFIX = "netmatrix-probe"
LIFETIME = 15 * 60
"""Seconds after which a pod ends by itself, whatever has become of who made it."""
CONTAINER = "agnhost"

REQUESTS = {"cpu": "10m", "memory": "64Mi"}
LIMITS = {"cpu": "500m", "memory": "256Mi"}
"""A quota of a namespace may demand both, and must not be used up by fifteen pods."""

_USER = 65532
"""The image's own user is root, which the restricted profile does not admit; any other will do."""

_SERVE = 'trap "exit 0" TERM; for port in $PORTS; do /agnhost netexec --http-port=$port --udp-port=$port & done; wait'
"""A server for each port. `agnhost porter` would be one for all of them, and listens on IPv4 alone."""


@dataclass(frozen=True, slots=True)
class Image:
    """The image of the pods, which has agnhost and a shell, and when it is pulled."""

    name: str
    pull_policy: str


def run_namespace(run: str, pods_in: Sequence[str]) -> dict[str, Any]:
    """The run's own namespace. Everything else belongs to it, so that its removal removes everything."""
    metadata = {
        "name": f"{PREFIX}-{run}",
        "labels": {LABEL: run},
        "annotations": {NAMESPACES: ",".join(pods_in)},
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def pod(actor: Actor, run: str, uid: str, image: Image) -> dict[str, Any]:
    """A pod of the run whose namespace has the given uid.

    It carries a row's labels, and must not become one of the row's pods:

    - A Service that selects it would send it clients. It is never ready: it waits for a condition (a readiness gate)
      that nobody sets.
    - A ReplicaSet, StatefulSet or Job adopts what its selector matches and nobody controls, and would then remove one
      of its own pods, as one too many. So the run's namespace controls it: "If the Pod has no OwnerReference or the
      OwnerReference is not a Controller and it matches a ReplicaSet's selector, it will be immediately acquired"
      (Kubernetes documentation, ReplicaSet). An owner may be an object of the cluster, as a namespace is, for pods of
      any namespace, and the garbage collector removes what an owner leaves.

    It is acceptable under the Pod Security Standards' restricted profile; ports below 1024 are opened to it by a sysctl
    that the profile lists as safe.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod_name(actor, run),
            "namespace": actor.namespace,
            "labels": {**actor.labels, LABEL: run},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Namespace", "name": f"{PREFIX}-{run}", "uid": uid, "controller": True}
            ],
        },
        "spec": {
            "activeDeadlineSeconds": LIFETIME,
            "terminationGracePeriodSeconds": 1,
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "readinessGates": [{"conditionType": "netmatrix.invalid/never"}],
            # Names are asked for where nobody may answer: not for five seconds, twice, on every search path.
            "dnsConfig": {"options": [{"name": "timeout", "value": "1"}, {"name": "attempts", "value": "1"}]},
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _USER,
                "runAsGroup": _USER,
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
            },
            "containers": [_container(actor, image)],
        },
    }


def pod_name(actor: Actor, run: str) -> str:
    """The name of an actor's pod."""
    return f"{PREFIX}-{run}-{actor.id}"


def _container(actor: Actor, image: Image) -> Mapping[str, Any]:
    return {
        "name": CONTAINER,
        "image": image.name,
        "imagePullPolicy": image.pull_policy,
        "command": ["/bin/sh", "-c", _SERVE],
        "env": [{"name": "PORTS", "value": " ".join(map(str, actor.ports))}],
        "resources": {"requests": REQUESTS, "limits": LIMITS},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
