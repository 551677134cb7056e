"""What attacks put in the place of a value, beside a key, behind a text and into `--set`: in YAML, as values are."""

from __future__ import annotations

from typing import Any

import yaml

_BEHIND = r"""
- "\n"
- "\n---\n"
- "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
- "\"\n  ingress: [{}]\n  x: \""
- ["}", "]", "#", " # x", "{{", "{{ fail }}", "`", "\"", "'", ": y", ", y", "\t", "\r", "\0", "\e[2J", "\x7f", "\x85"]
- ["\u2028", "\uFEFF", "\U0001F600", "\\", "\\n", "%", "&a"]
- ["*a", "!!str", "|", ">", "é", "=", "=b", "/", "-", ".", "٣"]
"""

_INSTEAD = r"""
- [~, "", " ", "*", any, x, "true", "false", "null", "~", "80"]
- ["0", "0x50", "1e3", "y", a=b, "a=b,c=d", a in (b), "=", "=b"]
- [true, false, 0, 1, -1, 80, 53, 443, 65535, 65536, 80.0, 80.5, -0.0, 9007199254740993, 1000000000000000000000]
- [[], {}, [~], [""], [{}], [[]], [0], [a=b], [a=b, a=c], [a=b, ~], [x], [a=b, a=b], {"": ""}, {x: ~}, {x: {}}, {x: y}]
- [{matchLabels: {}}, {matchLabels: ~}, {podSelector: {}}, {enabled: true}, {cidr: 0.0.0.0/0}, [{cidr: 0.0.0.0/0}]]
- [[0.0.0.0/0], ["::/0"], [0.0.0.0/32], ["::ffff:0:0/96"], ["::/128", 10.0.0.0/24], {"0": a=b}, ["::ffff:a00:0/104"]]
- [0.0.0.0/0, "::/0", 0.0.0.0/1, "::/1", "2000::/3", "2000::/4", "::ffff:0:0/96", "::ffff:0.0.0.0/96", 00.0.0.0/0, 0/0]
- ["64:ff9b::/96", 1.2.3.4, "::1", 10.0.0.0/33, 10.0.0.1/8, 10.0.0.0/08, 10.0.0.0/-1, 10.0.0.0/+8, "10.0.0.0/8 "]
- ["fd00::1/64", "FD00::/64", "fe80::%eth0/64", "1::2::3/64", "12345::/16", ":::/0", 10.0.0.0/255.0.0.0, 999.0.0.0/8]
- [default, kube-system, kube-public, stalker, stalker-jobs]
- [Default, prod, dev, "2026-02-30", "0000-00-00", mongo, outside]
- [TCP, tcp, kubernetes.io/metadata.name=stalker, host=x]
- [[kubernetes.io/metadata.name=stalker], [443, 443], [443, 443.0]]
- [{pod: mongo, endpoint: outside}, {pod: ~}, {pod: mongo}, {endpoint: outside}, {selector: [a=b]}, {cidr: "::/0"}]
- [{namespace: stalker, selector: []}, {namespace: stalker, selector: [a=b]}]
- [{namespace: ~, selector: [a=b]}, {pod: jobs}]
- [[{protocol: TCP}], [{port: 1}], [{protocol: ~, port: 1}], [{protocol: TCP, port: 1, endPort: 65535}]]
- [[443, 22], [0], ["443"], [443, ~], {udp: 53}, {tcp: 0, udp: 53}]
- [{sctp: 53}, {http: 80, https: 80}, {http: 80, https: 80.0}]
"""

_BESIDE = r"""
- ["", " ", x, X, "x\n", "x\n---\n", "x: y", "x#", "#", "{{", "}}"]
- ["{{ fail }}", "\"", "'", x y, é, "\u2028", "y", "null", "true"]
- ["1", "0", "-", x.y, x/y, x~y, "x[0]", "*", "&x", matchLabels]
- [cidr, cidrs, namespace, selector, except, peers, anyone, endpoint]
- [pod, ports, from, to, enabled, name, any, outside, internet]
- [mongo, default, valuesAreJudged, global, x-, Values, udp, http]
"""

_SETS = r"""
--set:
  - "{}=null"
  - "{}="
  - "{}={{}}"
  - "{}={{a=b,a=c}}"
  - "{}[0]=a=b"
  - "{}[3]=a=b"
  - "{}[0]=null"
  - "{}[0].x=1"
  - "{}.x=1"
  - "{}.x=null"
  - "{}.0=a=b"
  - "{}=0"
  - "{}=true"
  - "{}=080"
  - "{}=0.0.0.0/0"
  - "{}={{0.0.0.0/0}}"
  - "{}=9999999999999999999"
  - "{}=a\\,b"
  - "{}.a\\.b=1"
  - "{}[1000]=x"
--set-string: ["{}=80", "{}=true", "{}=null", "{}={{}}"]
--set-json:
  ["{}=null", "{}=[]", "{}={{}}", '{}=""', "{}=80.0", "{}=8e1", "{}=1e400", "{}=[null]", '{}={{"x":null}}',
  '{}="\ud800"', '{}="\ufffe"']
--set-literal: ["{}={{a: b}}\n---\n", "{}=null"]
--set-file: ["{}=/dev/null", "{}=Makefile"]
"""


def _flat(text: str) -> tuple[Any, ...]:
    """The items of the inner lists, in one; a text stands for itself."""
    rows = yaml.safe_load(text)
    return tuple(item for row in rows for item in (row if isinstance(row, list) else [row]))


BEHIND: tuple[str, ...] = (*_flat(_BEHIND), "\ufffe")
"""Before or behind a string that is good by itself."""

INSTEAD: tuple[Any, ...] = (*_flat(_INSTEAD), ["a=b"] * 40, "a" * 64, "a" * 1_000_000, list(range(1, 100)), 1e300)
"""Instead of a value, whatever it is."""

BESIDE: tuple[str, ...] = (*_flat(_BESIDE), "\ufffe", "a" * 64)
"""Beside what stands in a map."""

SETS: tuple[tuple[str, str], ...] = tuple(
    (flag, form) for flag, forms in yaml.safe_load(_SETS).items() for form in forms
)
"""Helm's own arguments; {} stands for the key."""
