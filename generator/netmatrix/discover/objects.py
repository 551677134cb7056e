"""Fields of the objects that a cluster gave, each as the type that the Kubernetes API defines, or a MalformedError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NoReturn

from netmatrix.cluster import Item
from netmatrix.discover.rules import MALFORMED, MalformedError
from netmatrix.document import Finding
from netmatrix.document.wording import found, quoted
from netmatrix.matrix.check_endpoints import ipv4_inside
from netmatrix.matrix.model import Network
from netmatrix.policy.labels import is_dns_label, is_label_key, is_label_value

Address = IPv4Address | IPv6Address
Path = str | int


def value(item: Item, *path: Path) -> Any:
    """What stands there; None where it, or something on the way, is absent or null."""
    data: Any = item.data
    for at, part in enumerate(path):
        if data is None:
            return None
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
        elif isinstance(data, dict):
            data = data.get(part)
        else:
            refuse(item, path[:at], f"expected a map; found {found(data)}")
    return data


def text(item: Item, *path: Path) -> str:
    """A string; empty where there is none."""
    data = value(item, *path)
    if data is not None and not isinstance(data, str):
        refuse(item, path, f"expected a string; found {found(data)}")
    return data or ""


def flag(item: Item, *path: Path) -> bool:
    """A boolean; false where there is none."""
    data = value(item, *path)
    if data is not None and not isinstance(data, bool):
        refuse(item, path, f"expected true or false; found {found(data)}")
    return bool(data)


def number(item: Item, *path: Path) -> int | None:
    """An integer."""
    data = value(item, *path)
    if data is not None and type(data) is not int:
        refuse(item, path, f"expected an integer; found {found(data)}")
    return data


def mapping(item: Item, *path: Path) -> Mapping[str, Any]:
    """A map; empty where there is none."""
    data = value(item, *path)
    if data is not None and not isinstance(data, dict):
        refuse(item, path, f"expected a map; found {found(data)}")
    return data or {}


def sequence(item: Item, *path: Path) -> Sequence[Any]:
    """A list; empty where there is none."""
    data = value(item, *path)
    if data is not None and not isinstance(data, list):
        refuse(item, path, f"expected a list; found {found(data)}")
    return data or []


def texts(item: Item, *path: Path) -> list[str]:
    """A list of strings."""
    return [text(item, *path, index) for index in range(len(sequence(item, *path)))]


def paths(item: Item, *path: Path) -> Iterator[tuple[Path, ...]]:
    """The paths of the entries of a list."""
    for index in range(len(sequence(item, *path))):
        yield (*path, index)


def labels(item: Item, *path: Path) -> dict[str, str]:
    """A map of labels, each of valid syntax: what is written into values or comments is nothing else."""
    read: dict[str, str] = {}
    for key, entry in mapping(item, *path).items():
        if not is_label_key(key) or not isinstance(entry, str) or not is_label_value(entry):
            told = quoted(entry) if isinstance(entry, str) else found(entry)
            refuse(item, (*path, key), f"{quoted(key)}: {told} is no valid label")
        read[key] = entry
    return read


def namespace(item: Item) -> str:
    """The namespace that the object is in."""
    if not is_dns_label(item.namespace):
        refuse(item, ("metadata", "namespace"), f"{quoted(item.namespace)} is no valid name of a namespace")
    return item.namespace


def network(item: Item, written: str, *path: Path) -> Network:
    """A range of addresses; host bits are dropped, as data planes do."""
    try:
        found = ip_network(written, strict=False)
    except ValueError:
        refuse(item, path, f"{quoted(written)} is not an address range")
    return ipv4_inside(found) or found


def address(item: Item, written: str, *path: Path) -> Address:
    """One address."""
    try:
        return as_address(written)
    except ValueError:
        refuse(item, path, f"{quoted(written)} is not an address")


def as_address(written: str) -> Address:
    """An address without a zone, which no policy can name; IPv4 where IPv6 stands for that. Raises ValueError."""
    found = ip_address(written)
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            raise ValueError(written)
        return found.ipv4_mapped or found
    return found


def order(one: Address) -> tuple[int, int]:
    """IPv4 first, then by number."""
    return one.version, int(one)


def as_network(one: Address) -> Network:
    """An address as the range of itself."""
    return ip_network(f"{one}/{one.max_prefixlen}")


def containers(item: Item, *path: Path) -> Iterator[tuple[Path, ...]]:
    """The paths of the containers of the pod whose spec is at `path`."""
    yield from paths(item, *path, "containers")


def arguments(item: Item, *path: Path) -> list[str]:
    """The command line of the container at `path`."""
    return [*texts(item, *path, "command"), *texts(item, *path, "args")]


def environment(item: Item, *path: Path) -> dict[str, str]:
    """The environment of the container at `path`; empty text for what comes from elsewhere, as from a ConfigMap."""
    return {text(item, *at, "name"): text(item, *at, "value") for at in paths(item, *path, "env")}


def option(command_line: Sequence[str], name: str) -> str | None:
    """The value of an option, as Go's flag packages take it: `--name=value`, `-name value`. The last one counts."""
    given: str | None = None
    for at, word in enumerate(command_line):
        dashes = len(word) - len(word.lstrip("-"))
        if dashes not in (1, 2):
            continue
        bare, equals, after = word[dashes:].partition("=")
        if bare == name:
            following = command_line[at + 1] if at + 1 < len(command_line) else ""
            given = after if equals else following if not following.startswith("-") else ""
    return given


def refuse(item: Item, path: tuple[Path, ...], message: str) -> NoReturn:
    """Raise MalformedError, at the place in the object."""
    origin = item.origin.at(*path)
    hint = "the API server would not have accepted it; take the dump again"
    raise MalformedError([Finding(MALFORMED, f"{item.kind}: {message}", origin.place, origin.path, hint)])
