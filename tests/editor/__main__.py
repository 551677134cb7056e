"""Install the language server, or say what is missing (status 2), and with apt the shells whose completion is tried."""

import os
import shutil
import sys

from tests.editor.server import language_server
from tests.support.tools import MissingToolError, run

SHELLS = ("zsh", "fish")

try:
    print(language_server())
    missing = [shell for shell in SHELLS if shutil.which(shell) is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        run(["apt-get", "install", "--yes", "--no-install-recommends", *missing])
    elif missing:
        print(f"editor: the completion of {' and '.join(missing)} is not tried: install them", file=sys.stderr)
except MissingToolError as error:
    print(f"editor: {error}", file=sys.stderr)
    sys.exit(2)
