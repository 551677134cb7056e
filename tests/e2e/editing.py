"""Rules that somebody adds by hand to the policies of a release, and what becomes of them at its next upgrade."""

from __future__ import annotations

from pathlib import Path

from tests.e2e import release
from tests.e2e.installation import arguments
from tests.e2e.lifecycle import LifeCycle
from tests.e2e.session import Output
from tests.e2e.workloads import APP, JOBS

EDITED = {
    "default-deny": (APP, "redkite-default-deny"),
    "a pod's rules": (APP, "redkite-mongo-ingress"),
    "a pod that denies all": (JOBS, "redkite-jobs-ingress"),
    "an operational flow": (JOBS, "redkite-flow-jobs-to-dns-egress"),
    "an exception": (APP, "redkite-exception-somewhere-egress-tcp-443"),
}
"""A policy of each kind that the chart makes, and where a rule is added to it by hand."""


def upgrade_takes_edits_away(life: LifeCycle, *options: str, program: Path | None = None) -> None:
    """A rule is added by hand to a policy of each kind, and after an upgrade all are as they were before."""
    cluster = life.cluster
    before = release.specs(cluster)

    def edit_and_upgrade() -> None:
        for key in EDITED.values():
            release.add_a_rule(cluster, key)
        after = release.specs(cluster)
        assert {key for key in after if after[key] != before[key]} == set(EDITED.values())
        cluster.helm("upgrade", *arguments(release.everything(cluster)), *options, program=program)

    life.aside("rules added by hand", edit_and_upgrade)
    assert release.specs(cluster) == before


def edited(life: LifeCycle, kind: str) -> Output:
    """What Helm says of an upgrade after a rule was added by hand; the rule is taken away again, by hand too."""
    reported: list[Output] = []
    before = release.specs(life.cluster)

    def edit_and_upgrade() -> None:
        release.add_a_rule(life.cluster, EDITED[kind])
        reported.append(life.cluster.helm("upgrade", *arguments(release.everything(life.cluster)), check=False))
        release.set_rules(life.cluster, EDITED[kind], release.rules(before[EDITED[kind]]))

    life.aside(kind, edit_and_upgrade)
    assert release.specs(life.cluster) == before
    return reported[0]
