"""What a matrix may not say: minimal.yaml with one edit per case, and the one finding that the edit brings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from netmatrix.document.reader import parse_mapping
from netmatrix.matrix import rules
from netmatrix.matrix.load import load_matrix, parse_matrix
from netmatrix.matrix.model import Matrix

MINIMAL = (Path(__file__).parent / "minimal.yaml").read_text(encoding="utf-8")

# Places where an edit adds a line.
PODS, ENDPOINTS, FLOWS, NEVER = "pods:\n", "endpoints:\n", "flows:\n", "never:\n"
API = (
    "  api: {kind: addresses, cidrs: [10.0.0.1/32], ports: {https: 443}, "
    "discover: {namespace: default, service: kubernetes}, "
    "ceiling: {ports: [443], cidrs: 1, prefix: {ipv4: 32, ipv6: 128}}}\n"
)
WATCH = "  watch-to-api: {from: watch, to: api, ports: [https], basis: operation, reason: It asks the cluster}\n"
ASIDE = "  watch-to-internet: {from: watch, to: internet, ports: [443], basis: operation, reason: It looks away}\n"


def watching(
    purpose: str = "purpose: audit", *edits: tuple[str, str], flow: str = WATCH
) -> tuple[tuple[str, str], ...]:
    """A pod for the chart's audit, with what it needs."""
    pod = f"  watch: {{title: Watch, namespace: app, labels: {{app: watch}}, {purpose}}}\n"
    return ((PODS, PODS + pod), (ENDPOINTS, ENDPOINTS + API), (FLOWS, FLOWS + flow), *edits)


LONG = "a-pod-with-an-id-of-forty-characters-aaa"


@dataclass(frozen=True)
class Case:
    """Each pair of `edits` replaces the one occurrence of its first text by the second.

    `@` marks where the finding points; `message` and `hint` are parts of what the author of the matrix reads.
    """

    rule: str
    edits: tuple[tuple[str, str], ...]
    message: str
    hint: str = ""


def case(rule: str, before: str, after: str, message: str, hint: str = "") -> Case:
    return Case(rule, ((before, after),), message, hint)


CASES = {
    # The form.
    "another format": case("NM101", "netmatrix/v1", "@netmatrix/v2", "netmatrix/v1"),
    "a port beyond 65535": case("NM101", "http: 80,", "http: @65536,", "65536"),
    "a flow without ports": case("NM101", "ports: [dns]", "ports: @[]", ""),
    "a pod without labels": case("NM101", "labels: {app: web}", "labels: @{}", ""),
    "a namespace without default-deny": case(
        "NM101", "default, defaultDeny: true", "default, defaultDeny: @false", "true"
    ),
    "a kind of endpoint there is not": case("NM101", "kind: anyone", "kind: @anybody", "anybody"),
    "a title with what would break out of a template": case(
        "NM101", "{title: Web,", "{title: @'Web}',", "without any of {, }, \\, \" and `; found the string 'Web}'"
    ),
    "an unknown section": case("NM102", "never:", "@nevr:", "nevr", "did you mean 'never'?"),
    "an unknown key of a pod": case("NM102", "{title: Web,", "{title: Web, @shrt: W,", "shrt", "did you mean 'short'?"),
    "an unknown key of a flow": case(
        "NM102", "ports: [dns], basis", "@enviroments: [dev], ports: [dns], basis", "", "did you mean 'environments'?"
    ),
    "a key that another kind of endpoint has": case(
        "NM102", "{kind: anyone}", "{kind: anyone, @cidrs: [192.0.2.0/24]}", "cidrs"
    ),
    "a flow without a destination": case(
        "NM103", "web-to-dns: {from: web, to: dns,", "@web-to-dns: {from: web,", "'to'"
    ),
    "a pod without labels at all": case(
        "NM103",
        "web: {title: Web, namespace: app, labels: {app: web},",
        "@web: {title: Web, namespace: app,",
        "'labels'",
    ),
    "an operational flow without a reason": case(
        "NM103",
        "web-to-bank: {from: web, to: bank, ports: [https], basis: table}",
        "@web-to-bank: {from: web, to: bank, ports: [https], basis: operation}",
        "'reason'",
    ),
    "a ceiling for peers left open": case(
        "NM103", "ceiling: {ports: [53], peers: 1,", "@ceiling: {ports: [53],", "'peers'"
    ),
    "an id that is none": case("NM101", "  app: {name", "  @App_1: {name", "App_1"),
    "an id that YAML readers take for a boolean": case("NM101", "  internet: {kind", '  @"on": {kind', "'on'"),
    "a port name that YAML readers take for nothing": case("NM101", "ports: {sql:", 'ports: {@"null":', "'null'"),
    # Names.
    "an unknown destination": case(
        "NM104",
        "to: store, ports",
        "to: @stor, ports",
        "'web-to-store' goes to 'stor', which is neither",
        "did you mean 'store'?",
    ),
    "an unknown source": case(
        "NM104", "from: outside, to: web", "from: @everyone, to: web", "starts at 'everyone'", "known are: bank, dns,"
    ),
    "an unknown end of a never line": case(
        "NM104",
        "to: store, environments: [prod], reason",
        "to: @shore, environments: [prod], reason",
        "never line 'outside-to-store'",
        "did you mean 'store'?",
    ),
    "access to an endpoint": case(
        "NM104", "web: {to: web,", "web: {to: @dns,", "'dns', which is not a pod", "known are: store, web"
    ),
    "an unknown port of a pod": case(
        "NM105",
        "ports: [http], basis",
        "ports: [@htp], basis",
        "'htp', which 'web' does not define",
        "did you mean 'http'?",
    ),
    "an unknown port of an endpoint": case("NM105", "ports: [dns]", "ports: [@dsn]", "'dsn'", "did you mean 'dns'?"),
    "a port name where the destination names none": case(
        "NM105", "ports: [443/TCP]", "ports: [@https]", "'internet' does not define", "or write a number"
    ),
    "a number where the destination names its ports": case(
        "NM105",
        "ports: [sql], env",
        "ports: [@5432], env",
        "by number, though 'store' has named ports",
        "name the port: sql",
    ),
    "a number with a protocol beyond 65535": case(
        "NM105", "443/TCP", "@70000/TCP", "70000/TCP is not a port", "1 to 65535"
    ),
    "a pod's port with a protocol beyond 65535": case(
        "NM105", "sql: 5432", "sql: @70000/UDP", "70000/UDP is not a port", "1 to 65535"
    ),
    "access to an unknown port": case(
        "NM105", "port: http,", "port: @htpps,", "'htpps', which 'web'", "did you mean 'https'?"
    ),
    "an unknown environment of a flow": case(
        "NM106",
        "ports: [sql], environments: [prod]",
        "ports: [sql], environments: [dev, @prd]",
        "'prd'",
        "did you mean 'prod'?",
    ),
    "an unknown environment of a never line": case(
        "NM106", "[prod], reason", "[@prods], reason", "'prods' is not an environment", "did you mean 'prod'?"
    ),
    "an unknown environment of an access line": case(
        "NM106", "port: http, ", "port: http, environments: [@staging], ", "'staging'", "known are: dev, prod"
    ),
    "an unknown environment in a title": case(
        "NM106", "dev: Test store", "dev: Test store, @devel: Store", "'devel'", "did you mean 'dev'?"
    ),
    "an unknown namespace": case(
        "NM107",
        "Web, namespace: app",
        "Web, namespace: @apps",
        "'apps', which is not a namespace",
        "did you mean 'app'?",
    ),
    # What a reader would trip over.
    "two pods with the same selector": case(
        "NM108", "{app: store}", "@{app: web}", "both 'web' and 'store'", "different values"
    ),
    "two pods whose selectors share no key": case(
        "NM108", "{app: store}", "@{tier: data}", "both 'web' and 'store'", "same key"
    ),
    "a selector that takes in another": case(
        "NM108", "{app: store}", "@{app: web, tier: data}", "both 'web' and 'store'"
    ),
    "a pod that no flow uses": case(
        "NM109",
        PODS,
        f"{PODS}  @idle: {{title: Idle, namespace: app, labels: {{app: idle}}}}\n",
        "no flow starts or ends at 'idle'",
        "add a flow, or remove it",
    ),
    "an endpoint that no flow uses": case("NM109", ENDPOINTS, f"{ENDPOINTS}  @anyone: {{kind: anyone}}\n", "'anyone'"),
    "an exception outside its range": case(
        "NM110",
        '0.0.0.0/0, "2000::/3"], except: [',
        '"2000::/3"], except: [@',
        "10.0.0.0/8 does not lie strictly inside 2000::/3",
        "API server",
    ),
    "an exception that is the whole range": case(
        "NM110", "except: [10.0.0.0/8]", "except: [@0.0.0.0/0]", "strictly inside"
    ),
    "the same flow under two ids": case(
        "NM111",
        NEVER,
        "  @store-again: {from: web, to: store, ports: [sql], basis: table}\n\nnever:\n",
        "'store-again' grants again what flow 'web-to-store' grants (line 34)",
        "merge",
    ),
    "a flow inside one of any port": case(
        "NM111", NEVER, "  @all: {from: web, to: internet, ports: any, basis: table}\n\nnever:\n", "'web-to-internet'"
    ),
    "a port twice, once by its protocol": case(
        "NM111",
        NEVER,
        "  @maps: {from: web, to: internet, ports: [80, 443], basis: table}\n\nnever:\n",
        "'web-to-internet'",
    ),
    "a flow between endpoints": case(
        "NM112",
        FLOWS,
        f"{FLOWS}  @bank-to-dns: {{from: bank, to: dns, ports: [dns], basis: table}}\n",
        "endpoint at both ends",
        "must be a pod",
    ),
    "a flow that a never line forbids": case(
        "NM113",
        FLOWS,
        f"{FLOWS}  @public-store: {{from: outside, to: store, ports: [sql], basis: table}}\n",
        "never line 'outside-to-store' forbids: Data stay inside",
        "take prod out",
    ),
    "a flow from addresses where a never line names anyone": case(
        "NM113", FLOWS, f"{FLOWS}  @bank-to-store: {{from: bank, to: store, ports: [sql], basis: table}}\n", "forbids"
    ),
    "a flow from anyone where a never line names a pod": Case(
        "NM113",
        (
            (
                FLOWS,
                f"{FLOWS}  @public: {{from: outside, to: web, ports: [https], environments: [dev], basis: table}}\n",
            ),
            (NEVER, f"{NEVER}  own: {{from: store, to: web, environments: [dev], reason: The store only answers}}\n"),
            ("[http], basis", "[http], environments: [prod], basis"),
        ),
        "never line 'own' forbids",
        "take dev out",
    ),
    "a flow between two pods that a never line names": Case(
        "NM113",
        (
            ("  web-to-store", "  @web-to-store"),
            (NEVER, f"{NEVER}  own: {{from: web, to: store, reason: Another store}}\n"),
        ),
        "never line 'own' forbids: Another store",
        "take prod out",
    ),
    "a never line about an endpoint with an address": case(
        "NM114",
        NEVER,
        f"{NEVER}  store-to-dns: {{from: store, to: @dns, reason: No names}}\n",
        "an endpoint of kind pods",
        "name a pod",
    ),
    "an operational flow in one environment": case(
        "NM115",
        "  web-to-internet: {",
        "  @web-to-internet: {environments: [dev], ",
        "leaves out prod",
        "leave `environments` out",
    ),
    "a pod and an endpoint of one name": case(
        "NM116", ENDPOINTS, f"{ENDPOINTS}  @web: {{kind: anyone}}\n", "'web' is both a pod and an endpoint", "rename"
    ),
    "a pod whose policy's name is too long": Case(
        "NM116",
        (
            ("prefix: kiosk", "prefix: kiosk-by-the-sea"),
            (PODS, f"{PODS}  @{LONG}: {{title: Long, namespace: app, labels: {{app: long}}}}\n"),
        ),
        "a name of 65 characters",
        "63 is the longest",
    ),
    "an operational flow whose policy's name is too long": Case(
        "NM116",
        (("prefix: kiosk", "prefix: kiosk-by-the-sea"), ("web-to-internet", "@web-to-what-the-internet-has-of-maps")),
        "'kiosk-by-the-sea-flow-web-to-what-the-internet-has-of-maps-ingress'",
        "shorten it",
    ),
    "a flow whose policy's name has no room for its ports": Case(
        "NM116",
        (("prefix: kiosk", "prefix: kiosk-by-the-sea"), ("web-to-dns", "@web-to-whoever-has-a-name")),
        "would have a name of 64 characters",
        "shorten it",
    ),
    "a pod named like a file of the chart": case(
        "NM116",
        PODS,
        f"{PODS}  @namespaces: {{title: Idle, namespace: app, labels: {{app: idle}}}}\n",
        "'namespaces'",
        "another id",
    ),
    "a pod named like an operational flow's policy": case(
        "NM116",
        PODS,
        f"{PODS}  @flow-web: {{title: Idle, namespace: app, labels: {{app: idle}}}}\n",
        "'flow-web'",
        "another id",
    ),
    # Numbers and addresses.
    "a range with host bits": case(
        "NM117", "192.0.2.0/28", "@192.0.2.1/28", "'192.0.2.1/28'", "did you mean '192.0.2.0/28'?"
    ),
    "an IPv4 range inside IPv6": case(
        "NM117", '"2000::/3"', '@"::ffff:a00:0/104"', "is an IPv4 range inside IPv6", "write 10.0.0.0/8"
    ),
    "an IPv4 range inside IPv6, in another form": case(
        "NM117", '"2000::/3"', '@"::ffff:10.0.0.1/104"', "is an IPv4 range inside IPv6", "write 10.0.0.0/8"
    ),
    "a range in a long form": case("NM117", '"2000::/3"', '@"2000:0::/3"', "canonical", "did you mean '2000::/3'?"),
    "no address at all": case("NM117", "10.0.0.0/8", "@300.0.0.0/8", "'300.0.0.0/8'", "such as 10.0.0.0/8"),
    "a title for some environments": case(
        "NM118", "{prod: Store, dev: Test store}", "@{prod: Store}", "no title in dev", "add one"
    ),
    "a local port that needs privileges": case(
        "NM119", '"http://127.0.0.1:8080/"', '@"http://127.0.0.1:80/"', "cannot forward", "1024"
    ),
    "a local port beyond 65535": case(
        "NM119", '"http://127.0.0.1:8080/"', '@"http://127.0.0.1:80800/"', "cannot forward", "65535"
    ),
    "two access lines with one local port": case(
        "NM119",
        'servicePort: 80, url: "http://127.0.0.1:8080/"}\n',
        'servicePort: 80, url: "http://127.0.0.1:8080/"}\n'
        '  secure: {to: web, port: https, service: web, servicePort: 443, url: @"https://127.0.0.1:8080/"}\n',
        "use one local port in dev",
        "another local port",
    ),
    "a port under two names": case(
        "NM120", "http: 80, https: 443}}", "http: 80, https: @80}}", "calls TCP 80 both 'http' and 'https'", "one name"
    ),
    "a port beyond its ceiling": case("NM121", "{https: 443}\n", "{https: @8443}\n", "port 8443", "within the ceiling"),
    "a port by protocol beyond its ceiling": case("NM121", "udp: 53", "udp: @5353", "port 5353"),
    "more peers than the ceiling": case(
        "NM121", "peers: {kube", "peers: @{node: {namespace: node-dns, labels: {app: dns}}, kube", "more peers than"
    ),
    "more ranges than the ceiling": case(
        "NM121", "[192.0.2.0/28]", "@[192.0.2.0/28, 192.0.2.16/28, 192.0.2.32/28]", "more cidrs than"
    ),
    "a wider range than the ceiling": case("NM121", "192.0.2.0/28", "@192.0.2.0/24", "192.0.2.0/24 is wider"),
    "IPv4 behind NAT64 wider than the ceiling": case(
        "NM121", "192.0.2.0/28", '@"64:ff9b::/96"', "64:ff9b::/96 is wider"
    ),
    "peers among our own pods": case(
        "NM122", "namespace: kube-system", "namespace: @kiosk", "'kiosk', a namespace of ours", "make it a pod"
    ),
    "a namespace under two ids": case(
        "NM123",
        "  default: {name: default,",
        "  copy: {name: @kiosk, defaultDeny: true}\n  default: {name: default,",
        "'app' and 'copy' are both 'kiosk'",
        "enough",
    ),
    "creating a namespace of Kubernetes": case(
        "NM123",
        "{name: default, defaultDeny: true}",
        "{name: default, defaultDeny: true, create: @true}",
        "Kubernetes' own",
        "leave `create` out",
    ),
    "a purpose that there is not": Case("NM101", watching("purpose: @probe"), "audit"),
    "a second pod for the audit": Case(
        "NM124",
        (
            *watching(),
            (
                "  web: {title",
                "  other: {title: Other, namespace: app, labels: {app: o}, purpose: @audit}\n  web: {title",
            ),
            ("  web-to-dns:", f"{WATCH.replace('watch', 'other')}  web-to-dns:"),
        ),
        "'other' is a second pod",
        "take it out",
    ),
    "an audit that may not ask the API server": Case(
        "NM124",
        watching("purpose: @audit", flow=WATCH.replace("from: watch", "from: web") + ASIDE),
        "no flow leads from 'watch' to the API server",
        "the Service kubernetes",
    ),
    "a flow of the audit in the tables": Case(
        "NM124", watching(flow=WATCH.replace("  watch", "  @watch").replace("operation", "table")), "operational one"
    ),
    "a flow to the audit": Case(
        "NM124",
        watching(flow=f"{WATCH}  @look: {{from: web, to: watch, ports: any, basis: operation, reason: It looks}}\n"),
        "'look'",
    ),
    "a never line about the audit": Case(
        "NM124",
        watching("purpose: audit", (NEVER, f"{NEVER}  @blind: {{from: watch, to: store, reason: So}}\n")),
        "'blind'",
    ),
}

FINE = {
    "a pod for the audit": watching(),
    "the same labels in another namespace": (
        ("Test store}, namespace: app, labels: {app: store}", "Test store}, namespace: default, labels: {app: web}"),
    ),
    "the same ends on another port": (
        (FLOWS, f"{FLOWS}  secure: {{from: outside, to: web, ports: [https], basis: table}}\n"),
    ),
    "the same flow in another environment": (
        (FLOWS, f"{FLOWS}  dev: {{from: web, to: store, ports: [sql], environments: [dev], basis: table}}\n"),
    ),
    "what is forbidden elsewhere": (
        (FLOWS, f"{FLOWS}  dev: {{from: outside, to: store, ports: [sql], environments: [dev], basis: table}}\n"),
    ),
    "a flow to addresses where a never line names a pod": (
        (NEVER, f"{NEVER}  own: {{from: web, to: store, environments: [dev], reason: Another store}}\n"),
    ),
    "one number with two protocols": (("sql: 5432", "sql: 5432, replication: 5432/UDP"),),
}


@pytest.mark.parametrize("wrong", CASES.values(), ids=CASES.keys())
def test_a_faulty_matrix_is_refused_at_its_fault_with_a_remedy(wrong: Case) -> None:
    text = edited(wrong.edits)
    offset = text.index("@")
    assert text.count("@") == 1
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    with pytest.raises(rules.MatrixError) as caught:
        matrix_of(text.replace("@", ""))
    assert [(f.rule.id, str(f.place)) for f in caught.value.findings] == [(wrong.rule, f"matrix.yaml:{line}:{column}")]
    finding = caught.value.findings[0]
    assert wrong.message in finding.message
    assert wrong.hint in finding.hint


def test_every_rule_of_the_matrix_is_broken_by_a_case() -> None:
    assert {wrong.rule for wrong in CASES.values()} == {rule.id for rule in rules.RULES}


@pytest.mark.parametrize("edits", FINE.values(), ids=FINE.keys())
def test_what_only_looks_like_a_fault_is_accepted(edits: tuple[tuple[str, str], ...]) -> None:
    assert matrix_of(edited(edits)).flows


def test_all_faults_of_a_stage_are_told_in_one_run_in_the_order_of_the_file() -> None:
    with pytest.raises(rules.MatrixError) as caught:
        matrix_of(
            edited(
                (
                    ("Web, namespace: app", "Web, namespace: ap"),
                    ("ports: [dns]", "ports: [dsn]"),
                    ("to: bank", "to: banc"),
                )
            )
        )
    assert [(f.rule.id, f.place.line) for f in caught.value.findings] == [("NM107", 15), ("NM105", 35), ("NM104", 36)]


def test_a_matrix_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "matrix.yaml").write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(rules.MatrixError) as caught:
        load_matrix(str(tmp_path / "matrx.yaml"))
    assert "there is no such file" in caught.value.findings[0].message
    assert str(tmp_path / "matrix.yaml") in caught.value.findings[0].hint


def edited(edits: tuple[tuple[str, str], ...]) -> str:
    text = MINIMAL
    for before, after in edits:
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in minimal.yaml"
        text = text.replace(before, after)
    return text


def matrix_of(text: str) -> Matrix:
    return parse_matrix(parse_mapping(text.encode(), "matrix.yaml"))
