"""Every way to write the zeros of an IPv6 address, through the chart's own reader and through Python's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import combinations_with_replacement, product
from pathlib import Path

import yaml

from netmatrix.helm import Helm
from netmatrix.values.cidr import CidrError, parse_cidr
from tests.support.rendering import Chart
from tests.support.scenarios import ROOT

TEMPLATE = """\
read:
{{- range .Values.texts }}
  - {{ ternary "yes" "no" (not (empty (include "red-kite-network.cidr" .))) | quote }}
{{- end }}
"""


def spellings() -> Iterator[str]:
    """Addresses of zeros and other groups in every order, in full and with a gap of every length in every place."""
    for groups in product("0a", repeat=8):
        yield f"{':'.join(groups)}/128"
        for start, end in combinations_with_replacement(range(9), 2):
            if set(groups[start:end]) <= {"0"}:
                yield f"{':'.join(groups[:start])}::{':'.join(groups[end:])}/128"


def test_the_chart_and_python_accept_one_spelling_of_an_ipv6_address_each(helm: Helm, tmp_path: Path) -> None:
    texts = sorted(set(spellings()))
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: reader, version: 1.0.0}")
    (tmp_path / "values.yaml").write_text(json.dumps({"texts": texts}))
    (tmp_path / "templates/_cidr.tpl").write_bytes((ROOT / "chart/templates/_cidr.tpl").read_bytes())
    (tmp_path / "templates/read.yaml").write_text(TEMPLATE)
    output = Chart(helm, tmp_path, tmp_path).template()
    assert output.status == 0, output.stderr
    read = yaml.safe_load(output.stdout)["read"]
    by_chart = {text for text, answer in zip(texts, read, strict=True) if answer == "yes"}
    assert by_chart == {text for text in texts if is_accepted(text)}
    addresses = [ip_network(text) for text in by_chart]
    assert len(addresses) == len(set(addresses)) == 2**8


def is_accepted(text: str) -> bool:
    try:
        return bool(parse_cidr(text))
    except CidrError:
        return False
