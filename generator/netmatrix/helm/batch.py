"""Many sets of values through one `helm template` process, each as the chart alone would have rendered it.

A scratch chart holds an empty chart for each set, and in each of those the real chart, unchanged, as its dependency.
The real chart so keeps its own name, release, helpers and values, as it would not under an alias, whose name
`.Chart.Name` takes over.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from netmatrix.document import Finding
from netmatrix.helm.find import Helm
from netmatrix.helm.render import words
from netmatrix.helm.rules import REFUSED, HelmError
from netmatrix.helm.run import crashed, program_place

_SELDOM_COLLECTED = {"GOGC": "400"}
"""Go's runtime looks for garbage at five times what lives, not at twice: less time, for more memory. What the user's
environment says of it counts."""


def template_batch(
    helm: Helm, chart: Path, name: str, values: Mapping[str, Mapping[str, Any]], *, release: str, namespace: str
) -> dict[str, bytes]:
    """What `helm template` prints for `chart`, called `name`, with each of `values`, under the same keys.

    The values are layers merged already, without nulls: what a null deletes, Helm would find anew in the defaults. They
    hold the chart's schema already, which Helm would compile anew for each of them, so that it is told to pass it over;
    what the chart's templates refuse is refused here too. Raises HelmError where Helm refuses: one set is enough, and
    it does not say which one that is.
    """
    # Named at random, so that no value can pass for the line that begins another set's manifests.
    outer = f"batch-{secrets.token_hex(8)}"
    keys = {f"values-{number}": key for number, key in enumerate(values)}
    with tempfile.TemporaryDirectory(prefix="netmatrix-") as folder:
        scratch = Path(folder)
        _write_chart(scratch, outer)
        for inner in keys:
            _write_chart(scratch / "charts" / inner, inner)
            (scratch / "charts" / inner / "charts").mkdir()
            (scratch / "charts" / inner / "charts" / name).symlink_to(chart.absolute())
        wrapped = {inner: {name: values[key]} for inner, key in keys.items()}
        (scratch / "batch.yaml").write_text(_as_yaml(wrapped), encoding="ascii")
        given = ["--namespace", namespace, "--skip-schema-validation", "--values", str(scratch / "batch.yaml")]
        output = helm.run(["template", release, folder, *given], environ={**_SELDOM_COLLECTED, **os.environ})
    if output.status != 0:
        raise HelmError([Finding(REFUSED, words(output), program_place(helm.executable))])
    before, found = _split(output.stdout, outer)
    if before.strip():
        raise crashed(helm.executable, "printed something that is no set's manifest")
    missing = [key for inner, key in keys.items() if inner not in found]
    if missing:
        raise crashed(helm.executable, f"printed nothing for {len(missing)} of {len(keys)} sets of values")
    return {key: found[inner] for inner, key in keys.items()}


def _as_yaml(data: object) -> str:
    r"""`data` as JSON that is YAML too, in ASCII: no character in it is one that a YAML reader refuses.

    JSON escapes a character beyond U+FFFF as two surrogates, of which neither is a character to YAML; YAML escapes it
    as `\UXXXXXXXX` (YAML 1.2.2, section 5.7).
    """
    text = json.dumps(data, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda found: _escaped(ord(found[0])), text)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _write_chart(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.0.0\n", encoding="utf-8")


def _split(printed: bytes, outer: str) -> tuple[bytes, dict[str, bytes]]:
    """The manifests of each inner chart, their `# Source:` lines as they are where the chart is rendered alone.

    Before them, what stands in front of the first.
    """
    begins = re.compile(rf"^---\n# Source: {outer}/charts/([a-z0-9-]+)/charts/".encode(), re.MULTILINE)
    parts: dict[str, list[bytes]] = defaultdict(list)
    first, *rest = begins.split(printed)
    for inner, manifest in zip(rest[::2], rest[1::2], strict=True):
        parts[inner.decode()].append(b"---\n# Source: " + manifest)
    return first, {inner: _printed_alone(found) for inner, found in parts.items()}


def _printed_alone(manifests: Sequence[bytes]) -> bytes:
    """The manifests as Helm ends them: it takes the space off the end of all of them, and then prints the hooks."""
    hooks = [manifest for manifest in manifests if b"\n    helm.sh/hook: " in manifest]
    others = b"".join(manifest for manifest in manifests if manifest not in hooks)
    return b"".join(text.strip() + b"\n" for text in (others, *hooks))
