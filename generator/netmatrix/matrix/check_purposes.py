"""The cross-checks of pods that the chart itself runs: they come and go with one key of the values."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.document import Finding
from netmatrix.matrix import rules
from netmatrix.matrix.checking import Checked, at, at_key


def _one_audit(checked: Checked) -> Iterator[Finding]:
    for id_ in _with_purpose(checked)[1:]:
        message = f"{id_!r} is a second pod for the audit"
        yield at(checked, rules.PURPOSE, ("pods", id_, "purpose"), message, "one is enough: take it out here")


def _reaches_the_api_server(checked: Checked) -> Iterator[Finding]:
    for id_ in _with_purpose(checked)[:1]:
        to = [flow["to"] for flow in checked.section("flows").values() if flow["from"] == id_]
        found = [checked.endpoints.get(name, {}).get("discover") for name in to]
        if {"namespace": "default", "service": "kubernetes"} not in found:
            message = f"no flow leads from {id_!r} to the API server, which an audit asks"
            hint = "add one to the endpoint that looks up the Service kubernetes of namespace default"
            yield at(checked, rules.PURPOSE, ("pods", id_, "purpose"), message, hint)


def _lines_about_it(checked: Checked) -> Iterator[Finding]:
    ours = {*_with_purpose(checked)}
    for id_, flow in checked.section("flows").items():
        if flow["to"] in ours or (flow["from"] in ours and flow["basis"] != "operation"):
            message = f"flow {id_!r} is not an operational one from the audit's pod"
            yield at_key(checked, rules.PURPOSE, ("flows", id_), message, "say `basis: operation`, or take it out")
    for id_, line in checked.section("never").items():
        if {line["from"], line["to"]} & ours:
            message = f"never line {id_!r} is about a pod that is there only now and then"
            yield at_key(checked, rules.PURPOSE, ("never", id_), message, "take it out: no exception can name it")
    for id_, line in checked.section("access").items():
        if line["to"] in ours:
            message = f"access line {id_!r} leads to a pod that is there only now and then"
            yield at_key(checked, rules.PURPOSE, ("access", id_), message, "take the line out")


def _with_purpose(checked: Checked) -> list[str]:
    return [id_ for id_, pod in checked.pods.items() if "purpose" in pod]


PURPOSE_CHECKS = (_one_audit, _reaches_the_api_server, _lines_about_it)
