"""Control groups of a cluster's own, one per hierarchy: its containers' groups are made below them and go with them."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 10.0


LEAF = "init"
"""In version 2 a group with processes can have no children with controllers: our own processes are in a leaf."""


@dataclass(frozen=True, slots=True)
class Group:
    """A control group, and the mount point and version of the hierarchy that it belongs to."""

    mount: Path
    path: Path
    version: int


_PREFIX = "netmatrix-e2e-"


def create() -> tuple[Group, ...]:
    """A new group in each hierarchy: version 1 has one per controller, version 2 one for all.

    A version 1 group is made below the caller's own, so that its limits bind; a version 2 group below the root of the
    hierarchy, since the caller's own has processes in it. It bears the caller's process id: those that bear the id of a
    process that was killed before it could remove them are removed here.
    """
    made: list[Group] = []
    try:
        for mount, version, own in _hierarchies():
            above = mount / own if version == 1 else mount
            _sweep(above)
            group = Group(mount, above / f"{_PREFIX}{os.getpid()}", version)
            group.path.mkdir()
            made.append(group)
            _prepare(group)
    except BaseException:
        remove(made)
        raise
    return tuple(made)


def enter(groups: Iterable[Group]) -> None:
    """Move the calling process into the groups; meant for a child before it starts another program."""
    for group in groups:
        (group.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


def enter_leaves(groups: Iterable[Group], pid: int) -> None:
    """In version 2, move a process on into the leaf, once its cgroup namespace is made."""
    for group in groups:
        if group.version == 2:
            (group.path / LEAF / "cgroup.procs").write_text(str(pid), encoding="ascii")


def delegate(root: Path) -> None:
    """In version 2, give the children of our own group its controllers; all its processes must have gone to the leaf.

    Called within the cgroup namespace, where `root` is our own group.
    """
    if not (root / LEAF).is_dir():
        return
    (root / LEAF / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    controllers = (root / "cgroup.controllers").read_text(encoding="ascii").split()
    deadline = time.monotonic() + _PATIENCE
    while controllers:
        try:
            text = " ".join(f"+{controller}" for controller in controllers)
            (root / "cgroup.subtree_control").write_text(text, encoding="ascii")
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def remove(groups: Iterable[Group]) -> None:
    """Remove the groups and all below them, the deepest first; their processes have been ended, and may linger."""
    deadline = time.monotonic() + _PATIENCE
    for group in groups:
        while group.path.is_dir():
            _remove_empty(group.path)
            if group.path.is_dir():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{group.path} still holds processes")
                time.sleep(0.05)


def _sweep(above: Path) -> None:
    """Remove groups that were left behind; one that holds processes stays."""
    for path in above.glob(f"{_PREFIX}*"):
        if not Path("/proc", path.name.removeprefix(_PREFIX)).exists():
            _remove_empty(path)


def _remove_empty(path: Path) -> None:
    for folder in [*sorted(path.rglob("*/"), reverse=True), path]:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _hierarchies() -> Iterator[tuple[Path, int, str]]:
    """Mount point, version and the caller's own group below it, of each hierarchy.

    Beside version 1, version 2 has no controllers that containers need, and groups of it are like any other.
    """
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    of_kind = {
        kind: [fields for fields in mounts if fields[fields.index("-") + 1] == kind] for kind in ("cgroup", "cgroup2")
    }
    if not of_kind["cgroup"]:
        yield from ((Path(fields[4]), 2, "") for fields in of_kind["cgroup2"][:1])
        return
    own = _own_groups()
    for fields in [*of_kind["cgroup"], *of_kind["cgroup2"]]:
        options = set(fields[-1].split(",")) if fields in of_kind["cgroup"] else {""}
        path = next((path for controllers, path in own if set(controllers.split(",")) <= options), None)
        if path is not None:
            yield Path(fields[4]), 1, os.path.relpath(path, fields[3])


def _own_groups() -> list[tuple[str, str]]:
    """The caller's group in each hierarchy, with the hierarchy's controllers; version 2 names none."""
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    return [(controllers, path) for _, controllers, path in (line.split(":", 2) for line in lines)]


def _prepare(group: Group) -> None:
    """What a new group needs before it can hold processes."""
    if group.version == 2:
        (group.path / LEAF).mkdir()
        return
    for name in ("cpuset.cpus", "cpuset.mems"):
        above = group.path.parent / name
        if above.exists():
            (group.path / name).write_text(above.read_text(encoding="ascii"), encoding="ascii")
