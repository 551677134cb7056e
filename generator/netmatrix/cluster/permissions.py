"""What the user may do in the cluster, asked before it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from netmatrix.cluster.kubectl import Kubectl
from netmatrix.cluster.rules import FORBIDDEN, ClusterError


@dataclass(frozen=True, slots=True)
class Permission:
    """A verb on a resource, as RBAC writes them: `create` on `pods/exec`. No namespace: a resource of the cluster's.

    With a `name` it is about the one object that is called so, which is all that a rule's `resourceNames` may give.
    """

    verb: str
    resource: str
    namespace: str = ""
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f" {self.name}" if self.name else ""
        return f"{self.verb} {resource}{named}" + (f" in namespace {self.namespace}" if self.namespace else "")

    def hint(self, *, is_wide: bool = False) -> str:
        """What to do without it. `is_wide`: all namespaces are meant, not a resource of the cluster's."""
        where = f" --namespace {self.namespace}" if self.namespace else " --all-namespaces" if is_wide else ""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        resource, _, subresource = resource.partition("/")
        part = f" --subresource={subresource}" if subresource else ""
        named = f"/{self.name}" if self.name else ""
        return f"ask for it; `kubectl auth can-i {self.verb} {resource}{named}{part}{where}` tells when you have it"


def require(kubectl: Kubectl, needed: Iterable[Permission]) -> None:
    """Raises ClusterError with a finding for each permission that the user does not have, or where nobody can tell.

    One call asks all: each is the SelfSubjectAccessReview that `kubectl auth can-i` makes of one.
    """
    wanted = list(dict.fromkeys(needed))
    reviews = kubectl.create([_review(permission) for permission in wanted])
    missing = [item for item, review in zip(wanted, reviews, strict=True) if not review["status"].get("allowed")]
    if missing:
        raise ClusterError(kubectl.finding(FORBIDDEN, f"you may not {item}", item.hint()) for item in missing)


def _review(permission: Permission) -> dict[str, object]:
    resource, _, subresource = permission.resource.partition("/")
    attributes = {
        "verb": permission.verb,
        "group": permission.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": permission.namespace,
        "name": permission.name,
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
