"""Asks a running cluster whether it enforces the matrix: who takes part, what is asked, what the answers mean.

May import `document`, `matrix`, `policy`, `proof` and `cluster`. All but `run` and `surroundings` is logic without I/O.
"""
