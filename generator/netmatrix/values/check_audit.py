"""The rules on the audit that the chart runs in the cluster (NM282 to NM284)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netmatrix.document import Finding
from netmatrix.values import rules
from netmatrix.values.context import Context

_UNITS = {"cpu": {"m": 1, "": 1000}, "memory": {"Mi": 1, "Gi": 1024}}
_NAMES = {
    name: number
    for names in (" jan feb mar apr may jun jul aug sep oct nov dec", "sun mon tue wed thu fri sat")
    for number, name in enumerate(names.split(" "))
}


def audit_has_an_image(context: Context) -> Iterator[Finding]:
    """NM282. None is published: its matrix and its chart are those of whoever builds it."""
    if context.audits and context.text("audit", "image") == "":
        hint = (
            "build it with examples/audit/Containerfile, push it to your registry and name it; or switch the audit off"
        )
        message = "the audit is switched on and has no image; none is published"
        yield context.finding(rules.AUDIT_IMAGE, message, ("audit", "image"), hint, or_at=("audit", "enabled"))


def audit_asks_for_what_it_may_use(context: Context) -> Iterator[Finding]:
    """NM283. The API server takes the CronJob and refuses its pods, or all of it, when the policies are in place."""
    for kind, units in _UNITS.items():
        asked, limit = (("audit", "resources", part, kind) for part in ("requests", "limits"))
        wanted, allowed = (_amount(context.text(*path), units) for path in (asked, limit))
        if wanted is not None and allowed is not None and wanted > allowed:
            message = f"{context.text(*asked)} of {kind} is asked for and {context.text(*limit)} may be used"
            hint = f"raise audit.resources.limits.{kind}, or ask for less"
            yield context.finding(rules.AUDIT_RESOURCES, message, asked, hint, or_at=limit)


def audit_s_schedule_runs_forwards(context: Context) -> Iterator[Finding]:
    """NM284. Kubernetes reads no range over the end of a day or a week."""
    for first, last in re.findall(r"([0-9A-Za-z]+)-([0-9A-Za-z]+)", context.text("audit", "schedule") or ""):
        if _point(first) > _point(last):
            hint = "write two ranges, such as 22-23,0-6"
            yield context.finding(
                rules.AUDIT_SCHEDULE, f"the range {first}-{last} runs backwards", ("audit", "schedule"), hint
            )


def _amount(text: str | None, units: dict[str, int]) -> int | None:
    """An amount in the smallest of `units`; None where it is none, which the schema reports."""
    match = re.fullmatch(r"([0-9]{1,6})([A-Za-z]*)", text or "", re.ASCII)
    return int(match[1]) * units[match[2]] if match and match[2] in units else None


def _point(text: str) -> int:
    """A number, or a name as the number that it is; what is neither the schema reports."""
    return int(text) if text.isdecimal() else _NAMES.get(text.lower(), 0)


CHECKS = (audit_has_an_image, audit_asks_for_what_it_may_use, audit_s_schedule_runs_forwards)
