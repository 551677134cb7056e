"""Random overrides at real key paths: walks down the values' schema that end in a value, good more often than bad.

A case is random from a seed and not drawn piece by piece: Hypothesis favours the ends of every range, so that hardly a
case would be good; and a case is small enough to be read without shrinking.
"""

from __future__ import annotations

import random
from typing import Any

Schema = dict[str, Any]

_GOOD: dict[str, list[Any]] = {
    "a port number": [1, 80, 443, 3000, 8080, 9092, 9093, 65535, 80.0],
    "a namespace's name": ["one", "two", "stalker", "stalker-jobs", "default", "kube-system", "0", "a" * 63],
    "a label as": ["app=x", "app=y", "app.kubernetes.io/name=mongodb", "app.kubernetes.io/component=ui", "a.b/c=D_1"],
    "an address range": [
        *(
            "10.0.0.1/32",
            "169.254.20.10/32",
            "192.0.2.1/32",
            "10.0.0.0/24",
            "10.0.0.0/23",
            "100.64.0.0/10",
            "0.0.0.0/0",
        ),
        *("::1/128", "fd00::53/128", "fd00::/64", "fd00::/63", "2001:db8::/32", "2000::/3", "1:2:3:4:5:6:7:0/112"),
        *("10.0.0.1/24", "fd00::1/64", "::ffff:0:0/96", "fd00::0/128", "64:ff9b::/96", ":::/0"),
    ],
    "one line": ["why", "x" * 300, "é {{ } # ' \" : --- \\", " x"],
    "a day": ["2099-12-31", "2026-06-15", "2028-02-29", "2027-02-29", "0000-01-01"],
    "an id": ["one", "two-2", "kube-dns", "4", "a" * 28],
    "a cron schedule": ["17 * * * *", "@daily", "*/5 0-6,12 1 jan MON", "0 22-6 * * *"],
    "a Secret's name": ["registry", "a.b-c", "0"],
    "an amount of CPU": ["1", "100m", "999999m"],
    "an amount of memory": ["1Mi", "2Gi"],
    "an image's name": ["agnhost", "registry.example:5000/a/agnhost:2.63.0", "a@sha256:0123", "x" * 255],
}
"""By the beginning of the schema's title: values of a good form. What they mean may still be wrong."""

_BAD: dict[str, list[Any]] = {
    "a port number": [0, 65536, -1, 80.5, "80", True, None, [80], {}],
    "a namespace's name": ["A", "", "a" * 64, "x\n", "a.b", "-a", 5, None, ["a"]],
    "a label as": ["a", "a=", "=b", "a=b=c", "a=b\n", "a/b/c=d", "é=b", 1, None, {}],
    "an address range": [
        "10.0.0.1",
        "10.0.0.0/33",
        "010.0.0.0/8",
        "FD00::/64",
        "fe80::%1/64",
        "::ffff:1.2.3.4/128",
        "",
        1,
    ],
    "one line": ["", " ", "x" * 301, "a\nb", "a\u2028b", "\ufeff", "\ufffe", 7, None],
    "a day": ["2027-6-1", "2027-13-01", "2027-01-32", "never", 2027, None],
    "an id": ["Two", "", "a--b", "-a", "a" * 41, "a b", "{{", "x.y"],
    "a cron schedule": ["", "17 * * *", "* * * * * *", "@never", "* * * * *\n", "a * * * *", "60 * * * *", 17, None],
    "a Secret's name": ["A", "", "-a", "a_b", "a\n", "x" * 254, 1, None],
    "an amount of CPU": ["0", "1.5", "m", "", "1\n", 1, None],
    "an amount of memory": ["0Mi", "256", "1.5Gi", "1gi", "", 1024, None],
    "an image's name": ["", "a b", "a\n", "a\nhostNetwork: true", "{{ }}", ":1", "a/", "x" * 256, 5, None, ["a"]],
}

_OTHER_TYPES: dict[str, list[Any]] = {
    "object": [None, [], "x", 1, False],
    "array": [None, {}, "a=b", 0, True, [None], [[]]],
    "boolean": [None, "true", 0, 1, [], {}],
}

_UNKNOWN = ("x", "ports", "peers", "cidr", "enable", "a/b~c", "Namespace", "")


def override(schema: Schema, seed: int) -> dict[str, Any]:
    """One to three changes in one file."""
    walk = _Walk(schema, random.Random(seed))
    tree: dict[str, Any] = {}
    for _ in range(walk.chance.choice((1, 1, 2, 3))):
        tree = _merged(tree, walk.map(schema, whole=False))
    return tree


class _Walk:
    def __init__(self, root: Schema, chance: random.Random) -> None:
        self.root, self.chance = root, chance

    def value(self, schema: Schema, *, whole: bool) -> Any:
        """A value for `schema`. Of a map one key is given, or where it is `whole`, all that it must have."""
        if "$ref" in schema:
            schema = self.root["definitions"][schema["$ref"].rpartition("/")[2]]
        if "properties" not in schema and "additionalProperties" not in schema:
            return self.leaf(schema)
        if self.rarely():
            return self.chance.choice(_OTHER_TYPES["object"])
        if "properties" in schema:
            return self.map(schema, whole=whole)
        key = self.chance.choice((_BAD if self.rarely() else _GOOD)["an id"])
        return {key: None if self.rarely() else self.value(schema["additionalProperties"], whole=True)}

    def map(self, schema: Schema, *, whole: bool) -> dict[str, Any]:
        known = schema["properties"]
        if self.rarely():
            return {self.chance.choice(_UNKNOWN): self.chance.choice([None, 1, {}, "x"])}
        keys = [self.chance.choice(sorted(known))]
        if whole:
            required = schema.get("required") or self.chance.choice(_forms(known))
            keys = [key for key in required if not self.rarely()]
        return {key: None if self.rarely() else self.value(known[key], whole=whole) for key in keys}

    def leaf(self, schema: Schema) -> Any:
        bad = self.rarely()
        if schema.get("type") == "array":
            return self.list(schema, bad=bad)
        if "enum" in schema:
            return self.chance.choice([None, 22, "x", "", 53.0, "53"] if bad else schema["enum"])
        if schema.get("type") == "boolean":
            return self.chance.choice(_OTHER_TYPES["boolean"] if bad else [True, False])
        if "title" not in schema:  # `global`, and the operator's own keys
            return self.chance.choice([{}, {"a": [None]}])
        title = next(title for title in _GOOD if schema["title"].startswith(title))
        return self.chance.choice((_BAD if bad else _GOOD)[title])

    def list(self, schema: Schema, *, bad: bool) -> Any:
        if bad:
            return self.chance.choice(_OTHER_TYPES["array"])
        items = [self.value(schema["items"], whole=True) for _ in range(self.chance.choice((1, 1, 1, 2, 3)))]
        return self.chance.choice(([], items * 2, items * 18)) if self.rarely() else items

    def rarely(self) -> bool:
        return self.chance.random() < 0.03


def _forms(known: Schema) -> list[list[str]]:
    """The ways in which a party can be said, and some in which it cannot."""
    good: list[list[str]] = [[key] for key in ("pod", "pod", "endpoint", "cidr") if key in known]
    good.append(["namespace", "selector"])
    return [*good, *good, ["selector"], ["cidr", "namespace"]]


def _merged(lower: Any, upper: Any) -> Any:
    if not isinstance(lower, dict) or not isinstance(upper, dict):
        return upper
    return {**lower, **{key: _merged(lower.get(key), value) for key, value in upper.items()}}
