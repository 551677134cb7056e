"""Which directions a policy is about."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.document import Severity
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.lint.subject import Subject
from netmatrix.policy import NetworkPolicy
from netmatrix.policy.objects import Direction

DEAD_SECTION = LintRule(
    "NM610",
    "a policy is about the directions that it has sections for",
    "Add the direction to policyTypes, or remove the section.",
    Severity.ERROR,
    "A section of a direction that is not in policyTypes does nothing. Where policyTypes is missing, an egress section "
    "without rules does not count: what looks like denied egress stays open.",
    "Kubernetes API reference, NetworkPolicySpec, policyTypes; dunglas/mercure#1229",
    ("P3", "P4"),
)
INGRESS_BY_DEFAULT = LintRule(
    "NM611",
    "a policy about egress alone says so in policyTypes",
    "Write policyTypes: [Egress]; or [Ingress, Egress], with ingress: [], if nobody may come in.",
    Severity.WARNING,
    "Where policyTypes is missing, Ingress is always implied: a policy with egress rules alone denies everything that "
    "comes in to its pods.",
    "Kubernetes API reference, NetworkPolicySpec, policyTypes; pkg/apis/networking/v1/defaults.go",
    ("P4",),
)


def dead_section(subject: Subject) -> Iterator[Remark]:
    """Sections of a direction that the policy is not about."""
    for policy in subject.policies:
        for direction in Direction:
            field = direction.lower()
            if direction not in policy.types and field in policy.written:
                at = policy.origin.at("spec", field) if policy.origin else None
                yield Remark(DEAD_SECTION, _dead(policy, direction), at, policy)


def ingress_by_default(subject: Subject) -> Iterator[Remark]:
    """Policies that deny what comes in without a word about it."""
    for policy in subject.policies:
        if policy.egress and not policy.written & {"policyTypes", "ingress"}:
            at = policy.origin.at("spec", "egress") if policy.origin else None
            message = "it has no policyTypes, so that it also denies everything that comes in to its pods"
            yield Remark(INGRESS_BY_DEFAULT, message, at, policy)


def _dead(policy: NetworkPolicy, direction: Direction) -> str:
    if "policyTypes" in policy.written:
        why = f"policyTypes lacks {direction}"
    else:
        why = f"without policyTypes and without rules, the policy is not about {direction}"
    what = "these rules allow and deny nothing" if policy.rules(direction) else "this empty section denies nothing"
    return f"{why}, so that {what}: {direction.lower()} stays as open as other policies leave it"
