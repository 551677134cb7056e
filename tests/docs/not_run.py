"""The commands of the documentation that its tests do not run, each with the reason. The list is short, and kept so."""

from __future__ import annotations

from collections.abc import Mapping

NOT_RUN: Mapping[str, str] = {
    "make": "CI's first step; within a test it would set up the environment that runs the test",
    "make test": "it would run itself",
    "make check": "CI's second step, of this very tree",
    "make editor": "CI has a job for it; it installs what it runs, with Node",
    "make pipelines": "CI has a job for it; it builds what it runs, with Go",
    "make release-dry-run": "CI has a job for it; it builds what it runs, with Go",
    "make package": "make release-dry-run does it",
    "make e2e": "it would run itself",
    "make cluster": "a test that needs a cluster has one already",
    "make cluster-down": "a test that needs a cluster has one already",
    "build/cluster/run ip -brief link": "it lists the devices of the machine's kernel",
    "netmatrix lint manifests/": "a folder of the reader's; tests/lint runs every example of the page",
}
"""By the command as it stands, without the comment behind it."""

TARGETS = frozenset(("make help", "make setup"))
"""The targets of make that are run; any other one is named above, lest a test start what takes half an hour."""
