"""`netmatrix diff`, as a reviewer and a pipeline use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import TODAY, Run, replace_in, snapshot
from tests.support.scenarios import ROOT

PROD = ("--environment", "prod", *TODAY)
DNS = "jobs -> dns (pods of kube-system): TCP 53,UDP 53"
OPENED = ("--new-set", "flows.jobs-to-dns.enabled=true")


def listed(out: str) -> list[str]:
    """The lines that name a connection."""
    return [line for line in out.splitlines() if line.startswith(("+ ", "- "))]


def line_of(text: str) -> int:
    lines = (ROOT / "matrix.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, item in enumerate(lines, start=1) if item.startswith(text))


def acknowledgement(connection: str = DNS, until: str = "2027-01-31", who: str = "Ada", more: str = "") -> str:
    return (
        f'acknowledged:\n  - connection: "{connection}"\n    reason: "jobs ask for names"\n    who: "{who}"\n'
        f'    until: "{until}"\n{more}'
    )


def test_a_flow_that_is_switched_on_is_one_gain(netmatrix: Run) -> None:
    result = netmatrix("diff", *PROD, *OPENED)
    assert result.status == 1
    assert listed(result.out) == [f"+ {DNS}  [new peer]"]
    egress = next(line for line in result.out.splitlines() if line.startswith("    egress: "))
    closed = ("redkite-default-deny", "redkite-flow-jobs-to-internet-egress", "redkite-jobs-egress")
    assert f"was closed: no rule of {', '.join(f'stalker-jobs/{name}' for name in closed)} lets" in egress
    assert "is opened by egress rule 1 of policy stalker-jobs/redkite-flow-jobs-to-dns-egress" in egress
    assert f"the flow jobs-to-dns at matrix.yaml:{line_of('  jobs-to-dns:')}:3" in egress
    assert result.out.endswith("\n1 gained, 0 lost\n")


def test_what_is_lost_is_told_and_no_fault(netmatrix: Run) -> None:
    result = netmatrix("diff", *PROD, "--old-set", "flows.jobs-to-dns.enabled=true")
    assert (result.status, listed(result.out)) == (0, [f"- {DNS}"])


def test_every_operational_flow_is_one_gain(netmatrix: Run) -> None:
    result = netmatrix("diff", *PROD, "--new", "values/operational.yaml")
    flows = re.findall(r"^  ([a-z0-9-]+): \{enabled: true\}", (ROOT / "values/operational.yaml").read_text(), re.M)
    assert len(listed(result.out)) == len(flows) > 5
    assert all(result.out.count(f"(the flow {flow} at ") >= 1 for flow in flows)


def test_one_environment_beside_the_other(netmatrix: Run) -> None:
    result = netmatrix("diff", "--old", "values/values-prod.yaml", "--new", "values/values-dev.yaml", *TODAY)
    assert listed(result.out) == [
        "+ anyone -> cron: TCP 3000  [from anywhere]",
        "+ anyone -> jobs-manager: TCP 3000  [from anywhere]",
        "+ anyone -> mongo: TCP 27017  [from anywhere]",
        "+ anyone -> ui: TCP 4200  [from anywhere]",
        "- anyone -> ui: TCP 80,443",
        "- ui -> dns (pods of kube-system): TCP 53,UDP 53",
        "- ui -> jobs-manager: TCP 3000",
    ]


def test_values_that_mean_the_same_do_not_differ(netmatrix: Run) -> None:
    result = netmatrix("diff", *PROD, "--new-set", "flows.cron-to-mongo.enabled=true")
    assert (result.status, result.out) == (0, "no connection is gained or lost\n")


def test_a_moved_row_is_told_as_what_it_was_and_is(netmatrix: Run) -> None:
    labels = "app.kubernetes.io/name=devspace-app,app.kubernetes.io/component=orchestrator"
    narrower = f"pods.orchestrator.selector={{{labels},x=y}}"
    there = listed(netmatrix("diff", *PROD, "--new-set", narrower).out)
    assert "- orchestrator (old) -> kafka: TCP 9092" in there
    assert "- jobs -> orchestrator (old): TCP 80" in there
    back = listed(netmatrix("diff", *PROD, "--old-set", narrower).out)
    assert "+ orchestrator (new) -> kafka: TCP 9092  [new peer]" in back
    assert len(there) == len(back)


def test_a_gain_that_is_acknowledged_is_no_fault(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "acknowledged.yaml"
    file.write_text(acknowledgement(), encoding="utf-8")
    result = netmatrix("diff", *PROD, *OPENED, "--acknowledge", file)
    assert result.status == 0
    assert "    acknowledged by Ada until 2027-01-31: jobs ask for names" in result.out
    assert "1 gained (1 acknowledged), 0 lost" in result.out


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (acknowledgement(until="2026-10-31"), 2, "error NM713 the acknowledgement of"),
        (acknowledgement("jobs -> dns (pods of kube-system): TCP 53"), 2, "error NM714 the change opens no connection"),
        (acknowledgement("jobs -> dns (pods of kube-system): TCP 53"), 2, f"did you mean '{DNS}'?"),
        (acknowledgement(until="2026-02-30"), 5, "error NM715 there is no day 2026-02-30"),
        (
            acknowledgement(until="soon"),
            5,
            'error NM715 acknowledged[0].until: expected a date in quotes, "2026-12-31"',
        ),
        (acknowledgement().replace('    who: "Ada"\n', ""), 2, "error NM715 acknowledged[0].who: 'who' is missing"),
        (acknowledgement(more="    because: x\n"), 6, "error NM715 acknowledged[0].because: unknown key"),
        (acknowledgement(who=""), 4, "error NM715 acknowledged[0].who: expected"),
        ("acknowledged: all\n", 1, "error NM715 acknowledged: expected a list"),
    ],
)
def test_an_acknowledgement_that_does_not_hold_is_told_at_its_line(
    text: str, line: int, words: str, netmatrix: Run, tmp_path: Path
) -> None:
    file = tmp_path / "acknowledged.yaml"
    file.write_text(text, encoding="utf-8")
    result = netmatrix("diff", *PROD, *OPENED, "--acknowledge", file)
    assert result.status == 1
    assert words in result.err
    if "error" in words:
        assert f"{file}:{line}:" in result.err


def test_an_acknowledgement_twice_or_of_nothing_is_a_fault_by_itself(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "acknowledged.yaml"
    twice = acknowledgement() + acknowledgement().partition("\n")[2]
    file.write_text(twice, encoding="utf-8")
    result = netmatrix("diff", *PROD, *OPENED, "--acknowledge", file)
    assert result.status == 1
    assert "error NM714" in result.err
    assert f"is acknowledged already at {file}:2:" in result.err
    file.write_text(acknowledgement(), encoding="utf-8")
    nothing = netmatrix("diff", *PROD, "--old-set", "flows.jobs-to-dns.enabled=true", "--acknowledge", file)
    assert nothing.status == 1
    assert "error NM714 the change opens no connection" in nothing.err


def test_json_has_each_part_with_its_packet_on_both_sides(netmatrix: Run, tmp_path: Path) -> None:
    file = tmp_path / "acknowledged.yaml"
    file.write_text(acknowledgement(), encoding="utf-8")
    data = json.loads(netmatrix("diff", *PROD, *OPENED, "--acknowledge", file, "--format", "json").out)
    (gain,) = data["gained"]
    assert (gain["connection"], gain["kind"], data["lost"]) == (DNS, "new peer", [])
    assert gain["acknowledged"] == {"who": "Ada", "reason": "jobs ask for names", "until": "2027-01-31"}
    part = gain["parts"][0]
    assert part["ports"] == {"TCP": [[53, 53]], "UDP": [[53, 53]]}
    assert (part["before"]["allowed"], part["after"]["allowed"]) == (False, True)
    assert part["after"]["ends"][0]["admittedBy"][0]["policy"] == "stalker-jobs/redkite-flow-jobs-to-dns-egress"


def test_a_program_s_format_has_findings_at_the_lines_of_the_matrix(netmatrix: Run) -> None:
    found = netmatrix("diff", *PROD, *OPENED, "--format", "github")
    assert found.out.startswith(f"::error file=matrix.yaml,line={line_of('  jobs-to-dns:')},col=3,title=NM711::gained")
    results = json.loads(netmatrix("diff", *PROD, *OPENED, "--format", "sarif").out)["runs"][0]["results"]
    assert [(item["ruleId"], item["level"]) for item in results] == [("NM711", "error")]
    table = netmatrix("diff", *PROD, *OPENED, "--format", "md").out
    assert table.startswith("**1 gained, 0 lost**\n\n| | connection |")
    assert "| gained: new peer | jobs -\\> dns (pods of kube-system): TCP 53,UDP 53 |" in table


def test_manifests_have_names_from_the_matrix_where_values_are_given(netmatrix: Run, tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new"
    new.mkdir()
    old.write_text(netmatrix("template", "-f", "values/values-prod.yaml", *TODAY).out, encoding="utf-8")
    opened = netmatrix("template", "-f", "values/values-prod.yaml", *TODAY, "--set", "flows.jobs-to-dns.enabled=true")
    (new / "all.yaml").write_text(opened.out, encoding="utf-8")
    named = netmatrix("diff", old, new, *PROD)
    assert (named.status, listed(named.out)) == (1, [f"+ {DNS}  [new peer]"])
    assert f"at {new / 'all.yaml'}:" in named.out
    bare = netmatrix("diff", old, new)
    assert listed(bare.out) == [
        (
            "+ a pod of namespace stalker-jobs with red-kite.io/component=job -> "
            "a pod of namespace kube-system with k8s-app=kube-dns: TCP 53,UDP 53  [new peer]"
        )
    ]
    piped = netmatrix("diff", "-", new, stdin=old.read_bytes())
    assert piped.out == bare.out
    annotated = netmatrix("diff", old, new, "--format", "github").out
    line = int(re.search(r"all\.yaml,line=(\d+)", annotated)[1])  # type: ignore[index]
    assert (new / "all.yaml").read_text(encoding="utf-8").splitlines()[line - 1].strip().startswith("- to")


def test_policies_that_nobody_understands_are_no_clean_diff(netmatrix: Run, tmp_path: Path) -> None:
    for name, kind in (("old", "Service"), ("new", "CiliumNetworkPolicy")):
        text = f"apiVersion: example.io/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    result = netmatrix("diff", tmp_path / "old.yaml", tmp_path / "new.yaml")
    assert result.status == 1
    assert result.out == (
        "no connection is gained or lost; policies of kinds that are not understood may decide as well\n"
    )
    assert "error NM705 1 object of kind CiliumNetworkPolicy" in result.err
    assert "note NM520 1 object of kind Service" in result.err


def test_a_broken_policy_is_no_answer(netmatrix: Run, tmp_path: Path) -> None:
    good, broken = tmp_path / "good.yaml", tmp_path / "broken.yaml"
    text = netmatrix("template", "-f", "values/values-prod.yaml", *TODAY).out
    good.write_text(text, encoding="utf-8")
    broken.write_text(text.replace("policyTypes", "policyType", 1), encoding="utf-8")
    result = netmatrix("diff", good, broken)
    assert (result.status, result.out) == (1, "")
    assert f"{broken}:" in result.err
    assert "error NM501" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*PROD], "both sides are the same"),
        (["one.yaml"], "name two sides"),
        (["one.yaml", "two.yaml", "three.yaml"], "name two sides"),
        (["chart", "chart", "--new", "x.yaml"], "OLD and NEW are manifests"),
        (["chart", "chart", "--git", "HEAD"], "OLD and NEW are manifests"),
        (["-", "-"], "standard input"),
        ([*PROD, "--new", "-"], "standard input"),
        (["--new-set", "a=b"], "--environment prod|dev"),
        (["--environment", "prd", *OPENED], "did you mean 'prod'?"),
        ([*PROD, "--new", "values/none.yaml"], "values/none.yaml"),
        ([*PROD, *OPENED, "--acknowledge", "none.yaml"], "none.yaml"),
        (["no/such", "chart"], "no/such"),
    ],
)
def test_what_cannot_run_is_told(arguments: list[str], words: str, netmatrix: Run) -> None:
    result = netmatrix("diff", *arguments)
    assert (result.status, result.out) == (2, "")
    assert words in result.err


def test_new_values_that_do_not_hold_are_not_compared(netmatrix: Run) -> None:
    result = netmatrix("diff", *PROD, "--new-set", "endpoints.dns.cidrs={0.0.0.0/0}")
    assert (result.status, result.out) == (1, "")
    assert "error NM251" in result.err


def test_an_exception_that_has_expired_can_be_taken_away(netmatrix: Run) -> None:
    """That is what the change may be about; only new values must hold on the day."""
    late = ("--environment", "prod", "--today", "2099-01-01")
    exception = "values/clusters/with-exception.yaml"
    result = netmatrix("diff", *late, "--old", exception)
    assert result.status == 0
    assert listed(result.out)
    assert all(line.startswith("- ") for line in listed(result.out))
    kept = netmatrix("diff", *late, "--new", exception)
    assert (kept.status, kept.out) == (1, "")
    assert "error NM274" in kept.err


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture
def repository(copy: Path) -> Path:
    """A copy of the project under git, with one commit, tagged v1."""
    git(copy, "init", "--quiet", "--initial-branch=main")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "One")
    git(copy, "tag", "v1")
    return copy


def git(folder: Path, *arguments: str) -> None:
    who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    aside = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env={**os.environ, **who, **aside})


def one_more_flow(folder: Path) -> None:
    flow = "  cron-to-kafka: {from: cron, to: kafka, ports: [client], basis: table}\n"
    replace_in(folder / "matrix.yaml", "  cron-to-mongo:", f"{flow}  cron-to-mongo:")


@needs_git
def test_a_revision_is_rendered_with_its_own_chart_and_matrix(netmatrix: Run, repository: Path) -> None:
    one_more_flow(repository)
    assert netmatrix("generate", cwd=repository).status == 0
    before = snapshot(repository)
    changed = netmatrix("diff", *PROD, "--git", "v1", cwd=repository)
    assert (changed.status, listed(changed.out)) == (1, ["+ cron -> kafka: TCP 9092  [new peer]"])
    assert "(the flow cron-to-kafka at matrix.yaml:" in changed.out
    assert snapshot(repository) == before, "neither the tree nor the index is touched"
    git(repository, "commit", "--quiet", "--all", "--message", "Two")
    between = netmatrix("diff", *PROD, "--git", "v1..main", cwd=repository)
    assert (between.status, between.out) == (1, changed.out)
    back = netmatrix("diff", *PROD, "--git", "main..v1", cwd=repository)
    assert (back.status, listed(back.out)) == (0, ["- cron -> kafka: TCP 9092"])
    assert "(the flow cron-to-kafka at main:matrix.yaml:" in back.out
    same = netmatrix("diff", "-f", "values/values-prod.yaml", *TODAY, "--git", "main", cwd=repository / "values" / "..")
    assert same.out == "no connection is gained or lost\n"


@needs_git
def test_a_folder_link_that_leads_elsewhere_since_is_not_followed(netmatrix: Run, repository: Path) -> None:
    for name, values in (("a", "flows: {jobs-to-internet: {enabled: false}}"), ("b", "{}")):
        (repository / name).mkdir()
        (repository / name / "mine.yaml").write_text(f"{values}\n", encoding="utf-8")
    (repository / "now").symlink_to("a")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "links")
    unchanged = netmatrix("diff", *PROD, "-f", "now/mine.yaml", "--git", "HEAD", cwd=repository)
    assert unchanged.status == 0, unchanged.err
    (repository / "now").unlink()
    (repository / "now").symlink_to("b")
    moved = netmatrix("diff", *PROD, "-f", "now/mine.yaml", "--git", "HEAD", cwd=repository)
    assert (moved.status, moved.out) == (2, "")
    assert "now is a link that 'HEAD' lacks, or has to elsewhere; name the folder itself" in moved.err


@needs_git
def test_faults_of_a_revision_go_by_names_that_git_knows(netmatrix: Run, repository: Path) -> None:
    (repository / "values/mine.yaml").write_text("flows: {cron-to-mongo: {enabled: false}}\n", encoding="utf-8")
    missing = netmatrix("diff", *PROD, "-f", "values/mine.yaml", "--git", "v1", cwd=repository)
    assert missing.status == 2
    assert missing.err.startswith("v1:values/mine.yaml:1:1: error NM001 there is no such file")
    own = netmatrix("diff", *PROD, "--new", "values/mine.yaml", "--git", "v1", cwd=repository)
    assert (own.status, listed(own.out)) == (0, ["- cron -> mongo: TCP 27017"])
    replace_in(
        repository / "matrix.yaml", "cron-to-mongo: {from: cron, to: mongo,", "cron-to-mongo: {from: cron, to: mngo,"
    )
    git(repository, "commit", "--quiet", "--all", "--message", "Broken")
    broken = netmatrix("diff", *PROD, "--git", "main..v1", cwd=repository)
    assert broken.status == 2
    assert broken.err.startswith("main:matrix.yaml:")
    assert "/tmp" not in broken.err


@needs_git
@pytest.mark.parametrize(
    ("revision", "words"),
    [("man", "did you mean 'main'?"), ("--all", "git knows no revision '--all'"), ("", "git knows no revision ''")],
)
def test_a_revision_that_is_none_is_told(revision: str, words: str, netmatrix: Run, repository: Path) -> None:
    result = netmatrix("diff", *PROD, f"--git={revision}", cwd=repository)
    assert (result.status, result.out) == (2, "")
    assert words in result.err


@needs_git
def test_where_there_is_no_repository_git_s_words_are_told(netmatrix: Run, copy: Path) -> None:
    result = netmatrix("diff", *PROD, "--git", "main", cwd=copy, env={"GIT_CEILING_DIRECTORIES": str(copy.parent)})
    assert (result.status, result.out) == (2, "")
    assert "git refused: fatal: not a git repository" in result.err


def test_without_git_the_command_says_so(netmatrix: Run, copy: Path) -> None:
    result = netmatrix("diff", *PROD, "--git", "main", cwd=copy, env={"PATH": str(copy)})
    assert (result.status, result.out) == (2, "")
    assert "git cannot be run: no such file or directory" in result.err
