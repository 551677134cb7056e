"""What can go wrong with the cluster, told without a traceback where a person runs it."""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster could not be built, started or asked. The message says what, and what to do."""


class MachineError(ClusterError):
    """The machine lacks what the cluster needs; one line for each thing that is missing."""
