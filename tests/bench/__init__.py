"""`python -m tests.bench` (`make bench`): how long things take, beside other tools in the same run. Nothing is judged.

What it prints it also writes to docs/benchmarks.md.
"""
