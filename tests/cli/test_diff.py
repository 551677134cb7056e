"""`netmatrix diff`: what a change opens and closes, as the reviewer of a pull request meets it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import PROD, TODAY, Run, replace_in

OPERATIONAL = ("--environment", "prod", "--new", "values/operational.yaml")


@pytest.fixture
def agreed(tmp_path: Path) -> Path:
    return tmp_path / "acknowledged.yaml"


def entry(connection: str, until: str = "2099-12-31") -> str:
    text = json.dumps(connection)
    return f'  - {{connection: {text}, reason: "needed", who: "team", until: "{until}"}}\n'


def test_the_same_on_both_sides_is_no_difference(netmatrix: Run) -> None:
    result = netmatrix("diff", "--environment", "prod", "--new-set", "endpoints.outside.anyone=true", *TODAY)
    assert (result.status, result.out) == (0, "no connection is gained or lost\n")


def test_a_gain_fails_and_says_by_which_rule_and_line(netmatrix: Run) -> None:
    result = netmatrix("diff", *OPERATIONAL, *TODAY)
    assert result.status == 1
    assert "+ jobs -> dns (pods of kube-system): TCP 53,UDP 53  [new peer]" in result.out
    assert "is opened by egress rule 1 of policy stalker-jobs/redkite-flow-jobs-to-dns-egress" in result.out
    assert "the flow jobs-to-dns at matrix.yaml:" in result.out
    assert result.out.splitlines()[-1] == "7 gained, 0 lost"


def test_what_is_lost_is_told_and_fails_nothing(netmatrix: Run) -> None:
    result = netmatrix("diff", "--environment", "prod", "--old", "values/operational.yaml", *TODAY)
    assert result.status == 0
    assert "- jobs -> dns (pods of kube-system): TCP 53,UDP 53\n" in result.out
    assert result.out.splitlines()[-1] == "0 gained, 7 lost"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (("--new", "values/operational.yaml"), "new peer"),
        (("--new-set", "pods.kafka.ports.client=9095"), "new port"),
        (("--old-set", "endpoints.internet.additionalExcept.a=100.64.0.0/10"), "wider range"),
        (("--old", "values/clusters/ingress-controller.yaml"), "from anywhere"),
    ],
)
def test_each_gain_is_classed(more: tuple[str, ...], kind: str, netmatrix: Run) -> None:
    result = netmatrix("diff", "--environment", "prod", *more, *TODAY)
    assert result.status == 1
    assert f"[{kind}]" in result.out


def test_acknowledged_gains_pass_until_their_day(netmatrix: Run, agreed: Path) -> None:
    gained = [line[2:].rsplit("  [", 1)[0] for line in netmatrix("diff", *OPERATIONAL, *TODAY).out.splitlines()]
    texts = [text for text in gained if ": " in text and "->" in text]
    own = [text for text in texts if not text.startswith((" ", "e"))]
    agreed.write_text("acknowledged:\n" + "".join(map(entry, own)), encoding="utf-8")
    passes = netmatrix("diff", *OPERATIONAL, "--acknowledge", agreed, *TODAY)
    assert passes.status == 0, passes.out + passes.err
    assert "acknowledged by team until 2099-12-31: needed" in passes.out
    expired = netmatrix("diff", *OPERATIONAL, "--acknowledge", agreed, "--today", "2100-01-01")
    assert expired.status == 1
    agreed.write_text(agreed.read_text(encoding="utf-8") + entry("a -> b: TCP 1"), encoding="utf-8")
    unmatched = netmatrix("diff", *OPERATIONAL, "--acknowledge", agreed, *TODAY)
    assert unmatched.status == 1
    assert f"{agreed}:{len(own) + 2}:" in unmatched.out + unmatched.err


def test_two_files_of_manifests_need_no_matrix(netmatrix: Run, tmp_path: Path) -> None:
    text = netmatrix("template", *PROD, *TODAY).out
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text, encoding="utf-8")
    new.write_text("".join(f"{part}---\n" for part in reversed(text.split("---\n")) if part), encoding="utf-8")
    assert netmatrix("diff", old, new, cwd=tmp_path).out == "no connection is gained or lost\n"
    new.write_text(text.replace("port: 9093", "port: 9095"), encoding="utf-8")
    result = netmatrix("diff", old, new, cwd=tmp_path)
    assert result.status == 1
    assert "TCP 9095" in result.out
    assert "1 gained, 1 lost" in result.out


def test_formats_for_pipelines(netmatrix: Run) -> None:
    data = json.loads(netmatrix("diff", *OPERATIONAL, "--format", "json", *TODAY).out)
    assert len(data["gained"]) == 7
    markdown = netmatrix("diff", *OPERATIONAL, "--format", "md", *TODAY).out
    assert markdown.startswith("**7 gained, 0 lost**\n")
    sarif = json.loads(netmatrix("diff", *OPERATIONAL, "--format", "sarif", *TODAY).out)
    assert len(sarif["runs"][0]["results"]) == 7


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_two_revisions_are_rendered_each_with_its_own_chart(netmatrix: Run, copy: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=copy, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "before")
    git("tag", "before")
    replace_in(
        copy / "matrix.yaml",
        "cron-to-mongo: {from: cron, to: mongo, ports: [mongodb], basis: table}",
        "cron-to-mongo: {from: cron, to: mongo, ports: [mongodb], basis: table}\n"
        "  cron-to-kafka: {from: cron, to: kafka, ports: [client], basis: table}",
    )
    assert netmatrix("generate", cwd=copy).status == 0
    git("add", "-A")
    git("commit", "-qm", "after")
    result = netmatrix("diff", "--environment", "prod", "--git", "before..HEAD", *TODAY, cwd=copy)
    assert result.status == 1, result.err
    assert "+ cron -> kafka: TCP 9092  [new peer]" in result.out
    assert result.out.splitlines()[-1] == "1 gained, 0 lost"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "both sides are the same"),
        (["one.yaml"], "name two sides"),
        (["--environment", "prod", "a", "b", "--new", "c"], "OLD and NEW are manifests"),
        (["no/such", "no/other"], "no/such"),
    ],
)
def test_what_cannot_run_is_told(arguments: list[str], words: str, netmatrix: Run) -> None:
    result = netmatrix("diff", *arguments)
    assert (result.status, result.out) == (2, "")
    assert words in result.err
