"""Finds, fetches and runs the real helm. Imports only `document`."""

from netmatrix.document.program import Output
from netmatrix.helm.arguments import SetArgument, limits_output, refuse_arguments
from netmatrix.helm.batch import template_batch
from netmatrix.helm.find import Helm, find_helm
from netmatrix.helm.render import merged_user_values, template
from netmatrix.helm.rules import HelmError

__all__ = [
    "Helm",
    "HelmError",
    "Output",
    "SetArgument",
    "find_helm",
    "limits_output",
    "merged_user_values",
    "refuse_arguments",
    "template",
    "template_batch",
]
