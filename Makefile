# `make help` lists the targets. Every target can be run twice; the second time costs little.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
LOCKS := requirements-dev.lock pyproject.toml
SHELL := /bin/sh
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := all
.PHONY: all help setup generate graphs test test-long oracle pipelines editor mutants adversarial check format golden docs bench browser e2e harness cgroup-v2 \
  operations cluster-tools cluster cluster-down package release-dry-run lock lower-bounds clean

all: setup ## Set up, check generated files, validate, render both environments into build/, show tables and a summary
	@$(BIN)/netmatrix build

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Compiled here, since where PYTHONDONTWRITEBYTECODE is set Python would compile it anew at every start.
setup: $(READY) ## Make .venv with locked and hashed dependencies, and find or fetch a helm
	@$(BIN)/python -m compileall -q generator
	@$(BIN)/python -m netmatrix.helm.fetch --tools .tools

$(READY): $(LOCKS)
	@command -v $(PYTHON) >/dev/null || \
	  { echo "make: there is no $(PYTHON); install Python 3.11 or newer, or name one: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12" >&2; exit 2; }
	@echo "setting up .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv --clear .venv
	@echo "installing what requirements-dev.lock names, hashes checked ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	@echo "installing netmatrix ..."
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

generate: setup ## Write the chart, values, schema, tables, pictures and reference from matrix.yaml and the code
	@$(BIN)/netmatrix generate
	@$(BIN)/python -m netmatrix.lint.page
	@$(BIN)/python -m netmatrix.cli.reference

graphs: setup ## Lay out the pictures anew with ELK, and draw them (needs Node.js)
	@$(BIN)/netmatrix graph --arrange
	@$(BIN)/netmatrix generate

test: setup ## Run the quick tests
	@$(BIN)/python -m pytest -q -n auto

test-long: setup ## Run the tests that take long, and all of those of which `make test` runs a share
	@$(BIN)/python -m pytest -q -n auto -m long

oracle: setup ## Let brute force and other people's tools judge the engine (the first time it builds them, with Go)
	@$(BIN)/python -m tests.other_tools
	@$(BIN)/python -m pytest -q -n auto -m oracle
	@$(BIN)/python -m tests.proof.judging

pipelines: setup ## Run what users' pipelines run: helm unittest, ct lint, pre-commit, the Action (the first time it builds them, with Go)
	@$(BIN)/python -m tests.pipelines
	@$(BIN)/python -m pytest -q -n auto -m "pipelines or not pipelines" tests/pipelines

editor: setup ## Drive the real yaml-language-server on the files that users edit (Node), and complete in every shell
	@$(BIN)/python -m tests.editor
	@$(BIN)/python -m pytest -q -m "editor or not editor" tests/editor tests/cli/test_completion.py

mutants: setup ## Judge all mutants of the rendered manifests, and print how many were killed
	@$(BIN)/python -m tests.proof.judging

adversarial: setup ## Try every attack on the chart's values, not a share of them (half an hour)
	@NETMATRIX_ATTACK_SHARE=1 $(BIN)/python -m pytest -q -n auto -m long tests/parity

check: setup ## Lint, types, chart, schema and generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/netmatrix generate --check
	@$(BIN)/python -m netmatrix.lint.page --check
	@$(BIN)/python -m netmatrix.cli.reference --check
	@$(BIN)/python -m tests.checks

format: setup ## Format the Python code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

golden: setup ## Refresh the golden manifests; look at the diff before you commit it
	@$(BIN)/python -m pytest -q tests/chart/test_golden.py tests/audit/test_example.py tests/discover/test_platforms.py --update-golden

docs: setup ## Write what the commands of the documentation print; look at the diff before you commit it
	@$(BIN)/python -m pytest -q -n auto -m "long or not long" tests/docs --update-docs

bench: setup ## Measure commands, analyze and verify beside other tools in one run, into docs/benchmarks.md (needs Go)
	@$(BIN)/python -m tests.bench

e2e: cluster-tools ## Install the chart in a real cluster and send packets through every cell of the matrix (root)
	@$(BIN)/python -m pytest -v --capture=no -m "e2e and not operations and not harness and not guest" --write-report tests/e2e

harness: cluster-tools ## End such clusters in every way, and see that the machine is as it was (root)
	@$(BIN)/python -m pytest -v --capture=no -m harness tests/e2e

cgroup-v2: cluster-tools ## Start such clusters, and send packets, on a Linux that has control groups of version 2 alone (root)
	@$(BIN)/python -m tests.e2e guest
	@$(BIN)/python -m pytest -v --capture=no -m guest tests/e2e

operations: cluster-tools ## Run probe, discover, audit, a release and the documentation's pages in such a cluster (root)
	@$(BIN)/python -m pytest -v --capture=no -m operations tests/e2e

cluster-tools: setup ## Build, fetch and install what the cluster is made of (root; ten minutes the first time)
	@$(BIN)/python -m tests.e2e tools

cluster: setup ## Start the same cluster for a person, with kubectl and helm in build/cluster (root)
	@$(BIN)/python -m tests.e2e up

cluster-down: ## End it
	@$(BIN)/python -m tests.e2e down

browser: setup ## Try the report in a real Chromium: by clicking, typing and printing, with an accessibility scan
	@test requirements-browser.lock -ot .venv/browser || $(BIN)/python -m pip install --quiet --require-hashes \
	  --requirement requirements-browser.lock
	@touch .venv/browser
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest -q -m browser tests/browser

package: setup ## Make what is published, in dist/: the same bytes each time
	@$(BIN)/python -m releasing package

release-dry-run: setup ## Rehearse a release: packages, signature, a registry of its own, clean environments (needs Go, gpg)
	@$(BIN)/python -m releasing check
	@$(BIN)/python -m pytest -v -m "release or not release" tests/release
	@$(BIN)/python -m tests.release
	@if test "$$(id -u)" = 0; then \
	  $(MAKE) --no-print-directory cluster-tools && $(BIN)/python -m pytest -v -m e2e tests/e2e/test_release.py; else \
	  echo "the chart was not installed into a cluster, which needs root: sudo make release-dry-run does that too"; fi

lock: setup ## Renew the locked dependencies
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --output-file requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --extra browser --constraint requirements-dev.lock --output-file requirements-browser.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --upgrade --extra release --constraint requirements-dev.lock --output-file requirements-release.lock pyproject.toml

lower-bounds: setup ## Run the tests with the oldest dependencies that pyproject.toml allows
	@$(PYTHON) -m venv --clear build/lower-bounds
	@build/lower-bounds/bin/python -m pip install --quiet uv
	@build/lower-bounds/bin/uv pip install --quiet --python build/lower-bounds/bin/python --resolution lowest-direct --editable '.[dev]'
	@build/lower-bounds/bin/python -m pytest -q -n auto

clean: ## Remove everything that make made
	rm -rf .venv .tools build .hypothesis .mypy_cache .ruff_cache
