"""Every cross-field rule: values that break it, with the place and key path of the finding, and values that hold it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from netmatrix.document import Severity, key_path_text
from netmatrix.values import rules
from netmatrix.values.validate import Validated
from tests.support.never_lines import CASES as NEVER

GOOD_END = "ports: [{protocol: TCP, port: 443}], reason: while it moves, owner: platform, expires: '2026-12-31'"


def exception(ends: str, mark: str = "") -> str:
    """An exception `move` on one line with these ends, its name with `mark` before it."""
    return f"exceptions: {{{mark}move: {{{ends}, {GOOD_END}}}}}"


BAD = [
    # rule, key path, layers (a.yaml, b.yaml, ...) with an @ where the finding points
    ("NM211", "flows.world-to-cart.enabled", ["flows: {world-to-cart: {enabled: @true}}"]),
    ("NM220", "namespaces.front.name", ["namespaces: {front: {name: @default}}"]),
    ("NM220", "namespaces.back.name", ["namespaces: {back: {name: @kube-shop}}"]),
    ("NM221", "namespaces.back.name", ["namespaces: {back: {name: @shop}}"]),
    (
        "NM221",
        "namespaces.back.name",
        ["namespaces: {front: {name: @shop-data}}"],  # the later one has its default: the place is that of what was set
    ),
    (
        "NM222",
        "endpoints.dns.peers.mine.namespace",
        ["endpoints: {dns: {peers: {mine: {namespace: @shop, selector: [a=b]}}}}"],
    ),
    (
        "NM222",
        "endpoints.dns.peers.mine.namespace",
        ["endpoints: {dns: {peers: {mine: {namespace: @default, selector: [a=b]}}}}"],
    ),
    (
        "NM222",
        "endpoints.dns.peers.kube-dns.namespace",
        ["endpoints: {dns: {peers: {kube-dns: {namespace: @shop-data}}}}"],
    ),
    ("NM230", "pods.web.selector[1]", ["pods: {web: {selector: [app=web, @app=webshop]}}"]),
    (
        "NM230",
        "endpoints.dns.peers.kube-dns.selector[2]",
        ["endpoints: {dns: {peers: {kube-dns: {selector: [a=b, c=d, @a=c]}}}}"],
    ),
    (
        "NM230",
        "exceptions.move.to.selector[1]",
        [exception("from: {pod: cart}, to: {namespace: far, selector: [a=b, @a=c]}")],
    ),
    ("NM231", "pods.cart.selector", ["pods: {cart: {@selector: [role=cart]}}"]),
    ("NM231", "pods.cart.selector", ["pods: {web: {@selector: [app=cart]}}"]),
    (
        "NM231",
        "pods.cart.selector",
        ["pods: {web: {selector: [a=b]}}", "pods: {cart: {@selector: [c=d]}}"],
    ),
    # what the matrix gives another row stays that row's, also where values move it out of the way
    ("NM223", "namespaces.front.name", ["namespaces: {front: {name: @shop-data}, back: {name: vault}}"]),
    ("NM232", "pods.web.selector", ["pods: {web: {@selector: [app=cart]}, cart: {selector: [app=basket]}}"]),
    ("NM232", "pods.cart.selector", ["pods: {web: {selector: [app=web, tier=a]}, cart: {@selector: [tier=b]}}"]),
    ("NM240", "pods.web.ports.https", ["pods: {web: {ports: {https: @80}}}"]),
    ("NM240", "pods.web.ports.https", ["pods: {web: {ports: {http: @443}}}"]),
    ("NM250", "endpoints.api.cidrs[1]", ["endpoints: {api: {cidrs: [10.0.0.0/24, @10.0.1.1/24]}}"]),
    (
        "NM250",
        "endpoints.internet.additionalExcept.lab",
        ["endpoints: {internet: {additionalExcept: {lab: @172.16.0.1/12}}}"],
    ),
    (
        "NM250",
        "endpoints.world.peers.office.cidr",
        ["endpoints: {world: {anyone: false, peers: {office: {cidr: @'2001:db8::0001/128'}}}}"],
    ),
    ("NM250", "exceptions.move.to.cidr", [exception("from: {pod: cart}, to: {cidr: @10.0.0.1/8}")]),
    ("NM251", "endpoints.api.cidrs[0]", ["endpoints: {api: {cidrs: [@10.0.0.0/23]}}"]),
    ("NM251", "endpoints.api.cidrs[0]", ["endpoints: {api: {cidrs: [@'fd00::/48']}}"]),
    ("NM251", "endpoints.dns.cidrs[0]", ["endpoints: {dns: {cidrs: [@0.0.0.0/0]}}"]),
    (
        "NM253",
        "endpoints.internet.additionalExcept.lab",
        ["endpoints: {internet: {additionalExcept: {lab: @'fd00::/8'}}}"],
    ),
    (
        "NM253",
        "endpoints.internet.additionalExcept.all",
        ["endpoints: {internet: {additionalExcept: {all: @0.0.0.0/0}}}"],
    ),
    ("NM260", "endpoints.world.peers", ["endpoints: {world: {@peers: {office: {cidr: 192.0.2.0/24}}}}"]),
    (
        "NM261",
        "endpoints.world.peers.office",
        ["endpoints: {world: {anyone: false, peers: {@office: {}}}}"],
    ),
    (
        "NM261",
        "endpoints.world.peers.office",
        ["endpoints: {world: {anyone: false, peers: {@office: {namespace: far}}}}"],
    ),
    (
        "NM261",
        "endpoints.world.peers.office",
        [
            "endpoints: {world: {anyone: false, peers: {office: {cidr: 192.0.2.0/24}}}}",
            "endpoints: {world: {peers: {@office: {namespace: far, selector: [a=b]}}}}",
        ],
    ),
    ("NM270", "exceptions.move.from", [exception("@from: {}, to: {pod: cart}")]),
    ("NM270", "exceptions.move.to", [exception("from: {pod: cart}, @to: {pod: web, endpoint: dns}")]),
    ("NM270", "exceptions.move.to", [exception("from: {pod: cart}, @to: {selector: [a=b]}")]),
    ("NM271", "exceptions.move", [exception("from: {endpoint: world}, to: {cidr: 10.0.0.0/8}", "@")]),
    ("NM272", "exceptions.move", [exception("from: {endpoint: dns}, to: {pod: db}", "@")]),
    (
        "NM273",
        "exceptions.move.expires",
        [exception("from: {pod: cart}, to: {pod: web}"), "exceptions: {move: {expires: @'2027-02-30'}}"],
    ),
    (
        "NM274",
        "exceptions.move.expires",
        [exception("from: {pod: cart}, to: {pod: web}"), "exceptions: {move: {expires: @'2026-06-14'}}"],
    ),
    ("NM291", "pods.cart.port", ["pods: {cart: {@port: 8080}}"]),
    ("NM291", "pods.cart.port", ["pods: {cart: {@port: {any: [form]}}}", "pods: {cart: {ports: {http: 8081}}}"]),
    ("NM291", "verbose", ["@verbose: true"]),
]

GOOD = [
    "flows: {world-to-web: {enabled: true}, world-to-cart: {enabled: false}}",
    "namespaces: {front: {name: defaults}, back: {name: kubeshop}}",
    "endpoints: {dns: {peers: {kube-dns: {namespace: openshift-dns, selector: [a=b, c=d]}}, ports: {udp: 5353}}}",
    "endpoints: {dns: {peers: {kube-dns: null}, cidrs: [169.254.20.10/32, 'fd00::a/128']}}",
    "pods: {web: {selector: [tier=shop, app=web]}}",
    "pods: {db: {selector: [app=web]}}",  # in another namespace
    "pods: {web: {selector: [app=site, tier=a]}, cart: {selector: [app=basket]}}",
    "pods: {web: {ports: {http: 8080, https: 8443, quic: 8443}}}",
    "endpoints: {api: {cidrs: [192.0.2.0/24, 'fd00::/64'], ports: [443, 6443], discover: false}}",
    "endpoints: {internet: {additionalExcept: {lab: 0.0.0.0/1, more: 192.0.2.1/32}}}",
    "endpoints: {world: {anyone: false, peers: {office: {cidr: 0.0.0.0/0}, pods: {namespace: far, selector: [a=b]}}}}",
    exception("from: {pod: cart}, to: {cidr: 0.0.0.0/0}"),
    exception("from: {namespace: far, selector: [a=b]}, to: {pod: cart}"),
    exception("from: {pod: cart}, to: {endpoint: dns}"),
    exception("from: {pod: cart}, to: {pod: db}"),
]


def unmarked(layers: list[str]) -> tuple[list[str], str]:
    """`layers` without the @, and the place where it stood."""
    place = next(
        f"{file}.yaml:{text[: text.index('@')].count(chr(10)) + 1}:{text[text.rfind(chr(10)) + 1 :].index('@') + 1}"
        for file, text in zip("abc", layers, strict=False)
        if "@" in text
    )
    return [text.replace("@", "") for text in layers], place


@pytest.mark.parametrize(("rule", "path", "layers"), BAD)
def test_values_that_break_one_rule(
    validate: Callable[..., Validated], rule: str, path: str, layers: list[str]
) -> None:
    layers, place = unmarked(layers)
    validated = validate(*layers)
    errors = [finding for finding in validated.findings if finding.severity is Severity.ERROR]
    assert [(f.rule.id, key_path_text(f.path), str(f.place)) for f in errors] == [(rule, path, place)]
    assert all(finding.message and finding.hint for finding in errors)
    assert not validated.holds


@pytest.mark.parametrize("layer", GOOD)
def test_values_that_hold(validate: Callable[..., Validated], layer: str) -> None:
    validated = validate(layer)
    assert validated.holds, validated.findings


def test_every_rule_of_this_room_has_a_bad_case() -> None:
    elsewhere = {"NM201", "NM202", "NM203", "NM210", "NM212", "NM241", "NM280", "NM281"} | {"NM282", "NM283", "NM284"}
    assert {rule.id for rule in rules.RULES} == {rule for rule, *_ in BAD} | elsewhere


@pytest.mark.parametrize("layer", ["x-note: nothing", "environment: ''", "environment: null"])
def test_without_an_environment_the_files_to_give_are_named(validate: Callable[..., Validated], layer: str) -> None:
    (finding,) = (f for f in validate(layer, environment=None).findings if f.severity is Severity.ERROR)
    assert (finding.rule, finding.path) == (rules.ENVIRONMENT, ("environment",))
    assert finding.place.file == ("chart/values.yaml" if layer.startswith("x-") else "a.yaml")
    assert "-f values/values-prod.yaml or -f values/values-test.yaml" in finding.hint


@pytest.mark.parametrize("between", ["x-note: nothing", "environment: prod"])
def test_an_override_does_not_change_the_environment(validate: Callable[..., Validated], between: str) -> None:
    override = "environment: test\nflows: {world-to-cart: {enabled: true}}"
    (finding,) = (f for f in validate(between, override).findings if f.severity is Severity.ERROR)
    assert (finding.rule, str(finding.place)) == (rules.ENVIRONMENT_CHANGED, "b.yaml:1:14")
    assert "environment.yaml chooses the environment prod" in finding.message
    assert validate(override, environment=None).holds


def test_an_unknown_environment_is_the_schemas_finding_with_the_rules_hint(validate: Callable[..., Validated]) -> None:
    (finding,) = (f for f in validate(environment="prd").findings if f.severity is Severity.ERROR)
    assert (finding.rule, finding.path) == (rules.VALUES_SCHEMA, ("environment",))
    assert "did you mean 'prod'?" in finding.hint
    assert "-f values/values-prod.yaml" in finding.hint


@pytest.mark.parametrize(("ends", "environment", "moved", "lines"), NEVER)
def test_a_never_line_wins_over_an_exception(
    validate: Callable[..., Validated], ends: str, environment: str, moved: str, lines: set[str]
) -> None:
    findings = validate(exception(ends), moved, environment=environment).findings
    found = [f for f in findings if f.rule is rules.EXCEPTION_NEVER]
    assert {f.message.split("'")[1] for f in found} == lines
    assert all(f.path == ("exceptions", "move") for f in found)


@pytest.mark.parametrize(
    ("today", "expired"), [(date(2026, 12, 30), False), (date(2026, 12, 31), False), (date(2027, 1, 1), True)]
)
def test_an_exception_holds_through_the_day_that_it_names(
    validate: Callable[..., Validated], today: date, expired: bool
) -> None:
    validated = validate(exception("from: {pod: cart}, to: {pod: web}"), today=today)
    assert [f.rule.id for f in validated.findings if f.severity is Severity.ERROR] == ["NM274"] * expired
    if expired:
        assert "1 day ago" in next(f.message for f in validated.findings if f.rule is rules.EXCEPTION_EXPIRED)


def test_discovery_is_noted_and_no_error(validate: Callable[..., Validated]) -> None:
    validated = validate()
    (note,) = validated.findings
    assert (note.rule, note.severity) == (rules.DISCOVERY_OFFLINE, Severity.NOTE)
    assert "10.96.0.1/32" in note.message
    assert validated.holds
    assert not validate("endpoints: {api: {discover: false}}").findings


@pytest.mark.parametrize(
    ("layer", "endpoint"),
    [
        ("endpoints: {dns: {peers: {kube-dns: null}}}\nflows: {cart-to-dns: {enabled: true}}", "dns"),
        ("endpoints: {api: {cidrs: [], discover: false}}\nflows: {cart-to-api: {enabled: true}}", "api"),
        ("endpoints: {world: {anyone: false}}\nflows: {world-to-web: {enabled: true}}", "world"),
        ("endpoints: {world: {anyone: false}}\nflows: {world-to-web: {enabled: false}}", None),
        ("endpoints: {api: {cidrs: [], discover: true}}\nflows: {cart-to-api: {enabled: true}}", None),
        ("flows: {cart-to-internet: {enabled: true}, cart-to-dns: {enabled: true}}", None),
    ],
)
def test_a_flow_that_leads_nowhere_is_a_warning(
    validate: Callable[..., Validated], layer: str, endpoint: str | None
) -> None:
    validated = validate(layer)
    warnings = [f for f in validated.findings if f.rule is rules.NO_DESTINATION]
    assert [f.path for f in warnings] == ([("endpoints", endpoint)] if endpoint else [])
    assert all(f.severity is Severity.WARNING and f.place.file == "a.yaml" for f in warnings)
    assert validated.holds
