"""Install the language server, or say what is missing (status 2), and with apt the shells whose completion is tried."""

import os
import shutil
import sys

from tests.editor.server import language_server
from tests.support import debian
from tests.support.tools import MissingToolError

SHELLS = {shell: shell for shell in ("zsh", "fish")}

try:
    print(language_server())
    missing = debian.absent(SHELLS)
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        debian.install(SHELLS)
    elif missing:
        print(f"editor: the completion of {' and '.join(missing)} is not tried: install them", file=sys.stderr)
except (MissingToolError, debian.PackagesError) as error:
    print(f"editor: {error}", file=sys.stderr)
    sys.exit(2)
