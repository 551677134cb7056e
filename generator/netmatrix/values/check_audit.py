"""The rule on the audit that the chart runs in the cluster (NM282)."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.document import Finding
from netmatrix.values import rules
from netmatrix.values.context import Context


def audit_has_an_image(context: Context) -> Iterator[Finding]:
    """NM282. None is published: its matrix and its chart are those of whoever builds it."""
    if context.audits and context.text("audit", "image") == "":
        hint = (
            "build it with examples/audit/Containerfile, push it to your registry and name it; or switch the audit off"
        )
        message = "the audit is switched on and has no image; none is published"
        yield context.finding(rules.AUDIT_IMAGE, message, ("audit", "image"), hint, or_at=("audit", "enabled"))


CHECKS = (audit_has_an_image,)
