"""What the real helm renders of values that were judged, believed only where every namespace is under default-deny."""

from __future__ import annotations

from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project
from netmatrix.cli.validating import Judged
from netmatrix.helm import Helm, limits_output, template
from netmatrix.helm.run import crashed
from netmatrix.policy import ManifestError, NetworkPolicy, parse_manifests
from netmatrix.policy.labels import EVERYTHING
from netmatrix.policy.objects import Direction
from netmatrix.values.context import Context, enumeration


def rendered(
    project: Project,
    options: ValuesOptions,
    judged: Judged,
    *,
    release: str = "",
    namespace: str = "",
    extra: tuple[str, ...] = (),
) -> bytes:
    """What `helm template` prints for values in which `judge` found no error; `extra` are arguments for helm.

    Raises HelmError where helm refuses, or does not print a default-deny policy for each namespace of the matrix.
    """
    helm = project.helm()
    manifests = template(
        helm,
        project.chart,
        release=release or project.release_name,
        namespace=namespace or project.release_namespace,
        files=options.files,
        sets=options.sets,
        extra=extra,
        stdin=judged.stdin,
    )
    if not limits_output(extra):
        _require_default_deny(helm, manifests, _namespaces(project, options, judged))
    return manifests


def _namespaces(project: Project, options: ValuesOptions, judged: Judged) -> set[str]:
    """The names of the matrix's namespaces under these values."""
    assert judged.validated is not None, "values that could not be read are not rendered"
    context = Context.of(project.matrix, judged.validated.values, options.today)
    return {name for id_ in project.matrix.namespaces if (name := context.namespace_name(id_))}


def _require_default_deny(helm: Helm, manifests: bytes, namespaces: set[str]) -> None:
    try:
        policies = parse_manifests(manifests, "helm's output").policies
    except ManifestError as error:
        raise crashed(helm.executable, "printed no manifests", error.findings[0].message) from error
    open_ = sorted(namespaces - {policy.namespace for policy in policies if _is_default_deny(policy)})
    if open_:
        which = f"the namespace{'s' if len(open_) > 1 else ''} {enumeration(open_, 'and')}"
        raise crashed(helm.executable, f"printed no default-deny policy for {which}")


def _is_default_deny(policy: NetworkPolicy) -> bool:
    """Whether it selects every pod of its namespace in both directions, and lets nothing through.

    Kubernetes documentation, Network Policies, "Default deny all ingress and all egress traffic".
    """
    return (
        policy.pod_selector == EVERYTHING
        and policy.types == frozenset(Direction)
        and not (policy.ingress or policy.egress)
    )
