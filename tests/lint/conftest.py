"""The command, as the tests of the command line run it."""

from tests.cli.conftest import environment, netmatrix

__all__ = ["environment", "netmatrix"]
