"""What users run on the chart and with it in their pipelines: helm unittest, ct lint, pre-commit, the GitHub Action.

`python -m tests.pipelines` builds and installs the programs, pinned. Nothing of `make test` needs them.
"""
