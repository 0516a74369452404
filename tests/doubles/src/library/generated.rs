//! An invented library with every dirty row that Spotify was seen to give; the same seed gives the same library.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    AddedAt, AddedBy, Album, Artist, Content, DurationMs, Episode, LONE_SURROGATE, Library,
    Playlist, Row, Track, spotify_id,
};

/// SplitMix64: small, seeded, the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64)
            .expect("a remainder of a usize fits a usize")
    }
}

/// What a generated row can be; the first rows of a library are these in turn, later ones are mostly tracks.
#[derive(Clone, Copy)]
enum Kind {
    Track,
    Repeated,
    Local,
    EmptyLocal,
    Episode,
    EpisodeAsTrack,
    Chapter,
    Removed,
    NullRow,
    TakenDown,
}

const KINDS: [Kind; 10] = [
    Kind::Track,
    Kind::Repeated,
    Kind::Local,
    Kind::Episode,
    Kind::EpisodeAsTrack,
    Kind::Chapter,
    Kind::Removed,
    Kind::NullRow,
    Kind::TakenDown,
    Kind::EmptyLocal,
];

/// Names that broke somebody's exporter.
const ODD_NAMES: [&str; 12] = [
    "🎸👩‍🚀 Étude №5",
    "שלום עולם (remix)",
    "\u{202e}drawkcab\u{202c}",
    "Cafe\u{301} del Mare",
    "She said \"no\", 'twice'",
    "line one\nline two\r\n\tthree",
    "C:\\new\\table\\u0041",
    "nul\u{0}inside",
    "half \u{F8FF} emoji",
    "comma, semicolon; pipe| \\N",
    " leading and trailing ",
    "𝒻𝒶𝓃𝒸𝓎 \u{1f} unit",
];
const RELEASES: [Option<&str>; 9] = [
    Some("2019-05-17"),
    Some("1998"),
    Some("2003-11"),
    Some("0000"),
    None,
    Some("2024-02-29"),
    Some("1971-08-01"),
    Some("2012"),
    Some("2025-12-05"),
];
const ALBUM_TYPES: [Option<&str>; 6] =
    [Some("album"), Some("single"), Some("compilation"), None, Some("ep"), Some("album")];
const SYLLABLES: [&str; 16] = [
    "ba", "ru", "mi", "zo", "ten", "lo", "qui", "sha", "vel", "or", "ny", "pe", "dra", "fu", "gle",
    "wix",
];
const GENRES: [&str; 5] =
    ["dream polka", "slow techno", "harbour jazz", "r&b", "chanson à l'envers"];

impl Library {
    /// `playlists` playlists of `rows_per_playlist` rows each: mostly the user's own, every fifth shared by a friend who lets
    /// the user add, every seventh only followed. Every kind of dirt is among the first thirty rows.
    pub fn generated(seed: u64, playlists: usize, rows_per_playlist: usize) -> Self {
        let mut random = Random::new(seed);
        let mut library = Self::new("ada.listens");
        let track_count = (playlists * rows_per_playlist * 3 / 5).max(45);
        let catalogue = library.invent_catalogue(seed, track_count, &mut random);
        let mut row_number = 0;
        for number in 0..playlists {
            let id = spotify_id(seed.wrapping_mul(1_000_003) + 1_000_000_000 + number as u64);
            let rows: Vec<_> = (0..rows_per_playlist)
                .map(|_| catalogue.row(&mut row_number, &mut random))
                .collect();
            library = library.with_playlist(playlist(number, &id, &mut random).with_rows(rows));
        }
        library.listed.insert(library.listed.len().min(1), None);
        let liked = (0..rows_per_playlist / 2).map(|n| {
            let mut row = catalogue.track_row(random.below(track_count));
            row.added_at =
                AddedAt::At(format!("2021-{:02}-{:02}T10:00:00Z", 1 + n % 12, 1 + n % 28));
            row
        });
        let liked: Vec<_> = liked.collect();
        library.with_liked(liked)
    }

    fn invent_catalogue(
        &mut self,
        seed: u64,
        track_count: usize,
        random: &mut Random,
    ) -> Catalogue {
        let base = seed.wrapping_mul(1_000_003);
        let ids = |offset: u64, count: usize| -> Vec<String> {
            (0..count as u64).map(|n| spotify_id(base.wrapping_add(offset + n))).collect()
        };
        let artists = ids(0, track_count / 3 + 2);
        for (number, id) in artists.iter().enumerate() {
            let mut artist = Artist::new(id, &name(number, random));
            artist.genres = match number % 3 {
                0 => None,
                1 => Some(Vec::new()),
                _ => Some((0..=number % 4).map(|n| GENRES[(number + n) % 5].to_owned()).collect()),
            };
            self.artists.insert(id.clone(), artist);
        }
        let albums = ids(200_000_000, track_count / 4 + 2);
        for (number, id) in albums.iter().enumerate() {
            let mut album =
                Album::new(id, &name(number + 3, random), &artists[random.below(artists.len())]);
            album.release_date = RELEASES[number % RELEASES.len()].map(str::to_owned);
            album.album_type = ALBUM_TYPES[number % ALBUM_TYPES.len()].map(str::to_owned);
            album.total_tracks = 1 + u32::try_from(random.below(20)).unwrap_or(0);
            self.albums.insert(id.clone(), album);
        }
        let tracks = ids(400_000_000, track_count);
        for (number, id) in tracks.iter().enumerate() {
            let album = &albums[random.below(albums.len())];
            let track = invent_track(number, id, album, &artists, random);
            self.tracks.insert(id.clone(), track);
        }
        let taken_down = ids(600_000_000, 3);
        for id in &taken_down {
            let mut track = Track::new(id, "", &albums[0], &artists[0]);
            track.duration_ms = DurationMs::Integer(0);
            track.popularity = Some(0);
            self.tracks.insert(id.clone(), track);
        }
        let episodes = ids(700_000_000, 6);
        for (number, id) in episodes.iter().enumerate() {
            let show = spotify_id(base.wrapping_add(800_000_000 + number as u64 / 2));
            self.episodes.insert(
                id.clone(),
                Episode::new(id, &name(number, random), &show, "Two Invented Hosts"),
            );
        }
        Catalogue { tracks, taken_down, episodes }
    }
}

fn invent_track(
    number: usize,
    id: &str,
    album: &str,
    artists: &[String],
    random: &mut Random,
) -> Track {
    let mut track =
        Track::new(id, &name(number + 5, random), album, &artists[random.below(artists.len())]);
    for _ in 0..number % 3 {
        let guest = &artists[random.below(artists.len())];
        if !track.artist_ids.contains(guest) {
            track.artist_ids.push(guest.clone());
        }
    }
    let milliseconds = 30_000 + u32::try_from(random.below(570_000)).unwrap_or(0);
    track.duration_ms = match number % 8 {
        3 => DurationMs::Float(milliseconds),
        _ => DurationMs::Integer(milliseconds),
    };
    track.popularity = match number % 10 {
        0 => None,
        1 => Some(0),
        2 => Some(100),
        _ => u8::try_from(random.below(101)).ok(),
    };
    track.is_explicit = number.is_multiple_of(4);
    if number % 6 == 1 {
        // Keys of tomorrow, with names that mean something elsewhere.
        track.extra = BTreeMap::from([(
            "canvas_2027".to_owned(),
            json!({"id": "not-an-id", "items": [{"track": null}, 1.5, "\\"]}),
        )]);
    }
    track
}

fn playlist(number: usize, id: &str, random: &mut Random) -> Playlist {
    let name = name(number, random);
    match number {
        _ if number % 5 == 4 => {
            Playlist::new(id, &name, "friend.with.dots").with_collaborator("ada.listens")
        }
        _ if number % 7 == 6 => Playlist::new(id, &name, "some_curator"),
        _ => Playlist::new(id, &name, "ada.listens")
            .with_public([Some(true), Some(false), None][number % 3]),
    }
}

fn name(number: usize, random: &mut Random) -> String {
    if number % 3 == 2 {
        return format!("{} {number}", ODD_NAMES[number / 3 % ODD_NAMES.len()]);
    }
    let word = |random: &mut Random| -> String {
        (0..2 + random.below(2)).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect()
    };
    format!("{} {} {number}", word(random), word(random))
}

/// What rows can be made of.
struct Catalogue {
    tracks: Vec<String>,
    taken_down: Vec<String>,
    episodes: Vec<String>,
}

impl Catalogue {
    fn track_row(&self, number: usize) -> Row {
        Row::track(&self.tracks[number % self.tracks.len()])
    }

    fn row(&self, row_number: &mut usize, random: &mut Random) -> Row {
        let number = *row_number;
        *row_number += 1;
        let kind = match KINDS.get(number) {
            Some(kind) => *kind,
            None if random.below(100) < 88 => Kind::Track,
            None => KINDS[random.below(KINDS.len())],
        };
        let episode = self.episodes[random.below(self.episodes.len())].clone();
        let mut row = match kind {
            Kind::Track => self.track_row(if number < self.tracks.len() {
                number
            } else {
                random.below(usize::MAX)
            }),
            Kind::Repeated => self.track_row(0),
            Kind::Local => {
                Row::local("Fugu (Live) & Co.", "Tape: 3%", &format!("Größe, \"{number}\""), 273)
            }
            Kind::EmptyLocal => Row::local("", "", "Title", 520),
            Kind::Episode => Row::new(Content::Episode(episode)),
            Kind::EpisodeAsTrack => Row::new(Content::EpisodeAsTrack(episode)),
            Kind::Chapter => Row::new(Content::Chapter(episode)),
            Kind::Removed => Row::removed(),
            Kind::NullRow => Row::null(),
            Kind::TakenDown => Row::track(&self.taken_down[random.below(self.taken_down.len())]),
        };
        row.added_at = match number % 17 {
            3 => AddedAt::Epoch,
            7 => AddedAt::Absent,
            11 => AddedAt::Empty,
            13 => AddedAt::Null,
            _ => AddedAt::At(format!(
                "20{:02}-{:02}-{:02}T{:02}:{:02}:59Z",
                8 + random.below(17),
                1 + random.below(12),
                1 + random.below(28),
                random.below(24),
                random.below(60)
            )),
        };
        row.added_by = match number % 13 {
            2 => AddedBy::Null,
            5 => AddedBy::EmptyId,
            9 => AddedBy::Absent,
            12 => AddedBy::User("friend.with.dots".to_owned()),
            _ => AddedBy::Owner,
        };
        if number % 11 == 4 {
            row.extra =
                BTreeMap::from([("item_state".to_owned(), json!({"track": false, "uri": "x"}))]);
        }
        row
    }
}

const _: () = assert!(LONE_SURROGATE == '\u{F8FF}', "ODD_NAMES spells it out");
