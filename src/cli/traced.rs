//! Lines of the log with what they belong to: in JSON the run and its stage, in both forms the id of the trace.

use std::fmt::{self, Write};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogFormat;
use crate::event::Stage;
use crate::observe::{self, UnderWay};

/// Another format's lines, each with what it belongs to.
pub(super) struct Traced<F> {
    pub(super) lines: F,
    pub(super) format: LogFormat,
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let trace = observe::trace_id();
        if let (LogFormat::Human, None) = (self.format, &trace) {
            return self.lines.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        match (self.format, trace) {
            (LogFormat::Human, Some(id)) => {
                writeln!(writer, "{} trace_id={id}", line.trim_end_matches('\n'))
            }
            (_, id) => writer.write_str(&of_run(&line, &observe::under_way(), id.as_deref())),
        }
    }
}

/// A line of JSON with the run and the stage among its fields, and before all else the trace.
fn of_run(line: &str, under_way: &UnderWay, trace: Option<&str>) -> String {
    let mut more = String::new();
    // Neither of them needs to be escaped.
    if let Some(run) = &under_way.run {
        let _ = write!(more, "\"run_id\":\"{run}\",");
    }
    if let Some(stage) = under_way.stage.map(Stage::name) {
        let _ = write!(more, "\"stage\":\"{stage}\",");
    }
    // What comes before the fields, time and level, is ours.
    let line = line.replacen(FIELDS, &format!("{FIELDS}{more}"), 1);
    match (trace, line.strip_prefix('{')) {
        (Some(id), Some(rest)) => format!("{{\"trace_id\":\"{id}\",{rest}"),
        _ => line,
    }
}

const FIELDS: &str = "\"fields\":{";

/// `warning: …`: the log's lines for a person at a terminal, who knows what time it is.
pub(super) struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            _ => "",
        };
        writer.write_str(level)?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;
    use crate::ids::RunId;

    #[test]
    fn a_line_of_json_has_its_run_and_its_stage_among_its_fields() {
        let line = "{\"timestamp\":\"t\",\"level\":\"WARN\",\"fields\":{\"message\":\"\\\"fields\\\":{\"},\"target\":\"snowtrack\"}\n";
        let run = RunId::new(DateTime::UNIX_EPOCH, 1);
        let read = |run, stage, trace| -> Value {
            serde_json::from_str(&of_run(line, &UnderWay { run, stage }, trace)).unwrap()
        };
        let told = read(Some(run.clone()), Some(Stage::Verify), Some("ab"));
        let fields = json!({"run_id": run.as_str(), "stage": "verify", "message": "\"fields\":{"});
        assert_eq!((&told["fields"], &told["trace_id"]), (&fields, &json!("ab")));
        let told = read(None, None, None);
        assert_eq!(told["fields"], json!({"message": "\"fields\":{"}));
        assert_eq!(told.get("trace_id"), None);
    }
}
