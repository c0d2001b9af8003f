#!/bin/sh
# Makes or completes .venv/ in the checkout: the packages of one lock file, then Mintage itself.
# Uses uv when it is there; needs no more than python3 with venv otherwise.
set -eu
lock=$1

python=""
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c \
    'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Mintage needs Python 3.11, 3.12 or 3.13; install one, or name it: make PYTHON=/path/to/python3.12" >&2
  exit 1
fi

if ! .venv/bin/python -c 'import sys' >/dev/null 2>&1; then
  rm -rf .venv
  echo "Making .venv/ with $("$python" --version)"
  if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --python "$python" .venv
  elif ! "$python" -m venv .venv; then
    echo "python3 cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
  fi
fi

echo "Installing $lock"
if command -v uv >/dev/null 2>&1; then
  VIRTUAL_ENV="$PWD/.venv" uv pip install --quiet -r "$lock"
  VIRTUAL_ENV="$PWD/.venv" uv pip install --quiet --no-deps -e .
else
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
fi
