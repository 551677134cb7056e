"""Attacks: every node of two full values trees replaced by everything that might slip by, and what fits no scheme."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

from tests.parity.tricks import BEHIND, BESIDE, INSTEAD, SETS
from tests.support.scenarios import ENVIRONMENTS, ROOT

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Attack:
    """One run of Helm: values files by their texts, and arguments behind them."""

    name: str
    layers: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


Made = Callable[[], Attack]
"""An attack, written out where it is tried: all of them together are hundreds of megabytes."""


def exception(from_: Any, to: Any) -> dict[str, Any]:
    """A declared exception with everything that it needs."""
    ports = [{"protocol": "TCP", "port": 443}, {"protocol": "UDP", "port": 53}]
    return {"from": from_, "to": to, "ports": ports, "reason": "why", "owner": "who", "expires": "2099-12-31"}


RICH: dict[str, Any] = {
    "audit": {"enabled": True, "image": "registry.example:5000/a/audit:1", "pullSecrets": ["registry"]},
    "backends": {"cilium": {"enabled": True}, "clusterNetworkPolicy": {"enabled": True}},
    "endpoints": {
        "dns": {"cidrs": ["169.254.20.10/32", "fd00::53/128"]},
        "internet": {"additionalExcept": {"cgnat": "100.64.0.0/10"}},
        "internet-ipv6": {"additionalExcept": {"documentation": "2001:db8::/32"}},
        "outside": {
            "anyone": False,
            "peers": {
                "ingress": {"namespace": "ingress", "selector": ["app=ingress", "tier=edge"]},
                "office": {"cidr": "203.0.113.0/24"},
            },
        },
    },
    "exceptions": {
        "address": exception({"pod": "cron"}, {"cidr": "203.0.113.7/32"}),
        "others": exception({"namespace": "monitoring", "selector": ["app=exporter"]}, {"pod": "kafka"}),
        "pods": exception({"pod": "ui"}, {"pod": "mongo"}),
        "endpoint": exception({"pod": "mongo"}, {"endpoint": "internet"}),
    },
}
"""On top of an environment's files: something in every place that values have."""


def full_values(environment: str) -> dict[str, Any]:
    """The chart's defaults, the environment, the operational flows and RICH: all in one tree."""
    merged: dict[str, Any] = {}
    for file in ("chart/values.yaml", f"values/values-{environment}.yaml", "values/operational.yaml"):
        merged = merge(merged, yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
    return dict(merge(merged, RICH))


def merge(lower: Any, upper: Any) -> Any:
    """Maps key by key; anything else is replaced."""
    if not isinstance(lower, dict) or not isinstance(upper, dict):
        return upper
    return {**lower, **{key: merge(lower.get(key), value) for key, value in upper.items()}}


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value below the root, inner ones too."""
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for key, item in children:
        yield (*path, key), item
        yield from nodes(item, (*path, key))


def replacements(value: Any) -> Iterator[Any]:
    """Everything to be put in the place of `value`."""
    yield from INSTEAD
    if isinstance(value, str):
        yield from (value + text for text in BEHIND)
        yield from (text + value for text in BEHIND)
        yield from (value.upper(), f"{value},{value}", [value], {value: value})
    elif isinstance(value, list):
        yield from (value * 2, [*value, None], [*value, ""], [value], value[:-1], dict.fromkeys(map(str, value), 1))
        yield from ([*value, "0.0.0.0/0"], [*value, "host=x"], value * 500)
    elif isinstance(value, dict):
        sample: Any = next(iter(value.values()), {})
        yield from ({**value, key: sample} for key in BESIDE)
        yield from ({**value, key: None} for key in value)
        yield from ({other: value[other] for other in value if other != key} for key in value)
        yield from (list(value.values()), list(value))


def on_values(environment: str) -> list[list[Made]]:
    """For each node of the full values, all attacks on it."""
    full = full_values(environment)
    return [[partial(_replaced, full, path, bad) for bad in replacements(value)] for path, value in nodes(full)]


def on_arguments(environment: str) -> list[list[Made]]:
    """For each node of the full values, Helm's own ways to set it."""
    full = full_values(environment)
    layer = json.dumps(full)
    found: list[list[Made]] = []
    for path, _ in nodes(full):
        text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
        pairs = [(flag, form.format(text)) for flag, form in SETS]
        found.append([partial(Attack, " ".join(pair), (layer,), pair) for pair in pairs])
    return found


def rotated(groups: list[list[Made]], count: int) -> list[Attack]:
    """`count` of the attacks, a node after the other and on each the next one: all nodes and all tricks have a part."""
    chosen = []
    for turn in range(count):
        group = groups[turn * 17 % len(groups)]
        chosen.append(group[turn * 7 % len(group)]())
    return chosen


def by_hand() -> list[Attack]:
    """What fits no scheme, on an environment's own file and on the full values."""
    found: list[Attack] = []
    for environment in ENVIRONMENTS:
        (foreign,) = {*ENVIRONMENTS} - {environment}
        plain = (ROOT / "values" / f"values-{environment}.yaml").read_text(encoding="utf-8")
        other = (ROOT / "values" / f"values-{foreign}.yaml").read_text(encoding="utf-8")
        for name, base in (("plain", plain), ("full", json.dumps(full_values(environment)))):
            for title, text in (("the other environment's file on top", other), *_texts(foreign)):
                found.append(Attack(f"{environment}, {name}: {title}", (base, text)))
            found += [Attack(f"{environment}, {name}: {words!r}", (base,), words) for words in _arguments(foreign)]
    return found


def _replaced(full: Any, path: Path, bad: Any) -> Attack:
    name = f"{'.'.join(map(str, path))} = {json.dumps(bad)[:80]}"
    return Attack(f"{full['environment']}: {name}", (json.dumps(_with(full, path, bad)),))


def _with(value: Any, path: Path, bad: Any) -> Any:
    if not path:
        return bad
    key, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_with(item, rest, bad) if index == key else item for index, item in enumerate(value)]
    return {**value, key: _with(value[key], rest, bad)}


def _texts(foreign: str) -> Iterator[tuple[str, str]]:
    for name in ("", foreign, "staging", "Prod", "prod ", "prod,dev", None, True, ["prod", "dev"], {"prod": True}):
        yield f"environment {name!r}", json.dumps({"environment": name})
    everything = {"outside-to-mongo": {"enabled": True}}
    layers: dict[str, Any] = {
        "global": {"global": {"environment": foreign, "flows": everything}},
        "global of another type": {"global": [1]},
        "global null": {"global": None},
        "notes": {"x-flows": {"a": [None]}, "x-": {}, "x-\n---\n": "\n---\nkind: X"},
        "not quite a note": {"y-x-": 1},
        "as a subchart": {"red-kite-network": {"environment": foreign, "flows": everything}},
        "tags": {"tags": {"x": True}},
        "namespaces swapped": {"namespaces": {"app": {"name": "stalker-jobs"}, "jobs": {"name": "stalker"}}},
        "one namespace takes the other's name": {"namespaces": {"app": {"name": "stalker-jobs"}}},
        "one selector in two namespaces": {"pods": {"jobs": {"selector": ["app.kubernetes.io/name=mongodb"]}}},
        "anyone with peers": {"endpoints": {"outside": {"anyone": True, "peers": {"p": {"cidr": "::/0"}}}}},
        "nobody": {"endpoints": {"outside": {"anyone": False, "peers": {}}}},
        "a peer of nothing": {"endpoints": {"outside": {"anyone": False, "peers": {"p": {}}}}},
        "no DNS": {"endpoints": {"dns": {"peers": {"kube-dns": None}, "cidrs": []}}},
        "no API": {"endpoints": {"kubernetes-api": {"cidrs": [], "discover": False}}},
        "two ports that are one": {"pods": {"kafka": {"ports": {"client": 9092, "controller": 9092.0}}}},
        "a thousand labels": {"pods": {"jobs": {"selector": [f"l{number}=x" for number in range(1000)]}}},
        "too many exceptions": {"exceptions": {f"x{n}": exception({"pod": "ui"}, {"pod": "mongo"}) for n in range(65)}},
        "named as another policy": {"exceptions": {"ui-ingress": exception({"pod": "ui"}, {"pod": "kafka"})}},
    }
    closed = {"endpoints": {"outside": {"anyone": False}, "dns": {"peers": {"kube-dns": None}, "cidrs": []}}}
    ends: list[dict[str, Any]] = [{"endpoint": name} for name in ("outside", "dns", "kubernetes-api", "internet")]
    ends += [
        {"cidr": "::/0"},
        {"namespace": "stalker", "selector": ["a=b"]},
        {"pod": "jobs"},
        {},
        {"pod": "ui", "cidr": "::/0"},
    ]
    for mine in ("mongo", "jobs"):
        for end in ends:
            for one, two in (({"pod": mine}, end), (end, {"pod": mine})):
                declared = {"exceptions": {"x": exception(one, two)}}
                layers |= {f"{one} to {two}": declared, f"{one} to {two}, closed": {**declared, **closed}}
    yield from ((title, json.dumps(layer)) for title, layer in layers.items())
    yield "duplicate keys", "pods: {ui: {ports: {http: 80}}}\npods: {ui: {ports: {http: 443}}}"
    yield "two documents", f"pods: {{}}\n---\nenvironment: {foreign}"
    yield "merge key", "x-a: &a {enabled: true}\nflows: {outside-to-mongo: {<<: *a}, ui-to-dns: *a}"
    yield "recursive", "x-a: &a [*a]"
    for value in ("0120", "0x50", "1_0", ".nan", ".inf", '!!int "80"', "!!binary YT1i", "8e1", "+80"):
        yield f"a port {value}", f"pods: {{ui: {{ports: {{http: {value}}}}}}}"
    yield "a list", "- pods: {}"
    yield "a scalar", "5"
    yield "a surrogate", 'exceptions: {x: {reason: "\\ud800"}}'


def _arguments(foreign: str) -> Iterator[tuple[str, ...]]:
    yield "--set", f"environment={foreign}"
    yield "--set", f"red-kite-network.environment={foreign}"
    yield "--set-literal", "namespaces.app.name=a\udcffb"
    for name in ("X", "a.b", "a b", "-x", "x\n", "x" * 53, "x" * 54, "{{ .Release.Name }}", "1", "true"):
        yield "--name-template", name
    for name in ("X", "a b", "x\n", "x" * 64, 'x"\n---\nkind: X', "default", "stalker", "true"):
        yield "--namespace", name
