"""How a release is made: the chart's package and its signature, wheel and sdist, the list of their parts.

`python -m releasing` makes it, and checks that version, changelog and chart agree. Nothing here is installed with
netmatrix. `python -m tests.release` rehearses all of it with a throw-away key and a registry of its own.
"""
