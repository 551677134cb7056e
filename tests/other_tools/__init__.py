"""Other people's analysers of NetworkPolicies, pinned, built under build/: judges of ours, and measures of its speed.

`python -m tests.other_tools` builds what is missing. Nothing of `make test` needs them.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.tools import MissingToolError, go_program, python_program

__all__ = [
    "NETPOL_ANALYZER",
    "NETWORK_CONFIG_ANALYZER",
    "MissingToolError",
    "netpol_analyzer",
    "network_config_analyzer",
]

HERE = Path(__file__).resolve().parent

NETPOL_ANALYZER = "netpol-analyzer 1.4.4"
NETWORK_CONFIG_ANALYZER = "network-config-analyzer 2.1.0"


def network_config_analyzer() -> Path:
    """The program `nca` (Python)."""
    return python_program(HERE / "network-config-analyzer" / "requirements.lock", "network-config-analyzer", "nca")


def netpol_analyzer() -> Path:
    """The program `netpol` (Go)."""
    # The public checksum database is no package registry; go.sum holds the hashes.
    settings = {"GOFLAGS": "-mod=mod", "GONOSUMDB": "github.com/np-guard/*"}
    package = "github.com/np-guard/netpol-analyzer/cmd/netpolicy"
    return go_program(HERE / "netpol-analyzer", package, "netpol", settings)
