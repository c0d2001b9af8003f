#!/bin/sh
# The two programs that tests need and no Python package carries: Chromium, in which pages are
# looked at, and exiftool, which reads what files say of themselves.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
  command -v google-chrome >/dev/null 2>&1 || missing="chromium"
command -v exiftool >/dev/null 2>&1 || missing="$missing libimage-exiftool-perl"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing $missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086  one or two names
  apt-get install -qq -y --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing >/dev/null
  }
else
  echo "The tests need Chromium and exiftool; on Debian and Ubuntu: sudo apt-get install $missing" >&2
  exit 1
fi
