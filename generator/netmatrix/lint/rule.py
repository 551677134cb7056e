"""What a rule of the linter is, and what it remarks on."""

from __future__ import annotations

from dataclasses import dataclass

from netmatrix.document import Finding, Place, Rule, Severity
from netmatrix.policy import NetworkPolicy
from netmatrix.policy.source import Origin


@dataclass(frozen=True, slots=True)
class LintRule(Rule):
    """A pitfall that can be decided from manifests.

    `summary` is what holds where nobody fell in, `reason` what happens otherwise, `fix` what to do, `source` where the
    behaviour is written down, `pitfalls` the entries of the project's list that it decides. A rule that `needs_all`
    concludes something from what the manifests lack, and is silent where not all of them could be read.
    """

    severity: Severity
    reason: str
    source: str
    pitfalls: tuple[str, ...]
    needs_all: bool = False

    @property
    def help(self) -> str:
        """What holds, what happens otherwise, what to do, and where that is written down."""
        what = f"What holds: {self.summary.rstrip('.')}."
        return f"{what}\n\n{self.reason}\n\n**Fix:** {self.fix}\n\n**Source:** {self.source}."


@dataclass(frozen=True, slots=True)
class Remark:
    """A pitfall found: `message` says what it means in effect. `policy` is the one at fault, where it is one."""

    rule: LintRule
    message: str
    origin: Origin | None
    policy: NetworkPolicy | None = None

    def finding(self) -> Finding:
        """As the toolchain reports it, with its place."""
        whose = f"policy {self.policy}: " if self.policy else ""
        place, path = (self.origin.place, self.origin.path) if self.origin else (Place(""), ())
        return Finding(self.rule, f"{whose}{self.message}", place, path, self.rule.fix, self.rule.severity)
