"""`netmatrix verify`: the verdict, its counter-examples and what it rests on, as a user meets them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.chart.expected import documented_policies
from tests.cli.conftest import PROD, TODAY, Result, Run
from tests.support.scenarios import ROOT

OPERATIONAL = ("-f", "values/operational.yaml")
EXCEPTION = ("-f", "values/clusters/with-exception.yaml")


@pytest.fixture
def rendered(netmatrix: Run, tmp_path: Path) -> Path:
    """What helm renders for prod, as a file."""
    file = tmp_path / "prod.yaml"
    file.write_text(netmatrix("template", *PROD, *TODAY).out, encoding="utf-8")
    return file


@pytest.mark.parametrize("more", [(), OPERATIONAL, (*OPERATIONAL, *EXCEPTION)])
def test_what_helm_renders_holds(more: tuple[str, ...], netmatrix: Run) -> None:
    result = netmatrix("verify", *PROD, *more, *TODAY)
    assert result.status == 0, result.out
    assert result.out.startswith("prod: holds: the rendered policies allow exactly what the matrix grants")


def test_the_verdict_lists_what_goes_beyond_the_tables_and_what_it_does_not_claim(netmatrix: Run) -> None:
    out = netmatrix("verify", *PROD, *OPERATIONAL, *EXCEPTION, "--set", "flows.cron-to-mongo.enabled=false", *TODAY).out
    assert "  operational  jobs-to-dns, matrix.yaml:" in out
    assert "  exception    orchestrator-to-registry, values/clusters/with-exception.yaml:" in out
    assert "  off          flows of the tables: cron-to-mongo\n" in out
    assert "not claimed  what installing discovers as kubernetes-api in the cluster; pods on the host's network;" in out
    assert "jobs -> ui: TCP 80,443" in out, "granted only where an ipBlock matches pods"


def test_a_counter_example_names_packet_rule_and_matrix_line(netmatrix: Run, rendered: Path) -> None:
    text = rendered.read_text(encoding="utf-8")
    rendered.write_text(text.replace("port: 9093", "port: 9095"), encoding="utf-8")
    result = netmatrix("verify", "--environment", "prod", "--manifests", rendered, *TODAY)
    assert result.status == 1
    gained, hint = next(
        (line, after)
        for line, after in zip(result.out.splitlines(), result.out.splitlines()[1:], strict=False)
        if "NM701" in line
    )
    place, _, _ = gained.partition(": error")
    file, line, _ = place.rsplit(":", 2)
    assert file == str(rendered)
    rule = rendered.read_text(encoding="utf-8").splitlines()[int(line) - 1 :]
    assert rule[0].strip() == "- to:"
    assert any("port: 9095" in following for following in rule[:9])
    assert gained.endswith(": error NM701 kafka -> kafka, TCP 9095: allowed, and not granted")
    assert "IPv4 TCP 9095: egress of kafka is opened by egress rule" in hint
    assert f"no flow that is on grants it to kafka, matrix.yaml:{line_of(ROOT / 'matrix.yaml', '  kafka:')}:3" in hint
    assert "error NM702 kafka -> kafka, TCP 9093: granted, and not allowed" in result.out
    assert "prod: FAILS: the manifests allow 1 kinds of connections too much, and 1 too few" in result.out


def line_of(file: Path, text: str) -> int:
    """The number of the first line that is `text`."""
    return file.read_text(encoding="utf-8").splitlines().index(text) + 1


def test_a_gain_that_another_environment_grants_is_told_with_its_flow_and_the_never_line(netmatrix: Run) -> None:
    dev = netmatrix("template", "-f", "values/values-dev.yaml", *TODAY).out
    result = netmatrix("verify", "--environment", "prod", "--manifests", "-", *TODAY, stdin=dev.encode())
    mongo = next(line for line in result.out.splitlines() if "ingress of mongo is opened" in line)
    assert "outside-to-mongo at matrix.yaml:" in mongo
    assert "would, and is not of prod" in mongo
    assert "the never line outside-to-mongo at matrix.yaml:" in mongo


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("podSelector: {}", "podSelecter: {}"),
        ("policyTypes: [Ingress, Egress]", "policyTypes: [Ingres, Egress]"),
    ],
)
def test_a_policy_that_cannot_be_read_fails_the_proof_with_its_place(
    broken: str, rule: str, netmatrix: Run, rendered: Path
) -> None:
    rendered.write_text(rendered.read_text(encoding="utf-8").replace(broken, rule, 1), encoding="utf-8")
    result = netmatrix("verify", "--environment", "prod", "--manifests", rendered, *TODAY)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"{rendered}:")
    assert "error NM5" in result.err


def test_an_added_policy_of_somebody_else_is_part_of_the_proof(netmatrix: Run, rendered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "ours.yaml").write_bytes(rendered.read_bytes())
    (folder / "theirs.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: stalker}\n"
        "spec: {podSelector: {matchLabels: {team: a}}, ingress: [{ports: [{port: http}]}]}\n",
        encoding="utf-8",
    )
    result = netmatrix("verify", "--environment", "prod", "--manifests", folder, *TODAY)
    assert result.status == 1
    assert "theirs.yaml:4:" in result.out
    assert "with team=a" in result.out, "a pod that nobody has yet may carry the label, and call any port http"


def test_discovered_addresses_are_part_of_what_is_granted(netmatrix: Run, rendered: Path) -> None:
    found = ("--discovered", "172.18.0.2:6443")
    manifests = ("--environment", "prod", "--manifests", rendered, *TODAY)
    missing = netmatrix("verify", *manifests, *found)
    assert missing.status == 1
    assert "orchestrator-to-kubernetes-api (discovered)" in missing.out
    text = rendered.read_text(encoding="utf-8")
    rule = "    # orchestrator -> kubernetes-api"
    added = "    - to: [{ipBlock: {cidr: 172.18.0.2/32}}]\n      ports: [{port: 6443}]\n"
    rendered.write_text(text.replace(rule, added + rule), encoding="utf-8")
    assert netmatrix("verify", *manifests, *found).status == 0
    assert netmatrix("verify", *manifests).status == 1, "nobody said that it was discovered"


def test_json_carries_the_whole_of_it_with_digests(netmatrix: Run, rendered: Path) -> None:
    rendered.write_text(rendered.read_text(encoding="utf-8").replace("port: 9093", "port: 9095"), encoding="utf-8")
    given = ("--environment", "prod", "--manifests", rendered, "--format", "json", *TODAY)
    data = json.loads(netmatrix("verify", *given).out)
    assert data["holds"] is False
    assert data["digests"]["manifests"] == [digest(rendered)]
    assert data["digests"]["matrix"] == {"matrix.yaml": digest(ROOT / "matrix.yaml")}
    assert data["digests"]["values"] == {"values/values-prod.yaml": digest(ROOT / "values/values-prod.yaml")}
    gained = next(item for item in data["counterExamples"] if item["allowed"])
    assert (gained["source"], gained["destination"], gained["granted"]) == ("kafka", "kafka", False)
    assert gained["ports"] == {"TCP": [[9095, 9095]]}
    assert gained["packet"]["port"] == 9095
    assert [end["direction"] for end in gained["ends"]] == ["Egress", "Ingress"]
    egress = gained["ends"][0]
    lines = rendered.read_text(encoding="utf-8").splitlines()
    assert egress["admittedBy"][0]["policy"] == "stalker/redkite-kafka-egress"
    assert egress["admittedBy"][0]["place"]["file"] == str(rendered)
    assert lines[egress["admittedBy"][0]["place"]["line"] - 1].strip() == "- to:"
    isolating = {item["policy"]: lines[item["place"]["line"] - 1] for item in egress["isolatedBy"]}
    assert isolating["stalker/redkite-default-deny"].startswith("apiVersion:")
    matrix_lines = (ROOT / "matrix.yaml").read_text(encoding="utf-8").splitlines()
    assert matrix_lines[egress["rowPlace"]["line"] - 1].startswith("  kafka:")
    lost = next(item for item in data["counterExamples"] if not item["allowed"])
    assert matrix_lines[lost["ends"][0]["grantedBy"][0]["place"]["line"] - 1].startswith("  kafka-to-kafka:")
    assert data["coverage"]["connectionClasses"] > 10_000
    assert {grant["name"] for grant in data["grants"]} >= {"cron-to-mongo", "jobs-to-internet"}


def test_json_names_the_never_line_and_the_flow_that_is_off(netmatrix: Run) -> None:
    shipped = ("--environment", "prod", "--manifests", "tests/proof/shipped/prod.yaml", "--format", "json", *TODAY)
    examples = json.loads(netmatrix("verify", *shipped).out)["counterExamples"]
    to_dns = next(
        item for item in examples if item["allowed"] and item["source"] == "jobs" and "dns" in item["destination"]
    )
    assert [grant["name"] for grant in to_dns["ends"][0]["off"]] == ["jobs-to-dns"]
    opened = json.loads(netmatrix("explain", "outside", "mongo", "27017", *PROD, "--format", "json").out)["answers"][0]
    (never,) = opened["forbiddenBy"]
    assert never["name"] == "outside-to-mongo"
    line = (ROOT / "matrix.yaml").read_text(encoding="utf-8").splitlines()[never["place"]["line"] - 1]
    assert line.startswith("  outside-to-mongo:")


def digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_a_program_s_format_points_at_files_that_exist(netmatrix: Run, copy: Path) -> None:
    """Where helm's output is nowhere, findings stand at the matrix, which a viewer can open; kept, at the policy."""
    template = copy / "chart/templates/kafka.yaml"
    assert "port: " in template.read_text(encoding="utf-8")
    result = netmatrix("verify", *PROD, "--format", "sarif", *TODAY, cwd=copy)
    assert (result.status, json.loads(result.out)["runs"][0]["results"]) == (0, [])
    kept = netmatrix("verify", *PROD, "--save", "kept/prod.yaml", *TODAY, cwd=copy)
    assert kept.status == 0
    assert (copy / "kept/prod.yaml").read_text(encoding="utf-8").count("kind: NetworkPolicy") == len(
        documented_policies("prod")
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--environment prod|dev"),
        (["--environment", "prd"], "did you mean 'prod'?"),
        (["--environment", "prod", "--discovered", "10.0.0.1:443"], "--manifests"),
        (["--environment", "prod", "--manifests", "chart", "--discovered", "10.0.0.1"], "names no port"),
        (["--environment", "prod", "--manifests", "chart", "--discovered", "x:443"], "holds no IPv4 or IPv6 address"),
        (["--environment", "prod", "--manifests", "no/such.yaml"], "no/such.yaml"),
    ],
)
def test_what_cannot_run_is_told(arguments: list[str], words: str, netmatrix: Run) -> None:
    result = netmatrix("verify", *arguments, *TODAY)
    assert (result.status, result.out) == (2, "")
    assert words in result.err


def test_values_that_do_not_hold_are_not_proved(netmatrix: Run) -> None:
    result = netmatrix("verify", *PROD, "--set", "endpoints.dns.cidrs={0.0.0.0/0}", *TODAY)
    assert (result.status, result.out) == (1, "")
    assert "error NM251" in result.err


def test_who_asks_about_prod_is_not_answered_about_dev(netmatrix: Run, tmp_path: Path) -> None:
    override = tmp_path / "override.yaml"
    flows = {"ui-to-jobs-manager": False, "outside-to-ui": False, "ui-to-dns": False, "outside-to-mongo": True}
    enabled = {flow: {"enabled": value} for flow, value in flows.items()}
    override.write_text(json.dumps({"environment": "dev", "flows": enabled}), encoding="utf-8")
    for command in ("verify", "report", "validate"):
        result = netmatrix(command, "--environment", "prod", "-f", override, *TODAY)
        assert (result.status, "holds" in result.out) == (1, False), command
        assert "error NM212" in result.out + result.err, command


def verified_with(netmatrix: Run, rendered: Path, specs: Iterable[str]) -> Result:
    """The verdict where somebody has added policies of these specs, written as YAML on a line."""
    more = "".join(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: p{number}, namespace: stalker}}\nspec: {spec}\n"
        for number, spec in enumerate(specs)
    )
    rendered.write_text(rendered.read_text(encoding="utf-8") + more, encoding="utf-8")
    return netmatrix("verify", "--environment", "prod", "--manifests", rendered, *TODAY)


def test_selectors_that_cannot_be_gone_through_are_no_verdict(netmatrix: Run, rendered: Path) -> None:
    """Twenty labels, each with a policy of its own: more kinds of pods than a proof can go through."""
    specs = (f"{{podSelector: {{matchLabels: {{key{number}: x}}}}, policyTypes: [Ingress]}}" for number in range(20))
    result = verified_with(netmatrix, rendered, specs)
    assert (result.status, result.out) == (2, "")
    assert "error NM703 the selectors and address ranges tell more than 20,000 classes of pods apart" in result.err


def test_ten_thousand_policies_with_ranges_of_their_own_are_no_verdict(netmatrix: Run, rendered: Path) -> None:
    cidrs = (f"11.{number // 256}.{number % 256}.0/24" for number in range(10_000))
    specs = (f"{{podSelector: {{}}, egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]}}" for cidr in cidrs)
    result = verified_with(netmatrix, rendered, specs)
    assert (result.status, result.out) == (2, "")
    assert "error NM703 the selectors and address ranges tell more than 50,000 classes of pods apart" in result.err


@pytest.mark.long
def test_ten_thousand_policies_that_select_everything_have_a_verdict(netmatrix: Run, rendered: Path) -> None:
    """Each lets one port in: that is told as one gain, and not as ten thousand."""
    specs = (f"{{podSelector: {{}}, ingress: [{{ports: [{{port: {number + 1}}}]}}]}}" for number in range(10_000))
    result = verified_with(netmatrix, rendered, specs)
    assert result.status == 1
    assert "TCP 1-10000" in result.out
    assert len(result.out.splitlines()) < 40


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
        ("extensions/v1beta1", "NetworkPolicy"),
        ("k8s.ovn.org/v1", "EgressFirewall"),
        ("network.openshift.io/v1", "EgressNetworkPolicy"),
    ],
)
def test_a_policy_that_nobody_here_understands_is_no_holds(
    version: str, kind: str, netmatrix: Run, rendered: Path
) -> None:
    more = f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{}}\n"
    rendered.write_text(rendered.read_text(encoding="utf-8") + more, encoding="utf-8")
    result = netmatrix("verify", "--environment", "prod", "--manifests", rendered, *TODAY)
    assert result.status == 1
    assert f"error NM705 1 object of kind {kind} ({version})" in result.out
    assert "prod: UNDECIDED: the manifests contain policies of kinds that are not understood" in result.out
    assert "holds" not in result.out
    assert result.err == ""


def test_what_is_left_out_of_the_proof_is_told(netmatrix: Run, rendered: Path) -> None:
    more = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n"
    rendered.write_text(rendered.read_text(encoding="utf-8") + more, encoding="utf-8")
    result = netmatrix("verify", "--environment", "prod", "--manifests", rendered, *TODAY)
    assert result.status == 0
    assert "note NM520 1 object of kind Service (v1) not judged" in result.err
