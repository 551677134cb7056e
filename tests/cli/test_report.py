"""`netmatrix report`: the page as a file, and what it says where things are not well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from netmatrix.emit.apply import apply, changes
from netmatrix.emit.plan import plan
from netmatrix.matrix.load import load_matrix
from tests.bench import synthetic
from tests.cli.conftest import PROD, TODAY, Run, replace_in
from tests.support.html import read

EXCEPTION = ("-f", "values/clusters/with-exception.yaml")
MARKUP = "</style><img src=x onerror=alert(1)>&amp;'"
HOSTILE = "</script></style><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;\u202e\"'"


def test_the_page_goes_to_standard_output_or_into_a_file_whole(netmatrix: Run, tmp_path: Path) -> None:
    printed = netmatrix("report", *PROD, *TODAY)
    assert (printed.status, printed.out[:15]) == (0, "<!doctype html>")
    assert "prod: holds: the rendered policies allow exactly what the matrix grants" in printed.err
    target = tmp_path / "new" / "prod.html"
    written = netmatrix("report", *PROD, *TODAY, "--output", target)
    assert (written.status, written.out) == (0, "")
    assert target.read_text(encoding="utf-8") == printed.out
    assert list(target.parent.iterdir()) == [target]


def test_it_is_the_same_bytes_whenever_and_however_often_it_is_asked_for(process: Run) -> None:
    asked = ("report", *PROD, *EXCEPTION, "--against", "values/values-prod.yaml")
    pages = {
        process(*asked, env={"PYTHONHASHSEED": seed, "TZ": zone}).out
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(pages) == 1
    (page,) = pages
    assert "days left" not in page, "no day was given"


def test_a_page_of_what_fails_is_written_all_the_same(netmatrix: Run, tmp_path: Path) -> None:
    rendered = netmatrix("template", *PROD, *TODAY).out
    manifests, target = tmp_path / "all.yaml", tmp_path / "page.html"
    manifests.write_text(rendered.replace("port: 9093", "port: 9095"), encoding="utf-8")
    result = netmatrix("report", "--environment", "prod", "--manifests", manifests, "--output", target, *TODAY)
    assert result.status == 1
    assert "prod: fails: the manifests allow 1 kinds of connections too much, and 1 too few" in result.err
    page = read(target.read_text(encoding="utf-8"))
    problems = [item.text() for item in page.one("ol", class_="problems").all("li")]
    assert ["TCP 9095: allowed, and not granted" in item for item in problems] == [True, False]
    told = page.one("details", id="kafka--to--kafka").text()
    assert "TCP 9095 allowed, and not granted" in told
    assert "TCP 9093 not allowed, and granted" in told


def test_an_expired_exception_is_told_and_fails(netmatrix: Run, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    result = netmatrix("report", *PROD, *EXCEPTION, "--today", "2027-07-02", "--output", target)
    assert result.status == 1
    assert "error NM274" in result.err
    page = read(target.read_text(encoding="utf-8"))
    assert "1 exception has expired." in page.one(class_="verdict").text()
    assert page.one("tr", class_="expired").text().startswith("2027-06-30 expired")
    last = netmatrix("report", *PROD, *EXCEPTION, "--today", "2027-06-30")
    assert (last.status, "last day" in last.out) == (0, True)


def test_exceptions_come_in_the_order_in_which_they_end(netmatrix: Run, tmp_path: Path) -> None:
    entry = {"from": {"pod": "kafka"}, "ports": [{"protocol": "TCP", "port": 1}], "reason": "r", "owner": "o"}
    ends = {"late": "2028-01-01", "b-soon": "2027-01-01", "a-soon": "2027-01-01", "next": "2027-01-02"}
    given = {
        name: {**entry, "to": {"cidr": f"192.0.2.{number}/32"}, "expires": day}
        for number, (name, day) in enumerate(ends.items())
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"exceptions": given}), encoding="utf-8")
    page = read(netmatrix("report", *PROD, "-f", values, *TODAY).out)
    names = [row.one("b").text() for row in page.one("section", id="exceptions").one("tbody").all("tr")]
    assert names == ["a-soon", "b-soon", "next", "late"]


def test_what_others_wrote_stays_text(netmatrix: Run, copy: Path) -> None:
    """In a title, a description, a reason and an owner: no element, no entity, nothing that turns text round."""
    matrix = copy / "matrix.yaml"
    replace_in(matrix, "title: Kafka", f"title: {json.dumps(MARKUP)}")
    replace_in(matrix, "description: The message queue", f"description: {json.dumps(MARKUP)}")
    assert netmatrix("generate", cwd=copy).status == 0
    entry = {
        "from": {"pod": "kafka"},
        "to": {"cidr": "192.0.2.1/32"},
        "ports": [{"protocol": "TCP", "port": 1}],
        "reason": HOSTILE,
        "owner": HOSTILE,
        "expires": "2027-01-01",
    }
    (copy / "hostile.yaml").write_text(yaml.safe_dump({"exceptions": {"odd": entry}}), encoding="utf-8")
    result = netmatrix("report", *PROD, "-f", "hostile.yaml", *TODAY, cwd=copy)
    assert result.status == 0, result.err
    page = read(result.out)
    assert not page.all("img")
    assert len(page.all("script")) == 1
    shown = "</script></style><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;\\u202e\"'"
    row = page.one("section", id="exceptions").one("tbody").one("tr")
    assert [cell.text() for cell in row.all("td")[2:4]] == [shown, shown]
    kafka = page.one("article", id="node-kafka")
    assert kafka.one("h3").text() == f"{MARKUP} kafka"
    assert kafka.all("p", class_="fact")[0].text() == MARKUP
    assert "\u202e" not in result.out


def test_policies_that_nobody_understands_are_no_holds(netmatrix: Run, tmp_path: Path) -> None:
    rendered = netmatrix("template", *PROD, *TODAY).out
    more = "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {}\n"
    manifests = tmp_path / "all.yaml"
    manifests.write_text(rendered + more, encoding="utf-8")
    result = netmatrix("report", "--environment", "prod", "--manifests", manifests, *TODAY)
    assert result.status == 1
    verdict = read(result.out).one(class_="verdict").text()
    assert verdict.startswith("Undecided The manifests contain policies of kinds that are not understood")


def test_what_was_discovered_stands_with_its_endpoint(netmatrix: Run, tmp_path: Path) -> None:
    rendered = netmatrix("template", *PROD, *TODAY).out
    rule = "    # orchestrator -> kubernetes-api"
    assert rendered.count(rule) == 1
    added = "    - to: [{ipBlock: {cidr: 172.18.0.2/32}}]\n      ports: [{port: 6443}]\n"
    manifests = tmp_path / "all.yaml"
    manifests.write_text(rendered.replace(rule, added + rule), encoding="utf-8")
    found = ("--discovered", "172.18.0.2:6443")
    result = netmatrix("report", "--environment", "prod", "--manifests", manifests, *found, *TODAY)
    assert result.status == 0
    told = read(result.out).one("details", id="orchestrator--to--kubernetes-api")
    assert told.one("summary").text().endswith("TCP 443,6443")
    assert "the flow orchestrator-to-kubernetes-api (discovered) at matrix.yaml:" in told.text()
    assert f"at {manifests}:" in told.text(), "lines of files can be looked up"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "--environment prod|dev"),
        ([*PROD, "--against", "-"], 2, "standard input"),
        ([*PROD, "--against", "no/such.yaml"], 2, "no/such.yaml"),
        ([*PROD, "--set", "endpoints.dns.cidrs={0.0.0.0/0}"], 1, "error NM251"),
        ([*PROD, "--output", "/proc/no/such.html"], 2, "/proc/no"),
    ],
)
def test_where_there_is_nothing_to_tell_no_page_is_written(
    arguments: list[str], status: int, words: str, netmatrix: Run
) -> None:
    result = netmatrix("report", *arguments, *TODAY)
    assert (result.status, result.out) == (status, "")
    assert words in result.err


@pytest.mark.long
def test_a_hundred_pods_fit_into_a_megabyte(netmatrix: Run, tmp_path: Path) -> None:
    (tmp_path / "matrix.yaml").write_text(synthetic.matrix(100, 400), encoding="utf-8")
    apply(changes(plan(load_matrix(str(tmp_path / "matrix.yaml"))), tmp_path), tmp_path)
    result = netmatrix("report", "-f", "values/values-prod.yaml", *TODAY, cwd=tmp_path)
    assert result.status == 0
    assert len(result.out.encode()) < 1_000_000
    page = read(result.out)
    assert "Left out: nobody has laid out so many pods" in page.one("section", id="graph").text()
    assert len(page.all("details", class_="connection")) >= 400
    assert len(page.one("table", class_="grid").one("tbody").all("tr")) >= 100
