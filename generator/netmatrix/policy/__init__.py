"""Kubernetes NetworkPolicy: objects read strictly, and who reaches whom. Knows nothing of matrices or charts.

Imports only `document`. Other rooms import what this module lists, and the modules of single ideas below it.
"""

from netmatrix.policy.listing import Connection, connections
from netmatrix.policy.objects import NetworkPolicy, Workload
from netmatrix.policy.reach import Reach
from netmatrix.policy.read import Manifests, parse_manifests, read_manifests, survey_manifests
from netmatrix.policy.rules import ManifestError
from netmatrix.policy.semantics import Model

__all__ = [
    "Connection",
    "ManifestError",
    "Manifests",
    "Model",
    "NetworkPolicy",
    "Reach",
    "Workload",
    "connections",
    "parse_manifests",
    "read_manifests",
    "survey_manifests",
]
