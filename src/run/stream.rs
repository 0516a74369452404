//! Stream: sends every row that is new to the stream, batch by batch, each noted before and after.
//!
//! Only what the gate has passed: what was exported. Its troubles are its own: they are kept, the lake goes on, and the run tells of them
//! at its end.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::Error;
use super::report::StreamReport;
use super::{Run, saving};
use crate::blocking::blocking;
use crate::event::{Ending, Stage};
use crate::ids::Table;
use crate::ledger::streams::{self, Acknowledgement, KnownStream, Sent};
use crate::status::StreamState;
use crate::stop::Stop;
use crate::stream::{self, SentMeanwhile, Stream, StreamRange, StreamSettings};
use crate::warehouse::{Among, RowBatch, StreamRow, Warehouse};

/// Events that are noted, sent and acknowledged together.
const MOST_EVENTS: usize = 20_000;

/// With more events than that, what is read of the tables is not worth its memory.
const MANY_EVENTS: u64 = 100_000;

/// How long a run waits before its fetch for a stream to say which one it is.
const GREETING: Duration = Duration::from_secs(3);

/// Before anything is fetched: ends a run whose stream is another than the one that was sent everything so far, where it answers.
pub(super) async fn meet(run: &Run<'_>) -> Result<(), Error> {
    let Some(settings) = settings(run) else { return Ok(()) };
    settings.address.require_known()?;
    let Some(known) = streams::known(&run.warehouse)? else { return Ok(()) };
    let timeout = settings.timeout.min(GREETING);
    match Stream::open(&StreamSettings { timeout, ..settings.clone() }, run.stop).await {
        Ok(stream) => Ok(require_known(&settings, &stream, &known)?),
        // Nothing that time, or somebody elsewhere, could mend.
        Err(error @ (stream::Error::NoKafka | stream::Error::Properties { .. })) => {
            Err(error.into())
        }
        Err(_) => Ok(()),
    }
}

/// That the stream answers, and is the one that was sent everything so far.
///
/// # Errors
/// [`Error::Stream`].
pub(crate) async fn require(
    warehouse: &Warehouse,
    settings: &StreamSettings,
    stop: &Stop,
) -> Result<(), Error> {
    let stream = Stream::open(settings, stop).await?;
    match streams::known(warehouse)? {
        Some(known) => Ok(require_known(settings, &stream, &known)?),
        None => Ok(()),
    }
}

/// The settings of the stream, where the run goes as far as that.
fn settings(run: &Run<'_>) -> Option<StreamSettings> {
    let is_whole = run.does(Stage::Export) && run.does(Stage::Upload);
    run.config.stream_settings().filter(|_| is_whole)
}

fn require_known(
    settings: &StreamSettings,
    stream: &Stream,
    known: &KnownStream,
) -> Result<(), stream::Error> {
    let found = stream.identity();
    if found == known.identity {
        return Ok(());
    }
    let (address, known) = (settings.address.to_string(), known.identity.clone());
    Err(stream::Error::Other { address, found, known })
}

/// Sends what the stream lacks. What keeps it is kept, and ends nothing else.
pub(super) async fn stream(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(settings) = settings(run) else { return Ok(()) };
    run.check_stop()?;
    saving::confirm_again(run).await?;
    let (run_id, clock) = (run.id().to_string(), run.settings.clock);
    let sender = Sender { settings: &settings, run_id: &run_id, clock, stop: run.stop };
    let sending = send(&mut run.warehouse, sender, Wish::default()).await?;
    let Sending { reports, notes, trouble } = sending;
    run.findings.streams = reports;
    run.findings.notes.extend(notes);
    run.findings.stream_trouble = trouble;
    run.check_stop()
}

/// Who sends, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    /// Which stream.
    pub(crate) settings: &'a StreamSettings,
    /// The run that the batches are noted under.
    pub(crate) run_id: &'a str,
    /// The clock.
    pub(crate) clock: fn() -> DateTime<Utc>,
    /// Who may end it.
    pub(crate) stop: &'a Stop,
}

/// What is wanted of the stream.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish {
    /// Send every row, whatever the stream was sent.
    pub(crate) replay: bool,
    /// Send the rows of this table alone.
    pub(crate) table: Option<Table>,
    /// Look at every row for what is new, not only at those that changed.
    pub(crate) looks_at_all: bool,
}

impl Wish {
    fn tables(self) -> Vec<Table> {
        self.table.map_or_else(|| Table::ALL.to_vec(), |table| vec![table])
    }
}

/// What was sent.
pub(crate) struct Sending {
    /// By table.
    pub(crate) reports: Vec<StreamReport>,
    /// What a person should know of the stream.
    pub(crate) notes: Vec<String>,
    /// What kept the rest.
    pub(crate) trouble: Option<stream::Error>,
}

/// Sends what the stream lacks.
///
/// # Errors
/// Those of the ledger; what the stream says is in [`Sending::trouble`].
pub(crate) async fn send(
    warehouse: &mut Warehouse,
    sender: Sender<'_>,
    wish: Wish,
) -> Result<Sending, Error> {
    let mut sending = Sending { reports: Vec::new(), notes: Vec::new(), trouble: None };
    let tried = try_to_send(warehouse, sender, wish, &mut sending).await;
    match tried {
        Ok(()) => {}
        Err(Error::Stream(error)) => {
            let is_later = error.ending() == Ending::Later;
            let state = if is_later { StreamState::Pending } else { StreamState::Failed };
            let left = sending.reports.iter_mut();
            for report in left.filter(|it| it.acknowledged_count < it.event_count) {
                report.state = state;
            }
            sending.trouble = Some(*error);
        }
        Err(error) => return Err(error),
    }
    Ok(sending)
}

async fn try_to_send(
    warehouse: &mut Warehouse,
    sender: Sender<'_>,
    wish: Wish,
    sending: &mut Sending,
) -> Result<(), Error> {
    let Sender { settings, stop, .. } = sender;
    let mut opened = None;
    if wish.replay {
        // Which one it is decides what is sent again.
        let stream = Stream::open(settings, stop).await?;
        blocking(|| begin_replay(warehouse, sender, wish, &stream))?;
        opened = Some(stream);
    }
    let known = streams::known(warehouse)?;
    let tables = wish.tables();
    blocking(|| survey(warehouse, known.as_ref(), wish, &tables, sending))?;
    let lacking: Vec<Table> =
        sending.reports.iter().filter(|it| 0 < it.event_count).map(|it| it.table).collect();
    if lacking.is_empty() {
        return finish(warehouse, known.as_ref(), wish);
    }
    let stream = match opened {
        Some(stream) => stream,
        None => Stream::open(settings, stop).await?,
    };
    match &known {
        Some(known) => require_known(settings, &stream, known)?,
        None => {
            let address = settings.address.to_string();
            streams::begin(warehouse, &stream.identity(), &address, (sender.clock)())?;
        }
    }
    stream.prepare(&lacking, stop).await?;
    streams::lose_begun_batches(warehouse)?;
    let is_much = MANY_EVENTS < sending.reports.iter().map(|it| it.event_count).sum();
    if is_much {
        warehouse.begin_batches()?;
    }
    // What a cluster says of its topics is for a person: nothing waits for it.
    let sends = send_tables(warehouse, sender, &stream, &mut sending.reports);
    let (notes, sent) = tokio::join!(stream.remarks(&lacking), sends);
    sending.notes = notes;
    if is_much {
        warehouse.end_batches()?;
    }
    sent?;
    let known = streams::known(warehouse)?;
    finish(warehouse, known.as_ref(), wish)
}

async fn send_tables(
    warehouse: &mut Warehouse,
    sender: Sender<'_>,
    stream: &Stream,
    reports: &mut [StreamReport],
) -> Result<(), Error> {
    for report in reports.iter_mut().filter(|it| 0 < it.event_count) {
        send_tombstones(warehouse, sender, stream, report).await?;
        send_rows(warehouse, sender, stream, report).await?;
        report.state = StreamState::Sent;
    }
    Ok(())
}

/// Notes that every row is to be sent again, unless that is under way already.
fn begin_replay(
    warehouse: &mut Warehouse,
    sender: Sender<'_>,
    wish: Wish,
    stream: &Stream,
) -> Result<(), Error> {
    let (found, address) = (stream.identity(), sender.settings.address.to_string());
    match streams::known(warehouse)? {
        Some(known) if known.identity == found => {
            let tables = wish.tables();
            if known.replaying != tables {
                streams::replay(warehouse, &tables)?;
            }
        }
        // It is sent nothing of the other tables otherwise, and nobody would know.
        _ if wish.table.is_some() => {
            let known = "none, or another".to_owned();
            return Err(stream::Error::Other { address, found, known }.into());
        }
        _ => streams::begin(warehouse, &found, &address, (sender.clock)())?,
    }
    Ok(())
}

/// Counts what the stream lacks, table by table.
fn survey(
    warehouse: &Warehouse,
    known: Option<&KnownStream>,
    wish: Wish,
    tables: &[Table],
    sending: &mut Sending,
) -> Result<(), Error> {
    let has_news = streams::lacks_anything(warehouse)?;
    for &table in tables {
        let among = match known {
            Some(known) if !wish.looks_at_all => known.among(table),
            _ => Among::All,
        };
        // A night without news looks at no row.
        let event_count = match has_news || among == Among::All {
            true => warehouse.find_lacking(table, among)? + warehouse.find_gone(table)?,
            false => 0,
        };
        let state = if event_count == 0 { StreamState::Sent } else { StreamState::Pending };
        sending.reports.push(StreamReport { table, event_count, acknowledged_count: 0, state });
    }
    Ok(())
}

/// Notes that the stream has everything, where every table was looked at.
fn finish(warehouse: &mut Warehouse, known: Option<&KnownStream>, wish: Wish) -> Result<(), Error> {
    let Some(known) = known else { return Ok(()) };
    let is_open = !known.replaying.is_empty() || streams::lacks_anything(warehouse)?;
    let covers = wish.table.is_none_or(|table| known.replaying == [table]);
    match wish.table {
        None if is_open => Ok(streams::has_everything(warehouse)?),
        Some(_) if covers => Ok(streams::end_replay(warehouse)?),
        _ => Ok(()),
    }
}

/// While a batch is on its way the one before it is noted and the next one is read.
async fn send_rows(
    warehouse: &mut Warehouse,
    sender: Sender<'_>,
    stream: &Stream,
    report: &mut StreamReport,
) -> Result<(), Error> {
    let table = report.table;
    let mut work = Work { warehouse, sender, stream, report, sent: None };
    let mut next = blocking(|| next_rows(work.warehouse, table, -1))?;
    while let Some(part) = next.take() {
        let Note::Rows(RowBatch { last, .. }) = part.note else { break };
        next = work.send(part, |warehouse| next_rows(warehouse, table, last)).await?;
    }
    blocking(|| work.note_sent())
}

fn next_rows(warehouse: &Warehouse, table: Table, after: i64) -> Result<Option<Part>, Error> {
    let Some(batch) = warehouse.next_batch(table, after, MOST_EVENTS)? else { return Ok(None) };
    let rows = warehouse.rows_of_batch(table, batch)?;
    Ok(Some(Part { rows, note: Note::Rows(batch) }))
}

async fn send_tombstones(
    warehouse: &mut Warehouse,
    sender: Sender<'_>,
    stream: &Stream,
    report: &mut StreamReport,
) -> Result<(), Error> {
    let table = report.table;
    let mut work = Work { warehouse, sender, stream, report, sent: None };
    let mut after = String::new();
    loop {
        let rows = work.warehouse.gone_batch(table, &after, MOST_EVENTS)?;
        let Some(last) = rows.last().map(|row| row.key.clone()) else { break };
        let note = Note::Tombstones { after, last: last.clone() };
        work.send(Part { rows, note }, |_| Ok(())).await?;
        after = last;
    }
    blocking(|| work.note_sent())
}

/// What is sent together, and how the ledger notes it.
struct Part {
    rows: Vec<StreamRow>,
    note: Note,
}

/// Which rows those are.
enum Note {
    Rows(RowBatch),
    Tombstones { after: String, last: String },
}

/// A batch that all of the stream has, and the ledger does not know of yet.
struct Acknowledged {
    batch: i64,
    row_count: usize,
    note: Note,
    ranges: Vec<StreamRange>,
    at: DateTime<Utc>,
}

/// The batches of a table, one after the other.
struct Work<'a> {
    warehouse: &'a mut Warehouse,
    sender: Sender<'a>,
    stream: &'a Stream,
    report: &'a mut StreamReport,
    sent: Option<Acknowledged>,
}

impl Work<'_> {
    /// Notes that a batch is about to be sent and sends it; meanwhile it notes that the one before it was, and does what else there is.
    async fn send<T>(
        &mut self,
        part: Part,
        meanwhile: impl FnOnce(&Warehouse) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Sender { run_id, clock, stop, .. } = self.sender;
        let (table, stream) = (self.report.table, self.stream);
        if stop.is_asked() {
            self.note_sent()?;
            return Err(Error::Interrupted);
        }
        let batch = streams::begin_batch(self.warehouse, run_id, table, &part.rows, clock())?;
        let noted = || self.note_sent().and_then(|()| meanwhile(self.warehouse));
        let SentMeanwhile { sent, done } = stream.send(table, &part.rows, stop, noted).await;
        let (ranges, at) = (sent?, clock());
        let (row_count, note) = (part.rows.len(), part.note);
        self.sent = Some(Acknowledged { batch, row_count, note, ranges, at });
        done
    }

    /// Notes that a batch is there.
    fn note_sent(&mut self) -> Result<(), Error> {
        let Some(Acknowledged { batch, row_count, note, ranges, at }) = self.sent.take() else {
            return Ok(());
        };
        let found = Acknowledgement { ranges: &ranges, at };
        let sent = match &note {
            Note::Rows(batch) => Sent::Rows(*batch),
            Note::Tombstones { after, last } => Sent::Tombstones { after, last },
        };
        let Self { warehouse, report, .. } = self;
        streams::acknowledge(warehouse, batch, report.table, sent, found)?;
        report.acknowledged_count += row_count as u64;
        Ok(())
    }
}
