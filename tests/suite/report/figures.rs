//! The figures of the page against counts of the shipped rows, made here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use serde_json::Value;

use super::page::Element;
use super::section;
use crate::support::World;

/// The sentence of a chart.
pub(super) fn finding(page: &Element, title: &str) -> String {
    let charts = page.named("figure").into_iter();
    let found = charts.clone().find(|it| it.named("h3")[0].text() == title);
    found.unwrap_or_else(|| panic!("no chart `{title}`")).named("desc")[0].text()
}

/// The cells of a chart's table.
pub(super) fn rows(page: &Element, title: &str) -> Vec<Vec<String>> {
    let charts = page.named("figure").into_iter();
    let chart = charts.clone().find(|it| it.named("h3")[0].text() == title).unwrap();
    let rows = chart.named("tbody")[0].named("tr").into_iter();
    rows.map(|row| row.elements().map(Element::text).collect()).collect()
}

fn texts(rows: &Value, column: &str) -> Vec<Option<String>> {
    rows.as_array().unwrap().iter().map(|row| row[column].as_str().map(str::to_owned)).collect()
}

fn day(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(&text[..19], "%Y-%m-%d %H:%M:%S").unwrap()
}

#[test]
fn the_figures_are_those_of_the_shipped_rows() {
    let world = World::new();
    assert_eq!(world.report(&["--demo"]).0, 0);
    let (code, second) = world.report(&["--demo"]);
    assert_eq!(code, 0);
    let page = super::page(&world, "data");
    let current = world.query(
        "select i.playlist_id, p.name, i.song_id, i.added_at, i.added_by, i.item_kind from core.playlist_songs i
         join core.playlists p on p.id = i.playlist_id and p.snapshot_id = i.snapshot_id",
    );
    key_figures_are_right(&world, &page, &current);
    changes_are_as_reported(&page, &second);
    weeks_are_right(&world, &page);
    hours_are_right(&page, &current);
    lists_are_right(&page, &current);
    the_last_run_is_told(&page, &second);
}

fn key_figures_are_right(world: &World, page: &Element, current: &Value) {
    let songs: BTreeSet<String> = texts(current, "song_id").into_iter().flatten().collect();
    let tiles = page.named("header")[0].text();
    let known = world.query("select count(*) as n from core.songs")[0]["n"].as_u64().unwrap();
    let lists = world.query("select count(*) as n from core.playlists")[0]["n"].as_u64().unwrap();
    assert!(tiles.contains(&format!("Songs{}of {known} ever seen", songs.len())), "{tiles}");
    assert!(
        tiles.contains(&format!("Playlists{lists}{} rows", current.as_array().unwrap().len())),
        "{tiles}"
    );
}

/// What changed, as the second run reported it.
fn changes_are_as_reported(page: &Element, second: &Value) {
    let reported = second["playlists"].as_array().unwrap();
    let count = |key: &str| reported.iter().filter_map(|it| it[key].as_u64()).sum::<u64>();
    let (added, removed) = (count("added_song_count"), count("removed_song_count"));
    assert!(added > 0 && removed > 0);
    let told = rows(page, "Songs that came and went");
    let sum =
        |column: usize| told.iter().map(|row| row[column].parse::<u64>().unwrap()).sum::<u64>();
    assert_eq!((sum(1), sum(2)), (added, removed));
    let changed: Vec<&str> = told.iter().map(|row| row[0].as_str()).collect();
    let listed = section(page, "What changed");
    let named = listed.named("h3").into_iter().map(Element::text).collect::<Vec<_>>();
    assert!(
        changed.iter().all(|name| named.iter().any(|it| it == name)),
        "{changed:?} in {named:?}"
    );
    let entries = listed.named("li").into_iter().map(Element::text);
    let marked = entries.filter(|it| it.contains("added: ") || it.contains("removed: ")).count();
    assert_eq!(marked as u64, added + removed);
}

/// The weeks of additions, over all snapshots that were read.
fn weeks_are_right(world: &World, page: &Element) {
    let all = world.query("select distinct playlist_id, song_id, added_at from core.playlist_songs where song_id is not null and added_at is not null");
    let mut weeks: BTreeMap<NaiveDate, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in all.as_array().unwrap() {
        let at = day(row["added_at"].as_str().unwrap()).date();
        let monday = at - chrono::Duration::days(at.weekday().num_days_from_monday().into());
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        weeks.entry(monday).or_default().insert((text("playlist_id"), text("song_id")));
    }
    let last = *weeks.last_key_value().unwrap().0;
    weeks.retain(|week, _| *week > last - chrono::Duration::days(728));
    let weekly = rows(page, "Songs added by week");
    let wanted: Vec<Vec<String>> = weeks
        .iter()
        .rev()
        .map(|(week, songs)| vec![week.format("%-d %B %Y").to_string(), songs.len().to_string()])
        .collect();
    assert_eq!(weekly, wanted);
    let most = weeks.values().map(BTreeSet::len).max().unwrap();
    let words = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
        "Eleven", "Twelve",
    ];
    let told = finding(page, "Songs added by week");
    let count = words.get(most).map_or_else(|| most.to_string(), |word| (*word).to_owned());
    assert!(told.starts_with(&format!("{count} songs")), "{told}");
}

fn hours_are_right(page: &Element, current: &Value) {
    let mut hours = vec![vec![0_u64; 8]; 24];
    let mut seen = BTreeSet::new();
    for row in current.as_array().unwrap() {
        let (Some(song), Some(at)) = (row["song_id"].as_str(), row["added_at"].as_str()) else {
            continue;
        };
        let at = day(at);
        let weekday = at.weekday().number_from_monday() as usize;
        let cell = (row["playlist_id"].to_string(), weekday, at.hour(), song.to_owned());
        if seen.insert(cell) {
            hours[at.hour() as usize][weekday] += 1;
        }
    }
    for (hour, row) in rows(page, "When songs are added").iter().enumerate() {
        assert_eq!(row[0], format!("{hour:02}"));
        let counts: Vec<u64> = row[1..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(counts, hours[hour][1..], "hour {hour}");
    }
}

/// Rows that cannot be played, and the longest lists.
fn lists_are_right(page: &Element, current: &Value) {
    let removed =
        texts(current, "item_kind").into_iter().flatten().filter(|it| it == "removed").count();
    let told = rows(page, "Rows that cannot be played");
    assert_eq!(told.iter().map(|row| row[1].parse::<usize>().unwrap()).sum::<usize>(), removed);
    let mut by_list: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in current.as_array().unwrap() {
        let songs = by_list.entry(row["name"].as_str().unwrap().to_owned()).or_default();
        songs.extend(row["song_id"].as_str().map(str::to_owned));
    }
    for row in rows(page, "Rows by playlist") {
        let songs = by_list.get(&row[0]).map_or(0, BTreeSet::len);
        assert_eq!(row[1], songs.to_string(), "{}", row[0]);
    }
}

/// The last run by its whole id, how the runs ended, and what was checked.
fn the_last_run_is_told(page: &Element, second: &Value) {
    let run_id = second["run_id"].as_str().unwrap();
    assert!(section(page, "Load proof").text().contains(run_id));
    let told = finding(page, "Runs by day");
    assert!(told.starts_with("Two runs on "), "{told}");
    assert!(told.ends_with(": 2 ended well, none failed or was refused."), "{told}");
    let checks = second["checks"].as_array().unwrap();
    let passed = checks.iter().filter(|it| it["status"] == "pass").count();
    let told = finding(page, "Checks by table");
    assert!(told.starts_with(&format!("{passed} checks of {}", checks.len())), "{told}");
}
