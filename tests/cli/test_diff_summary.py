"""`netmatrix diff --format summary`: a comment that a reviewer reads, and that nobody's text can forge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from netmatrix.proof.change_summary import LONGEST, MOST, code
from tests.cli.conftest import TODAY, Run
from tests.policy.samples import policy

PROD = ("--environment", "prod", *TODAY)
DNS = "jobs -> dns (pods of kube-system): TCP 53,UDP 53"
HOSTILE = "`x` ``y`` <img src=x onerror=alert(1)> [z](http://host.invalid) @team #1 | **bold**\n# title\x1b[31m"


def html(text: str) -> str:
    """What GitHub shows, nearly: it renders HTML as well, before it cleans it."""
    shown: str = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    return shown


def test_it_says_what_can_be_reached_now_and_what_no_longer_the_widest_first(netmatrix: Run) -> None:
    result = netmatrix(
        "diff", "--old", "values/values-prod.yaml", "--new", "values/values-dev.yaml", *TODAY, "--format", "summary"
    )
    assert result.status == 1
    lines = result.out.splitlines()
    assert lines[0] == "### Network of `prod` → `dev`: 4 connections gained, 3 lost"
    assert (
        "- **Open to anyone:** `anyone` can now reach `mongo` on `TCP 27017` (`flows.outside-to-mongo`); "
        "**not acknowledged**"
    ) in lines
    assert "- `ui` can no longer reach `jobs-manager` on `TCP 3000` (`flows.ui-to-jobs-manager`)" in lines


def test_the_widest_stand_first(netmatrix: Run) -> None:
    arguments = ("--new", "values/operational.yaml", "--new", "values/values-dev.yaml", *TODAY)
    out = netmatrix("diff", "--old", "values/values-prod.yaml", *arguments, "--format", "summary").out
    kinds = re.findall(r"^- \*\*([A-Z][a-z ]+):\*\*", out, re.MULTILINE)
    order = ["Open to anyone", "Free to go anywhere", "More addresses", "New peer", "New port"]
    assert kinds == sorted(kinds, key=order.index)
    assert len(set(kinds)) > 2
    assert "on `every port`" in out


def test_nothing_gained_or_lost_is_one_line(netmatrix: Run) -> None:
    result = netmatrix("diff", *PROD, "--new-set", "flows.cron-to-mongo.enabled=true", "--format", "summary")
    assert (result.status, result.out) == (0, "### Network of `prod`: no connection is gained or lost\n")


def test_who_has_acknowledged_it_and_what_is_wrong_with_that(netmatrix: Run, tmp_path: Path) -> None:
    entry = {"connection": DNS, "reason": "jobs ask for names", "who": "Ada", "until": "2027-01-31"}
    file = tmp_path / "acknowledged.yaml"
    file.write_text(yaml.dump({"acknowledged": [entry, {**entry, "connection": "a -> b: TCP 1"}]}), encoding="utf-8")
    arguments = ("--new-set", "flows.jobs-to-dns.enabled=true", "--acknowledge", file, "--format", "summary")
    result = netmatrix("diff", *PROD, *arguments)
    assert result.status == 1
    assert "(`flows.jobs-to-dns`); acknowledged by `Ada` until 2027-01-31: `jobs ask for names`\n" in result.out
    assert "**To mend**:\n\n- `the change opens no connection 'a -> b: TCP 1'` (NM714)" in result.out


def test_a_hostile_reason_stays_text(netmatrix: Run, tmp_path: Path) -> None:
    entry = {"connection": DNS, "reason": HOSTILE, "who": HOSTILE, "until": "2027-01-31"}
    file = tmp_path / "acknowledged.yaml"
    file.write_text(yaml.dump({"acknowledged": [entry]}), encoding="utf-8")
    arguments = ("--new-set", "flows.jobs-to-dns.enabled=true", "--acknowledge", file, "--format", "summary")
    result = netmatrix("diff", *PROD, *arguments)
    assert result.status == 0
    shown = html(result.out)
    assert set(re.findall(r"<(\w+)", shown)) == {"h3", "p", "strong", "ul", "li", "code"}
    assert "&lt;img src=x onerror=alert(1)&gt; [z](http://host.invalid) @team #1 | **bold** # title" in shown
    outside = re.sub(r"<code>.*?</code>", "", shown, flags=re.DOTALL)
    assert not re.search(r"[@#|`]|host", outside)
    assert "\x1b" not in result.out


def test_a_comment_is_never_too_long(netmatrix: Run, tmp_path: Path) -> None:
    count = MOST + 13
    empty, full = tmp_path / "empty.yaml", tmp_path / "full.yaml"
    deny = policy("deny", policyTypes=["Ingress", "Egress"])
    labels = {f"{'long' * 15}-{number}": "v" * 63 for number in range(9)}
    opened = [
        policy(
            f"p{number}",
            podSelector={"matchLabels": {**labels, "row": f"r{number}"}},
            ingress=[{"ports": [{"port": 1}]}],
        )
        for number in range(count)
    ]
    empty.write_text(yaml.dump_all([deny]), encoding="utf-8")
    full.write_text(yaml.dump_all([deny, *opened]), encoding="utf-8")
    gained = netmatrix("diff", empty, full, "--format", "summary").out
    lost = netmatrix("diff", full, empty, "--format", "summary").out
    assert gained.startswith(f"### Network: {count} connections gained, 0 lost\n")
    assert gained.count("can now reach") == lost.count("can no longer reach") == MOST
    assert "- … and 13 more, none of them wider than these; `netmatrix diff` lists them all\n" in gained
    assert "- … and 13 more; `netmatrix diff` lists them all\n" in lost
    # 65,536 characters are GitHub's limit on a comment; gains, losses and faults can all be this long.
    assert len(gained) + len(lost) < 40_000
    assert all(len(span) <= LONGEST + 1 for span in re.findall("`([^`]*)`", gained))


@pytest.mark.parametrize("text", ["a`b", "`", "``", "` x `", ""])
def test_a_code_span_shows_just_what_it_holds(text: str) -> None:
    shown = re.fullmatch(r"<p>x <code>(.*)</code> y</p>\n", html(f"x {code(text)} y"))
    assert shown
    assert shown[1].strip() == text.strip()
