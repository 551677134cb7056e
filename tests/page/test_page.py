"""What a reader finds on the page, and what a browser may do with it."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import chain, pairwise

import pytest

from tests.chart import expected
from tests.page.conftest import Pages, values
from tests.support.html import Element
from tests.support.scenarios import ROOT

SHIPPED = ("--environment", "prod", "--manifests", "tests/proof/shipped/prod.yaml")
EVERYTHING = (*values("values-prod", "operational", "clusters/with-exception"), "--against", "values/values-prod.yaml")
SUBJECTS = {
    "prod": values("values-prod"),
    "dev": values("values-dev"),
    "everything": EVERYTHING,
    "failing": SHIPPED,
}
EACH = pytest.mark.parametrize("subject", SUBJECTS)
OURS = set(expected.PODS) - {"dns"}


def grid(page: Element) -> dict[tuple[str, str], Element]:
    """The cells by the names of their row and column."""
    table = page.one("table", class_="grid")
    head, *rows = table.all("tr")
    columns = [item.text() for item in head.all("th")]
    found = {}
    for row in rows:
        cells = row.all("td")
        assert len(cells) == len(columns)
        found.update({(row.one("th").text(), column): cell for column, cell in zip(columns, cells, strict=True)})
    return found


def wanted(environment: str, *, operational: bool) -> dict[tuple[str, str], set[str]]:
    """What must be open between named ends, from the table that the tests keep by hand."""
    found: dict[tuple[str, str], set[str]] = {}
    text = expected.COMMON + expected.ONLY[environment] + (expected.OPERATIONAL if operational else "")
    for pod, direction, peer, ports in expected.rows(text):
        pair = (pod, peer) if direction == "egress" else (peer, pod)
        found.setdefault(pair, set()).update(ports.split(", "))
    return found


@pytest.mark.parametrize(
    ("environment", "operational"), [("prod", False), ("prod", True), ("dev", False), ("dev", True)]
)
def test_the_grid_has_the_ports_of_every_flow_that_is_on_and_no_others(
    environment: str, operational: bool, pages: Pages
) -> None:
    files = values(f"values-{environment}", *(["operational"] if operational else []))
    flows = wanted(environment, operational=operational)
    for pair, cell in grid(pages(*files)).items():
        lines = [line.text() for line in cell.all("span")]
        conditional = {"conditional"} & set(cell.text().split())
        if pair in flows:
            ports = set(chain.from_iterable(map(spelled, lines)))
            assert flows[pair] <= ports, pair
            assert conditional or flows[pair] == ports, pair
        elif pair[0] in OURS and pair[1] in OURS:
            assert conditional or not lines, pair


def spelled(line: str) -> list[str]:
    """`TCP 80,443` as `TCP 80` and `TCP 443`; a range as all of it."""
    if line == "any port":
        return [line]
    protocol, _, numbers = line.partition(" ")
    found = []
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        found += [f"{protocol} {number}" for number in range(int(first), int(last or first) + 1)]
    return found


@pytest.mark.parametrize(("environment", "other"), [("prod", "dev"), ("dev", "prod")])
def test_each_flow_is_told_with_both_policies_and_its_line_of_the_matrix(
    environment: str, other: str, pages: Pages
) -> None:
    page = pages(*values(f"values-{environment}", "operational"))
    lines = (ROOT / "matrix.yaml").read_text(encoding="utf-8").splitlines()
    for source, destination in wanted(environment, operational=True):
        told = page.one("details", id=f"{source}--to--{destination}").text()
        flow = next(
            (number, name)
            for number, line in enumerate(lines, start=1)
            if (name := line.strip().partition(":")[0])
            in (f"{source}-to-{destination}", f"{source}-to-{destination}-dev")
            and (f"environments: [{other}]" not in line)
        )
        assert f"the flow {flow[1]} at matrix.yaml:{flow[0]}:3 grants it" in told
        for end, direction in ((source, "egress"), (destination, "ingress")):
            if end in OURS:
                assert re.search(rf"{direction} of {end} opened by {direction} rule \d+ of policy stalker", told), told


def test_a_cell_says_what_kind_of_grant_it_is_and_leads_to_why(pages: Pages) -> None:
    page = pages(*EVERYTHING)
    cells = grid(page)
    assert cells["orchestrator", "203.0.113.20/32"].text() == "TCP 443 exception"
    assert cells["mongo", "dns"].text() == "TCP 53 UDP 53 operational"
    assert cells["jobs", "ui"].text() == "TCP 80,443 conditional"
    assert cells["outside", "mongo"].text() == "never"
    assert cells["jobs", "mongo"].text() == ""
    for pair in (("orchestrator", "203.0.113.20/32"), ("outside", "mongo")):
        target = cells[pair].one("a").attributes["href"].removeprefix("#")
        assert page.one(id=target).text()
    reason = page.one("details", id="orchestrator--to--203-0-113-20-32").text()
    assert "The job images' digests are checked against the internal registry" in reason


def test_who_can_reach_a_pod_and_what_it_can_reach(pages: Pages) -> None:
    mongo = pages(*values("values-prod")).one("article", id="node-mongo")
    by, reaches = (div.all("li") for div in mongo.one(class_="both").all("div"))
    assert [item.text() for item in by] == [f"{pod} TCP 27017" for pod in ("jobs-manager", "cron", "mongo")]
    assert [item.text() for item in reaches] == ["mongo TCP 27017"]
    jobs = pages(*values("values-prod")).one("article", id="node-jobs")
    assert jobs.one(class_="both").all("div")[0].text().endswith("Nobody")
    dns = pages(*values("values-prod")).one("article", id="node-dns")
    told = dns.one(class_="both").all("div")[1].text()
    assert told == "What it can reach The matrix names it as a receiver alone.", "and not that it reaches nobody"


def test_the_graph_has_the_flows_that_are_on_under_the_names_that_the_page_filters_by(pages: Pages) -> None:
    page = pages(*EVERYTHING)
    names = {item.attributes["data-name"] for item in page.all("article")}
    flows = page.one("section", id="graph").all("g", class_="flow")
    assert "orchestrator-to-registry" in {flow.attributes["data-flow"] for flow in flows}
    for flow in flows:
        assert {flow.attributes["data-source"], flow.attributes["data-destination"]} <= names


def test_a_failing_verdict_stands_first_with_its_counter_examples(pages: Pages) -> None:
    page = pages(*SHIPPED)
    assert page.one("div", class_="verdict").text().startswith("Fails The manifests allow 450 kinds of connections")
    problems = page.one("section", id="problems").text()
    assert "mongo -> mongo, TCP 27017: granted, and not allowed" in problems
    assert "tests/proof/shipped/prod.yaml:67:1" in problems
    cells = grid(page)
    assert cells["mongo", "mongo"].text() == "TCP 27017 not allowed"
    assert cells["jobs", "internet-ipv6"].text() == "any port not granted"
    assert "allowed, and not granted" in page.one("details", id="jobs--to--internet-ipv6").text()
    assert [item.text() for item in page.one("nav").all("a")][:2] == ["What fails", "Who reaches whom"]


def test_a_verdict_that_holds_says_so_with_what_was_covered_and_what_is_not_claimed(pages: Pages) -> None:
    page = pages(*values("values-prod"))
    assert page.one("div", class_="verdict").text().startswith("Holds The rendered policies allow exactly")
    assert not page.all("section", id="problems")
    proof = page.one("section", id="proof").text()
    assert "8 rows of the matrix and" in proof
    assert "pods on the host's network" in proof
    assert "what installing discovers as kubernetes-api in the cluster" in proof
    digest = hashlib.sha256((ROOT / "matrix.yaml").read_bytes()).hexdigest()
    assert f"matrix.yaml sha256:{digest}" in proof


def test_what_changes_is_told_from_the_other_values(pages: Pages) -> None:
    changes = pages(*EVERYTHING).one("section", id="changes")
    assert "Compared with values/values-prod.yaml" in changes.text()
    assert "Gained: 8" in changes.text()
    assert "orchestrator -> 203.0.113.20: TCP 443 wider range" in changes.text()
    back = pages(*values("values-prod"), "--against", "values/values-prod.yaml", "--against", "values/operational.yaml")
    assert "Lost: 7" in back.one("section", id="changes").text()
    assert not pages(*values("values-prod")).all("section", id="changes")


def test_exceptions_stand_by_expiry_with_owner_reason_and_line(pages: Pages) -> None:
    rows = pages(*EVERYTHING).one("section", id="exceptions").one("tbody").all("tr")
    assert [[cell.text() for cell in row.all("td")] for row in rows] == [
        [
            "2027-06-30 241 days left",
            "orchestrator-to-registry orchestrator → 203.0.113.20/32 TCP 443",
            "The job images' digests are checked against the internal registry",
            "platform-team@example.org",
            "values/clusters/with-exception.yaml:7:3",
        ]
    ]
    assert "None: the values open nothing beyond the matrix" in pages(*values("values-prod")).text()


def test_never_lines_and_flows_that_are_off_are_told(pages: Pages) -> None:
    limits = pages(*values("values-prod")).one("section", id="limits").text()
    assert "outside → mongo: A production deployment should not allow connectivity to the database" in limits
    assert "jobs → dns TCP 53, UDP 53 : Jobs find the Orchestrator" in limits
    assert "flows.jobs-to-dns.enabled" in limits
    assert "outside-to-ui-dev" not in limits, "it is of another environment"
    assert "Every flow of prod is on" in pages(*EVERYTHING).one("section", id="limits").text()
    assert "kubectl port-forward --namespace stalker service/ui 8443:8443" in limits


@EACH
def test_a_browser_may_run_the_page_s_own_script_and_style_and_fetch_nothing(subject: str, pages: Pages) -> None:
    page = pages(*SUBJECTS[subject])
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    directives = {
        name: sources.split() for name, _, sources in (item.strip().partition(" ") for item in policy.split(";"))
    }
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == [hashed(item) for item in page.all("script")]
    assert directives["style-src"] == [hashed(item) for item in page.all("style")]
    for element in page.all():
        assert not {"style", "src", "srcset", "action", "background"} & element.attributes.keys()
        assert not [name for name in element.attributes if name.startswith("on")]
        assert element.tag not in ("link", "iframe", "object", "embed", "base", "img")
        assert element.attributes.get("href", "#").startswith("#")
    for item in (*page.all("style"), *page.all("script")):
        assert not re.search(r"url\(|@import|fetch\(|XMLHttp|https?:|innerHTML|eval\(", item.raw())


def hashed(element: Element) -> str:
    digest = hashlib.sha256(element.raw().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@EACH
def test_links_lead_somewhere_and_ids_are_one_element_s(subject: str, pages: Pages) -> None:
    page = pages(*SUBJECTS[subject])
    ids = [item.attributes["id"] for item in page.all() if "id" in item.attributes]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert link.attributes["href"].removeprefix("#") in ids, link.attributes
    for item in page.all():
        for name in ("aria-labelledby", "for", "list"):
            assert set(item.attributes.get(name, "").split()) <= set(ids)


@EACH
def test_headings_go_down_one_level_at_a_time(subject: str, pages: Pages) -> None:
    levels = [int(item.tag[1]) for item in pages(*SUBJECTS[subject]).all() if re.fullmatch("h[1-6]", item.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@EACH
def test_nothing_of_the_page_s_text_needs_the_script(subject: str, pages: Pages) -> None:
    """What is hidden until the script runs is what only the script gives: the filter, and the dialog for a cell."""
    page = pages(*SUBJECTS[subject])
    hidden = [item.attributes.get("id") for item in page.all() if "hidden" in item.attributes]
    assert hidden == ["filter"]
    assert page.one("dialog").one("div", id="cell-contents").text() == ""
