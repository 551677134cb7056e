"""Control groups of a cluster's own, one per hierarchy: its containers' groups are made below them and go with them."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.errors import ClusterError
from tests.e2e.patience import patient

_PATIENCE = patient(10.0)

REQUIRED = ("cpu", "memory", "pids")
"""The controllers without which runc starts no container of a pod, by version 2; `cpuset` is used where there is."""

_OF_VERSION_1 = ("cpu", "cpuacct", "cpuset", "devices", "memory", "pids")
"""The same by version 1, of which the kubelet wants more."""

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


def problems(required: Sequence[str] = REQUIRED) -> Iterator[str]:
    """A line where groups would lack controllers that are required, with what to do about it.

    What a version 2 root hands on is a setting of the machine's, and left to who administers that.
    """
    root = next((mount for mount, version, _ in _hierarchies() if version == 2), None)
    if root is None:
        mounted = {option for fields in _mounts("cgroup") for option in fields[-1].split(",")}
        absent = [name for name in _OF_VERSION_1 if name not in mounted]
        held_back = []
    else:
        given, handed_on = _words(root / "cgroup.controllers"), _words(root / "cgroup.subtree_control")
        absent = [name for name in required if name not in given]
        held_back = [name for name in (*required, "cpuset") if name in given and name not in handed_on]
    if absent:
        yield f"the cluster needs control groups with {_listed(absent)}, which this machine does not mount or has not"
    if held_back:
        command = f"echo {' '.join(f'+{name}' for name in held_back)} > {root}/cgroup.subtree_control"
        yield (
            f"the cluster needs control groups with {_listed(held_back)}, which {root} has and does not hand on; "
            f"run `{command}`, or where that is refused, as in most containers, use a virtual machine"
        )


def version() -> int:
    """Which version a cluster's groups are of on this machine: 1 where any hierarchy is."""
    return min((number for _, number, _ in _hierarchies()), default=1)


def enter(groups: Iterable[Group]) -> None:
    """Move the calling process into the groups; meant for a child before it starts another program."""
    for group in groups:
        (group.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")


def enter_leaves(groups: Iterable[Group], pid: int) -> None:
    """In version 2, move a process on into the leaf, once its cgroup namespace is made."""
    for group in groups:
        if group.version == 2:
            (group.path / LEAF / "cgroup.procs").write_text(str(pid), encoding="ascii")


def delegate(root: Path, required: Sequence[str] = REQUIRED) -> None:
    """In version 2, give the children of our own group its controllers; all its processes must have gone to the leaf.

    Called within the cgroup namespace, where `root` is our own group. Raises ClusterError where a controller that is
    required is not there to be given.
    """
    if not (root / LEAF).is_dir():
        return
    (root / LEAF / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    controllers = _words(root / "cgroup.controllers")
    if missing := [name for name in required if name not in controllers]:
        raise ClusterError(f"the cluster's control group was not handed {_listed(missing)}")
    deadline = time.monotonic() + _PATIENCE
    while True:
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
    version_1, version_2 = list(_mounts("cgroup")), list(_mounts("cgroup2"))
    if not version_1:
        yield from ((Path(fields[4]), 2, "") for fields in version_2[:1])
        return
    own = _own_groups()
    for fields in [*version_1, *version_2]:
        options = set(fields[-1].split(",")) if fields in version_1 else {""}
        path = next((path for controllers, path in own if set(controllers.split(",")) <= options), None)
        if path is not None:
            yield Path(fields[4]), 1, os.path.relpath(path, fields[3])


def _mounts(kind: str) -> Iterator[list[str]]:
    """The fields of each mount of a kind of file system."""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == kind:
            yield fields


def _words(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").split()


def _listed(controllers: Sequence[str]) -> str:
    return f"the controller{'s' if len(controllers) > 1 else ''} {', '.join(controllers)}"


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
