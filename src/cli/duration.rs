//! Spans of time on the command line.

use std::time::Duration;

use super::exit::Error;

/// `30s`, `10m`, `2h` or `7d`.
pub(super) fn duration(raw: &str) -> Result<Duration, String> {
    let wanted = || {
        format!(
            "`{raw}` is no duration: wanted a whole number and its unit, such as `30s`, `10m`, `2h` or `7d`"
        )
    };
    let (number, unit) =
        raw.split_at(raw.find(|it: char| !it.is_ascii_digit()).ok_or_else(wanted)?);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wanted()),
    };
    let number: u64 = number.parse().map_err(|_| wanted())?;
    // A century: whatever adds it to a time of day stays within what a time can say.
    let longest = 100 * 366 * 86_400;
    let whole = number.checked_mul(seconds).filter(|seconds| *seconds <= longest);
    whole.map(Duration::from_secs).ok_or_else(|| format!("`{raw}` is longer than a century"))
}

/// A query's time, which must be some.
pub(super) fn some(timeout: Duration) -> Result<(), Error> {
    match timeout.is_zero() {
        true => Err(Error::Usage(
            "`--timeout 0s` leaves no time for a query: give at least `1s`".to_owned(),
        )),
        false => Ok(()),
    }
}

/// A span as a person says it: its two largest units, `1d 2h`.
pub(super) fn words(duration: Duration) -> String {
    let mut left = duration.as_secs();
    let mut parts = Vec::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = left / seconds;
        left %= seconds;
        if 0 < count && parts.len() < 2 {
            parts.push(format!("{count}{unit}"));
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (seconds, told) in
            [(0, "0s"), (59, "59s"), (93_600, "1d 2h"), (3_661, "1h 1m"), (86_401, "1d 1s")]
        {
            assert_eq!(words(Duration::from_secs(seconds)), told);
        }
    }

    #[test]
    fn a_duration_is_a_number_and_its_unit() {
        for (raw, seconds) in [("0s", 0), ("30s", 30), ("10m", 600), ("2h", 7_200), ("7d", 604_800)]
        {
            assert_eq!(duration(raw), Ok(Duration::from_secs(seconds)));
        }
        for raw in [
            "",
            "30",
            "s",
            "-1s",
            "1.5h",
            "10 m",
            "1h30m",
            "10M",
            "5ms",
            "99999999999999d",
            "9999999999999999999999s",
        ] {
            assert!(duration(raw).unwrap_err().contains(&format!("`{raw}`")), "{raw}");
        }
    }
}
