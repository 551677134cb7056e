"""`python -m tests.e2e tools|guest|up|down`: for `make cluster-tools`, `cgroup-v2`, `cluster` and `cluster-down`.

A cluster that is up has the stand-ins for Red Kite's pods in it, and no policy. Its folder holds `kubectl`, `helm` and
`run`, which take their arguments into its namespaces.

Exit status: 0 done, 2 could not be done.
"""

from __future__ import annotations

import sys

from netmatrix.helm import HelmError
from netmatrix.matrix.load import load_matrix
from tests.e2e import cgroups, endpoints, hosts, machine, programs, session, workloads
from tests.e2e.errors import ClusterError
from tests.e2e.guest import kernel
from tests.e2e.inside import dns
from tests.e2e.paths import CLUSTER, ROOT
from tests.release.local_registry import registry_program
from tests.support.tools import MissingToolError


def tools() -> None:
    """Install, fetch and build what the cluster is made of."""
    programs.provide(machine.provide())
    try:
        registry_program()
    except MissingToolError as error:
        raise ClusterError(str(error)) from error
    print(f"the cluster's programs are in {programs.BINARIES.relative_to(ROOT)}", file=sys.stderr)


def guest() -> None:
    """Install what a guest needs, where one is needed: before any test, since a run must leave nothing."""
    if cgroups.version() == 1:
        kernel.provide()


def up() -> None:
    """Start a cluster that stays, with everybody in it."""
    tools()
    outside = hosts.hosts(load_matrix(str(ROOT / "matrix.yaml")))
    cluster = session.start(CLUSTER, outside)
    try:
        cluster.apply(workloads.objects(outside.ports))
        endpoints.endpoints(cluster, outside, workloads.pods() + dns.REPLICAS)
        ways = session.write_ways_in(cluster)
    except BaseException:
        session.stop(CLUSTER)
        raise
    print("the cluster is up; `make cluster-down` ends it", file=sys.stderr)
    for way in ways:
        print(f"  {way.relative_to(ROOT)}", file=sys.stderr)


def down() -> None:
    """End the cluster that stays."""
    print("the cluster has ended" if session.stop(CLUSTER) else "there is no cluster", file=sys.stderr)


def main() -> int:
    """Run one of the commands."""
    commands = {"tools": tools, "guest": guest, "up": up, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print(f"usage: python -m tests.e2e {'|'.join(commands)}", file=sys.stderr)
        return 2
    try:
        commands[sys.argv[1]]()
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except HelmError as error:
        for finding in error.findings:
            print(f"error: {finding.message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
