mod account;
mod first_version;

use std::collections::BTreeMap;

use account::{account, failure, observed, row, rows};

use super::ddl::{created, granted, normal};
use super::show::Counts;
use super::*;
use crate::snowflake::api::Rows;
use crate::snowflake::sql::tests::without_descriptions;

fn blueprint(mode: IngestMode) -> Blueprint {
    Blueprint {
        names: Names::default(),
        bucket: "lake".to_owned(),
        prefix: "spotify-data/".to_owned(),
        format: Format::Parquet,
        mode,
        target_lag: TargetLag::default(),
        aws_role_arn: Some("arn:aws:iam::123456789012:role/snowflake".to_owned()),
        public_key: Some("MIIB".to_owned()),
    }
}

fn after(blueprint: &Blueprint, change: impl Fn(&str) -> String) -> Plan {
    let statements: Vec<String> = blueprint.statements().iter().map(|sql| change(sql)).collect();
    Plan::new(blueprint, &observed(account(&statements)))
}

/// Kind, name and state of what is not as it should be.
fn open(plan: &Plan) -> Vec<(Kind, &str, &State)> {
    let items = plan.items.iter().filter(|item| item.state != State::Exists);
    items.map(|item| (item.kind, item.name.as_str(), &item.state)).collect()
}

#[test]
fn on_an_empty_account_everything_is_missing_and_in_order() {
    for (mode, pipe_count) in [(IngestMode::Rest, 8), (IngestMode::Auto, 8), (IngestMode::Copy, 0)]
    {
        let blueprint = blueprint(mode);
        let plan = Plan::new(&blueprint, &observed(BTreeMap::new()));
        assert!(plan.items.iter().all(|item| item.state == State::Missing));
        let count = |kind| plan.items.iter().filter(|item| item.kind == kind).count();
        assert_eq!(count(Kind::Table), 8);
        assert_eq!(count(Kind::DynamicTable), 8);
        assert_eq!(count(Kind::Pipe), pipe_count);
        let at = |kind| plan.items.iter().position(|item| item.kind == kind).unwrap();
        assert!(at(Kind::Database) < at(Kind::Schema) && at(Kind::Schema) < at(Kind::Table));
        assert!(at(Kind::Stage) < at(Kind::Table) && at(Kind::Table) < at(Kind::DynamicTable));
        assert!(plan.items.iter().all(|item| {
            item.statement.starts_with("grant ") || item.statement.contains(" if not exists ")
        }));
        assert_eq!(
            plan.items.iter().map(|item| &item.statement).collect::<Vec<_>>(),
            blueprint.statements().iter().collect::<Vec<_>>()
        );
        assert_eq!((plan.aws.trust_policy.clone(), plan.aws.notification.clone()), (None, None));
    }
}

#[test]
fn a_second_plan_finds_nothing_to_do() {
    for mode in [IngestMode::Rest, IngestMode::Auto, IngestMode::Copy] {
        for format in [Format::Parquet, Format::Csv] {
            let blueprint = Blueprint { format, ..blueprint(mode) };
            let plan = after(&blueprint, str::to_owned);
            assert_eq!(open(&plan), [], "{plan}");
            assert!(plan.is_settled());
            let trust = plan.aws.trust_policy.unwrap().to_string();
            assert!(trust.contains("user/abc") && trust.contains("ACME_SFCRole=2_x"), "{trust}");
            assert_eq!(plan.aws.notification.is_some(), mode == IngestMode::Auto);
        }
    }
}

#[test]
fn a_missing_column_is_added_and_a_changed_one_is_left_to_a_hand() {
    let blueprint = blueprint(IngestMode::Rest);
    let plan = after(&blueprint, |sql| {
        if !sql.starts_with("create table if not exists SPOTIFY.RAW.songs") {
            return sql.to_owned();
        }
        without_descriptions(sql)
            .replace("    popularity       number(10, 0),\n", "")
            .replace("duration_ms      number(10, 0)", "duration_ms      number(5, 0)")
            .replace("name             varchar", "name             varchar(10)")
            .replace("added_at         timestamp_ntz(6)", "added_at         timestamp_ntz(9)")
            .replace("row_hash         number(20, 0) not null", "row_hash         number(20, 0)")
            .replace(
                "    _loaded_at",
                "    mine varchar,\n    theirs varchar not null,\n    _loaded_at",
            )
    });
    let items = open(&plan);
    assert_eq!(items.len(), 2, "{plan}");
    let (_, name, State::Differs { changes, .. }) = items[0] else { panic!("{plan}") };
    assert_eq!(name, "SPOTIFY.RAW.SONGS");
    let changes: Vec<_> = changes
        .iter()
        .map(|it| {
            format!(
                "{}: {} -> {} | {}",
                it.what,
                it.old,
                it.new,
                it.statement.as_deref().unwrap_or("-")
            )
        })
        .collect();
    insta::assert_snapshot!(changes.join("\n"), @r#"
    column NAME: VARCHAR(10) -> VARCHAR | alter table SPOTIFY.RAW.SONGS alter column NAME set data type VARCHAR
    column ADDED_AT: TIMESTAMP_NTZ(9) -> TIMESTAMP_NTZ(6) | -
    column DURATION_MS: NUMBER(5,0) -> NUMBER(10,0) | alter table SPOTIFY.RAW.SONGS alter column DURATION_MS set data type NUMBER(10,0)
    column ROW_HASH: NUMBER(20,0) -> NUMBER(20,0) not null | alter table SPOTIFY.RAW.SONGS alter column ROW_HASH set not null
    column THEIRS: not null, and unknown to us: every file is refused -> null | alter table SPOTIFY.RAW.SONGS alter column "THEIRS" drop not null
    "#);
    assert_eq!(items[1], (Kind::Column, "SPOTIFY.RAW.SONGS.POPULARITY", &State::Missing));
    let column = plan.missing().next().unwrap();
    assert_eq!(
        column.statement,
        "alter table SPOTIFY.RAW.SONGS add column if not exists POPULARITY NUMBER(10,0)"
    );
    assert_eq!(plan.missing().count(), 1);
    assert!(!plan.is_settled());
}

#[test]
fn whatever_else_differs_is_said_and_never_replaced() {
    let blueprint = blueprint(IngestMode::Rest);
    // What is there instead, and what the plan says of which object.
    let cases = [
        ("create pipe", "skip_file", "abort_statement", Kind::Pipe, "definition"),
        ("create pipe", "raw/songs/", "raw/song/", Kind::Pipe, "definition"),
        (
            "create dynamic table",
            "extracted_at desc",
            "extracted_at asc",
            Kind::DynamicTable,
            "query",
        ),
    ];
    for (begins, shall, is, kind, what) in cases {
        let plan = after(&blueprint, |sql| {
            if sql.starts_with(begins) { sql.replace(shall, is) } else { sql.to_owned() }
        });
        let items = open(&plan);
        assert!(!items.is_empty());
        for (found, _, state) in items {
            let State::Differs { changes, .. } = state else { panic!("{plan}") };
            assert_eq!((found, changes[0].what.as_str()), (kind, what));
        }
        assert_eq!(plan.missing().count(), 0);
    }
}

#[test]
fn what_account_and_lake_objects_differ_in_is_said_with_the_statement_to_run() {
    let there = account(&blueprint(IngestMode::Rest).statements());
    let mut elsewhere = blueprint(IngestMode::Rest);
    elsewhere.prefix = "other/".to_owned();
    elsewhere.aws_role_arn = Some("arn:aws:iam::123456789012:role/new".to_owned());
    elsewhere.names.role = "OTHER_LOADER".parse().unwrap();
    let plan = Plan::new(&elsewhere, &observed(there));
    let said = plan.script();
    for wanted in [
        "alter storage integration SPOTIFY_S3 set storage_allowed_locations = ('s3://elsewhere/', 's3://lake/spotify-data/', 's3://lake/other/')",
        "alter storage integration SPOTIFY_S3 set storage_aws_role_arn = 'arn:aws:iam::123456789012:role/new'",
        "url: s3://lake/spotify-data/ -> s3://lake/other/",
        "alter user SPOTIFY_LOADER_SVC set default_role = OTHER_LOADER",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    let mut formats = account(&blueprint(IngestMode::Rest).statements());
    let question = "desc file format SPOTIFY.RAW.parquet_v1";
    formats.get_mut(question).unwrap().rows[1][2] = Some("FALSE".to_owned());
    let plan = Plan::new(&blueprint(IngestMode::Rest), &observed(formats));
    assert!(plan.to_string().contains("USE_VECTORIZED_SCANNER: FALSE -> true"), "{plan}");
}

#[test]
fn a_pipe_of_another_mode_on_the_same_folder_is_a_conflict_and_ours_is_not_made_beside_it() {
    let with_rest = account(&blueprint(IngestMode::Rest).statements());
    for mode in [IngestMode::Auto, IngestMode::Copy] {
        let plan = Plan::new(&blueprint(mode), &observed(with_rest.clone()));
        let conflicts =
            plan.items.iter().filter(|item| matches!(item.state, State::Conflict { .. }));
        assert_eq!(conflicts.count(), 8, "{plan}");
        let missing: Vec<_> = plan.missing().filter(|item| item.kind == Kind::Pipe).collect();
        assert_eq!(missing.len(), if mode == IngestMode::Auto { 8 } else { 0 });
        for pipe in missing {
            let reason = pipe.blocked_by.as_deref().unwrap();
            assert!(
                reason.contains("PARQUET_REST_V1 reads s3://lake/spotify-data/raw/"),
                "{reason}"
            );
        }
    }
    // The other format's files are other files.
    let csv = Blueprint { format: Format::Csv, ..blueprint(IngestMode::Rest) };
    let plan = Plan::new(&csv, &observed(with_rest));
    assert!(plan.items.iter().all(|item| !matches!(item.state, State::Conflict { .. })));
    assert!(
        plan.missing().filter(|item| item.kind == Kind::Pipe).all(|pipe| pipe.blocked_by.is_none())
    );
}

#[test]
fn somebodys_pipe_on_the_whole_lake_is_a_conflict_and_one_beside_it_is_not() {
    let rest = blueprint(IngestMode::Rest);
    let (mut there, mut beside) = (account(&rest.statements()), account(&rest.statements()));
    let add = |account: &mut BTreeMap<String, Rows>, definition: &str| {
        let pipes = account.get_mut("show pipes in schema SPOTIFY.RAW").unwrap();
        pipes.rows.push(vec![Some("THEIRS".to_owned()), Some(definition.to_owned()), None, None]);
    };
    add(&mut there, "COPY INTO x FROM @SPOTIFY_S3_STAGE/ FILE_FORMAT = (TYPE = parquet)");
    add(&mut beside, "COPY INTO x FROM @SPOTIFY_S3_STAGE/processed/");
    let plan = Plan::new(&rest, &observed(there));
    let items = open(&plan);
    assert_eq!(items.len(), 1, "{plan}");
    assert!(matches!(items[0], (Kind::Pipe, "SPOTIFY.RAW.THEIRS", State::Conflict { .. })));
    assert!(Plan::new(&rest, &observed(beside)).is_settled());
}

#[test]
fn what_an_admin_must_make_is_said_so_and_what_is_not_configured_is_not_tried() {
    let mut blueprint = blueprint(IngestMode::Rest);
    (blueprint.aws_role_arn, blueprint.public_key) = (None, None);
    let plan = Plan::new(&blueprint, &observed(BTreeMap::new()));
    for item in &plan.items {
        let admin = matches!(
            item.kind,
            Kind::Role | Kind::User | Kind::Warehouse | Kind::Database | Kind::Integration
        );
        assert!(!admin || item.audience == Audience::Admin, "{item}");
        let is_open = matches!(item.kind, Kind::User | Kind::Integration);
        assert_eq!(item.blocked_by.is_some(), is_open, "{item}");
    }
    let script = plan.script();
    assert!(
        script.contains(
            "-- missing   role SPOTIFY_LOADER\ncreate role if not exists SPOTIFY_LOADER;\n"
        ),
        "{script}"
    );
    // What must not be made is no statement for who pastes all of it.
    assert!(script.contains("\n-- create user if not exists"), "{script}");
    assert!(
        !script.contains("\ncreate user") && !script.contains("\n    rsa_public_key"),
        "{script}"
    );
}

#[test]
fn the_command_for_an_administrator_has_what_makes_the_integration_until_it_is_there() {
    let named = blueprint(IngestMode::Rest);
    let mut unnamed = blueprint(IngestMode::Rest);
    unnamed.aws_role_arn = None;
    let command = |plan: &Plan| {
        let said = plan.to_string();
        let (_, rest) = said.split_once("for an administrator of Snowflake (`").unwrap();
        rest.split_once('`').unwrap().0.to_owned()
    };
    let apply = "snowtrack snowflake apply --as-role ACCOUNTADMIN";
    let arn = "arn:aws:iam::123456789012:role/snowflake";
    let empty = |blueprint| Plan::new(blueprint, &observed(BTreeMap::new()));
    assert_eq!(command(&empty(&named)), format!("{apply} --aws-role-arn {arn}"));
    assert_eq!(command(&empty(&unnamed)), format!("{apply} --aws-role-arn ARN"));
    assert!(empty(&unnamed).script().contains("`--aws-role-arn ARN`"));
    assert_eq!(command(&after(&named, str::to_owned)), apply);
}

#[test]
fn what_is_printed_to_paste_is_quoted_whatever_the_bucket_or_snowflake_says() {
    let mut odd = blueprint(IngestMode::Rest);
    odd.bucket = "b'; drop stage x; --".to_owned();
    odd.prefix = "p'; drop table t; --/".to_owned();
    odd.aws_role_arn = Some("arn'\n; drop role r; --".to_owned());
    let mut there = account(&blueprint(IngestMode::Rest).statements());
    let question = "desc integration SPOTIFY_S3";
    for row in &mut there.get_mut(question).unwrap().rows {
        if row[0].as_deref() == Some("STORAGE_ALLOWED_LOCATIONS") {
            row[2] = Some("s3://it's/,s3://two\ndrop table y;/".to_owned());
        }
    }
    let pipes = there.get_mut("show pipes in schema SPOTIFY.RAW").unwrap();
    let definition = "COPY INTO x FROM @SPOTIFY_S3_STAGE/";
    pipes.rows.push(vec![
        Some("odd\"; drop x".to_owned()),
        Some(definition.to_owned()),
        None,
        None,
    ]);
    let script = Plan::new(&odd, &observed(there)).script();
    for wanted in [
        "set storage_allowed_locations = ('s3://it''s/', 's3://two",
        "'s3://b''; drop stage x; --/p''; drop table t; --/')",
        "set storage_aws_role_arn = 'arn''",
        "drop pipe SPOTIFY.RAW.\"odd\"\"; drop x\"",
    ] {
        assert!(script.contains(wanted), "{wanted}\n{script}");
    }
    // A line break inside a comment begins no statement.
    assert!(!script.lines().any(|line| line.trim_start().starts_with("drop ")), "{script}");
}

#[test]
fn what_costs_is_compared_and_snowflakes_own_choice_is_shown_with_its_reason() {
    let rest = blueprint(IngestMode::Rest);
    let there = account(&rest.statements());
    let fine = Plan::new(&rest, &observed(there.clone())).to_string();
    let shown = "fine      dynamic table SPOTIFY.CORE.SONGS: refresh incremental, lag 1 hour";
    assert!(fine.contains(shown), "{fine}");
    assert!(
        fine.contains("cost: about 0.8 credits a month with one run a day, at most about 18,"),
        "{fine}"
    );
    let mut costly = there;
    costly.get_mut("show warehouses like 'SPOTIFY_WH'").unwrap().rows[0][3] =
        Some("true".to_owned());
    let tables = costly.get_mut("show dynamic tables in schema SPOTIFY.CORE").unwrap();
    tables.columns.push(crate::snowflake::api::Column {
        name: "refresh_mode_reason".to_owned(),
        kind: "TEXT".to_owned(),
    });
    for row in &mut tables.rows {
        row.push(None);
    }
    (tables.rows[0][3], tables.rows[0][5]) =
        (Some("FULL".to_owned()), Some("too clever".to_owned()));
    tables.rows[1][4] = Some("1 minute".to_owned());
    let plan = Plan::new(&rest, &observed(costly));
    assert_eq!(
        plan.counts(),
        Counts { differing: 3, fine: plan.items.len() - 3, ..Counts::default() }
    );
    let overview = plan.to_string();
    for wanted in [
        "differs   warehouse SPOTIFY_WH: query acceleration: on -> off",
        "refresh mode: full (too clever) -> incremental",
        "target lag: 1 minute -> 1 hour",
    ] {
        assert!(overview.contains(wanted), "{wanted}\n{overview}");
    }
    let script = plan.script();
    for wanted in [
        "-- by hand: alter warehouse SPOTIFY_WH set enable_query_acceleration = false;",
        "-- by hand: create or replace dynamic table SPOTIFY.CORE.",
        "set target_lag = '1 hour';",
    ] {
        assert!(script.contains(wanted), "{wanted}\n{script}");
    }
    assert!(!script.contains("\ncreate or replace"), "{script}");
}

#[test]
fn a_pipe_of_an_older_version_is_told_as_ours() {
    let csv = Blueprint { format: Format::Csv, ..blueprint(IngestMode::Rest) };
    let older = |sql: &str| sql.replace("_V2", "_V1").replace("csv_v2", "csv_v1");
    let there = account(&csv.statements().iter().map(|sql| older(sql)).collect::<Vec<_>>());
    let overview = Plan::new(&csv, &observed(there)).to_string();
    assert!(
        overview.contains("SONGS_CSV_REST_V1 reads")
            && overview.contains("ours in another version"),
        "{overview}"
    );
}

#[test]
fn what_the_role_may_not_see_is_not_taken_for_missing() {
    let mut seen = Observed::default();
    let there = account(&blueprint(IngestMode::Rest).statements());
    for question in Observed::questions(&Names::default()) {
        let answer = match question.as_str() {
            "desc integration SPOTIFY_S3"
            | "show grants of role SPOTIFY_LOADER"
            | "show grants to role SPOTIFY_LOADER" => Err(failure("003001", "42501")),
            // It lists neither roles nor users, but it is who asks.
            "show roles like 'SPOTIFY_LOADER'" | "show users like 'SPOTIFY_LOADER_SVC'" => {
                Ok(Rows::default())
            }
            _ if question.starts_with("select current_user()") => Ok(rows(
                &["USER_NAME", "ROLE_NAME"],
                &[row(&["SPOTIFY_LOADER_SVC", "SPOTIFY_LOADER"])],
            )),
            _ => Ok(there.get(&question).cloned().unwrap_or_default()),
        };
        seen.note(question, answer).unwrap();
    }
    let plan = Plan::new(&blueprint(IngestMode::Rest), &seen);
    assert_eq!(plan.missing().count(), 0, "{plan}");
    assert!(
        plan.is_settled()
            && plan
                .to_string()
                .contains("unseen    storage integration SPOTIFY_S3: said Snowflake"),
        "{plan}"
    );
}

#[test]
fn an_answer_that_is_none_stops_the_plan() {
    let mut seen = Observed::default();
    assert!(seen.note("show roles".to_owned(), Err(failure("390189", "08004"))).is_err());
    assert!(seen.note("desc x".to_owned(), Err(failure("002003", "02000"))).is_ok());
}

#[test]
fn an_owner_needs_no_grant_on_what_it_owns() {
    let rest = blueprint(IngestMode::Rest);
    let mut there = account(&rest.statements());
    let grants = there.get_mut("show grants to role SPOTIFY_LOADER").unwrap();
    grants.rows.retain(|cells| cells[1].as_deref() != Some("TABLE"));
    let without = Plan::new(&rest, &observed(there.clone()));
    assert_eq!(without.missing().count(), 8, "{without}");
    let grants = there.get_mut("show grants to role SPOTIFY_LOADER").unwrap();
    for table in Table::ALL {
        let name = format!("SPOTIFY.RAW.{}", table.name().to_ascii_uppercase());
        grants
            .rows
            .push([Some("OWNERSHIP".to_owned()), Some("TABLE".to_owned()), Some(name)].into());
    }
    assert!(Plan::new(&rest, &observed(there)).is_settled());
}

#[test]
fn our_own_statements_are_read_back_in_full() {
    for mode in [IngestMode::Rest, IngestMode::Auto] {
        for statement in blueprint(mode).statements() {
            assert!(created(&statement).is_some() != granted(&statement).is_some(), "{statement}");
        }
    }
    let grant = granted("grant operate, monitor on pipe A.B.C to role R").unwrap();
    assert_eq!(
        (grant.privileges, grant.on.as_str(), grant.object.as_str()),
        (vec!["OPERATE".to_owned(), "MONITOR".to_owned()], "PIPE", "A.B.C")
    );
    let format = created("create file format if not exists A.B.csv_v1\n    type = csv").unwrap();
    assert_eq!(format, (Kind::FileFormat, "A.B.CSV_V1".to_owned()));
}

#[test]
fn equal_statements_are_equal_texts_and_strings_keep_their_case() {
    assert_eq!(
        normal("COPY INTO \"A\".b\n  FROM @s/x/ PATTERN = '.*[.]Csv  X' ( a ,b );"),
        "copy into a.b from @s/x/ pattern='.*[.]Csv  X'(a,b)"
    );
}
