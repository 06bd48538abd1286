//! Histograms of milliseconds that add up over time, queues and kinds.

/// How many buckets there are.
const BUCKETS: usize = 128;

/// Counts of measurements: bucket i (from 1) holds what is above 2^((i-2)/4) ms and at most
/// 2^((i-1)/4) ms, from 1 ms to 42 days, so that a quantile is off by 9 % at most. The functions
/// `hist_*` of migration 9 do the same in SQL, and a test compares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram(Vec<i64>);

impl Histogram {
    /// From an array of the database, which is cut after the last count that is not 0; one that is
    /// absent or too long is empty.
    pub fn of(counts: Option<Vec<i64>>) -> Self {
        let mut counts = counts.filter(|counts| counts.len() <= BUCKETS).unwrap_or_default();
        if !counts.is_empty() {
            counts.resize(BUCKETS, 0);
        }
        Self(counts)
    }

    pub fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            *own += others;
        }
    }

    /// How many measurements it holds.
    pub fn count(&self) -> i64 {
        self.0.iter().sum()
    }

    /// The most that bucket `i`, from 0, holds, in milliseconds.
    pub fn upper_ms(i: usize) -> f64 {
        (f64::from(u32::try_from(i).unwrap_or(u32::MAX)) / 4.0).exp2()
    }

    /// The milliseconds below which a share `q` (0 to 1) of all lies: the middle of its bucket, on
    /// the scale on which buckets are equally wide. 0 if there is none.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts are far below 2^52")]
    pub fn quantile_ms(&self, q: f64) -> f64 {
        let wanted = ((q * self.count() as f64).ceil() as i64).max(1);
        let mut below = 0;
        for (i, count) in self.0.iter().enumerate() {
            below += count;
            if below >= wanted {
                return if i == 0 { 1.0 } else { Self::upper_ms(i) / 2_f64.powf(1.0 / 8.0) };
            }
        }
        0.0
    }

    /// Counts up to each of these bounds, in milliseconds, which are upper bounds of buckets.
    pub fn up_to(&self, bounds: &[usize]) -> Vec<i64> {
        bounds.iter().map(|bound| self.0.iter().take(bound + 1).sum()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_off_by_nine_percent_at_most() {
        let mut counts = vec![0; BUCKETS];
        // By the definition, bucket by bucket.
        let bucket = |ms: f64| (0..BUCKETS).find(|i| ms <= Histogram::upper_ms(*i) * (1.0 + 1e-9)).unwrap();
        let measured: Vec<f64> = (1..=1000).map(f64::from).collect();
        for ms in &measured {
            counts[bucket(*ms)] += 1;
        }
        let histogram = Histogram::of(Some(counts));
        assert_eq!(histogram.count(), 1000);
        for (q, exact) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (1.0, 1000.0), (0.0, 1.0)] {
            let found = histogram.quantile_ms(q);
            assert!((found / exact - 1.0).abs() <= 0.0906, "{q}: {found} for {exact}");
        }
        assert!((Histogram::default().quantile_ms(0.5)).abs() < f64::EPSILON);
        assert_eq!(histogram.up_to(&[0, 4, 127]), [1, 2, 1000]);
    }

    #[test]
    fn histograms_add_up() {
        let one = |at: usize| {
            let mut counts = vec![0; BUCKETS];
            counts[at] = 3;
            Histogram::of(Some(counts))
        };
        let mut sum = Histogram::of(None);
        sum.add(&one(5));
        sum.add(&one(9));
        sum.add(&Histogram::default());
        assert_eq!(sum.count(), 6);
        assert_eq!(sum.up_to(&[4, 5, 9]), [0, 3, 6]);
    }
}
