//! Not before which moment a job may be handed out.

use chrono::{DateTime, Utc};

use super::Invalid;

/// A moment in epoch seconds, as a producer gave it. Whether it lies in the future is for
/// the database to say: it owns the clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunAfter(f64);

impl RunAfter {
    /// 9999-12-31T23:59:59Z, the last second that every client library can show.
    pub const MAX: f64 = 253_402_300_799.0;

    /// Reads epoch seconds, a fraction allowed. `None` for empty text, zero and moments
    /// before 1970: the job is not delayed.
    pub fn parse_epoch(text: &str) -> Result<Option<Self>, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds <= Self::MAX => Ok((seconds > 0.0).then_some(Self(seconds))),
            _ => Err(Invalid("a delay is given in seconds since 1970-01-01T00:00:00Z")),
        }
    }

    /// To the microsecond, as the database keeps it.
    #[expect(clippy::cast_possible_truncation, reason = "bounded by MAX")]
    pub fn at(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros((self.0 * 1e6).round() as i64).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_a_finite_number_and_zero_is_no_delay() {
        let seconds = |text| RunAfter::parse_epoch(text).map(|at| at.map(|at| at.0));
        assert_eq!(seconds("1273923534"), Ok(Some(1_273_923_534.0)));
        assert_eq!(seconds("1273923534.25"), Ok(Some(1_273_923_534.25)));
        assert_eq!(seconds("1e9"), Ok(Some(1e9)));
        for none in ["", " ", "0", "-5", "0.0"] {
            assert_eq!(seconds(none), Ok(None), "{none:?}");
        }
        for bad in ["tomorrow", "1x", "NaN", "inf", "-inf", "1e300", "0x10", "1,5"] {
            assert!(seconds(bad).is_err(), "{bad:?}");
        }
    }
}
