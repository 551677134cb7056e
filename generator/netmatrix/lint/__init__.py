"""Pitfalls of NetworkPolicies, as far as manifests decide them: one rule per pitfall, each with its examples.

Imports only `document` and `policy`.
"""

from netmatrix.lint.check import RULES, lint
from netmatrix.lint.rule import LintRule

__all__ = ["RULES", "LintRule", "lint"]
