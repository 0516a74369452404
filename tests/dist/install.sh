#!/usr/bin/env bash
# `make install` as somebody who packages it calls it: into a folder of its own, then run from there with nothing of this machine's.
#
#   tests/dist/install.sh BINARY
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf 'install: %s\n' "$1" >&2; exit 1; }

make --no-print-directory install DESTDIR="$work/stage" PREFIX=/opt/snow BINARY="$binary"
# Moved as a whole, as a package is: nothing in it knows where it was put first.
mv "$work/stage/opt/snow" "$work/moved"
# Neither a library path nor settings.
bare() { (cd "$work" && env -i PATH="$work/moved/bin:/usr/bin:/bin" HOME="$work" "$@"); }

found=$(cd "$work/moved" && find . -type f ! -path './share/man/*' | LC_ALL=C sort | tr '\n' ' ')
wanted='./bin/snowtrack ./lib/libduckdb.so ./share/bash-completion/completions/snowtrack ./share/fish/vendor_completions.d/snowtrack.fish ./share/zsh/site-functions/_snowtrack '
[[ $found == "$wanted" ]] || fail "there is $found; wanted $wanted"
for page in snowtrack snowtrack-run snowtrack-snowflake-plan; do
    [[ -s $work/moved/share/man/man1/$page.1 ]] || fail "no page $page"
done

loads=$(bare ldd "$work/moved/bin/snowtrack" | sed -n 's/.*libduckdb.so => \([^ ]*\).*/\1/p')
[[ $(realpath "$loads") == "$work/moved/lib/libduckdb.so" ]] || fail "it loads $loads"
bare snowtrack --version
# By a link from elsewhere, too.
mkdir "$work/elsewhere"
ln -s "$work/moved/bin/snowtrack" "$work/elsewhere/snowtrack"
bare "$work/elsewhere/snowtrack" --quiet run --demo
bare snowtrack query 'select count(*) as songs from core.songs'

# As bash loads them when somebody presses Tab, and asks.
offered=$(bare bash --norc -c '
    source moved/share/bash-completion/completions/snowtrack
    complete -p snowtrack >/dev/null
    COMP_WORDS=(snowtrack query top_arti) COMP_CWORD=2 COMP_TYPE=9
    _clap_complete_snowtrack snowtrack top_arti query 2>/dev/null
    echo "${COMPREPLY[@]}"
')
[[ $offered == *top_artists* ]] || fail "bash is offered \`$offered\`"

# The units of docs/schedule.md, where there is a systemd to say what it thinks of them.
if command -v systemd-analyze >/dev/null; then
    units=$work/.config/systemd/user
    mkdir -p "$units" "$work/snowtrack" "$work/.local/bin"
    ln -s "$work/moved/bin/snowtrack" "$work/.local/bin/snowtrack"
    for unit in service timer; do
        sed -n "/^\`~.*snowtrack.$unit\`:/,/^\`\`\`\$/p" docs/schedule.md | sed '1,/^```ini$/d; /^```$/d' >"$units/snowtrack.$unit"
        [[ -s $units/snowtrack.$unit ]] || fail "docs/schedule.md has no snowtrack.$unit"
    done
    complaints=$(bare env XDG_RUNTIME_DIR="$work" MANPATH="$work/moved/share/man" \
        systemd-analyze verify --user --man=no "$units/snowtrack.service" "$units/snowtrack.timer" 2>&1 | grep -F snowtrack || true)
    [[ -z $complaints ]] || fail "systemd says of docs/schedule.md: $complaints"
    echo 'docs/schedule.md: its units are good ones'
fi

# By root, who has neither the setting nor the folder that it was built with: the library beside the binary is taken.
mkdir "$work/built"
cp "$work/moved/bin/snowtrack" "$work/moved/lib/libduckdb.so" "$work/built/"
make --no-print-directory install DUCKDB_LIB_DIR="$work/none" PREFIX="$work/by-root" BINARY="$work/built/snowtrack"
bare "$work/by-root/bin/snowtrack" --version

# A second time over the first one, as an upgrade does.
make --no-print-directory install PREFIX="$work/moved" BINARY="$binary"
bare snowtrack --version
