"""Keys that charts are signed with: gpg's, in the form that Helm reads."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from releasing.errors import ReleaseError


@dataclass(frozen=True, slots=True)
class Key:
    """A key without a passphrase: its name, its fingerprint, and the two rings in the old form, which Helm reads."""

    name: str
    fingerprint: str
    secret_ring: Path
    public_ring: Path


@contextmanager
def throw_away_key(name: str) -> Iterator[Key]:
    """A new key called `name`, in a folder that is gone when the block ends. Raises ReleaseError without gpg."""
    gpg = _gpg()
    # Not in a folder of the project: gpg's agent listens on a socket there, whose path may have 108 bytes.
    with tempfile.TemporaryDirectory(prefix="netmatrix-key-") as folder:
        home = Path(folder)
        home.chmod(0o700)
        try:
            yield _made(gpg, home, name)
        finally:
            _run(["gpgconf", "--homedir", str(home), "--kill", "all"])


def key_of(secret_ring: Path) -> Key:
    """The one key in a ring that `gpg --export-secret-keys` wrote, without a passphrase. Raises ReleaseError."""
    listed = _run([_gpg(), "--batch", "--with-colons", "--show-keys", str(secret_ring)]).decode()
    fingerprint, name = (re.search(pattern, listed, re.MULTILINE) for pattern in (_FINGERPRINT, _USER))
    if fingerprint is None or name is None or listed.count("\nsec:") + listed.startswith("sec:") != 1:
        raise ReleaseError(f"{secret_ring} does not hold one secret key", "write it with `gpg --export-secret-keys ID`")
    return Key(name[1], fingerprint[1], secret_ring, secret_ring)


_FINGERPRINT = r"^fpr:+([0-9A-F]{40}):"
_USER = r"^uid:(?:[^:]*:){8}([^:]+):"


def _gpg() -> str:
    gpg = shutil.which("gpg")
    if gpg is None:
        raise ReleaseError("there is no gpg, which signs the chart", "install GnuPG (Debian: apt-get install gnupg)")
    return gpg


def _made(gpg: str, home: Path, name: str) -> Key:
    base = [gpg, "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    _run([*base, "--quick-generate-key", name, "rsa3072", "sign", "1d"])
    listed = _run([*base, "--with-colons", "--list-secret-keys"]).decode()
    fingerprint = re.search(_FINGERPRINT, listed, re.MULTILINE)
    if fingerprint is None:
        raise ReleaseError("gpg made no key", f"ask it why: {' '.join(base[:3])} --list-secret-keys")
    secret, public = home / "secret.gpg", home / "public.gpg"
    secret.write_bytes(_run([*base, "--export-secret-keys"]))
    secret.chmod(0o600)
    public.write_bytes(_run([*base, "--export"]))
    return Key(name, fingerprint[1], secret, public)


def _run(command: list[str]) -> bytes:
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"status {done.returncode}"
        raise ReleaseError(f"{Path(command[0]).name} failed: {said}", "mend what it says; nothing was signed")
    return done.stdout
