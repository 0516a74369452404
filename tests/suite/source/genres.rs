//! `--genres FILE.csv`: genres from elsewhere, for apps that Spotify gives none.

use serde_json::{Value, json};

use crate::support::World;

/// A list of three songs by three artists.
fn world() -> World {
    let world = World::new();
    write_list(&world, "list", 1, &["a1", "a2", "a3"]);
    assert_eq!(world.report(&["--from-dir", "list"]).0, 0);
    world
}

fn write_list(world: &World, folder: &str, version: u32, artists: &[&str]) {
    let rows: Vec<Value> = artists
        .iter()
        .map(|artist| {
            json!({
                "added_at": "2020-01-02T03:04:05Z",
                "item": {
                    "id": format!("s-{artist}"), "uri": format!("spotify:track:s-{artist}"), "name": "A song",
                    "duration_ms": 1000, "album": {"id": "l1", "name": "An album", "release_date": "2001"},
                    "artists": [{"id": artist, "name": format!("Artist {artist}")}]
                }
            })
        })
        .collect();
    let playlist = json!({
        "id": "p1", "type": "playlist", "name": "A list", "snapshot_id": format!("v{version}"),
        "public": true, "collaborative": false, "owner": {"id": "owner"},
        "items": {
            "href": "https://api.spotify.com/v1/playlists/p1/items?offset=0&limit=100",
            "items": rows, "limit": 100, "next": null, "offset": 0, "total": rows.len()
        }
    });
    world.write(&format!("{folder}/p.json"), &playlist.to_string());
}

fn genres(world: &World) -> Vec<String> {
    let rows =
        world.query("select artist_id || '=' || genre as pair from core.genres order by pair");
    rows.as_array().unwrap().iter().map(|row| row["pair"].as_str().unwrap().to_owned()).collect()
}

fn shipped(report: &Value, table: &str) -> u64 {
    let files = report["files"].as_array().unwrap().iter();
    files.filter(|file| file["table"] == table).map(|it| it["row_count"].as_u64().unwrap()).sum()
}

#[test]
fn a_file_alone_lands_where_no_playlist_changed_and_the_same_again_ships_nothing() {
    let world = world();
    world.write(
        "g.csv",
        "\u{feff}artist_id,genre\r\na1,indie folk\r\na1,\"rock, \"\"soft\"\"\"\r\na2,jazz\r\na2,jazz\r\nzz,pop\r\n",
    );
    let (code, report) = world.report(&["--genres", "g.csv"]);
    assert_eq!((code, &report["status"]), (0, &json!("exported")), "{report}");
    let wanted = ["a1=indie folk", "a1=rock, \"soft\"", "a2=jazz"];
    assert_eq!(genres(&world), wanted);
    assert_eq!(shipped(&report, "genres"), 3);
    assert_eq!(report["files"].as_array().unwrap().len(), 1, "{report}");
    let notes = report["notes"].to_string();
    assert!(notes.contains("1 of the artists in the file of genres"), "{notes}");
    // The same again, by itself and beside a source; and none.
    for arguments in [
        &["--genres", "g.csv"][..],
        &["--from-dir", "list", "--genres", "g.csv"],
        &["--from-dir", "list"],
    ] {
        let (code, report) = world.report(arguments);
        assert_eq!((code, &report["status"]), (0, &json!("unchanged")), "{report}");
        assert_eq!(genres(&world), wanted);
    }
}

#[test]
fn bad_rows_are_named_by_their_line_and_the_good_ones_land() {
    let world = world();
    world.write("g.csv", "artist_id,genre\na1,rock\n,pop\na2\n\na2,soul,funk\na3,\na3,ska\n");
    let output = world.run(&["run", "--genres", "g.csv"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for wanted in [
        "g.csv, line 3: no artist_id",
        "g.csv, line 4: 1 column instead of 2",
        "g.csv, line 6: 3 columns instead of 2",
        "g.csv, line 7: no genre",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert_eq!(genres(&world), ["a1=rock", "a3=ska"]);
    // Only bad ones: nothing lands, and nothing is wrong with the run.
    world.write("bad.csv", "artist_id,genre\na1\n");
    let (code, report) = world.report(&["--genres", "bad.csv"]);
    assert_eq!((code, &report["status"]), (0, &json!("unchanged")), "{report}");
    assert_eq!(report["skipped_documents"], json!(["bad.csv, line 2: 1 column instead of 2"]));
}

#[test]
fn an_artist_who_is_not_known_yet_has_genres_once_the_file_is_given_again() {
    let world = world();
    world.write("g.csv", "artist_id,genre\na1,rock\na9,ska\n");
    assert_eq!(world.report(&["--genres", "g.csv"]).0, 0);
    assert_eq!(genres(&world), ["a1=rock"]);
    write_list(&world, "later", 2, &["a1", "a9"]);
    assert_eq!(world.report(&["--from-dir", "later"]).0, 0);
    assert_eq!(genres(&world), ["a1=rock"]);
    let (code, report) = world.report(&["--genres", "g.csv"]);
    assert_eq!((code, shipped(&report, "genres")), (0, 1), "{report}");
    assert_eq!(genres(&world), ["a1=rock", "a9=ska"]);
    // Known by the very run.
    let world = World::new();
    write_list(&world, "list", 1, &["a1"]);
    world.write("g.csv", "artist_id,genre\na1,rock\n");
    assert_eq!(world.report(&["--from-dir", "list", "--genres", "g.csv"]).0, 0);
    assert_eq!(genres(&world), ["a1=rock"]);
}

#[test]
fn what_spotify_gives_and_what_a_file_gives_stand_side_by_side() {
    let world = world();
    let artist = |genres: Value| json!({"artists": [{"id": "a1", "name": "Artist a1", "type": "artist", "genres": genres}]});
    world.write("given/artists.json", &artist(json!(["folk", "rock"])).to_string());
    world.write("g.csv", "artist_id,genre\na1,rock\na1,ska\n");
    assert_eq!(world.report(&["--from-dir", "given"]).0, 0);
    assert_eq!(genres(&world), ["a1=folk", "a1=rock"]);
    let (_, report) = world.report(&["--genres", "g.csv"]);
    assert_eq!(genres(&world), ["a1=folk", "a1=rock", "a1=ska"]);
    // An artist's genres in Snowflake are those as old as the newest: all three go again.
    assert_eq!(shipped(&report, "genres"), 3);
    // Spotify gives none any more: what the file gave stays.
    world.write("none/artists.json", &artist(json!([])).to_string());
    assert_eq!(world.report(&["--from-dir", "none"]).0, 0);
    assert_eq!(genres(&world), ["a1=rock", "a1=ska"]);
}

#[test]
fn no_file_and_another_header_are_refused_before_anything_is_read() {
    let world = world();
    let before = world.query("select count(*) as n from operations.runs");
    world.write("g.csv", "artist,genre\na1,rock\n");
    for (name, wanted) in
        [("g.csv", "its first line is not `artist_id,genre`"), ("none.csv", "No such file")]
    {
        let output = world.run(&["run", "--demo", "--genres", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(name) && said.contains(wanted), "{said}");
    }
    assert_eq!(world.query("select count(*) as n from operations.runs"), before);
}

#[test]
fn a_plan_foresees_the_file_and_lands_nothing() {
    let world = world();
    world.write("g.csv", "artist_id,genre\na1,rock\n");
    let output = world.run(&["--json", "plan", "--genres", "g.csv"]);
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["file_count"], json!(1), "{plan}");
    assert_eq!(genres(&world), Vec::<String>::new());
    assert_eq!(world.report(&["--genres", "g.csv"]).1["files"].as_array().unwrap().len(), 1);
}
