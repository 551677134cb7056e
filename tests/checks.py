"""`python -m tests.checks`, a part of `make check`: YAML style, helm's own lint, the schemas, values against templates.

One line per check; what is wrong follows, indented. Exit status 1 where anything is wrong.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator, SchemaError
from yamllint import linter  # type: ignore[import-untyped]
from yamllint.config import YamlLintConfig  # type: ignore[import-untyped]

from netmatrix.helm import Helm, find_helm
from releasing.versions import disagreements

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "chart"
SCHEMAS = {name: ROOT / f"schema/{name}.schema.json" for name in ("values", "override", "matrix")}

KEYWORDS = frozenset(
    (
        "$comment",
        "$ref",
        "$schema",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "default",
        "definitions",
        "dependencies",
        "deprecated",  # not draft-07's: it marks a key that was removed
        "description",
        "else",
        "enum",
        "examples",
        "if",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "properties",
        "propertyNames",
        "required",
        "then",
        "title",
        "type",
        "uniqueItems",
    )
)
"""The keywords of draft-07 that the schemas may use; a misspelt one would be ignored by every validator."""

UNUSED_KEYS: Mapping[str, str] = {}
"""Keys of chart/values.yaml that no template reads, each with the reason."""

UNKNOWN_NAMES: Mapping[str, str] = {
    "namespaces.default.name": "Kubernetes' own namespace is asked for like the others, and is no value",
}
"""Names that templates ask the values for and that are none of them, each with the reason."""

Check = Callable[[], Iterable[str]]


def main() -> int:
    """Run all checks, two at a time; 1 where one failed."""
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for title, found in [(title, pool.submit(_problems, check)) for title, check in _checks()]:
            problems = found.result()
            failed += bool(problems)
            print(f"{'failed' if problems else 'ok':8}{title}", flush=True)
            for problem in problems:
                print(f"          {problem}", flush=True)
    return 1 if failed else 0


def _problems(check: Check) -> list[str]:
    try:
        return list(check())
    except Exception as error:
        return [f"the check itself failed: {type(error).__name__}: {error}"]


def _checks() -> Iterator[tuple[str, Check]]:
    yield "yamllint: the matrix, values and chart files", lint_sources
    yield "helm lint chart", helm_lint
    for file in values_files():
        yield f"helm lint --strict, helm template, yamllint: {file.relative_to(ROOT)}", partial(render, file)
    for name, file in SCHEMAS.items():
        yield f"{name} schema: is one, with known keywords alone", partial(keywords, file)
        yield f"{name} schema: every key has a description", partial(descriptions, file)
    yield "values and templates: every key is read", unread_keys
    yield "values and templates: everything read is a key", unknown_reads
    yield "version, changelog, chart metadata and documentation agree", lambda: disagreements(ROOT)


def values_files() -> list[Path]:
    """The environment files and the scenarios for chart tools."""
    return [*sorted((ROOT / "values").glob("values-*.yaml")), *sorted((CHART / "ci").glob("*-values.yaml"))]


def lint_sources() -> Iterator[str]:
    """yamllint on everything that is written as YAML and is no template."""
    files = [
        ROOT / "matrix.yaml",
        ROOT / "tests/webshop/matrix.yaml",
        *CHART.glob("*.yaml"),
        *CHART.glob("ci/*.yaml"),
        *CHART.glob("tests/*.yaml"),
    ]
    for file in chain(files, (ROOT / "values").rglob("*.yaml"), (ROOT / "examples").rglob("*.yaml")):
        yield from lint(file.read_text(encoding="utf-8"), str(file.relative_to(ROOT)))


def lint(text: str, name: str) -> Iterator[str]:
    """What yamllint says, warnings too."""
    for problem in linter.run(text, _config(), name):
        yield f"{name}:{problem.line}:{problem.column}: {problem.desc} ({problem.rule})"


def helm_lint(values: Path | None = None) -> Iterator[str]:
    """`helm lint`, strict where there are values: an empty environment is what the guard is for."""
    arguments = ["--strict", "--values", str(values)] if values else []
    output = _helm().run(["lint", str(CHART), *arguments])
    if output.status != 0:
        yield from (line for line in f"{output.stdout.decode()}\n{output.stderr}".splitlines() if line.strip())


def render(values: Path) -> Iterator[str]:
    """The chart linted and rendered with `values`, and the manifests linted."""
    yield from helm_lint(values)
    output = _helm().run(["template", "release", str(CHART), "--namespace", "apps", "--values", str(values)])
    if output.status != 0:
        yield output.stderr.strip()
    yield from lint(output.stdout.decode(), f"rendered {values.name}")


def keywords(file: Path) -> Iterator[str]:
    """A schema that its own meta-schema accepts, without keywords that nobody knows."""
    schema = json.loads(file.read_text(encoding="utf-8"))
    try:
        Draft7Validator.check_schema(schema)
    except SchemaError as error:
        yield f"{error.json_path}: {error.message}"
    for path, node in _schemas(schema):
        for keyword in node.keys() - KEYWORDS:
            yield f"{path}: {keyword!r} is no keyword that is known here"


def descriptions(file: Path) -> Iterator[str]:
    """A description on every key that a user can write, or on the definition that it refers to."""
    schema = json.loads(file.read_text(encoding="utf-8"))
    for path, node in _schemas(schema):
        for kind in ("properties", "patternProperties"):
            for key, item in node.get(kind, {}).items():
                if not _condition(path) and not _described(schema, item):
                    yield f"{path}.{kind}.{key} has no description"


def unread_keys() -> Iterator[str]:
    """Keys of chart/values.yaml, and flows, that no template names: they would do nothing."""
    text = "\n".join(_templates().values())
    unread = {path for path, sign in _signs() if not re.search(sign, text)}
    yield from (f"{path} is read by no template" for path in sorted(unread - UNUSED_KEYS.keys()))
    yield from (f"UNUSED_KEYS names {path}, which is read" for path in sorted(UNUSED_KEYS.keys() - unread))


def unknown_reads() -> Iterator[str]:
    """What templates ask `.Values` for and chart/values.yaml does not have: it would always be nothing."""
    defaults = _defaults()
    unknown: dict[str, str] = {}
    for name, text in _templates().items():
        for path in chain(_value_paths(text), _asked_for(text)):
            if not _leads_somewhere(defaults, path):
                unknown[".".join(part or "*" for part in path)] = name
    for name in sorted(unknown.keys() - UNKNOWN_NAMES.keys()):
        yield f"{unknown[name]} reads {name}, which is no key of chart/values.yaml"
    yield from (f"UNKNOWN_NAMES names {name}, which is not read" for name in sorted(UNKNOWN_NAMES.keys() - unknown))


def _schemas(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in a schema, with its path; the names of properties are no keywords."""
    if not isinstance(node, dict):
        return
    yield path, node
    for keyword, value in node.items():
        if keyword in ("properties", "patternProperties", "definitions", "dependencies"):
            below = value.items()
        elif keyword in ("allOf", "anyOf", "oneOf"):
            below = enumerate(value)
        elif keyword in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
            below = [("", value)]
        else:
            continue
        for name, item in below:
            yield from _schemas(item, f"{path}.{keyword}.{name}".rstrip("."))


def _condition(path: str) -> bool:
    """Whether a schema only narrows what another one describes."""
    return bool(re.search(r"\.(if|then|else|not|allOf|anyOf|oneOf|dependencies)(\.|$)", path))


def _described(schema: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Whether `item`, or a definition that it refers to, says what it is; `{}` allows a key that is described above."""
    if item == {} or str(item.get("description", "")).strip():
        return True
    if "$ref" in item:
        return _described(schema, schema["definitions"][item["$ref"].removeprefix("#/definitions/")])
    return any(_described(schema, part) for part in item.get("allOf", []))


def _signs() -> Iterator[tuple[str, str]]:
    """Every key of the values, and the pattern that shows that a template reads it."""
    defaults = _defaults()
    for section in defaults:
        yield section, rf"(\.Values|\$values)\.{section}\b"
    for section in ("namespaces", "pods", "endpoints"):
        for name, item in defaults[section].items():
            yield f"{section}.{name}", rf'"{name}"'
            for key in item:
                yield f"{section}.{name}.{key}", rf'"{key}"|\.{key}\b'
    for name, pod in defaults["pods"].items():
        for port in pod.get("ports", {}):
            yield f"pods.{name}.ports.{port}", rf'"{name}" "{port}"'
    flows = json.loads(SCHEMAS["values"].read_text(encoding="utf-8"))["properties"]["flows"]["properties"]
    for flow in (name for name, item in flows.items() if not item.get("deprecated")):
        yield f"flows.{flow}", rf'\.on" \(list \$ "{flow}" '


def _value_paths(text: str) -> Iterator[tuple[str | None, ...]]:
    """`.Values.pods (index . 1) "ports"` is ("pods", None, "ports")."""
    for match in re.finditer(r'\.Values((?:\.[A-Za-z]\w*)+)((?: "[^"]*"| \(index \. \d\))*)', text):
        rest = re.findall(r'"([^"]*)"|\(index', match[2])
        yield (*match[1].strip(".").split("."), *(word or None for word in rest))


def _asked_for(text: str) -> Iterator[tuple[str | None, ...]]:
    """`include "x.port" (list $ "ui" "http")` is ("pods", "ui", "ports", "http"), by what that helper does."""
    for match in re.finditer(r'include "([^"]+)" \(list \$ ((?:"[^"]*" ?)+)\)', text):
        for shape in _helpers().get(match[1], ()):
            given = re.findall(r'"([^"]*)"', match[2])
            yield tuple(
                given[part - 1] if isinstance(part, int) and part <= len(given) else _name(part) for part in shape
            )


@cache
def _helpers() -> dict[str, list[tuple[str | int, ...]]]:
    """What each helper reads: `index (first .).Values.pods (index . 1) "ports"` is ("pods", 1, "ports")."""
    bodies = re.findall(
        r'define "([^"]+)"(.*?)\{\{- end \}\}\n(?=\n|\Z)', "\n\n".join(_templates().values()), re.DOTALL
    )
    found: dict[str, list[tuple[str | int, ...]]] = {}
    pattern = r'index \(first \.\)\.Values\.(\w+)((?: "[^"]*"| \(index \. \d\))*)'
    for name, body in bodies:
        for match in re.finditer(pattern, body):
            rest = re.findall(r'"([^"]*)"|\(index \. (\d)\)', match[2])
            shape = (match[1], *(word or int(number) for word, number in rest))
            found.setdefault(name, []).append(shape)
    for name, body in bodies:  # a helper that hands on what it was given reads what the other one reads
        for other in re.findall(r'include "([^"]+)" \.', body):
            found.setdefault(name, []).extend(found.get(other, []))
    return found


def _name(part: str | int) -> str | None:
    return part if isinstance(part, str) else None


def _leads_somewhere(value: Any, path: tuple[str | None, ...]) -> bool:
    """Whether the defaults have a value at `path`, where None stands for any key; what is empty by default has all."""
    if not path or value in ({}, [], ""):
        return True
    if not isinstance(value, dict):
        return False
    if path[0] is None:
        return any(_leads_somewhere(item, path[1:]) for item in value.values())
    return path[0] in value and _leads_somewhere(value[path[0]], path[1:])


@cache
def _templates() -> dict[str, str]:
    """The chart's templates without comments; the facts and the schema's copy name everything and read nothing."""
    files = [file for file in sorted((CHART / "templates").iterdir()) if file.name != "_matrix.tpl"]
    return {
        file.name: re.sub(r"\{\{-? ?/\*.*?\*/ ?-?\}\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        for file in files
    }


@cache
def _defaults() -> dict[str, Any]:
    defaults: dict[str, Any] = yaml.safe_load(_text("chart/values.yaml"))
    return defaults


@cache
def _helm() -> Helm:
    return find_helm(tools=ROOT / ".tools")


@cache
def _config() -> YamlLintConfig:
    return YamlLintConfig(file=str(ROOT / ".yamllint"))


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
