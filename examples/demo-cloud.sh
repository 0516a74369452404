#!/usr/bin/env bash
# The production path on this machine alone, as a story: a real S3 server and a strict double of Snowflake, and the program itself.
#
#   examples/demo-cloud.sh SNOWTRACK SNOWTRACK_DOUBLES [-v]
#
# Each command is shown with the lines of its answer that prove something, with -v whole. It ends with 1 as soon as something is not as
# told, and where it tells it in more than 30 lines.
# Loopback ports that are free, a folder of its own below $TMPDIR; nothing of either is left.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
absolute() { (cd "$(dirname "$1")" && printf '%s/%s' "$PWD" "$(basename "$1")"); }
snowtrack=$(absolute "$1") doubles=$(absolute "$2") is_verbose=${3:-}
for program in "$snowtrack" "$doubles"; do
    [[ -x $program ]] || { printf 'demo-cloud: `%s` is no program: make build, or make demo-cloud\n' "$program" >&2; exit 2; }
done
keys=$root/tests/fixtures/snowflake
work=$(mktemp -d "${TMPDIR:-/tmp}/snowtrack-demo.XXXXXX")
doubles_pid=''
began=$SECONDS
export LC_ALL=C.UTF-8
bold='' good='' plain=''
if [[ -z ${NO_COLOR:-} && ( -t 1 || -n ${CLICOLOR_FORCE:-} ) ]]; then bold=$'\e[1m' good=$'\e[32m' plain=$'\e[0m'; fi

end() {
    if [[ -n $doubles_pid ]]; then kill "$doubles_pid" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

fail() {
    printf '\ndemo-cloud: %s\n' "$1" >&2
    exit 1
}

# The account knows the public key. The second file of songs that it loads has one value changed on its way, while every count, and the
# hash that was sent with the row, stay right.
start_doubles() {
    cat >"$work/faults.toml" <<-'TOML'
	[[load]]
	key = "raw/songs/"
	nth = 2
	fault = "corrupt_value"
	TOML
    mkfifo "$work/addresses"
    "$doubles" all --public-key "$keys/public.pem" --script "$work/faults.toml" >"$work/addresses" 2>"$work/complaints" &
    doubles_pid=$!
    local addresses=''
    read -r addresses <"$work/addresses" || fail "the doubles did not start: $(cat "$work/complaints")"
    snowflake_url=$(url_of snowflake "$addresses")
    s3_url=$(url_of s3 "$addresses")
}

url_of() { # SERVICE ADDRESSES
    printf '%s\n' "$2" | sed -n "s/.*\"$1\":{[^}]*\"url\":\"\([^\"]*\)\".*/\1/p"
}

# None of the caller's own settings takes part. The one root certificate is quicker to read than the system's; nothing here speaks TLS.
with_settings() {
    env -i PATH="$PATH" HOME="$work" LC_ALL=C.UTF-8 SSL_CERT_FILE="$root/tests/fixtures/root.pem" \
        S3_BUCKET=lake AWS_ENDPOINT_URL="$s3_url" AWS_REGION=eu-central-1 AWS_EC2_METADATA_DISABLED=true \
        AWS_ACCESS_KEY_ID=AKIADOUBLEDOUBLEDOUB AWS_SECRET_ACCESS_KEY=double-secret-key-7f3b1c90 \
        SNOWFLAKE_URL="$snowflake_url" SNOWFLAKE_ACCOUNT=myorg-myacct SNOWFLAKE_USER=SPOTIFY_LOADER_SVC \
        SNOWFLAKE_PRIVATE_KEY_PATH="$keys/plain.p8" SNOWFLAKE_VERIFY_TIMEOUT_SECS=60 "$@"
}

line_count=0
say() { # TEXT, below the command where it begins with blanks
    printf '%s\n' "$1"
    line_count=$((line_count + 1))
}

step() { say "$bold$1$plain"; }

said='' nothing='^no line$'
# try CODE LINES ARGUMENTS…: what snowtrack says, of which the lines that match LINES are shown; it must end with CODE.
try() {
    local wanted=$1 lines=$2 code=0 line
    shift 2
    said=$(with_settings "$snowtrack" "$@" 2>&1) || code=$?
    say "  \$ snowtrack $*   → exit $code"
    ((code == wanted)) || fail "this was to end with $wanted. It said:
$said"
    while IFS= read -r line; do
        if [[ $is_verbose == -v ]]; then
            say "    $line"
        elif [[ $line =~ $lines ]]; then
            line="${line#"${line%%[! ]*}"}"
            # What follows is of other cases, and breaks off where the program began a new line.
            line="${line%%; *}"
            ((${#line} <= 112)) || line="${line:0:111}…"
            say "    $line"
        fi
    done <<<"$said"
}

told() { say "    $1"; }

# However it is broken into lines.
must_say() { # TEXT…
    local text one_line
    one_line=$(printf '%s' "$said" | tr -s ' \n' ' ')
    for text in "$@"; do
        [[ $one_line == *"$text"* ]] || fail "this was to say \`$text\`. It said:
$said"
    done
}

# Rows here, rows in Snowflake, rows that differ: of one table of the last `reconcile`.
figures() {
    printf '%s\n' "$said" | awk -v table="$1" '$1 == table {
        for (i = 2; i <= NF; i++) if ($i ~ /^[0-9][0-9,]*$/) { gsub(",", "", $i); out = out (out == "" ? "" : " ") $i }
        print out
        exit
    }'
}

# The same of all tables but those, added up: `6 1247 1247 0`.
figures_but() { # TABLE|TABLE…
    printf '%s\n' "$said" | awk -v but="^($1)\$" '$2 ~ /^[0-9,]+$/ && $3 ~ /^[0-9,]+$/ && NF == 4 && $1 !~ but {
        for (i = 2; i <= 4; i++) { gsub(",", "", $i); sum[i] += $i }
        count++
    } END { print count, sum[2], sum[3], sum[4] }'
}

made() { printf '%s\n' "$said" | grep -c "^made: $1" || true; }

cd "$work"
start_doubles
step "1. A bucket at $s3_url, an account at $snowflake_url, both on this machine, both empty: set up."
try 0 "$nothing" snowflake apply --as-role ACCOUNTADMIN --aws-role-arn arn:aws:iam::123456789012:role/snowflake
told "made: $(made 'table ') tables, $(made 'pipe ') pipes, $(made 'dynamic table ') tables of current rows, stage, roles, $(made 'grant ') grants"
[[ $(made 'table ') == 8 && $(made 'pipe ') == 8 ]] || fail "there were to be 8 tables and 8 pipes"

step '2. Playlists are read, checked, written as files, put into the bucket, loaded by Snowpipe, and asked for.'
try 0 '^ +[0-9]+ files, |verified: ' run --demo
must_say 'verified: all'

step '3. The proof, asked of the account: rows here, rows there, rows whose contents differ.'
try 0 '^ *(table|songs|playlist_songs) ' reconcile
read -r table_count here there differ < <(figures_but 'songs|playlist_songs')
told "the $table_count other tables together: $here here, $there there, $differ differ"
[[ $table_count == 6 && $here == "$there" && $differ == 0 ]] || fail "$table_count other tables: $here here, $there there, $differ differ"
[[ $(figures songs) == '409 409 0' ]] || fail "songs: $(figures songs), wanted 409 409 0"

step '4. A day later there are new songs. One value of one song is changed on its way in; every count stays right.'
try 7 "$nothing" run --demo
must_say 'raw/songs/' 'sent was'
[[ $(printf '%s' "$said" | tr -s ' \n' ' ') =~ sum\ to\ ([0-9]+),\ sent\ was\ ([0-9]+) ]] || fail 'no checksums are told'
there=${BASH_REMATCH[1]} sent=${BASH_REMATCH[2]}
told "caught: the hashes of the songs sent sum to $sent, of those there to $there"
[[ $there != "$sent" ]] || fail 'these are the same'

step '5. Which row it is, and what is wrong with it.'
try 7 '^ *table|^ *songs |wanted' reconcile songs
read -r here there differ <<<"$(figures songs)"
[[ $here == "$there" && $differ == 1 ]] || fail "songs: $here here, $there there, $differ differ; wanted the same number, and 1"

step '6. That row alone is shipped again; then every file ever sent is asked for, and every song compared.'
try 0 '^mended' reconcile songs --repair
must_say 'mended 1 row'
try 0 'verified: ' verify --all
must_say 'verified: all'
try 0 '^ *songs ' reconcile songs
[[ $(figures songs) == '414 414 0' ]] || fail "songs: $(figures songs), wanted 414 414 0"

# What the real services would punish sooner or later, the doubles write down.
kill "$doubles_pid"
status=0
wait "$doubles_pid" || status=$?
doubles_pid=''
((status == 0)) || fail "the doubles complain: $(cat "$work/complaints")"
if [[ $is_verbose == -v ]]; then more=''; else more=' Each answer in full: make demo-cloud V=1'; fi
say "${good}All as told, in $((SECONDS - began)) s.$plain$more"
[[ $is_verbose == -v ]] || ((line_count <= 30)) || fail "that took $line_count lines, wanted 30 at most"
