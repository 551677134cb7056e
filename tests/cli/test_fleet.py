"""`netmatrix verify --fleet`: every cluster gets a verdict, and none takes another's along."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from netmatrix.cli.exit_status import status_of_findings
from netmatrix.cli.fleet_proving import Fleet as Common
from netmatrix.cli.fleet_proving import prove
from netmatrix.cli.options import ValuesOptions
from netmatrix.cli.project import Project, open_project
from netmatrix.cli.validating import Judged, Standards, judge
from netmatrix.fleet.clusters import Cluster
from netmatrix.fleet.outcome import Verdict
from netmatrix.helm import Helm
from tests.cli.conftest import DNS, PROD, TODAY, Fleet, replace_in
from tests.support.scenarios import CLUSTERS, ROOT


@pytest.fixture
def spoiling_helm(helm: Helm, tmp_path: Path) -> Path:
    """The real helm, whose output a script spoils: what values call team-open is opened, team-refused is refused."""
    script = tmp_path / "helm"
    script.write_text(
        "#!/bin/sh\n"
        f"helm={helm.executable}\n"
        "for last; do :; done\n"
        'if grep -sq team-refused "$last"; then echo "Error: not that one" >&2; exit 1; fi\n'
        '"$helm" "$@" | sed "/namespace: .team-open/,/^---/s/port: 9093/port: 9095/"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script


def test_every_example_of_a_cluster_holds_in_a_table(fleet: Fleet) -> None:
    result = fleet.verify(*PROD, pattern="values/clusters/*.yaml")
    assert result.status == 0, result.out
    heading, *rows, last = result.out.splitlines()
    assert heading.split() == ["CLUSTER", "ENVIRONMENT", "VERDICT"]
    assert [row.split() for row in rows] == [[f"values/clusters/{name}.yaml", "prod", "holds"] for name in CLUSTERS]
    assert last == f"fleet of {len(CLUSTERS)}: {len(CLUSTERS)} hold"
    assert result.err == "helm processes: 1\n"


def test_one_cluster_s_failure_names_it_and_stops_no_other(fleet: Fleet, spoiling_helm: Path) -> None:
    fleet.write(
        good=DNS % 1,
        invalid='endpoints: {dns: {cidrs: ["0.0.0.0/0"]}}\n',
        unreadable="a: [b\n",
        opened="namespaces: {app: {name: team-open}}\n",
        refused="namespaces: {app: {name: team-refused}}\n",
        twin=DNS % 1,
        deleting="pods: {ui: {ports: {dev: null}}}\nendpoints: {outside: {anyone: null}}\n",
    )
    (fleet.folder / "fleet" / "gone.yaml").symlink_to("nowhere")
    result = fleet.verify(*PROD, env={"HELM": str(spoiling_helm)})
    verdicts = {
        line.split()[0]: line.split()[2]
        for line in result.out.splitlines()
        if line.startswith("fleet/") and ": " not in line
    }
    assert verdicts == {
        "fleet/deleting.yaml": "INVALID",
        "fleet/gone.yaml": "UNJUDGED",
        "fleet/good.yaml": "holds",
        "fleet/invalid.yaml": "INVALID",
        "fleet/opened.yaml": "FAILS",
        "fleet/refused.yaml": "UNJUDGED",
        "fleet/twin.yaml": "holds",
        "fleet/unreadable.yaml": "UNJUDGED",
    }
    assert result.status == 2
    assert "fleet/invalid.yaml:1:27: error NM251" in result.out
    assert "fleet/gone.yaml:1:1: error NM001" in result.out
    assert "fleet/unreadable.yaml:" in result.out
    assert "error NM404 helm refused: not that one" in result.out
    assert "error NM701 fleet/opened.yaml: kafka -> kafka, TCP 9095: allowed, and not granted" in result.out
    assert result.out.splitlines()[-1] == (
        "fleet of 8: 2 hold, 1 fail, 2 with values that do not hold, 3 without a verdict"
    )


def test_a_reason_is_in_its_author_s_words_in_whatever_script(fleet: Fleet) -> None:
    """A fleet's batch reaches Helm in another spelling than the cluster's own file."""
    declared = (ROOT / "values" / "clusters" / "with-exception.yaml").read_text(encoding="utf-8")
    fleet.write(one=re.sub("reason: .*", "reason: \U0001f985 \u4eba \U00020bb7", declared), two=DNS % 1)
    result = fleet.verify(*PROD)
    assert result.status == 0, result.out
    assert result.out.splitlines()[-1] == "fleet of 2: 2 hold"


def test_the_status_tells_findings_from_what_could_not_be_judged(fleet: Fleet) -> None:
    fleet.write(good=DNS % 1, invalid="endpoints: {dns: {cidrs: [x]}}\n")
    assert fleet.verify(*PROD).status == 1
    fleet.write(unreadable="a: [b\n")
    assert fleet.verify(*PROD).status == 2


def test_values_that_a_null_takes_a_default_from_are_rendered_alone(fleet: Fleet) -> None:
    """In a batch Helm would find the chart's default again."""
    peers = 'endpoints: {dns: {peers: {kube-dns: null}, cidrs: ["169.254.20.10/32"]}}\n'
    fleet.write(one=peers, two=DNS % 2)
    result = fleet.verify(*PROD)
    assert (result.status, result.err) == (0, "helm processes: 2\n")
    assert len(fleet.records()) == 1


def test_each_override_says_its_environment_where_no_file_for_all_does(fleet: Fleet) -> None:
    fleet.write(a="environment: prod\n", b=f"environment: dev\n{DNS % 1}", c=DNS % 2, d="environment: staging\n")
    result = fleet.verify("-f", "values/operational.yaml", "--format", "json")
    found = {Path(item["cluster"]).stem: item for item in json.loads(result.out)["clusters"]}
    assert {name: (item["environment"], item["verdict"]) for name, item in found.items()} == {
        "a": ("prod", "holds"),
        "b": ("dev", "holds"),
        "c": (None, "invalid"),
        "d": (None, "invalid"),
    }
    assert [finding["rule"] for finding in found["c"]["findings"] if finding["severity"] == "error"] == ["NM210"]
    mixed = fleet.verify("--environment", "prod", pattern="fleet/b.yaml")
    assert (mixed.status, "NM211" in mixed.out) == (1, True), "prod's flows under dev are told, not taken"


def test_the_files_of_a_folder_are_one_cluster(fleet: Fleet) -> None:
    for name, text in {"eu-1/values.yaml": DNS % 1, "eu-1/extra.yaml": DNS % 2, "eu-2/values.yaml": DNS % 2}.items():
        (fleet.folder / "clusters" / name).parent.mkdir(parents=True, exist_ok=True)
        (fleet.folder / "clusters" / name).write_text(text, encoding="utf-8")
    result = fleet.verify(*PROD, "--format", "json", pattern="clusters/*/")
    first, second = json.loads(result.out)["clusters"]
    assert (first["cluster"], second["cluster"]) == ("clusters/eu-1", "clusters/eu-2")
    assert first["files"] == ["clusters/eu-1/values.yaml", "clusters/eu-1/extra.yaml"]
    assert first["digests"] == second["digests"], "extra.yaml lies above values.yaml"


def test_what_is_wrong_with_a_file_for_all_is_told_once(fleet: Fleet) -> None:
    fleet.write(one=DNS % 1, two=DNS % 2)
    result = fleet.verify("-f", "values/no-such.yaml")
    assert (result.status, result.out) == (2, "")
    assert result.err.count("error NM001") == 1
    (fleet.folder / "base.yaml").write_text("pots: {}\n", encoding="utf-8")
    result = fleet.verify(*PROD, "-f", "base.yaml")
    assert (result.status, result.out, result.err.count("base.yaml:1:1: error NM202")) == (1, "", 1)


def test_a_warning_that_clusters_share_is_told_once_with_their_names(fleet: Fleet) -> None:
    (fleet.folder / "base.yaml").write_text("endpoints: {dns: {peers: {kube-dns: null}}}\n", encoding="utf-8")
    fleet.write(**{f"c{number}": f"x-number: {number}\n" for number in range(5)})
    result = fleet.verify(*PROD, "-f", "base.yaml")
    (warning,) = [line for line in result.out.splitlines() if "warning NM281" in line]
    assert "fleet/c0.yaml, fleet/c1.yaml, fleet/c2.yaml and 2 more: " in warning
    assert result.status == 0


def test_programs_get_findings_in_their_formats(fleet: Fleet) -> None:
    fleet.write(good=DNS % 1, bad="pots: {}\n")
    github = fleet.verify(*PROD, "--format", "github")
    assert github.out.startswith("::error file=fleet/bad.yaml,line=1,col=1,title=NM202::")
    assert "fleet of 2: 1 hold, 1 with values that do not hold" in github.err
    (result,) = json.loads(fleet.verify(*PROD, "--format", "sarif").out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "fleet/bad.yaml"
    assert 'failures="1"' in fleet.verify(*PROD, "--format", "junit").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fleet", "fleet/*.json"], "fleet/*.json: error NM001 no file matches this pattern"),
        (["--fleet", "fleet/*.yaml", "--set", "a=b"], "are not for a fleet"),
        (["--fleet", "fleet/*.yaml", "--manifests", "chart"], "are not for a fleet"),
        (["--fleet", "fleet/*.yaml", "--record", "x", "--no-record"], "not both"),
        (["--fleet", "fleet/*.yaml", "--environment", "prd"], "did you mean 'prod'?"),
        (["--fleet", "fleet/*.yaml", "--jobs", "0"], "--jobs"),
        (["-f", "values/values-prod.yaml", "--jobs", "2"], "for a fleet"),
    ],
)
def test_what_cannot_run_is_told(arguments: list[str], words: str, fleet: Fleet) -> None:
    fleet.write(one=DNS % 1)
    result = fleet.netmatrix("verify", *arguments, cwd=fleet.folder)
    assert (result.status, result.out) == (2, "")
    assert words in result.err


def test_a_chart_that_is_not_the_matrix_s_is_not_proved(fleet: Fleet) -> None:
    fleet.write(one=DNS % 1)
    replace_in(fleet.folder / "chart" / "templates" / "default-deny.yaml", "generate`.", "generate`,")
    result = fleet.verify(*PROD)
    assert (result.status, result.out) == (1, "")
    assert "run `netmatrix generate` first" in result.err


def test_a_fault_of_netmatrix_itself_is_one_cluster_s_and_no_other_s(
    copy: Path, helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged in this process, where a fault can be planted."""
    monkeypatch.chdir(copy)
    project = open_project(None)

    def faulty(project: Project, options: ValuesOptions, standards: Standards) -> Judged:
        if "two.yaml" in options.files:
            raise KeyError("planted")
        return judge(project, options, standards)

    monkeypatch.setattr("netmatrix.cli.fleet_proving.judge", faulty)
    clusters = [Cluster(name, (name,)) for name in ("one.yaml", "two.yaml", "three.yaml")]
    for number, cluster in enumerate(clusters):
        (copy / cluster.name).write_text(DNS % number, encoding="utf-8")
    base = (project.values_file("values-prod.yaml"),)
    fleet = Common(project, helm, project.chart, base, by_override=False, today=date(2026, 11, 1), record=None)
    one, two, three = prove(fleet, clusters).outcomes
    assert (one.verdict, two.verdict, three.verdict) == (Verdict.HOLDS, Verdict.UNJUDGED, Verdict.HOLDS)
    (finding,) = two.findings
    assert (finding.rule.id, finding.place.file) == ("NM706", "two.yaml")
    assert "KeyError: 'planted'" in finding.message
    assert status_of_findings(two.findings) == 2


def test_on_a_terminal_a_bar_tells_how_far_it_is(fleet: Fleet, environment: dict[str, str]) -> None:
    fleet.write(one=DNS % 1, two=DNS % 2)
    command = [sys.executable, "-m", "netmatrix", "verify", *PROD, *TODAY, "--fleet", "fleet/*.yaml", "--jobs", "1"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=fleet.folder, env=environment | {"TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        out, _ = process.communicate(timeout=120)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal is an error to its reader
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"clusters" in shown
    assert b"0/2" in shown
    assert out.decode().splitlines()[-1] == "fleet of 2: 2 hold"
