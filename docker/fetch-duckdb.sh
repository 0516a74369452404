#!/usr/bin/env bash
# Fetches DuckDB's official prebuilt library, once: docker/fetch-duckdb.sh [DIR], into .duckdb/ of this repository by default.
#
# The npm packages of DuckDB's Node.js bindings carry the very libduckdb that the project releases. The library is put in place
# only when package and library have the checksums below, by one rename; when it is there already, nothing is fetched.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${1:-$root/.duckdb}

fail() {
    printf 'fetch-duckdb: %s\n' "$1" >&2
    printf '  Instead: set DUCKDB_LIB_DIR to a folder that holds libduckdb 1.5, or compile DuckDB in:\n' >&2
    printf "  cargo build --release --features bundled (half an hour on two cores).\n" >&2
    exit 1
}

# 1.5.6 exists for linux-x64 only. The others get 1.5.5: the same C API, symbol for symbol, and the same file format.
platform=$(uname -sm)
case $platform in
    'Linux x86_64')
        package=@duckdb/node-bindings-linux-x64@1.5.6-r.1 library=libduckdb.so
        package_sha256=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
        library_sha256=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
        ;;
    'Linux aarch64' | 'Linux arm64')
        package=@duckdb/node-bindings-linux-arm64@1.5.5-r.5 library=libduckdb.so
        package_sha256=3b85f3ea438f7dc3691d7b5e6e4222ffe9127fd17885f96ca72e0c99925c348e
        library_sha256=d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e
        ;;
    'Darwin arm64')
        package=@duckdb/node-bindings-darwin-arm64@1.5.5-r.5 library=libduckdb.dylib
        package_sha256=08b3cfd7d4d620a5fb67ef49db28551b767107266af3a8e2600e49d99ee59456
        library_sha256=b9027d18ef3e8d960568f77e946a83ca68009cb22d71cf7f94de842afdd094d8
        ;;
    *) fail "no prebuilt libduckdb is pinned for \`$platform\`" ;;
esac
if [[ $platform == Linux* ]] && ! getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
    fail 'the prebuilt libduckdb needs glibc 2.25 or newer, and this Linux has another C library'
fi

has_sha256() { # FILE SUM
    local sum
    if command -v sha256sum >/dev/null; then sum=$(sha256sum "$1"); else sum=$(shasum -a 256 "$1"); fi
    [[ ${sum%% *} == "$2" ]]
}

if [[ -f $dir/$library ]] && has_sha256 "$dir/$library" "$library_sha256"; then
    exit 0
fi

command -v npm >/dev/null || fail "npm is needed to fetch $package, and it is not installed"
mkdir -p "$dir"
work=$(mktemp -d "$dir/fetch.XXXXXX") # on the same file system, so that the rename is atomic
trap 'rm -rf "$work"' EXIT

printf 'fetch-duckdb: fetching %s\n' "$package" >&2
tarball=$work/$(cd "$work" && npm pack --silent "$package") || fail "npm could not fetch $package"
has_sha256 "$tarball" "$package_sha256" || fail "$package is not the package that was pinned: its sha256 differs"
tar -xzf "$tarball" -C "$work" "package/$library"
has_sha256 "$work/package/$library" "$library_sha256" || fail "$library in $package is not the one that was pinned: its sha256 differs"
touch "$work/package/$library" # packages carry a date of 1985, and cargo relinks by date
mv -f "$work/package/$library" "$dir/$library"
printf 'fetch-duckdb: %s is in %s\n' "$library" "$dir" >&2
