//! Where a body was split into envelope and rows, so that it can be joined again byte for byte.

use super::document::Parts;

/// What lies between the rows of a body, and where they stood in its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joints {
    /// Bytes of the envelope before the rows.
    pub(crate) rows_at: u32,
    /// Rows that were cut out.
    pub(crate) row_count: u32,
    /// The text between two rows where it is the same everywhere (it nearly always is), else each of them, joined with `|`:
    /// JSON allows only a comma and white space there.
    pub(crate) row_gaps: String,
}

impl Joints {
    /// Where `parts` were cut out of `body`.
    pub(crate) fn of(body: &str, parts: &Parts<'_>) -> Self {
        let rows = parts.rows.as_deref().unwrap_or_default();
        // The rows are slices of the body, so their addresses say where they lie in it.
        let start = |row: &str| row.as_ptr() as usize - body.as_ptr() as usize;
        let gap = |pair: &[&'_ str]| &body[start(pair[0]) + pair[0].len()..start(pair[1])];
        let mut gaps: Vec<&str> = rows.windows(2).map(gap).collect();
        if gaps.windows(2).all(|pair| pair[0] == pair[1]) {
            gaps.truncate(1);
        }
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Self {
            rows_at: count(parts.envelope[0].len()),
            row_count: count(rows.len()),
            row_gaps: gaps.join("|"),
        }
    }

    /// The body again; `None` where envelope and joints do not belong together.
    pub(crate) fn rejoin(&self, envelope: &str, rows: &[String]) -> Option<String> {
        let rows_at = usize::try_from(self.rows_at).ok()?;
        let (head, tail) = (envelope.get(..rows_at)?, envelope.get(rows_at..)?);
        let gaps: Vec<&str> = self.row_gaps.split('|').collect();
        let mut body = head.to_owned();
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                body.push_str(if gaps.len() == 1 { gaps[0] } else { gaps.get(at - 1)? });
            }
            body.push_str(row);
        }
        body.push_str(tail);
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Subject;
    use crate::sources::document::{Document, Entity};

    #[test]
    fn a_body_is_put_together_again_byte_for_byte() {
        for body in [
            r#"{"items":[],"total":0}"#,
            r#"{"items":[{"a":"ä|]"}],"total":1}"#,
            r#"{"items":[1,null,3],"total":3}"#,
            "{\n  \"items\" : [ {\n \"a\" : 1 }, null, 3 ],\n  \"total\" : 3\n}\n",
            "{\"items\":[1,2 ,\n3\t,4],\"total\":3}",
            r#"{"items":[1 , 2,3],"total":3}"#,
        ] {
            let document = Document {
                entity: Entity::PlaylistItems,
                subject: Subject::LikedSongs(None),
                url: String::new(),
                fetched_at: chrono::DateTime::UNIX_EPOCH,
                etag: None,
                body: body.to_owned(),
            };
            let parts = document.parts().unwrap();
            let rows: Vec<String> =
                parts.rows.iter().flatten().map(|row| (*row).to_owned()).collect();
            let joints = Joints::of(&document.body, &parts);
            assert_eq!(joints.rejoin(&parts.envelope.concat(), &rows).as_deref(), Some(body));
        }
    }

    #[test]
    fn a_gap_that_is_the_same_everywhere_is_kept_once() {
        let document = Document {
            entity: Entity::PlaylistItems,
            subject: Subject::LikedSongs(None),
            url: String::new(),
            fetched_at: chrono::DateTime::UNIX_EPOCH,
            etag: None,
            body: r#"{"items":[1, 2, 3, 4]}"#.to_owned(),
        };
        let joints = Joints::of(&document.body, &document.parts().unwrap());
        assert_eq!(joints, Joints { rows_at: 10, row_count: 4, row_gaps: ", ".to_owned() });
        assert_eq!(joints.rejoin("short", &[]), None);
    }
}
