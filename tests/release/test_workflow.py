"""The workflow that publishes has no more rights than it needs, and the metadata file has Artifact Hub's form."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.support.scenarios import ROOT

TEXT = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.load(TEXT, yaml.BaseLoader)
RIGHTS = {
    "rehearse": {"contents": "read"},
    "packages": {"contents": "read"},
    "python": {"id-token": "write"},
    "page": {"contents": "write"},
}


def test_each_job_has_the_rights_that_it_needs_and_no_others() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()} == RIGHTS


def test_every_action_is_pinned_by_its_commit() -> None:
    used = re.findall(r"uses: (\S+)( # v\d+\.\d+\.\d+)?", TEXT)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) and version for name, version in used)


def test_nothing_is_published_that_was_not_rehearsed_and_secrets_need_an_approval() -> None:
    jobs = WORKFLOW["jobs"]
    assert [jobs[name].get("needs") for name in RIGHTS] == [None, "rehearse", "packages", "python"]
    runs = [step.get("run", "") for step in jobs["rehearse"]["steps"]]
    assert any(run.endswith("make release-dry-run") for run in runs)
    assert any("--tag" in run for run in runs)
    with_secrets = [name for name, job in jobs.items() if "secrets." in str(job)]
    assert with_secrets == ["packages"]
    assert jobs["packages"]["environment"] == "release"


def test_no_text_from_outside_is_pasted_into_a_script() -> None:
    scripts = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    assert not [script for script in scripts if "${{" in script]


def test_a_tag_of_a_version_starts_it() -> None:
    (pattern,) = yaml.safe_load(str(WORKFLOW["on"]["push"]["tags"]))
    assert pattern == "v[0-9]+.[0-9]+.[0-9]+"


def test_artifact_hub_can_read_its_metadata_file() -> None:
    metadata = yaml.safe_load((ROOT / "artifacthub-repo.yml").read_text(encoding="utf-8"))
    assert metadata.keys() <= {"repositoryID", "owners", "ignore"}
    assert all(owner.keys() == {"name", "email"} for owner in metadata.get("owners", []))
