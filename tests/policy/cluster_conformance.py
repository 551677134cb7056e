"""`python -m tests.policy.cluster_conformance` (needs Go): writes conformance/network-policy-api/cases.json.

The probes of the conformance tests of sigs.k8s.io/network-policy-api (Apache-2.0), each with the policies as they are
at that moment: its tests are Go, and change the policies between probes, so that the changes which they make are read
here and made. Where one is met that is not known here, the rest of that test is left out. Kept are the tests of
standard features in which the order of policies is decided.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MODULE = "sigs.k8s.io/network-policy-api@v0.3.0"
FILE = Path(__file__).with_name("conformance") / "network-policy-api" / "cases.json"

_MANIFESTS = re.compile(r'Manifests: \[\]string\{"([^"]+)"\}')
_STEP = re.compile(
    r"""(?P<pod>\w+)\s*:?=\s*kubernetes\.GetPod\(t,\s*s\.Client,\s*"(?P<namespace>[^"]+)",\s*"(?P<name>[^"]+)"
    |PokeServer\([^"]*"(?P<from>[^"]+)",\s*"(?P<client>[^"]+)",\s*"(?P<protocol>\w+)",\s*(?P<to>\w+)\.Status\.PodIP,
      \s*int32\((?P<port>\d+)\),\s*s\.TimeoutConfig,\s*(?P<passes>true|false)\)
    |GetClusterNetworkPolicy\(t,\s*s\.Client,\s*"(?P<policy>[^"]+)"
    |mutate\.Spec\.(?P<end>\w+)\[(?P<at>\d+)\]\.Action\s*=\s*api\.ClusterNetworkPolicyRuleAction(?P<action>\w+)
    |mutate\.Spec\.Priority\s*=\s*(?P<priority>\d+)
    |(?P<kept>\w+)\s*:?=\s*mutate\.Spec\.(?P<kept_end>\w+)\[(?P<kept_at>\d+)\]\n
    |mutate\.Spec\.(?P<set_end>\w+)\[(?P<set_at>\d+)\]\s*=\s*(?:mutate\.Spec\.\w+\[(?P<moved>\d+)\]|(?P<put>\w+))\n
    |s\.Client\.(?P<delete>Delete)\(ctx,
    |GetNamespace\(t,\s*s\.Client,\s*"(?P<relabelled>[^"]+)"
    |SetLabels\(map\[string\]string\{"(?P<key>[^"]+)":\s*"(?P<value>[^"]+)"\}
    |(?P<unknown>SetPodLabel\(|mutate\w*\.[^\n]*|s\.Client\.(?:Create|Update|Patch)\w*\(|PokeServer\()""",
    re.VERBOSE,
)


def main() -> int:
    """Write all cases."""
    with tempfile.TemporaryDirectory() as folder:
        found = subprocess.run(
            ["go", "mod", "download", "-json", MODULE], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
        )
    root = Path(json.loads(found.stdout)["Dir"]) / "conformance"
    cases = [case for file in sorted((root / "tests").glob("*-standard-*.go")) for case in _cases(root, file)]
    base = _objects(root / "base" / "manifests.yaml")
    pods = {
        f"{item['metadata']['namespace']}/{item['metadata']['name']}-{number}": _labels(item, number)
        for item in base
        if item["kind"] == "StatefulSet"
        for number in range(2)
    }
    content = {"source": f"{MODULE} (Apache-2.0), conformance/, by python -m tests.policy.cluster_conformance"}
    FILE.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    head = json.dumps({**content, "pods": pods})
    FILE.write_text(f'{head[:-1]},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")
    return 0


def _labels(stateful_set: Any, number: int) -> dict[str, str]:
    """The labels of one of its pods; the control plane sets the one that is its name."""
    name = f"{stateful_set['metadata']['name']}-{number}"
    return {**stateful_set["spec"]["template"]["metadata"]["labels"], "statefulset.kubernetes.io/pod-name": name}


def _objects(file: Path) -> list[Any]:
    """The objects of a file; what it leaves to be filled in are ports of the host, which no policy here is about."""
    text = re.sub(r"{{[^}]*}}", "1", file.read_text(encoding="utf-8"))
    return [item for item in yaml.safe_load_all(text) if item]


def _cases(root: Path, file: Path) -> Iterator[dict[str, Any]]:
    text = file.read_text(encoding="utf-8")
    (manifests,) = _MANIFESTS.findall(text)
    if "same-priority" in manifests:
        return
    policies = _objects(root / manifests)
    steps = list(_steps(policies, text.partition("Test: func")[2]))
    yield {"name": file.stem, "steps": [step for step in steps if step["probes"]]}


def _steps(policies: list[Any], text: str) -> Iterator[dict[str, Any]]:
    """The probes between two changes, with the policies and the labels of namespaces that hold for them."""
    state = _State(copy.deepcopy(policies))
    step = state.step()
    for found in _STEP.finditer(text):
        what = found.groupdict()
        if what["unknown"]:
            break
        if what["client"]:
            step["probes"].append(state.probe(what))
        elif state.changes(what):
            yield step
            step = state.step()
    yield step


class _State:
    def __init__(self, policies: list[Any]) -> None:
        self.policies, self.labels, self.pods, self.kept = policies, {}, {}, {}  # type: ignore[var-annotated]
        self.policy, self.namespace = "", ""

    def step(self) -> dict[str, Any]:
        return copy.deepcopy({"policies": self.policies, "labels": self.labels, "probes": []})

    def probe(self, what: dict[str, str]) -> dict[str, Any]:
        return {
            "from": f"{what['from']}/{what['client']}",
            "to": self.pods[what["to"]],
            "protocol": what["protocol"].upper(),
            "port": int(what["port"]),
            "passes": what["passes"] == "true",
        }

    def changes(self, what: dict[str, str]) -> bool:
        """Take note of a line; whether the policies or labels are others after it."""
        if what["pod"]:
            self.pods[what["pod"]] = f"{what['namespace']}/{what['name']}"
        elif what["policy"]:
            self.policy = what["policy"]
        elif what["relabelled"]:
            self.namespace = what["relabelled"]
        elif what["kept"]:
            self.kept[what["kept"]] = copy.deepcopy(self._rules(what["kept_end"])[int(what["kept_at"])])
        elif what["action"]:
            self._rules(what["end"])[int(what["at"])]["action"] = what["action"]
            return True
        elif what["priority"]:
            self._spec()["priority"] = int(what["priority"])
            return True
        elif what["set_end"]:
            rules = self._rules(what["set_end"])
            rules[int(what["set_at"])] = self.kept[what["put"]] if what["put"] else rules[int(what["moved"])]
            return True
        elif what["delete"]:
            self.policies = [item for item in self.policies if item["kind"] != "NetworkPolicy"]
            return True
        elif what["key"]:
            self.labels = {**self.labels, self.namespace: {what["key"]: what["value"]}}
            return True
        return False

    def _spec(self) -> Any:
        return next(
            item["spec"]
            for item in self.policies
            if item["kind"] == "ClusterNetworkPolicy" and item["metadata"]["name"] == self.policy
        )

    def _rules(self, end: str) -> Any:
        return self._spec()[end.lower()]


if __name__ == "__main__":
    sys.exit(main())
