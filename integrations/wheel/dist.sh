#!/usr/bin/env bash
# What is handed out, in dist/: an archive, a Python wheel, and their checksums. `make dist` calls it with maturin's environment.
#
#   integrations/wheel/dist.sh VENV      VENV has maturin; DIST_PROFILE=dev tries it out without a release build
#
# The binary looks for DuckDB's library beside itself and in the `lib` next to its `bin`, and nowhere on the machine that built it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$(cd "$1" && pwd)
cd "$root"
export SNOWTRACK_DIST=1 CARGO_INCREMENTAL=0
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR=$target
library=${DUCKDB_LIB_DIR:-$root/.duckdb}/libduckdb.so
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=snowtrack-$version-$(uname -m)-linux
fail() { printf 'dist: %s\n' "$1" >&2; exit 1; }

[[ $(uname -s) == Linux ]] || fail 'only Linux is packaged'
profile=${DIST_PROFILE:-release}
# With an OpenSSL of its own for Kafka: a bare Debian has none.
cargo build --profile "$profile" --locked --features kafka-vendored --bin snowtrack
binary=$target/${profile/dev/debug}/snowtrack
# So that it starts where it was built, too.
ln -sfn "$(realpath "$library")" "$(dirname "$binary")/libduckdb.so"

runpath=$(readelf -d "$binary" | sed -n 's/.*R\(UN\)\?PATH.*\[\(.*\)\]/\2/p')
# shellcheck disable=SC2016
[[ $runpath == '$ORIGIN:$ORIGIN/../lib' ]] || fail "the binary looks for libraries in \`$runpath\`"

rm -rf dist "$target/dist"
mkdir -p dist "$target/dist"
stage=$target/dist/$name
integrations/wheel/lay-out.sh "$binary" "$library" "$stage"
install -m 0644 LICENSE README.md "$stage/"
# The same content is the same archive. gzip, because a bare machine has it.
tar --sort=name --mtime="@$(git log -1 --format=%ct)" --owner=0 --group=0 --numeric-owner -C "$target/dist" -cf - "$name" |
    gzip -9n >"dist/$name.tar.gz"

wheel=$target/dist/wheel
install -D -m 0644 "$library" "$wheel/snowtrack.data/data/lib/libduckdb.so"
install -m 0644 LICENSE integrations/wheel/README.md "$wheel/"
sed -e "s|@VERSION@|$version|" -e "s|@ROOT@|$root|" integrations/wheel/pyproject.toml >"$wheel/pyproject.toml"
# The oldest glibc that has every function that both call.
glibc=$(objdump -T "$binary" "$library" | grep -o 'GLIBC_2\.[0-9]*' | sort -Vu | tail -1)
tag=manylinux_2_${glibc#GLIBC_2.}
(cd "$wheel" && "$venv/bin/maturin" build --profile "$profile" --locked --features kafka-vendored --auditwheel skip --compatibility "$tag" --out "$root/dist")

(cd dist && sha256sum -- *.tar.gz *.whl >SHA256SUMS && cat SHA256SUMS && ls -l)
