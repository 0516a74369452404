//! An account as version 0.1.0 left it: its tables are never made or changed again by a template.

use super::account::{account, observed};
use super::*;

#[test]
fn an_account_that_the_first_version_set_up_differs_in_what_parquet_reads_as_null_and_nothing_else()
{
    let blueprint = blueprint(IngestMode::Rest);
    let first = include_str!("../../../../tests/fixtures/snowflake/tables_0_1_0.sql");
    let first = first.replace("'1 hour'", &literal(&blueprint.target_lag.to_string()).to_string());
    let lines: Vec<&str> = first.lines().filter(|line| !line.starts_with("--")).collect();
    let first = lines.join("\n");
    let mut first = first.split("\n;\n").flat_map(|sql| sql.split(";\n")).map(str::trim);
    let mut count = 0;
    let then: Vec<String> = blueprint
        .statements()
        .into_iter()
        .map(|now| match created(&now) {
            Some((Kind::Table | Kind::DynamicTable, _)) => {
                count += 1;
                let first = first.next().unwrap_or_default();
                // It had no descriptions, which are no difference.
                assert_eq!(without_descriptions(&now), first);
                first.to_owned()
            }
            // Without the option, whose default is a text.
            Some((Kind::FileFormat, name)) if name.ends_with("PARQUET_V1") => {
                let lines: Vec<&str> = now.lines().filter(|it| !it.contains("null_if")).collect();
                assert_eq!(lines.len() + 1, now.lines().count());
                lines.join("\n")
            }
            _ => now,
        })
        .collect();
    assert_eq!(count, 2 * Table::ALL.len());
    let plan = Plan::new(&blueprint, &observed(account(&then)));
    let [(Kind::FileFormat, "SPOTIFY.RAW.PARQUET_V1", State::Differs { changes, .. })] =
        open(&plan)[..]
    else {
        panic!("{plan}");
    };
    let statement = "alter file format SPOTIFY.RAW.PARQUET_V1 set NULL_IF = ()";
    let statements: Vec<Option<&str>> =
        changes.iter().map(|change| change.statement.as_deref()).collect();
    assert_eq!(statements, [Some(statement)]);
}
