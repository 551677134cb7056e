"""Install the language server, or say what is missing (status 2)."""

import sys

from tests.editor.server import language_server
from tests.support.tools import MissingToolError

try:
    print(language_server())
except MissingToolError as error:
    print(f"editor: {error}", file=sys.stderr)
    sys.exit(2)
