"""Finds and runs the real kubectl, and asks a cluster through it. Imports only `document`."""

from netmatrix.cluster.kubectl import Kubectl, RefusedError, find_kubectl
from netmatrix.cluster.permissions import Permission, require
from netmatrix.cluster.rules import ClusterError

__all__ = ["ClusterError", "Kubectl", "Permission", "RefusedError", "find_kubectl", "require"]
