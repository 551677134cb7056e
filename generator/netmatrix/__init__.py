"""netmatrix: one policy matrix, turned into a Helm chart, validated values and a proof of what is granted."""

__version__ = "0.1.0"
