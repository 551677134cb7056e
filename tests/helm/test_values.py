"""What Helm itself makes of values files and `--set`, before any chart's defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from netmatrix.helm import Helm, HelmError, SetArgument, merged_user_values


def sets(*texts: str) -> list[SetArgument]:
    """`--set a=b`, `--set-json a=1` and so on, each as one text."""
    return [SetArgument(*text.split(" ", 1)) for text in texts]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a values file into the current folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "values.yaml") -> str:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def refusals(helm: Helm, files: list[str], arguments: list[SetArgument]) -> list[tuple[str, str]]:
    """Rule id and place of every finding."""
    with pytest.raises(HelmError) as caught:
        merged_user_values(helm, files, arguments)
    for finding in caught.value.findings:
        assert finding.hint
    return [(finding.rule.id, finding.place.file) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ([], {}),
        (["--set a.b=1,c=x"], {"a": {"b": 1}, "c": "x"}),
        (["--set a=null"], {"a": None}),
        (["--set a[0].b=x,a[1].b=y"], {"a": [{"b": "x"}, {"b": "y"}]}),
        (["--set a[1]=x"], {"a": [None, "x"]}),
        (["--set a={x,y},b=[]"], {"a": ["x", "y"], "b": "[]"}),
        ([r"--set a\.b/c=d\,e"], {"a.b/c": "d,e"}),
        (["--set-string a=1,b=true"], {"a": "1", "b": "true"}),
        (['--set-json a={"b":[null,1.5]}'], {"a": {"b": [None, 1.5]}}),
        (["--set-literal a.b={x},y=null"], {"a": {"b": "{x},y=null"}}),
        (["--set a=1", "--set a=2"], {"a": 2}),
        (["--set a.b=1", '--set-json a={"c":2}'], {"a": {"b": 1, "c": 2}}),
        (
            ["--set a=netmatrix-values-end", "--set b=netmatrix-values-begin"],
            {"a": "netmatrix-values-end", "b": "netmatrix-values-begin"},
        ),
        (["--set-string a=<&>\u2028{{ fail }}\n---\n# x"], {"a": "<&>\u2028{{ fail }}\n---\n# x"}),
    ],
)
def test_arguments_are_read_by_helm(arguments: list[str], values: dict[str, Any], helm: Helm) -> None:
    assert merged_user_values(helm, [], sets(*arguments)) == values


def test_files_are_layered_and_nulls_kept(helm: Helm, file: Any) -> None:
    one = file("a: {b: 1, c: [1, 2], d: 3}\ne: 4\n", "one.yaml")
    two = file("a: {b: ~, c: [3]}\ne: null\nf: {g: null}\nh: [null, {i: ~}]\n", "two.yaml")
    merged = {"a": {"b": None, "c": [3], "d": 3}, "e": None, "f": {"g": None}, "h": [None, {"i": None}]}
    assert merged_user_values(helm, [one, two], []) == merged
    assert merged_user_values(helm, [one, two], sets("--set a.d=9"))["a"]["d"] == 9
    assert merged_user_values(helm, [two, one], [])["e"] == 4


def test_set_file_holds_a_file_s_text(helm: Helm, file: Any) -> None:
    name = file("a: b\n---\n{{ .x }}", "some.txt")
    assert merged_user_values(helm, [], sets(f"--set-file a.b={name}")) == {"a": {"b": "a: b\n---\n{{ .x }}"}}


@pytest.mark.parametrize("name", ["a,b.yaml", 'a"b.yaml', " a.yaml", "a b.yaml", "-f.yaml", "x:y.yaml", "{a}.yaml"])
def test_a_file_may_have_any_name(name: str, helm: Helm, file: Any) -> None:
    assert merged_user_values(helm, [file("a: 1\n", name)], []) == {"a": 1}


def test_a_file_that_looks_like_an_address_is_read_as_a_file(helm: Helm, file: Any) -> None:
    file("a: 1\n", "http:/host.invalid/values.yaml")
    assert merged_user_values(helm, ["http://host.invalid/values.yaml"], []) == {"a": 1}


def test_standard_input_is_handed_on(helm: Helm) -> None:
    assert merged_user_values(helm, ["-"], [], stdin=b"a: 1\n") == {"a": 1}
    assert refusals(helm, ["-"], []) == [("NM407", "-")]


def test_what_can_be_read_only_once_is_refused(helm: Helm, tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    arguments = sets("--set-file a=/dev/fd/63")
    expected = [("NM407", "--set-file a=/dev/fd/63"), ("NM407", "/dev/stdin"), ("NM407", pipe)]
    assert refusals(helm, [pipe, "/dev/stdin"], arguments) == expected
    assert merged_user_values(helm, ["/dev/null"], []) == {}


def test_every_malformed_argument_is_named(helm: Helm, file: Any) -> None:
    arguments = sets("--set a", "--set b=1", "--set a[-1]=x", "--set-json c={", "--set-file d=none.txt")
    assert refusals(helm, [file("a: 1\n")], arguments) == [
        ("NM408", "--set a"),
        ("NM408", "--set a[-1]=x"),
        ("NM408", "--set-file d=none.txt"),
        ("NM408", "--set-json c={"),
    ]


def test_a_file_that_only_helm_refuses_is_named(helm: Helm, file: Any) -> None:
    good, bad = file("a: 1\n", "good.yaml"), file("a: .inf\n", "bad.yaml")
    assert refusals(helm, [good, bad], []) == [("NM408", "bad.yaml")]


def test_nothing_is_left_behind(helm: Helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    merged_user_values(helm, [], sets("--set a=1"))
    refusals(helm, [], sets("--set a"))
    assert list(tmp_path.iterdir()) == []
