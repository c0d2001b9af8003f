#!/bin/sh
# Checks the FOCUS 1.2 export with the FinOps Foundation's own focus-validator, in an environment of
# its own under .venv/: it needs Python 3.12 or later, and an older pyarrow than Mintage's.
set -eu

python=""
for candidate in ${PYTHON312:-} python3.12 python3.13 "$HOME"/.pyenv/versions/3.1[23]*/bin/python; do
  if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c \
    'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "focus-validator needs Python 3.12 or 3.13; name one: make focus-validator PYTHON312=/path/to/python3.12" >&2
  exit 1
fi

home=.venv/focus-validator
# Not by its own --help, which leaves a log behind wherever it is run.
if ! "$home/bin/python" -c "import focus_validator" >/dev/null 2>&1; then
  rm -rf "$home"
  echo "Making $home/ with $("$python" --version)"
  "$python" -m venv "$home"
  # It pins numpy below 2, which later pyarrows do not take.
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check \
    "focus-validator==2.2.1" "pyarrow<22"
fi

exec .venv/bin/python tests/benchmarks/focus_check.py "$home"
