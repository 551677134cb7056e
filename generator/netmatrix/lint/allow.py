"""What somebody has looked at and allows: an annotation on the policy, `lint.netmatrix/NM603: the reason`.

An annotation survives templates, JSON and the cluster, which a comment does not. It hides nothing: the finding becomes
a note that says why it is allowed. It holds for its own policy and one rule, and only with a reason.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from netmatrix.document import Finding, Severity
from netmatrix.document.wording import quoted
from netmatrix.lint.rule import LintRule, Remark
from netmatrix.policy import NetworkPolicy

PREFIX = "lint.netmatrix/"

POINTLESS = LintRule(
    "NM690",
    "an annotation that allows a pitfall has a reason, and a pitfall to allow",
    "Remove the annotation, or write the rule's id in its key and the reason in its value.",
    Severity.WARNING,
    "An annotation that is left over, misspelt or empty would allow, without anybody looking, what comes next.",
    "docs/lint.md",
    (),
)


def allowed(remark: Remark) -> str:
    """The reason for which a remark is allowed where it stands; empty where it is not."""
    return _reason(remark.policy, remark.rule.id) if remark.policy else ""


def as_allowed(finding: Finding, reason: str) -> Finding:
    """The finding as a note."""
    return replace(finding, message=f"{finding.message}; allowed: {quoted(reason)}", severity=Severity.NOTE, hint="")


def pointless(
    policies: Iterable[NetworkPolicy], known: Container[str], judged: Container[str], used: set[tuple[str, str]]
) -> Iterator[Remark]:
    """Annotations that allow nothing: `used` are the pairs of policy and rule that did, `judged` the rules in play."""
    for policy in policies:
        for key in policy.annotations:
            rule = key.removeprefix(PREFIX)
            if not key.startswith(PREFIX) or (str(policy), rule) in used:
                continue
            if rule not in known:
                why = f"there is no rule {quoted(rule)}"
            elif not _reason(policy, rule):
                why = "it gives no reason"
            elif rule in judged:
                why = f"{rule} finds nothing here"
            else:
                continue
            at = policy.origin.at("metadata", "annotations", key) if policy.origin else None
            yield Remark(POINTLESS, f"the annotation {quoted(key)} allows nothing: {why}", at, policy)


def _reason(policy: NetworkPolicy, rule: str) -> str:
    value = policy.annotations.get(f"{PREFIX}{rule}")
    return value.strip() if isinstance(value, str) else ""
