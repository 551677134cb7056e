"""The proof, matrix against policy: what is granted, a verdict on manifests, counter-examples, explanations.

May import `document`, `matrix`, `values` and `policy`.
"""
