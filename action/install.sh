#!/usr/bin/env bash
# The first step of action.yml: Python packages into a folder of the job's own, and a helm unless there is one.
set -euo pipefail

python -m venv "$RUNNER_TEMP/netmatrix"
"$RUNNER_TEMP/netmatrix/bin/python" -m pip install --quiet --disable-pip-version-check \
  --require-hashes --requirement "$GITHUB_ACTION_PATH/requirements.lock"
PYTHONPATH="$GITHUB_ACTION_PATH/generator" \
  "$RUNNER_TEMP/netmatrix/bin/python" -P -m netmatrix.helm.fetch --tools "$GITHUB_ACTION_PATH/.tools"
