"""The command, as the tests of the command line run it."""

from tests.cli.conftest import copy, environment, netmatrix, pristine

__all__ = ["copy", "environment", "netmatrix", "pristine"]
