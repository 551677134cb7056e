"""The schema's findings and their wording, the order of checks, layers, nulls and the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from netmatrix.document import Finding, Severity, key_path_text
from netmatrix.document.reader import Document, parse_mapping
from netmatrix.helm import Helm, SetArgument, merged_user_values
from netmatrix.matrix.model import Matrix
from netmatrix.values import rules
from netmatrix.values.check_pods import ports_within_ceilings
from netmatrix.values.command_line import Argument, CommandLineValues, key_paths, with_command_line
from netmatrix.values.context import Context
from netmatrix.values.merge import merge_layers, over_defaults
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import Validated, check_layers

Validate = Callable[..., Validated]


def errors(validated: Validated) -> list[Finding]:
    return [finding for finding in validated.findings if finding.severity is Severity.ERROR]


def told(validated: Validated) -> list[tuple[str, str, str]]:
    return [(f.rule.id, key_path_text(f.path), str(f.place)) for f in errors(validated)]


WORDING = [
    # layer, rule, key path, place, words of the message, words of the hint
    (
        "pods: {web: {ports: {http: '80'}}}",
        "NM201",
        "pods.web.ports.http",
        "a.yaml:1:28",
        "a port number, 1 to 65535; found the string '80'",
        "without quotes: 80",
    ),
    ("pods: {web: {ports: {http: 0}}}", "NM201", "pods.web.ports.http", "a.yaml:1:28", "found 0", ""),
    ("pods: {web: {ports: {http: true}}}", "NM201", "pods.web.ports.http", "a.yaml:1:28", "found true", ""),
    ("pods: {web: {ports: [80]}}", "NM201", "pods.web.ports", "a.yaml:1:14", "expected a map; found a list", "by name"),
    (
        "pods: {web: {selector: app=web}}",
        "NM201",
        "pods.web.selector",
        "a.yaml:1:24",
        "found the string 'app=web'",
        '["app=web"]',
    ),
    ("pods: {web: {selector: []}}", "NM201", "pods.web.selector", "a.yaml:1:14", "found an empty list", ""),
    (
        "pods: {web: {selector: [a=b, a=b]}}",
        "NM201",
        "pods.web.selector",
        "a.yaml:1:14",
        "the string 'a=b' twice",
        "remove",
    ),
    ("pods: {web: {selector: [app=]}}", "NM201", "pods.web.selector[0]", "a.yaml:1:25", "a label as key=value", ""),
    ("pods: {web: {selector: [null]}}", "NM201", "pods.web.selector[0]", "a.yaml:1:25", "found null", ""),
    (
        "flows: {web-to-cart: {enabled: 'true'}}",
        "NM201",
        "flows.web-to-cart.enabled",
        "a.yaml:1:32",
        "expected true or false; found the string 'true'",
        "without quotes: true",
    ),
    (
        "endpoints: {dns: {ports: {udp: 54}}}",
        "NM201",
        "endpoints.dns.ports.udp",
        "a.yaml:1:32",
        "53, 5353; found 54",
        "The port over UDP",
    ),
    (
        "endpoints: {dns: {ports: {udp: '53'}}}",
        "NM201",
        "endpoints.dns.ports.udp",
        "a.yaml:1:32",
        "found the string '53'",
        "without quotes: 53",
    ),
    ("namespaces: {front: {name: 7}}", "NM201", "namespaces.front.name", "a.yaml:1:28", "found 7", 'in quotes: "7"'),
    (
        'namespaces: {front: {name: "shop\\n"}}',
        "NM201",
        "namespaces.front.name",
        "a.yaml:1:28",
        r"found the string 'shop\n'",
        "",
    ),
    (
        "endpoints: {api: {cidrs: [10.0.0.0]}}",
        "NM201",
        "endpoints.api.cidrs[0]",
        "a.yaml:1:27",
        "an address range",
        "10.0.0.0/32",
    ),
    (
        "endpoints: {world: {anyone: false, peers: {Office: {cidr: 192.0.2.0/24}}}}",
        "NM201",
        "endpoints.world.peers.Office",
        "a.yaml:1:44",
        "'Office' cannot be a key of endpoints.world.peers",
        "lower-case",
    ),
    ("pods: {wbe: {}}", "NM202", "pods.wbe", "a.yaml:1:8", "unknown key 'wbe' in pods", "did you mean 'web'?"),
    ("podz: {}", "NM202", "podz", "a.yaml:1:1", "unknown key 'podz' in the", "did you mean 'pods'?"),
    ("podz: null", "NM202", "podz", "a.yaml:1:1", "unknown key 'podz'", "did you mean 'pods'?"),
    (
        "exceptions: {move: {}}",
        "NM203",
        "exceptions.move.from",
        "a.yaml:1:14",
        "'from' is missing in exceptions.move",
        "add",
    ),
    (
        "pods: {web: {ports: {http: null}}}",
        "NM203",
        "pods.web.ports.http",
        "a.yaml:1:28",
        "this null takes the chart's default away",
        "remove the null",
    ),
    ("pods: null", "NM203", "pods", "a.yaml:1:7", "this null takes the chart's default away", "remove the null"),
    ("flows: {web-to-cart: null}", "NM201", "flows.web-to-cart", "a.yaml:1:22", "found null", "there is none here"),
    ("pods: 5", "NM201", "pods", "a.yaml:1:7", "found 5", ""),
]


@pytest.mark.parametrize(("layer", "rule", "path", "place", "message", "hint"), WORDING)
def test_a_violation_is_told_in_an_operators_words(
    validate: Validate, layer: str, rule: str, path: str, place: str, message: str, hint: str
) -> None:
    findings = {key_path_text(f.path): f for f in errors(validate(layer))}
    finding = findings[path]
    assert (finding.rule.id, str(finding.place)) == (rule, place)
    assert message in finding.message
    assert hint in finding.hint
    if rule != "NM203":
        assert list(findings) == [path]


def test_all_faults_of_all_layers_are_told_in_one_run_each_in_its_own_file(validate: Validate) -> None:
    validated = validate(
        "pods:\n  web:\n    ports: {http: 0}\n    selectr: [a=b]\n",
        "namespaces:\n  front: {name: kube-shop}\n  back:\n    create: sure\n",
        "flows:\n  world-to-cart: {enabled: true}\nendpoints: {dns: {cidrs: [10.0.0.0/8]}}\n",
    )
    assert told(validated) == [
        ("NM201", "pods.web.ports.http", "a.yaml:3:19"),
        ("NM202", "pods.web.selectr", "a.yaml:4:5"),
        ("NM220", "namespaces.front.name", "b.yaml:2:17"),
        ("NM201", "namespaces.back.create", "b.yaml:4:13"),
        ("NM211", "flows.world-to-cart.enabled", "c.yaml:2:28"),
        ("NM251", "endpoints.dns.cidrs[0]", "c.yaml:3:27"),
    ]


def test_a_fault_that_a_later_layer_mends_is_told_at_the_file_that_has_it(validate: Validate) -> None:
    validated = validate("pods: {web: {ports: {http: '80'}}}", "pods: {web: {ports: {http: 80}}}")
    assert told(validated) == [("NM201", "pods.web.ports.http", "a.yaml:1:28")]
    masked = validate("pods: {web: {port: 1}}", "pods: {web: null}", "pods: {web: {ports: {http: 81}}}")
    assert told(masked) == [("NM202", "pods.web.port", "a.yaml:1:14")]


def test_a_file_may_be_a_part_and_may_delete_what_another_sets(validate: Validate) -> None:
    ends = "from: {pod: cart}, to: {pod: web}, ports: [{protocol: TCP, port: 1}]"
    whole = f"{{{ends}, reason: r, owner: o, expires: '2027-01-01'}}"
    assert validate(f"exceptions: {{move: {whole}}}", "exceptions: {move: {owner: someone}}").holds
    assert validate("exceptions: {move: {owner: someone}}", f"exceptions: {{move: {whole}}}").holds
    # A null of one layer over another layer's value is no deletion to Helm: the null stays, and the schema refuses it.
    again = validate(f"exceptions: {{move: {whole}}}", "exceptions: {move: null}")
    assert told(again) == [("NM201", "exceptions.move", "b.yaml:1:20")]


def test_the_same_fault_in_two_files_is_two_findings_and_in_the_result_no_third(validate: Validate) -> None:
    validated = validate("pods: {web: {port: 1}}", "pods: {web: {port: 2}}")
    assert told(validated) == [("NM202", "pods.web.port", f"{file}.yaml:1:14") for file in "ab"]


def test_too_many_peers_are_counted_over_all_layers(validate: Validate) -> None:
    one = "endpoints: {{dns: {{peers: {{{}: {{namespace: far, selector: [a=b]}}}}}}}}"
    assert told(validate(one.format("one"), one.format("two"))) == [("NM201", "endpoints.dns.peers", "b.yaml:1:19")]


def test_layers_can_be_checked_where_one_of_them_cannot_be_read(schemas: Schemas) -> None:
    layers = [parse_mapping(b"podz: {}\n", "a.yaml"), parse_mapping(b"flows: []\n", "b.yaml")]
    assert [(f.rule.id, str(f.place)) for f in check_layers(schemas, layers)] == [
        ("NM202", "a.yaml:1:1"),
        ("NM201", "b.yaml:1:1"),
    ]


def test_a_port_beyond_the_ceiling_is_found_without_the_schema(shop: Matrix, defaults: Document) -> None:
    layer = parse_mapping(b"endpoints: {dns: {ports: {udp: 80}}, api: {ports: [443, 22]}}", "a.yaml")
    values = over_defaults(defaults, merge_layers([layer]))
    found = list(ports_within_ceilings(Context.of(shop, values, date(2026, 1, 1))))
    assert [(f.rule, key_path_text(f.path)) for f in found] == [
        (rules.PORT_BEYOND_CEILING, "endpoints.dns.ports.udp"),
        (rules.PORT_BEYOND_CEILING, "endpoints.api.ports[1]"),
    ]


# The command line.


def test_values_from_the_command_line_are_told_at_their_argument(validate: Validate) -> None:
    arguments = (("--set", "pods.ui.ports.http=1,pods.web.ports.http=0"), ("--set-string", "pods.web.ports.https=443"))
    data = {
        "environment": "prod",
        "pods": {"ui": {"ports": {"http": 1}}, "web": {"ports": {"http": 0, "https": "443", "quic": 1}}},
    }
    validated = validate("pods: {web: {ports: {quic: 1}}}", command_line=CommandLineValues(data, arguments))
    first, second = (f"{flag} {text}:1:1" for flag, text in arguments)
    assert sorted(told(validated)) == sorted(
        [
            ("NM202", "pods.ui", first),
            ("NM201", "pods.web.ports.http", first),
            ("NM201", "pods.web.ports.https", second),
        ]
    )
    hints = {f.path[-1]: f.hint for f in errors(validated)}
    assert hints["https"] == "use --set, which reads numbers, true and false"


@pytest.mark.parametrize(
    ("arguments", "data", "place"),
    [
        # The later argument wins, but Helm applies the flags in its own order.
        ((("--set", "a.b=1"), ("--set", "a.b=2")), {"a": {"b": 2}}, "--set a.b=2"),
        ((("--set-string", "a.b=1"), ("--set", "a.b=2")), {"a": {"b": "1"}}, "--set-string a.b=1"),
        ((("--set", "a.b=1"), ("--set-json", 'a={"b": 2}')), {"a": {"b": 1}}, "--set a.b=1"),
        ((("--set-json", '{"a": {"b": 2}}'), ("--set", "c=1")), {"a": {"b": 2}, "c": 1}, '--set-json {"a": {"b": 2}}'),
        ((("--set", "a.b[1]=2"), ("--set", "c=1")), {"a": {"b": [None, 2]}, "c": 1}, "--set a.b[1]=2"),
        ((("--set", "a={1,2},c=3"),), {"a": {"b": 1}}, "--set a={1,2},c=3"),
        ((("--set", "x=1"),), {"a": {"b": 1}}, "--set x=1"),  # nothing leads there: better a guess than no place
    ],
)
def test_the_argument_that_helm_applied_last_is_blamed(
    arguments: tuple[tuple[str, str], ...], data: dict[str, Any], place: str
) -> None:
    values = with_command_line(merge_layers([]), CommandLineValues(data, arguments))
    assert values.data == data
    assert values.place_of(("a", "b")).file == place


def test_what_the_files_say_keeps_its_place(defaults: Document) -> None:
    layer = parse_mapping(b"a: {b: 80, c: [1, 2], d: x}\n", "a.yaml")
    data = {"a": {"b": 80.0, "c": [1, 2], "d": "y", "e": None}}
    values = with_command_line(merge_layers([layer]), CommandLineValues(data, (("--set", "a.d=y,a.e=null"),)))
    places = {key: values.place_of(("a", key)).file for key in "bcde"}
    assert places == {"b": "a.yaml", "c": "a.yaml", "d": "--set a.d=y,a.e=null", "e": "--set a.d=y,a.e=null"}


def test_helm_itself_says_what_arguments_set(helm: Helm, validate: Validate, tmp_path: Path) -> None:
    layer = tmp_path / "a.yaml"
    layer.write_text("environment: prod\npods: {web: {ports: {http: 8080}}}\n", encoding="utf-8")
    sets = (
        SetArgument("--set", "pods.web.ports.http=0,pods.cart.selector[1]=tier=b"),
        SetArgument("--set-json", 'endpoints.dns.ports={"udp": 54}'),
        SetArgument("--set", "pods.db=null"),
    )
    data = merged_user_values(helm, [str(layer)], sets)
    command_line = CommandLineValues(data, tuple((argument.flag, argument.text) for argument in sets))
    validated = validate("pods: {web: {ports: {http: 8080}}}", command_line=command_line)
    first, second, third = (f"{argument.flag} {argument.text}:1:1" for argument in sets)
    assert sorted(told(validated)) == sorted(
        [
            ("NM201", "pods.web.ports.http", first),
            ("NM201", "pods.cart.selector[0]", first),  # Helm fills the gap with a null
            ("NM201", "endpoints.dns.ports.udp", second),
            ("NM203", "pods.db", third),
        ]
    )


def test_a_default_that_the_command_line_deletes_is_missed_there(validate: Validate) -> None:
    data = {"environment": "prod", "pods": {"web": {"ports": {"http": None}}}}
    validated = validate(command_line=CommandLineValues(data, (("--set", "pods.web.ports.http=null"),)))
    assert told(validated) == [("NM203", "pods.web.ports.http", "--set pods.web.ports.http=null:1:1")]


@pytest.mark.parametrize(
    ("flag", "text", "paths"),
    [
        ("--set", "a=1", [("a",)]),
        ("--set", "a.b.c=1,d=2", [("a", "b", "c"), ("d",)]),
        ("--set", "a[0].b=1", [("a", 0, "b")]),
        ("--set", "a[0][1]=1", [("a", 0, 1)]),
        ("--set", r"a\.b.c=1", [("a.b", "c")]),
        ("--set", r"a=1\,b=2,c=3", [("a",), ("c",)]),
        ("--set", "a={x,y},b=1", [("a",), ("b",)]),
        ("--set-string", "a.b=x=y", [("a", "b")]),
        ("--set-literal", "a.b=x,c=y", [("a", "b")]),
        ("--set-json", 'a.b={"c": [1, 2], "d": 3}', [("a", "b")]),
        ("--set-json", '{"a": {"b": 1}, "c": []}', [("a", "b"), ("c",)]),
        ("--set", "a", [("a",)]),
        ("--set", "a[", [("a",)]),
        ("--set", "", []),
        ("--set-json", "{broken", []),
    ],
)
def test_the_keys_of_an_argument(flag: str, text: str, paths: list[tuple[str | int, ...]]) -> None:
    assert sorted(key_paths(Argument(flag, text)), key=str) == sorted(paths, key=str)
