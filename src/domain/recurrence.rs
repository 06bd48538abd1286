//! When a schedule is due: cron expressions in a time zone, and what becomes of missed times.

use chrono::{DateTime, Duration, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::Invalid;

/// The most due times that are fired at once after an outage.
pub const CATCH_UP_MAX: usize = 1000;

/// A due time that is noticed later than this was missed: no server ran, or the database was away.
const MISSED_AFTER: Duration = Duration::seconds(10);

/// The longest expression, in bytes.
const EXPRESSION_MAX: usize = 256;

/// A rule that says when.
#[derive(Debug)]
pub struct Recurrence {
    rule: Rule,
    zone: TimeZone,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
enum Rule {
    Cron(Box<Cron>),
    /// Each so many seconds: since `starts_at`, or the beginning of 1970.
    Every(i64),
}

/// What a schedule does with due times that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    Skip,
    One,
    All,
}

/// What is to be done about a schedule that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Due times that fire, oldest first.
    pub fires: Vec<DateTime<Utc>>,
    /// The first of those that were missed and do not.
    pub missed: Option<DateTime<Utc>>,
    /// The next due time.
    pub next: Option<DateTime<Utc>>,
}

impl Recurrence {
    /// A rule of 5 fields, or 6 with seconds first, a name like `@daily`, or `@every <n>s|m|h`; in
    /// an IANA time zone. The error says which of the two is wrong, `cron` or `timezone`.
    ///
    /// A time that the clocks skip is due at the first moment after the gap, and one that they
    /// repeat is due once, the first time; rules that name no fixed hour, minute and second, and
    /// `@every`, run through.
    pub fn parse(cron: &str, timezone: &str) -> Result<Self, (&'static str, Invalid)> {
        let zone = if timezone == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(timezone) };
        let zone = zone.map_err(|_| ("timezone", Invalid("an IANA time zone like Europe/Paris")))?;
        let rule = Rule::parse(cron).map_err(|invalid| ("cron", invalid))?;
        Ok(Self { rule, zone, starts_at: None, ends_at: None })
    }

    /// The same rule, due from the first of these moments to the second, both included.
    #[must_use]
    pub fn between(self, starts_at: Option<DateTime<Utc>>, ends_at: Option<DateTime<Utc>>) -> Self {
        Self { starts_at, ends_at, ..self }
    }

    /// The first due time after a moment; none if the rule names a day that never comes.
    pub fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = match self.starts_at {
            Some(start) if start > moment => self.search(start, true),
            _ => self.search(moment, false),
        };
        next.filter(|next| self.ends_at.is_none_or(|end| *next <= end))
    }

    /// The next due times after a moment, so many at most.
    pub fn following(&self, moment: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.after(moment), |last| self.after(*last)).take(count).collect()
    }

    /// What is to be done at `now` about a schedule that has been due since `due_at`.
    ///
    /// Due times up to 10 seconds ago fire, each. Of those that were missed, none fires, the
    /// latest, or all, up to [`CATCH_UP_MAX`].
    pub fn due(&self, due_at: DateTime<Utc>, now: DateTime<Utc>, catch_up: CatchUp) -> Due {
        let missed_until = now - MISSED_AFTER;
        let mut fires = Vec::new();
        let mut missed = None;
        let mut from = Some(due_at);
        if due_at < missed_until {
            match catch_up {
                CatchUp::All => {}
                CatchUp::One => {
                    fires.push(self.latest(due_at, missed_until));
                    from = self.after(missed_until);
                }
                CatchUp::Skip => {
                    missed = Some(due_at);
                    from = self.after(missed_until);
                }
            }
        }
        let room = CATCH_UP_MAX - fires.len();
        let due = std::iter::successors(from, |last| self.after(*last)).take_while(|due| *due <= now);
        fires.extend(due.take(room));
        Due { fires, missed, next: self.after(now) }
    }

    /// The last due time between two moments, of which the first is one.
    fn latest(&self, due_at: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
        let until = self.ends_at.map_or(until, |end| until.min(end));
        let found = match &self.rule {
            Rule::Cron(cron) => zoned(until, &self.zone)
                .and_then(|until| cron.find_previous_occurrence(&until, true).ok())
                .and_then(|found| instant(&found)),
            Rule::Every(seconds) => Some(self.every(*seconds, until) - Duration::seconds(*seconds)),
        };
        found.filter(|found| *found > due_at).unwrap_or(due_at)
    }

    fn search(&self, moment: DateTime<Utc>, inclusive: bool) -> Option<DateTime<Utc>> {
        match &self.rule {
            Rule::Cron(cron) => {
                // Rules are due at whole seconds, and the search drops the rest of one.
                let inclusive = inclusive && moment.timestamp_subsec_nanos() == 0;
                let found = cron.find_next_occurrence(&zoned(moment, &self.zone)?, inclusive).ok()?;
                // Never the moment itself or one before it, whatever the clocks do there.
                instant(&found).filter(|found| *found > moment || (inclusive && *found == moment))
            }
            Rule::Every(_) if inclusive => Some(moment),
            Rule::Every(seconds) => Some(self.every(*seconds, moment)),
        }
    }

    /// The first multiple of so many seconds after a moment.
    fn every(&self, seconds: i64, moment: DateTime<Utc>) -> DateTime<Utc> {
        let anchor = self.starts_at.unwrap_or(DateTime::UNIX_EPOCH);
        let step = seconds.saturating_mul(1_000_000);
        let passed = (moment - anchor).num_microseconds().unwrap_or(0).div_euclid(step);
        anchor + Duration::microseconds((passed + 1).saturating_mul(step))
    }
}

impl Rule {
    fn parse(cron: &str) -> Result<Self, Invalid> {
        let text = cron.trim();
        if text.len() > EXPRESSION_MAX {
            return Err(Invalid("at most 256 characters"));
        }
        if let Some(interval) = text.strip_prefix("@every") {
            return Self::every(interval.trim());
        }
        let names = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@midnight", "@annually"];
        let fields = text.split_whitespace().count();
        if text.starts_with('@') {
            if !names.contains(&text.to_ascii_lowercase().as_str()) {
                return Err(Invalid("names are @hourly, @daily, @weekly, @monthly, @yearly and @every <n>s|m|h"));
            }
        } else if !(5..=6).contains(&fields) {
            return Err(Invalid("5 fields (minute hour day month weekday), or 6 with seconds first"));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron =
            parser.parse(text).map_err(|_| Invalid("no cron expression: a field is out of range or malformed"))?;
        Ok(Self::Cron(Box::new(cron)))
    }

    fn every(interval: &str) -> Result<Self, Invalid> {
        const WHAT: Invalid = Invalid("@every takes a number and s, m or h, from 1s to 8760h");
        let unit = match interval.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => return Err(WHAT),
        };
        let number = &interval[..interval.len() - 1];
        let count: i64 =
            number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok()).flatten().ok_or(WHAT)?;
        let seconds = count.checked_mul(unit).filter(|seconds| (1..=8760 * 3600).contains(seconds)).ok_or(WHAT)?;
        Ok(Self::Every(seconds))
    }
}

fn zoned(moment: DateTime<Utc>, zone: &TimeZone) -> Option<Zoned> {
    Timestamp::from_microsecond(moment.timestamp_micros()).ok().map(|at| at.to_zoned(zone.clone()))
}

fn instant(zoned: &Zoned) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn rule(cron: &str, zone: &str) -> Recurrence {
        Recurrence::parse(cron, zone).unwrap()
    }

    /// The due times of a day in New York, as its clocks show them.
    fn of_day(cron: &str, day: &str) -> Vec<String> {
        let zone = TimeZone::get("America/New_York").unwrap();
        let midnight = day.parse::<jiff::civil::Date>().unwrap().to_zoned(zone.clone()).unwrap();
        let end = instant(&midnight.tomorrow().unwrap()).unwrap();
        let mut due = rule(cron, "America/New_York").following(instant(&midnight).unwrap() - Duration::seconds(1), 200);
        due.retain(|due| *due < end);
        due.into_iter().map(|due| zoned(due, &zone).unwrap().strftime("%H:%M%:z").to_string()).collect()
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_due_after_the_gap_and_one_they_repeat_once() {
        assert_eq!(of_day("30 2 * * *", "2026-03-08"), ["03:00-04:00"]);
        assert_eq!(of_day("30 3 * * *", "2026-03-08"), ["03:30-04:00"]);
        assert_eq!(of_day("30 1 * * *", "2026-11-01"), ["01:30-04:00"]);
        assert_eq!(of_day("30 2 * * *", "2026-11-01"), ["02:30-05:00"]);
        assert_eq!(of_day("30 0 * * *", "2026-11-01"), ["00:30-04:00"]);
    }

    #[test]
    fn hourly_and_finer_rules_run_through() {
        let spring = of_day("0 * * * *", "2026-03-08");
        assert_eq!(spring.len(), 23);
        assert_eq!(spring[1..3], ["01:00-05:00", "03:00-04:00"]);
        let autumn = of_day("0 * * * *", "2026-11-01");
        assert_eq!(autumn.len(), 25);
        assert_eq!(autumn[1..4], ["01:00-04:00", "01:00-05:00", "02:00-05:00"]);
        let due = rule("@every 90s", "America/New_York").following(at("2026-11-01T05:00:00Z"), 100);
        assert!(due.windows(2).all(|pair| pair[1] - pair[0] == Duration::seconds(90)));
    }

    #[test]
    fn five_fields_six_names_and_last_days() {
        let next = |cron: &str| rule(cron, "UTC").after(at("2026-01-30T12:34:56Z")).map(|next| next.to_rfc3339());
        assert_eq!(next("*/15 * * * *").unwrap(), "2026-01-30T12:45:00+00:00");
        assert_eq!(next("*/10 * * * * *").unwrap(), "2026-01-30T12:35:00+00:00");
        assert_eq!(next("0 9 * * mon-fri").unwrap(), "2026-02-02T09:00:00+00:00");
        assert_eq!(next("0 0 L * *").unwrap(), "2026-01-31T00:00:00+00:00");
        assert_eq!(next("0 0 29 2 *").unwrap(), "2028-02-29T00:00:00+00:00");
        assert_eq!(next("@hourly").unwrap(), "2026-01-30T13:00:00+00:00");
        assert_eq!(next("@yearly").unwrap(), "2027-01-01T00:00:00+00:00");
        assert_eq!(next("@every 2h").unwrap(), "2026-01-30T14:00:00+00:00");
        assert_eq!(next("0 0 31 2 *"), None, "a day that never comes");
        assert_eq!(next("0 0 30 2 *"), None);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for (cron, zone, wrong) in [
            ("", "UTC", "cron"),
            ("* * * *", "UTC", "cron"),
            ("* * * * * * *", "UTC", "cron"),
            ("60 * * * *", "UTC", "cron"),
            ("a b c d e", "UTC", "cron"),
            ("@reboot", "UTC", "cron"),
            ("@every 0s", "UTC", "cron"),
            ("@every 1d", "UTC", "cron"),
            ("@every -5m", "UTC", "cron"),
            ("@every 99999999999999999999s", "UTC", "cron"),
            ("@every ä", "UTC", "cron"),
            ("* * * * *", "Mars/Olympus", "timezone"),
            ("* * * * *", "", "timezone"),
            ("* * * * *", "../../etc/passwd", "timezone"),
        ] {
            assert_eq!(Recurrence::parse(cron, zone).map(drop).unwrap_err().0, wrong, "{cron} {zone}");
        }
    }

    #[test]
    fn a_rule_has_a_beginning_and_an_end() {
        let (start, end) = (at("2026-06-01T10:30:00Z"), at("2026-06-01T12:00:00Z"));
        let hourly = rule("0 * * * *", "UTC").between(Some(start), Some(end));
        assert_eq!(hourly.following(at("2026-01-01T00:00:00Z"), 9), [at("2026-06-01T11:00:00Z"), end]);
        let fraction = rule("* * * * * *", "UTC").between(Some(at("2026-06-01T10:30:00.123Z")), None);
        assert_eq!(fraction.after(at("2026-01-01T00:00:00Z")), Some(at("2026-06-01T10:30:01Z")));
        let every = rule("@every 1h", "UTC").between(Some(start), Some(end));
        assert_eq!(every.following(at("2026-01-01T00:00:00Z"), 9), [start, at("2026-06-01T11:30:00Z")]);
    }

    #[test]
    fn missed_times_are_skipped_or_fired_once_or_each() {
        let minutely = rule("* * * * *", "UTC");
        let (due_at, now) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:05Z"));
        let on_time = at("2026-01-01T01:00:00Z");
        let next = Some(at("2026-01-01T01:01:00Z"));
        let due = |catch_up| minutely.due(due_at, now, catch_up);
        assert_eq!(due(CatchUp::Skip), Due { fires: vec![on_time], missed: Some(due_at), next });
        let latest = at("2026-01-01T00:59:00Z");
        assert_eq!(due(CatchUp::One), Due { fires: vec![latest, on_time], missed: None, next });
        assert_eq!(due(CatchUp::All).fires.len(), 61);
        assert_eq!(minutely.due(due_at, at("2026-02-01T00:00:00Z"), CatchUp::All).fires.len(), CATCH_UP_MAX);
        let a_little_late = Due { fires: vec![on_time], missed: None, next };
        assert_eq!(minutely.due(on_time, now, CatchUp::Skip), a_little_late);
        let every = rule("@every 7s", "UTC").due(due_at, now, CatchUp::One);
        assert!(every.fires[0] <= now - MISSED_AFTER && every.fires[0] > now - MISSED_AFTER - Duration::seconds(7));
        let ended = rule("* * * * *", "UTC").between(None, Some(at("2026-01-01T00:10:30Z")));
        let ended = ended.due(due_at, now, CatchUp::One);
        assert_eq!(ended, Due { fires: vec![at("2026-01-01T00:10:00Z")], missed: None, next: None });
    }
}
