"""No batch of probes leaves the namespaces that a run made: it is refused first, and nothing of it is sent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest

from tests.e2e import prober
from tests.e2e.paths import ROOT
from tests.e2e.prober import UNSAFE, Batch, Source
from tests.e2e.probing import Target
from tests.e2e.records import network_namespace
from tests.e2e.safety import MOST_PROBES, UnsafeError, machine_addresses

pytestmark = pytest.mark.e2e

_SENT = "awk '/^Udp:/ {sent = $5} END {print sent}' /proc/net/snmp"
"""Prints how many datagrams a network namespace has sent."""

SOMEWHERE = Target("203.0.113.7", 9, "UDP", "nobody")


def test_in_the_machines_own_namespace_nothing_is_sent() -> None:
    """The batch is empty, so that not even a broken check could send anything."""
    with pytest.raises(UnsafeError, match="machine's own network namespace"):
        prober.send(network_namespace(), [], Batch((), (), (), 0.1))


@pytest.mark.parametrize(
    ("setting_up", "why"),
    [
        ("ip route add default dev lo", "has a default route"),
        ("ip -6 route add default dev lo", "has a default route"),
        ("ip link add x type ifb", "has the device x"),
    ],
)
def test_a_namespace_with_a_way_out_is_refused(setting_up: str, why: str) -> None:
    status, said, sent = _in_a_new_namespace(setting_up, network_namespace(), [])
    assert (status, sent) == (UNSAFE, 0), said
    assert why in said


def test_an_address_of_the_machine_is_never_a_target() -> None:
    status, said, sent = _in_a_new_namespace("true", network_namespace(), [SOMEWHERE.address])
    assert (status, sent) == (UNSAFE, 0)
    assert f"{SOMEWHERE.address} is an address of the machine" in said
    assert "127.0.0.1" in machine_addresses()


def test_a_source_in_the_machines_namespace_is_refused() -> None:
    own = f"/proc/{os.getpid()}/ns/net"
    status, said, sent = _in_a_new_namespace("true", network_namespace(), [], own)
    assert (status, sent) == (UNSAFE, 0)
    assert f"{own} is the machine's own network namespace" in said


def test_where_nothing_is_wrong_the_same_batch_is_sent() -> None:
    """So that the refusals above are the check's, and no accident."""
    status, said, sent = _in_a_new_namespace("ip route add 203.0.113.0/24 dev lo", network_namespace(), [])
    assert (status, sent) == (0, 1), said


def test_a_monitor_ends_as_soon_as_there_is_a_way_out() -> None:
    """Each of its rounds is a batch that is checked."""
    routed = "ip route add 203.0.113.0/24 dev lo"
    after_some = f"until [ $({_SENT}) -gt 1 ]; do sleep 0.1; done; ip route add default dev lo; sleep 3"
    held = f"(cat; {after_some}) | {sys.executable} -m tests.e2e.monitor"
    status, said, sent = _in_a_new_namespace(routed, network_namespace(), [], program=held)
    assert (status, sent > 1) == (UNSAFE, True), said
    assert "has a default route" in said


def test_a_batch_has_a_bound() -> None:
    positions = tuple(0 for _ in range(MOST_PROBES + 1))
    with pytest.raises(UnsafeError, match=f"more than {MOST_PROBES} probes"):
        prober.send(network_namespace(), [], Batch((Source("/nowhere"),), (SOMEWHERE,), (positions,), 0.1))


def _in_a_new_namespace(
    setting_up: str,
    machine: int,
    addresses: list[str],
    source: str = "/proc/self/ns/net",
    program: str = f"{sys.executable} -m tests.e2e.prober",
) -> tuple[int, str, int]:
    """A batch in a new and empty network namespace: the status, what was said, how many datagrams were sent."""
    batch = Batch((Source(source),), (SOMEWHERE,), ((0,),), 0.1)
    message = {"machine": machine, "machine addresses": addresses, "batch": asdict(batch)}
    script = f"ip link set lo up; {setting_up}; {program}; status=$?; echo sent $({_SENT}); exit $status"
    done = subprocess.run(
        ["unshare", "--net", "--", "sh", "-c", script],
        input=json.dumps(message) + "\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, int(done.stdout.split("sent")[-1])
