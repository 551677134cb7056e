"""An OCI registry: the chart's package pushed to it, and pulled from it and verified."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from netmatrix.helm import Helm, Output
from releasing.chart import put_whole
from releasing.errors import ReleaseError

_UNREACHABLE = re.compile(
    r"connection refused|no such host|i/o timeout|deadline exceeded|network is unreachable|no route to host"
    r"|server misbehaving|connection reset|EOF",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(401|403)\b|unauthorized|denied|authentication required", re.IGNORECASE)
_DIGEST = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$", re.MULTILINE)


def push(helm: Helm, package: Path, repository: str, *, plain_http: bool = False) -> str:
    """Push a package, with its provenance where that lies beside it, to `repository` (`oci://HOST/PATH`).

    Gives the digest of the manifest that the registry keeps. Raises ReleaseError where the registry cannot be reached,
    refuses, or fails: a tag is the last thing that is pushed, so that nobody sees half a chart then.
    """
    output = helm.run(["push", str(package), repository, *_transport(plain_http)])
    return _digest(output, f"the chart is not pushed to {repository}", "nothing was published under this version")


def pull(
    helm: Helm, reference: str, version: str, folder: Path, *, keyring: Path | None, plain_http: bool = False
) -> tuple[Path, str]:
    """Pull `reference` (`oci://HOST/PATH/CHART`) into `folder`, and verify it against `keyring` where one is given.

    Gives the package and the digest of its manifest. Raises ReleaseError; what is not whole and verified never comes
    into `folder`.
    """
    verifying = [] if keyring is None else ["--verify", "--keyring", str(keyring)]
    with tempfile.TemporaryDirectory(prefix="netmatrix-pull-") as fetched:
        arguments = ["pull", reference, "--version", version, "--destination", fetched, *verifying]
        output = helm.run([*arguments, *_transport(plain_http)])
        digest = _digest(output, f"{reference} {version} is not pulled", f"{folder} is as it was")
        put_whole(Path(fetched), folder)
        (package,) = Path(fetched).glob("*.tgz")
        return folder / package.name, digest


def verify(helm: Helm, package: Path, keyring: Path) -> None:
    """Raise ReleaseError unless the provenance beside `package` is of these bytes and signed by a key of `keyring`."""
    done = helm.run(["verify", str(package), "--keyring", str(keyring)])
    if done.status != 0:
        remedy = "do not use it: fetch it again from where it was published, or ask who published it"
        raise ReleaseError(f"{package.name} is not what was signed: {done.stderr.strip()}", remedy)


def _transport(plain_http: bool) -> list[str]:
    return ["--plain-http"] if plain_http else []


def _digest(output: Output, what: str, unchanged: str) -> str:
    said = f"{output.stdout.decode(errors='replace')}\n{output.stderr}"
    found = _DIGEST.search(said)
    if output.status == 0 and found is not None:
        return found[1]
    reason = output.stderr.strip().splitlines()[-1] if output.stderr.strip() else f"helm ended with {output.status}"
    if _UNREACHABLE.search(said):
        remedy = f"the registry cannot be reached: see that it runs and that its name and port are right; {unchanged}"
    elif _DENIED.search(said):
        remedy = f"the registry refuses: log in with `helm registry login`, with a right to write; {unchanged}"
    else:
        remedy = f"mend what helm says, and run it again; {unchanged}"
    raise ReleaseError(f"{what}: {reason}", remedy)
