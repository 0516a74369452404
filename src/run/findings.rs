//! What one run has gathered so far, and the report that it becomes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::error::Error;
use super::report::{
    CheckReport, EnrichmentReport, FileReport, PlaylistReport, SpotifyReport, StreamReport,
    TableReport,
};
use crate::event::Stage;
use crate::ids::Run;
use crate::lake::Manifest;
use crate::ledger::{Shipment, ShippedFile};
use crate::quality::CheckResult;
use crate::snowflake::{Answer, PipeHealth, Verification};
use crate::sources::Questions;
use crate::status::{FileState, Verdict};
use crate::warehouse::TableCount;

/// What one run has gathered so far.
pub(crate) struct Findings {
    /// Whose they are.
    pub(crate) run: Run,
    pub(crate) spotify: SpotifyReport,
    /// The calls to Spotify by bucket, repeated ones included.
    pub(crate) calls: Questions,
    pub(crate) playlists: Vec<PlaylistReport>,
    /// Why the list of own playlists may have named too few.
    pub(crate) listing_lack: Option<String>,
    pub(crate) enrichment: EnrichmentReport,
    pub(crate) skipped: Vec<String>,
    /// Artists that a file of genres names and that nothing else does.
    pub(crate) unknown_artist_count: u64,
    /// What Spotify did not give.
    pub(crate) notes: Vec<String>,
    pub(crate) checks: Vec<CheckResult>,
    /// What the transform left in each table.
    pub(crate) tables: Vec<TableCount>,
    pub(crate) manifest: Option<Manifest>,
    /// What is on its way, this run's files and earlier ones'.
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) verification: Option<Verification>,
    /// What the stream was sent.
    pub(crate) streams: Vec<StreamReport>,
    /// What kept it from being sent all of it.
    pub(crate) stream_trouble: Option<crate::stream::Error>,
    /// What keeps one run's files from the bucket, while others went.
    pub(crate) held_up: Option<crate::lake::Error>,
    /// What only a person can bring about before the rest can be known.
    pub(crate) refusal: Option<Error>,
    /// What a verification is about and could not look at, in words.
    pub(crate) doubts: Vec<String>,
    /// Tables of settled files that were compared as a whole, and are as here.
    pub(crate) compared: Vec<crate::ids::Table>,
    /// The names of the pipes that there are, each with the time when it was made; `None` where nobody asked.
    pub(crate) pipes: Option<Answer<BTreeMap<String, Option<DateTime<Utc>>>>>,
    /// Why not even the schema of pipes is seen, where it is not.
    pub(crate) no_setup: Option<String>,
    /// Those of them that were asked how they are, and load nothing before a person mends them.
    pub(crate) stopped_pipes: Vec<PipeHealth>,
    /// What the next run's files would not get in for, while this one's are.
    pub(crate) pipe_trouble: Option<Error>,
    /// What was there once and is gone.
    pub(crate) missing: Vec<String>,
    /// Whether the run goes as far as Snowflake; else why it does not.
    pub(crate) goes_to_snowflake: Result<(), &'static str>,
    /// The last stage that came to its end.
    pub(crate) reached: Stage,
    /// Whether the published file has the rows of the run.
    pub(crate) has_published: bool,
}

impl Findings {
    /// A run that has done nothing yet.
    pub(crate) const fn new(run: Run) -> Self {
        Self {
            run,
            spotify: SpotifyReport {
                call_count: 0,
                retry_count: 0,
                waited_ms: 0,
                login_ends_at: None,
            },
            calls: Questions::NONE,
            playlists: Vec::new(),
            listing_lack: None,
            enrichment: EnrichmentReport::NOTHING,
            skipped: Vec::new(),
            unknown_artist_count: 0,
            notes: Vec::new(),
            checks: Vec::new(),
            tables: Vec::new(),
            manifest: None,
            shipments: Vec::new(),
            verification: None,
            streams: Vec::new(),
            stream_trouble: None,
            held_up: None,
            refusal: None,
            doubts: Vec::new(),
            compared: Vec::new(),
            pipes: None,
            no_setup: None,
            stopped_pipes: Vec::new(),
            pipe_trouble: None,
            missing: Vec::new(),
            goes_to_snowflake: Err("no Snowflake account is configured"),
            reached: Stage::Fetch,
            has_published: false,
        }
    }

    /// The keys of what is on its way.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.shipments.iter().flat_map(Shipment::exported).map(|file| file.key.clone()).collect()
    }

    /// What is on its way, or, where nothing goes further than the local lake, what was written.
    pub(crate) fn files(&self) -> Vec<FileReport> {
        if self.shipments.is_empty() {
            let files = self.manifest.iter().flat_map(|manifest| &manifest.files);
            return files
                .map(|file| FileReport {
                    run_id: self.run.id.to_string(),
                    file: file.clone(),
                    state: FileState::Exported,
                    reason: None,
                    verified_at: None,
                })
                .collect();
        }
        let judged = self.verification.iter().flat_map(|verification| &verification.files);
        let verdicts: BTreeMap<&str, Verdict> =
            judged.map(|file| (file.key.as_str(), file.verdict)).collect();
        // The ledger keeps an earlier proof; what could not be asked this time is not told as proven.
        let told = |shipped: &ShippedFile| match (shipped.state, verdicts.get(&*shipped.file.key)) {
            (FileState::Verified, Some(Verdict::Pending)) => FileState::Accepted,
            (state, _) => state.reported(),
        };
        let reports = self.shipments.iter().flat_map(|shipment| {
            shipment.files.iter().map(|shipped| FileReport {
                run_id: shipment.run.id.to_string(),
                file: shipped.file.clone(),
                state: told(shipped),
                reason: shipped.reason.clone(),
                verified_at: shipped.verified_at,
            })
        });
        reports.collect()
    }
}

pub(crate) fn table_report(count: &TableCount) -> TableReport {
    TableReport {
        table: count.table,
        row_count: count.row_count,
        changed_row_count: count.changed_row_count,
    }
}

pub(crate) fn check_report(result: &CheckResult) -> CheckReport {
    CheckReport {
        check: result.check.to_owned(),
        severity: result.severity.name().to_owned(),
        status: if result.passed() { "pass" } else { "fail" }.to_owned(),
        offending_row_count: result.offending_row_count,
        why: (!result.passed()).then(|| result.why.to_owned()),
        examples: result.examples.clone(),
        sentences: result.sentences.clone(),
        standing_row_count: result.standing_row_count,
    }
}
