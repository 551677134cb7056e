"""The list of parts (SBOM) as CycloneDX JSON: what netmatrix needs to run, with versions and hashes, and the chart."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import netmatrix
from releasing.chart import sha256
from releasing.errors import ReleaseError
from releasing.tools import Tools

SPECIFICATION = "1.6"
LOCK = "requirements.lock"

_VALIDATE = """
import sys
from pathlib import Path
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.from_version(sys.argv[1])).validate_str(Path(sys.argv[2]).read_text())
sys.exit(f"{wrong}" if wrong else 0)
"""


def write_sbom(tools: Tools, root: Path, output: Path, *, epoch: int, chart: Path, wheel: Path) -> Path:
    """Write the SBOM of a release into the folder `output`; `chart` and `wheel` are its packages. Gives the file.

    cyclonedx-py reads the lock; what it cannot know is added: how the parts hang together, the chart, the hashes. The
    result is held to CycloneDX's own schema. Raises ReleaseError; nothing is written then.
    """
    read = ("-m", "cyclonedx_py", "requirements", LOCK, "--output-reproducible", "--output-format", "JSON")
    settings = {"SOURCE_DATE_EPOCH": str(epoch), "PYTHONWARNINGS": "ignore"}
    bom = json.loads(tools.run(*read, "--spec-version", SPECIFICATION, cwd=root, settings=settings))
    complete(bom, root, chart=chart, wheel=wheel)
    file = output / f"netmatrix-{netmatrix.__version__}.cdx.json"
    text = json.dumps(bom, indent=2, sort_keys=True) + "\n"
    with tempfile.TemporaryDirectory(prefix="netmatrix-sbom-") as folder:
        candidate = Path(folder) / file.name
        candidate.write_text(text, encoding="utf-8")
        validate_sbom(tools, candidate)
    output.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def validate_sbom(tools: Tools, file: Path) -> None:
    """Raise ReleaseError unless `file` is what CycloneDX's schema demands, with nothing beyond it."""
    try:
        tools.run("-c", _VALIDATE, SPECIFICATION, str(file), cwd=file.parent)
    except ReleaseError as error:
        raise ReleaseError(f"{file.name} is no CycloneDX {SPECIFICATION}: {error}", "mend releasing/sbom.py") from error


def complete(bom: dict[str, Any], root: Path, *, chart: Path, wheel: Path) -> None:
    """Add to what cyclonedx-py made of the lock: names that stay the same, the graph, the two packages themselves."""
    for component in bom["components"]:
        component["bom-ref"] = component["purl"]
        component.pop("description", None)  # the lock's line, whose hashes stand beside it
    by_name = {component["name"]: component["purl"] for component in bom["components"]}
    version = netmatrix.__version__
    main = _package("netmatrix", version, f"pkg:pypi/netmatrix@{version}", wheel)
    name = chart.name.removesuffix(f"-{version}.tgz")
    helm = _package(name, version, f"pkg:helm/{name}@{version}", chart)
    bom["metadata"]["component"] = main
    bom["components"].append(helm)
    needs = {by_name[part]: [by_name[need] for need in found] for part, found in needed(root).items() if part}
    needs[main["bom-ref"]] = [helm["bom-ref"], *(by_name[need] for need in needed(root)[""])]
    needs[helm["bom-ref"]] = []
    bom["dependencies"] = [{"ref": ref, "dependsOn": sorted(found)} for ref, found in sorted(needs.items())]


def needed(root: Path) -> dict[str, list[str]]:
    """Each package of the lock with those that it needs, by the lock's own `# via` lines; "" is netmatrix itself."""
    found: dict[str, list[str]] = {"": []}
    part = ""
    for line in (root / LOCK).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==", line):
            part = match[1]
            found.setdefault(part, [])
        elif match := re.match(r"    (?:# via |#   )([A-Za-z0-9._-]+)( \(.*\))?$", line):
            found.setdefault("" if match[1] == _project(root) else match[1], []).append(part)
    return found


def _project(root: Path) -> str:
    name: str = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    return name


def _package(name: str, version: str, purl: str, file: Path) -> dict[str, Any]:
    return {
        "bom-ref": purl,
        "hashes": [{"alg": "SHA-256", "content": sha256(file)}],
        "licenses": [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}],
        "name": name,
        "purl": purl,
        "type": "application",
        "version": version,
    }
