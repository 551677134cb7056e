"""Make what is published, unpack the sdist where nothing else is, and let its own `make` set it up and test it.

`python -m tests.release` gives the status of these tests; 2 where it does not come to that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

import netmatrix
from netmatrix.helm import HelmError
from releasing.__main__ import ROOT, make_packages
from releasing.chart import sha256
from releasing.errors import ReleaseError

HOME = ROOT / "build" / "release"


def main(arguments: Sequence[str]) -> int:
    """`arguments` are pytest's, to choose from the tests; all of the quick ones where there are none."""
    made = HOME / "made"
    try:
        files = make_packages(made)
    except (ReleaseError, HelmError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    for file in files:
        print(f"{sha256(file)}  {file.relative_to(ROOT)}", flush=True)
    project = unpack(made / f"netmatrix-{netmatrix.__version__}.tar.gz", HOME / "sdist")
    python = str(project / ".venv/bin/python")
    for command in (
        ["make", "--no-print-directory", "setup"],
        [python, "-m", "pytest", "-q", "-n", "auto", *arguments],
    ):
        begin = time.monotonic()
        status = subprocess.run(command, cwd=project, env=clean_environment(), check=False).returncode
        print(f"{Path(command[0]).name} {' '.join(command[1:])}: {time.monotonic() - begin:.0f} s", flush=True)
        if status != 0:
            return status
    return 0


def unpack(sdist: Path, home: Path) -> Path:
    """Unpack an sdist into a new folder `home`; gives the project in it."""
    shutil.rmtree(home, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(home, filter="data")
    return home / sdist.name.removesuffix(".tar.gz")


def clean_environment() -> dict[str, str]:
    """This process's environment without what the outer make and Python have put into it."""
    ours = ("MAKE", "MFLAGS", "PYTHON", "PYTEST", "VIRTUAL_ENV", "HELM")
    return {name: text for name, text in os.environ.items() if not name.startswith(ours)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
