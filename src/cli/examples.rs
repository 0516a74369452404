//! Two examples of each command, which its `--help` and its manual page end with.

/// A command line, and what it does.
pub(super) type Example = (&'static str, &'static str);

/// The examples of a command by its whole name, such as `snowflake plan`.
pub(super) fn examples(command: &str) -> Option<&'static [Example; 2]> {
    EXAMPLES.iter().find(|(name, _)| *name == command).map(|(_, examples)| examples)
}

/// Those that say more of themselves (`query`, `ask`) have theirs beside their arguments.
const EXAMPLES: &[(&str, [Example; 2])] = &[
    (
        "run",
        [
            ("snowtrack run --demo", "built-in data: no account, no network"),
            (
                "snowtrack run --mine --liked",
                "all own lists and the liked songs, to wherever is configured",
            ),
        ],
    ),
    (
        "watch",
        [
            ("snowtrack watch --mine", "every ten minutes, until Ctrl-C"),
            ("snowtrack watch --mine --every 30m --max-runs 3", "three rounds, then the end"),
        ],
    ),
    (
        "plan",
        [
            ("snowtrack plan --mine", "calls, files and credits of `run --mine`"),
            ("snowtrack plan --mine --offline", "by what the ledger knows; asks nobody"),
        ],
    ),
    (
        "fetch",
        [
            ("snowtrack fetch --mine --record documents", "asks Spotify, and keeps what it said"),
            ("snowtrack fetch --from-dir documents", "lands what was kept"),
        ],
    ),
    (
        "transform",
        [
            ("snowtrack transform", "of the run that waits for it"),
            ("snowtrack transform --wait 10m", "where another run holds the data directory"),
        ],
    ),
    (
        "check",
        [
            ("snowtrack check --all", "every row, shipped or not"),
            ("snowtrack check --list", "the checks, and why each exists"),
        ],
    ),
    (
        "publish",
        [
            ("snowtrack publish", "data/spotify.duckdb, with the rows of the waiting run"),
            (
                "snowtrack publish --warn-only songs__duration_is_positive",
                "although that check fails",
            ),
        ],
    ),
    (
        "export",
        [
            ("snowtrack export", "the rows that changed, as files of the lake"),
            ("snowtrack export --marts", "each mart as a Parquet file"),
        ],
    ),
    (
        "upload",
        [
            ("snowtrack upload", "what is exported and not in the bucket"),
            ("snowtrack upload --wait 10m", "where another run holds the data directory"),
        ],
    ),
    (
        "ingest",
        [
            ("snowtrack ingest", "what is in the bucket and not submitted"),
            ("snowtrack ingest --as rest", "what S3 never announced"),
        ],
    ),
    (
        "verify",
        [
            ("snowtrack verify --watch", "until everything is proven, with a line per table"),
            ("snowtrack verify --all", "every file ever sent, asked for anew"),
        ],
    ),
    (
        "stream",
        [
            ("snowtrack stream", "the changes that it lacks"),
            ("snowtrack stream --replay --table songs", "every song as it is now"),
        ],
    ),
    (
        "login",
        [
            ("snowtrack login", "in the browser of this machine"),
            ("snowtrack login --no-browser", "in one elsewhere: its last address is pasted here"),
        ],
    ),
    (
        "logout",
        [
            ("snowtrack logout", "removes the login of this data directory"),
            ("snowtrack --data-dir other logout", "that of another one"),
        ],
    ),
    (
        "status",
        [
            ("snowtrack status --run latest", "the files of the last run, and how far each is"),
            ("snowtrack status --max-age 26h", "exit 8 where no run ended well since then"),
        ],
    ),
    (
        "reconcile",
        [
            ("snowtrack reconcile songs albums", "two tables, row by row where they differ"),
            ("snowtrack reconcile --repair", "ships the rows that differ again"),
        ],
    ),
    (
        "snowflake plan",
        [
            ("snowtrack snowflake plan", "what is missing, who can make it, what it costs"),
            (
                "snowtrack snowflake plan --sql --aws-role-arn arn:aws:iam::123456789012:role/snowflake",
                "as a script for an administrator",
            ),
        ],
    ),
    (
        "snowflake apply",
        [
            ("snowtrack snowflake apply", "what your own role may make"),
            (
                "snowtrack snowflake apply --as-role ACCOUNTADMIN --aws-role-arn arn:aws:iam::123456789012:role/sf",
                "everything, by an administrator",
            ),
        ],
    ),
    (
        "snowflake pipes",
        [
            ("snowtrack snowflake pipes", "how each is, and the script that mends it"),
            ("snowtrack --json snowflake pipes", "the same for a program"),
        ],
    ),
    (
        "snowflake history",
        [
            ("snowtrack snowflake history", "credits of the last 30 days"),
            ("snowtrack snowflake history --run latest", "those of one run"),
        ],
    ),
    (
        "snowflake jwt",
        [
            ("snowtrack snowflake jwt", "a token for an hour: keep it to yourself"),
            ("snowtrack --config other.toml snowflake jwt", "for another account"),
        ],
    ),
    (
        "state show",
        [
            ("snowtrack state show", "the generation that counts, and who holds the lease"),
            ("snowtrack --json state show", "the same for a program"),
        ],
    ),
    (
        "state pull",
        [
            ("snowtrack state pull", "the ledger of the bucket, here"),
            (
                "snowtrack state pull --force",
                "also where that loses runs that only this machine knows",
            ),
        ],
    ),
    (
        "state push",
        [
            ("snowtrack state push", "the ledger of this machine, there"),
            ("snowtrack state push --force", "over one that is newer, or another"),
        ],
    ),
    (
        "state unlock",
        [
            ("snowtrack state unlock", "who holds the lease"),
            ("snowtrack state unlock --yes", "takes it from a task that is dead"),
        ],
    ),
    (
        "forget",
        [
            (
                "snowtrack forget --playlist 37i9dQZF1DX4sWSpwq3LiO",
                "shows what would go, everywhere",
            ),
            ("snowtrack forget --user --yes", "erases who is logged in, and proves it"),
        ],
    ),
    (
        "prune",
        [
            ("snowtrack prune --older-than 90d", "shows what would go"),
            ("snowtrack prune --older-than 90d --yes", "deletes it"),
        ],
    ),
    (
        "doctor",
        [
            ("snowtrack doctor", "a line for each thing, with the remedy below it"),
            ("snowtrack --json doctor", "the same for a program"),
        ],
    ),
    (
        "config check",
        [
            ("snowtrack config check", "each value and where it comes from"),
            ("snowtrack --config other.toml config check", "as another file has it"),
        ],
    ),
    (
        "config init",
        [
            ("snowtrack config init", "writes snowtrack.toml, and says what to fill in"),
            ("snowtrack config init --print", "prints it"),
        ],
    ),
    (
        "report",
        [
            ("snowtrack report --open", "data/report.html, in the browser"),
            ("snowtrack report --out weekly.html", "a file of its own"),
        ],
    ),
    (
        "features",
        [
            ("snowtrack features", "the tables, in the lake as Parquet"),
            ("snowtrack features --out features", "in a folder of its own"),
        ],
    ),
    (
        "recommend",
        [
            ("snowtrack recommend --playlist 'Long Way Home'", "twenty songs that it has not"),
            ("snowtrack recommend --evaluate", "how good such answers are, on your lists"),
        ],
    ),
    (
        "playlist create",
        [
            (
                "snowtrack playlist create --name More --recommend-for 'Long Way Home' --dry-run",
                "shows the list",
            ),
            (
                "snowtrack playlist create --name New --query \"from core.songs select id as song_id limit 30\"",
                "makes it of a query",
            ),
        ],
    ),
    (
        "playlist restore",
        [
            (
                "snowtrack playlist restore 'Long Way Home' --at 2026-03-31 --dry-run",
                "shows what it was at the end of that day",
            ),
            (
                "snowtrack playlist restore 'Long Way Home' --at 2026-03-31T12:00",
                "makes a new list of it",
            ),
        ],
    ),
    (
        "mcp",
        [
            ("snowtrack mcp", "on the data directory of the configuration"),
            ("snowtrack --data-dir /home/me/data mcp --timeout 10s", "as a client starts it"),
        ],
    ),
    (
        "completions",
        [
            ("source <(snowtrack completions bash)", "in ~/.bashrc"),
            ("snowtrack completions fish | source", "in config.fish"),
        ],
    ),
    (
        "man",
        [
            ("snowtrack man run | man -l -", "one page"),
            ("snowtrack man --dir ~/.local/share/man/man1", "all of them, where `man` looks"),
        ],
    ),
];
