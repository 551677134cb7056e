"""The matrix's rows beside pods that run: matched by their labels, or asked about where they only look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from netmatrix.matrix.model import Matrix
from tests.discover.clusters import PLAIN, learned, pod, proposed, question, text_of

APP = "stalker"
UI = {"app.kubernetes.io/name": "devspace-app", "app.kubernetes.io/component": "ui"}


def test_rows_that_pods_match_are_told_and_nothing_is_written(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *PLAIN, pod("ui-1", APP, {**UI, "pod-template-hash": "x"}, "10.244.0.3"))
    assert "Rows whose labels pods in stalker carry: ui (1 pod)." in text_of(found)
    assert "pods" not in found.values()
    assert found.questions == ()


@pytest.mark.parametrize(
    ("name", "labels", "selector"),
    [
        ("web-7d4f6b8c9-5h2lw", {"app": "ui", "pod-template-hash": "7d4f6b8c9"}, ["app=ui"]),
        ("ui-7d4f6b8c9-5h2lw", {"team": "red", "helm.sh/chart": "ui-1.0"}, ["team=red"]),
        ("ui-0", {"a/b": "c", "app.kubernetes.io/version": "2", "app.kubernetes.io/managed-by": "x"}, ["a/b=c"]),
    ],
    ids=["label", "name", "stateful"],
)
def test_pods_that_look_like_a_row_are_proposed_without_labels_that_pass(
    name: str, labels: dict[str, str], selector: list[str], tmp_path: Path, matrix: Matrix
) -> None:
    found = learned(tmp_path, matrix, *PLAIN, pod(name, APP, labels, "10.244.0.3"))
    asked = question(found, "pods-ui")
    assert (proposed(asked).path, proposed(asked).value) == (("pods", "ui", "selector"), selector)
    assert "app.kubernetes.io/component=ui" in asked.text
    assert "pods" not in found.values()


def test_a_label_that_only_one_row_has_is_a_sign_of_it(tmp_path: Path, matrix: Matrix) -> None:
    """`mongodb` is no row's id, and stands in the labels of the row mongo alone."""
    found = learned(tmp_path, matrix, *PLAIN, pod("database-0", APP, {"app": "mongodb"}, "10.244.0.1"))
    assert proposed(question(found, "pods-mongo")).value == ["app=mongodb"]


def test_several_that_look_alike_are_proposed_by_what_all_carry(tmp_path: Path, matrix: Matrix) -> None:
    pods = [pod(f"ui-{at}", APP, {"app": "ui", "shard": str(at)}, f"10.244.0.{at}") for at in (1, 2)]
    proposal = proposed(question(learned(tmp_path, matrix, *PLAIN, *pods), "pods-ui"))
    assert proposal.value == ["app=ui"]


def test_pods_without_a_label_in_common_are_asked_about_without_a_proposal(tmp_path: Path, matrix: Matrix) -> None:
    pods = [pod("ui-1", APP, {"a": "b"}, "10.244.0.1"), pod("ui-2", APP, {}, "10.244.0.2")]
    assert question(learned(tmp_path, matrix, *PLAIN, *pods), "pods-ui").proposal is None


def test_a_shared_label_is_no_sign_of_a_row(tmp_path: Path, matrix: Matrix) -> None:
    """`devspace-app` stands in several rows."""
    labels = {"app.kubernetes.io/name": "devspace-app", "app.kubernetes.io/component": "stranger"}
    found = learned(tmp_path, matrix, *PLAIN, pod("stranger-0", APP, labels, "10.244.0.1"))
    assert found.questions == ()
    assert "No row covers 1 workload of stalker, to which nothing is open: stranger." in text_of(found)


def test_pods_that_have_ended_do_not_count(tmp_path: Path, matrix: Matrix) -> None:
    found = learned(tmp_path, matrix, *PLAIN, pod("ui-1", APP, {"app": "ui"}, "10.244.0.1", phase="Succeeded"))
    assert found.questions == ()


def test_the_application_in_another_namespace_is_asked_about(tmp_path: Path, matrix: Matrix) -> None:
    asked = question(learned(tmp_path, matrix, *PLAIN, pod("ui-1", "red", UI, "10.244.0.1")), "namespace-stalker")
    assert (proposed(asked).path, proposed(asked).value) == (("namespaces", "app", "name"), "red")
