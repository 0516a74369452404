//! Every setting once, as one row: its variable, its key in the file, its default, what it is for, and where its value is kept.
//! Loading, `config check`, `config init`, `.env.example` and the words about a name or a value that is wrong come from this list.

mod snowflake;
mod stream;

use std::collections::BTreeSet;

use super::slot::{Kind, Slot};
use super::{Config, forms};
use snowflake::SNOWFLAKE;
use stream::STREAM;

/// One setting.
pub(super) struct Setting {
    /// The variable; further names are read too, where it is not set.
    pub(super) env: &'static [&'static str],
    /// Where it stands in `snowtrack.toml`.
    pub(super) key: &'static str,
    /// What it is without being said, or empty.
    pub(super) default: &'static str,
    /// What it is for.
    pub(super) what: &'static str,
    /// What its type alone does not demand of the text; the error says what would have been a value.
    pub(super) form: fn(&str) -> Result<(), &'static str>,
    /// Where its value is kept.
    pub(super) slot: fn(&mut Config) -> Slot<'_>,
}

impl Setting {
    /// Whether `text` is a value of this setting; the error says what would have been one.
    pub(super) fn check(&self, text: &str) -> Result<(), &'static str> {
        (self.form)(text)?;
        (self.slot)(&mut Config::blank()).take(text)
    }

    /// How a value is written in `snowtrack.toml`.
    pub(super) fn kind(&self) -> Kind {
        (self.slot)(&mut Config::blank()).kind()
    }

    /// Whether only its presence may be shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!((self.slot)(&mut Config::blank()), Slot::Secret(_))
    }

    /// What would have been a value, where `text` is none whatever it is for.
    pub(super) fn refusal(&self, text: &str) -> Option<&'static str> {
        // A passphrase can be anything, and of a key its reader takes what stands between its own marks.
        let is_free = self.key.starts_with("snowflake.private_key") && self.is_secret();
        if is_free { None } else { forms::refusal(text) }
    }
}

impl Default for Config {
    /// What holds where nothing was said.
    fn default() -> Self {
        let mut config = Self::blank();
        for setting in with_unlisted().filter(|it| !it.default.is_empty()) {
            let taken = (setting.slot)(&mut config).take(setting.default);
            taken.expect("every default is a value of its setting, by test");
        }
        config
    }
}

/// In the order in which they are shown.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    let shipping = SPOTIFY.iter().chain(LAKE).chain(STATE).chain(SNOWFLAKE).chain(STREAM);
    shipping.chain(OBSERVE).chain(MODEL)
}

/// Those of [`all`] and those that are shown nowhere.
pub(super) fn with_unlisted() -> impl Iterator<Item = &'static Setting> {
    all().chain(UNLISTED)
}

/// The setting of a key, `table.key`.
pub(super) fn of_key(key: &str) -> Option<&'static Setting> {
    with_unlisted().find(|setting| setting.key == key)
}

/// The setting that a variable gives.
pub(super) fn of_variable(variable: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.env.contains(&variable))
}

/// The tables of the file, each once.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let tables = all().filter_map(|setting| Some(setting.key.split_once('.')?.0));
    tables.collect::<BTreeSet<_>>().into_iter()
}

/// Only in the file, and in no list: what only a test has reason to change.
const UNLISTED: &[Setting] = &[Setting {
    env: &[],
    key: "spotify.min_gap_ms",
    default: "100",
    what: "least time between two calls to Spotify, in milliseconds",
    form: forms::any,
    slot: |it| Slot::Milliseconds(&mut it.spotify.min_gap),
}];

const SPOTIFY: &[Setting] = &[
    Setting {
        env: &["SPOTIFY_CLIENT_ID"],
        key: "spotify.client_id",
        default: "",
        what: "the app's id, from Spotify's developer dashboard",
        form: forms::any,
        slot: |it| Slot::OptionalText(&mut it.spotify.client_id),
    },
    Setting {
        env: &["SPOTIFY_CLIENT_SECRET"],
        key: "spotify.client_secret",
        default: "",
        what: "the app's secret; `snowtrack login` needs none",
        form: forms::any,
        slot: |it| Slot::Secret(&mut it.spotify.client_secret),
    },
    Setting {
        env: &["SPOTIFY_REFRESH_TOKEN"],
        key: "spotify.refresh_token",
        default: "",
        what: "a user's refresh token, instead of `snowtrack login`",
        form: forms::any,
        slot: |it| Slot::Secret(&mut it.spotify.refresh_token),
    },
    Setting {
        env: &["SPOTIFY_PLAYLIST_IDS", "PLAYLIST_ID"],
        key: "spotify.playlist_ids",
        default: "",
        what: "playlists of a run that names none: ids, URIs or URLs, comma separated",
        form: forms::any,
        slot: |it| Slot::Texts(&mut it.spotify.playlist_ids),
    },
    Setting {
        env: &["SPOTIFY_API_URL"],
        key: "spotify.api_url",
        default: "https://api.spotify.com/v1",
        what: "base URL of the Web API",
        form: forms::any,
        slot: |it| Slot::Text(&mut it.spotify.api_url),
    },
    Setting {
        env: &["SPOTIFY_ACCOUNTS_URL"],
        key: "spotify.accounts_url",
        default: "https://accounts.spotify.com/",
        what: "base URL of the accounts service",
        form: forms::any,
        slot: |it| Slot::Text(&mut it.spotify.accounts_url),
    },
];

const LAKE: &[Setting] = &[
    Setting {
        env: &["SNOWTRACK_DATA_DIR"],
        key: "data_dir",
        default: "data",
        what: "where the warehouse, the published file, the login and the local lake live",
        form: forms::any,
        slot: |it| Slot::Folder(&mut it.data_dir),
    },
    Setting {
        env: &["SNOWTRACK_PRUNE_AFTER"],
        key: "prune_after",
        default: "",
        what: "how old local history must be that `run` prunes at its end, such as `90d` [default: nothing is pruned]",
        form: forms::any,
        slot: |it| Slot::OptionalAge(&mut it.prune_after),
    },
    Setting {
        env: &["S3_BUCKET"],
        key: "lake.bucket",
        default: "",
        what: "the S3 bucket; without one the lake is the folder `lake` of the data directory",
        form: forms::bucket,
        slot: |it| Slot::OptionalText(&mut it.lake.bucket),
    },
    Setting {
        env: &["S3_PREFIX"],
        key: "lake.prefix",
        default: "spotify-data/",
        what: "what every key begins with",
        form: forms::prefix,
        slot: |it| Slot::Text(&mut it.lake.prefix),
    },
    Setting {
        env: &["LAKE_FORMAT"],
        key: "lake.format",
        default: "parquet",
        what: "parquet (zstd) or csv (gzip)",
        form: forms::any,
        slot: |it| Slot::Format(&mut it.lake.format),
    },
    Setting {
        env: &["LAKE_MAX_FILE_MIB"],
        key: "lake.max_file_mib",
        default: "200",
        what: "where a file is split, in MiB",
        form: forms::file_mib,
        slot: |it| Slot::Number(&mut it.lake.max_file_mib),
    },
];

const STATE: &[Setting] = &[
    Setting {
        env: &["SNOWTRACK_STATE"],
        key: "state.location",
        default: "",
        what: "where the ledger lives between runs, s3://bucket/prefix/ or file:///dir/; without it, in the data directory alone",
        form: forms::any,
        slot: |it| Slot::Location(&mut it.state.location),
    },
    Setting {
        env: &["SNOWTRACK_STATE_LEASE_SECS"],
        key: "state.lease_secs",
        default: "120",
        what: "how long another machine waits for one that died; a lease is renewed at a quarter of it",
        form: forms::lease_secs,
        slot: |it| Slot::Seconds(&mut it.state.lease),
    },
    Setting {
        env: &["SNOWTRACK_STATE_SAVE_SECS"],
        key: "state.save_secs",
        default: "600",
        what: "how much of a long fetch may be lost with its machine",
        form: forms::lease_secs,
        slot: |it| Slot::Seconds(&mut it.state.save_every),
    },
    Setting {
        env: &["SNOWTRACK_PUBLISH_TO"],
        key: "state.publish_to",
        default: "",
        what: "where the published file is put after each run with news, s3://bucket/key.duckdb or file:///path.duckdb",
        form: forms::published,
        slot: |it| Slot::Location(&mut it.state.publish_to),
    },
    Setting {
        env: &["SNOWTRACK_REPORT_TO"],
        key: "state.report_to",
        default: "",
        what: "where each run puts its report without the lists, for whoever runs it again, s3://bucket/key.json or file:///path.json",
        form: forms::report,
        slot: |it| Slot::Location(&mut it.state.report_to),
    },
];

const OBSERVE: &[Setting] = &[
    Setting {
        env: &["SNOWTRACK_METRICS"],
        key: "observe.metrics",
        default: "",
        what: "where a run's numbers go: emf (CloudWatch, one JSON line each in the log) or prometheus:/path/file.prom",
        form: forms::any,
        slot: |it| Slot::Metrics(&mut it.observe.metrics),
    },
    Setting {
        env: &["SNOWTRACK_METRICS_NAMESPACE"],
        key: "observe.metrics_namespace",
        default: "snowtrack",
        what: "the namespace of emf",
        form: forms::namespace,
        slot: |it| Slot::Text(&mut it.observe.metrics_namespace),
    },
    Setting {
        env: &["SNOWTRACK_ALERT_URL"],
        key: "observe.alert_url",
        default: "",
        what: "a webhook that takes Slack's JSON: told once when a kind of trouble begins and once when it is over",
        form: forms::webhook,
        slot: |it| Slot::Secret(&mut it.observe.alert_url),
    },
    Setting {
        env: &["SNOWTRACK_ALERT_SNS_TOPIC"],
        key: "observe.alert_sns_topic",
        default: "",
        what: "the ARN of an SNS topic that is told the same",
        form: forms::topic,
        slot: |it| Slot::OptionalText(&mut it.observe.alert_sns_topic),
    },
];

const MODEL: &[Setting] = &[
    Setting {
        env: &["SNOWTRACK_LLM_URL", "OLLAMA_HOST"],
        key: "llm.url",
        default: "http://127.0.0.1:11434",
        what: "where `ask` finds a model: a server of the chat completions protocol (Ollama, llama.cpp, LM Studio, vLLM)",
        form: forms::any,
        slot: |it| Slot::Text(&mut it.model.url),
    },
    Setting {
        env: &["SNOWTRACK_LLM_MODEL"],
        key: "llm.model",
        default: "",
        what: "the model that `ask` asks [default: the first one that the server has]",
        form: forms::any,
        slot: |it| Slot::OptionalText(&mut it.model.name),
    },
];
