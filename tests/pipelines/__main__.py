"""Build and install the programs, or say what is missing (status 2)."""

import sys

from tests.pipelines.tools import chart_testing, helm_unittest, python_tools
from tests.support.tools import MissingToolError

try:
    for program in (helm_unittest(), chart_testing(), python_tools() / "pre-commit"):
        print(program)
except MissingToolError as error:
    print(f"pipelines: {error}", file=sys.stderr)
    sys.exit(2)
