#!/usr/bin/env bash
# The second step of action.yml. Its inputs are environment variables; a list has an item a line.
# The exit status is the worst of all commands: 0 holds, 1 findings, 2 could not run.
set -euo pipefail

matrix=${NETMATRIX_MATRIX:-$GITHUB_ACTION_PATH/matrix.yaml}
worst=0
# What install.sh has fetched where there was no helm; without this, one of the judged repository's would be found and run.
if [[ -z ${HELM:-} && ! -x $(type -P helm) ]]; then export HELM="$GITHUB_ACTION_PATH/.tools/helm"; fi

main() {
  local about=(--matrix "$matrix" --environment "$NETMATRIX_ENVIRONMENT")
  verify "${about[@]}"
  if [[ -n ${NETMATRIX_BASE:-} ]]; then compare "$NETMATRIX_BASE" "${about[@]}"; fi
  lint
  exit "$worst"
}

# The proof. What is wrong with the values is told first, at its line.
verify() {
  local command=(verify "$@") file
  while IFS= read -r file; do command+=(-f "$file"); done < <(items "${NETMATRIX_VALUES:-}")
  try netmatrix "${command[@]}" --format github
  if [[ -n ${NETMATRIX_SARIF:-} ]]; then
    try netmatrix "${command[@]}" --format sarif 2>/dev/null >"$NETMATRIX_SARIF"
  fi
}

# What the change opens and closes, as a summary of the job; it fails where a connection is gained that nobody acknowledged.
compare() {
  local base=$1 file old
  shift
  local command=(diff "$@" --git "$base")
  if [[ $base == -* ]] || ! known "$base"; then
    echo "::error title=netmatrix::base is a revision that git neither knows nor can fetch"
    exit 2
  fi
  while IFS= read -r file; do
    if ! old=$(from_top "$file"); then
      printf '::error title=netmatrix::%q is not in the repository, whose base it is to be compared with; %s\n' \
        "$file" "give a file of the repository, or an empty base to compare nothing"
      exit 2
    fi
    if git cat-file -e "$base:$old" 2>/dev/null; then command+=(--old "$file"); fi # a new file has no old side
    command+=(--new "$file")
  done < <(items "${NETMATRIX_VALUES:-}")
  if [[ -n ${NETMATRIX_ACKNOWLEDGE:-} ]]; then command+=(--acknowledge "$NETMATRIX_ACKNOWLEDGE"); fi
  try summarise "${command[@]}"
}

summarise() { netmatrix "$@" --format summary | tee -a "$GITHUB_STEP_SUMMARY"; }

# A shallow checkout, which is the default, has the last commit alone.
known() {
  git cat-file -e "$1^{commit}" 2>/dev/null || git fetch --quiet --no-tags --depth=1 origin "$1"
}

# A file's path from the top of the repository, links to its folder followed as `diff --git` does; fails where it lies outside.
from_top() {
  local folder
  folder=$(dirname -- "$1")
  [[ $(git -C "$folder" rev-parse --show-toplevel 2>/dev/null) == "$(git rev-parse --show-toplevel)" ]] || return 1
  printf '%s%s\n' "$(git -C "$folder" rev-parse --show-prefix)" "$(basename -- "$1")"
}

# Pitfalls in other policies of the repository.
lint() {
  local command=(lint --format github --) path
  while IFS= read -r path; do command+=("$path"); done < <(items "${NETMATRIX_MANIFESTS:-}")
  if ((${#command[@]} > 4)); then try netmatrix "${command[@]}"; fi
}

# The items of a list, without the white space around them and without empty lines.
items() {
  local item
  while IFS= read -r item || [[ -n $item ]]; do
    item=${item#"${item%%[![:space:]]*}"}
    item=${item%"${item##*[![:space:]]}"}
    if [[ -n $item ]]; then printf '%s\n' "$item"; fi
  done <<<"$1"
}

# Run a command, and keep the worst status.
try() {
  local status=0
  "$@" || status=$?
  if ((status > worst)); then worst=$status; fi
}

# -P: a repository's own folders are no Python modules.
netmatrix() {
  PYTHONPATH="$GITHUB_ACTION_PATH/generator" "$RUNNER_TEMP/netmatrix/bin/python" -P -m netmatrix "$@"
}

main
