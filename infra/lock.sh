#!/bin/sh
# Writes the two lock files anew: what pip resolves for pyproject.toml today, exact and without addresses.
set -eu
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch/venv"
pip="$scratch/venv/bin/python -m pip --disable-pip-version-check"

freeze() {
  {
    echo "# Made by \`make lock\` from pyproject.toml; do not edit."
    $pip freeze --exclude mintage --exclude pip --exclude setuptools
  } >"$1"
}

"$scratch/venv/bin/python" - >"$scratch/runtime.txt" <<'PY'
import tomllib
print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))
PY
"$scratch/venv/bin/python" - >"$scratch/test.txt" <<'PY'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
extras = project["project"]["optional-dependencies"]
print("\n".join([*project["dependency-groups"]["test"], *sum(extras.values(), [])]))
PY
$pip install --quiet -r "$scratch/runtime.txt"
freeze requirements.lock
$pip install --quiet -c requirements.lock -r "$scratch/test.txt"
freeze requirements-test.lock
