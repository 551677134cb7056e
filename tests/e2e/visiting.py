"""`python -m tests.e2e.visiting MACHINE URL`, in the cluster's namespaces: prints what answers at a URL on 127.0.0.1.

MACHINE is the number of the machine's own network namespace, in which nothing is sent.
"""

from __future__ import annotations

import socket
import ssl
import sys
import urllib.request
from urllib.parse import urlsplit

from tests.e2e import prober, safety
from tests.e2e.patience import patient
from tests.e2e.session import Cluster

_PROGRAM = "tests.e2e.visiting"
_TIMEOUT = patient(5.0)


def visit(cluster: Cluster, url: str) -> str:
    """What answers, asked from the cluster's node. Raises ClusterError where nothing does."""
    return cluster.run(sys.executable, "-m", _PROGRAM, str(cluster.record.machine_network), url).stdout.strip()


def main() -> int:
    """Ask once; 1 where nobody answers, 3 where that is refused."""
    machine, url = int(sys.argv[1]), sys.argv[2]
    try:
        safety.check(machine, [], [], [])
        print(_answer(url))
    except safety.UnsafeError as error:
        print(f"error: {error}", file=sys.stderr)
        return prober.UNSAFE
    except OSError as error:
        print(f"error: {url}: {error}", file=sys.stderr)
        return 1
    return 0


def _answer(url: str) -> str:
    """The body of a real HTTPS response; of another stand-in, which speaks no HTTP, the name that it says."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the stand-in has signed it itself
        with urllib.request.urlopen(url, timeout=_TIMEOUT, context=context) as response:
            return f"{response.status} {response.read().decode()}"
    with socket.create_connection((parts.hostname, parts.port), _TIMEOUT) as handle:
        return handle.makefile().readline()


if __name__ == "__main__":
    sys.exit(main())
