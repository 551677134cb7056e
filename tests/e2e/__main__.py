"""`python -m tests.e2e tools|up|down`: what `make cluster-tools`, `make cluster` and `make cluster-down` run.

Exit status: 0 done, 2 could not be done.
"""

from __future__ import annotations

import sys

from netmatrix.helm import HelmError
from tests.e2e import machine, programs, session
from tests.e2e.errors import ClusterError
from tests.e2e.paths import CLUSTER, ROOT


def tools() -> None:
    """Install, fetch and build what the cluster is made of."""
    programs.provide(machine.provide())
    print(f"the cluster's programs are in {programs.BINARIES.relative_to(ROOT)}", file=sys.stderr)


def up() -> None:
    """Start a cluster that stays."""
    tools()
    session.start(CLUSTER, session.Hosts(("203.0.113.1",), (80, 443)))


def down() -> None:
    """End the cluster that stays."""
    print("the cluster has ended" if session.stop(CLUSTER) else "there is no cluster", file=sys.stderr)


def main() -> int:
    """Run one of the commands."""
    commands = {"tools": tools, "up": up, "down": down}
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
