//! Did you mean …?

/// The known name that is nearest to what was written, if it is near enough to be a slip: at
/// most a third of its letters changed, added, left out or swapped with their neighbours
/// (optimal string alignment distance).
pub(super) fn closest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let written: Vec<char> = written.chars().take(64).collect();
    let near = known.iter().map(|name| (distance(&written, &name.chars().collect::<Vec<_>>()), *name));
    let (distance, name) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= (name.len() / 3).max(1)).then_some(name)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (rows[i][j + 1] + 1).min(row[j] + 1).min(rows[i][j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["priority", "max_attempts", "delay_ms", "tags"];
        for (written, meant) in [
            ("priorty", Some("priority")),
            ("prioirty", Some("priority")),
            ("maxAttempts", Some("max_attempts")),
            ("delay", None),
            ("tag", Some("tags")),
            ("payload", None),
            ("", None),
        ] {
            assert_eq!(closest(written, &known), meant, "{written}");
        }
    }
}
