"""Build both tools, or say what is missing (status 2)."""

import sys

from tests.other_tools import MissingToolError, netpol_analyzer, network_config_analyzer

try:
    for program in (network_config_analyzer(), netpol_analyzer()):
        print(program)
except MissingToolError as error:
    print(f"other tools: {error}", file=sys.stderr)
    sys.exit(2)
