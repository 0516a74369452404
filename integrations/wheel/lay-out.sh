#!/usr/bin/env bash
# Puts the command, DuckDB's library, the manual pages and the completions where an installation has them: for `make install` and `make dist`.
#
#   integrations/wheel/lay-out.sh BINARY LIBRARY FOLDER      LIBRARY empty: the binary has it inside, or the system has it
set -euo pipefail
binary=$1 library=$2 folder=$3

put() { # MODE FILE PLACE
    mkdir -p "$(dirname "$3")"
    # Not over the old file but in its place: a program that runs keeps what it began with.
    rm -f "$3"
    install -m "$1" "$2" "$3"
}

put 0755 "$binary" "$folder/bin/snowtrack"
if [[ -n $library ]]; then put 0644 "$library" "$folder/lib/$(basename "$library")"; fi
program=$folder/bin/snowtrack
share=$folder/share
"$program" man --dir "$share/man/man1" >/dev/null
mkdir -p "$share/bash-completion/completions" "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
"$program" completions bash >"$share/bash-completion/completions/snowtrack"
"$program" completions zsh >"$share/zsh/site-functions/_snowtrack"
"$program" completions fish >"$share/fish/vendor_completions.d/snowtrack.fish"
