#!/usr/bin/env bash
# What `make dist` made, as somebody who downloads it has it: checksums, the archive in a folder of its own, the wheel in a fresh environment.
#
#   tests/dist/try.sh DIST FOLDER
set -euo pipefail
dist=$(realpath "$1")
mkdir -p "$2"
work=$(mktemp -d "$(realpath "$2")/try.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

# Nothing of the environment helps: no library path, no settings.
bare() { env -i PATH=/usr/bin:/bin HOME="$work" "$@"; }

(cd "$dist" && sha256sum --quiet --check SHA256SUMS)

start=${EPOCHREALTIME/[.,]/}
tar -xzf "$dist"/snowtrack-*.tar.gz
archive=$(echo "$work"/snowtrack-*-linux)
bare "$archive/bin/snowtrack" --data-dir one run --demo >/dev/null
printf 'archive: unpacked and the demo run in %d ms\n' "$(((${EPOCHREALTIME/[.,]/} - start) / 1000))"
[[ -s $archive/share/man/man1/snowtrack.1 && -s $archive/share/zsh/site-functions/_snowtrack ]]
# Also by a link from somewhere else.
mkdir elsewhere && ln -s "$archive/bin/snowtrack" elsewhere/snowtrack
bare elsewhere/snowtrack --version

start=${EPOCHREALTIME/[.,]/}
python3 -m venv fresh
bare fresh/bin/python -m pip install --quiet --no-index "$dist"/snowtrack-*.whl
bare fresh/bin/snowtrack --data-dir two run --demo >/dev/null
printf 'wheel: installed in a fresh environment and the demo run in %d ms\n' "$(((${EPOCHREALTIME/[.,]/} - start) / 1000))"

# The README's own example.
sed -n '/^```python$/,/^```$/p' "$(dirname "$dist")/integrations/wheel/README.md" | sed '1d;$d' >example.py
env -i PATH="$work/fresh/bin:/usr/bin:/bin" HOME="$work" fresh/bin/python example.py
