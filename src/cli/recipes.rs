//! The reports of `docs/sql`, as they are in the program.

/// A statement that people can take as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    /// Its name without the number that orders the files.
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! recipes {
    ($($number:literal $name:literal,)*) => {
        &[$(Recipe {
            name: $name,
            sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql/", $number, "-", $name, ".sql")),
        },)*]
    };
}

pub(super) const RECIPES: &[Recipe] = recipes![
    "01" "queues",
    "02" "throughput",
    "03" "percentiles-exact",
    "04" "failures",
    "05" "slowest-jobs",
    "06" "backlog",
    "07" "slo-exact",
    "08" "tenants",
    "09" "workers",
    "10" "payloads",
    "11" "enqueue-in-your-transaction",
    "12" "enqueue-from-a-trigger",
    "13" "throughput-by-kind",
    "14" "percentiles",
    "15" "slowest-kinds",
    "16" "failures-by-class",
    "17" "slo",
    "18" "cost-per-tenant",
    "19" "retries-by-hour",
    "20" "queue-growth",
    "21" "time-between-attempts",
    "22" "worker-utilisation",
    "23" "oldest-waiting",
    "24" "compare-weeks",
    "25" "export",
];

impl Recipe {
    /// Whether it is to be copied, and not run: it writes, or its output is no table.
    pub(super) fn is_example(&self) -> bool {
        self.sql.starts_with("-- example")
    }

    /// What it tells, in a line.
    pub(super) fn title(&self) -> &'static str {
        self.sql
            .lines()
            .filter_map(|line| line.strip_prefix("-- "))
            .find(|line| !line.starts_with("example"))
            .unwrap_or_default()
    }

    /// The time that it looks back over, like `7 days`, if that is one.
    pub(super) fn over(&self) -> Option<&'static str> {
        let mut times = self.sql.split("interval '").skip(1).filter_map(|rest| rest.split('\'').next());
        let first = times.next()?;
        times.all(|other| other == first).then_some(first)
    }

    /// Its statement, over this time instead of its own.
    pub(super) fn over_time(&self, time: &str) -> Option<String> {
        Some(self.sql.replace(&format!("interval '{}'", self.over()?), &format!("interval '{time}'")))
    }
}

/// Whether that is a time as a recipe writes it: a whole number of minutes, hours, days or weeks.
pub(super) fn is_time(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(number, unit)| {
        let units = ["minute", "minutes", "hour", "hours", "day", "days", "week", "weeks"];
        (1..=4).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) && units.contains(&unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_recipe_and_says_what_it_tells() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = files.filter_map(|name| Some(name.strip_suffix(".sql")?.to_owned())).collect();
        files.sort();
        let names: Vec<&str> = files.iter().map(|name| &name[3..]).collect();
        assert_eq!(names, RECIPES.iter().map(|recipe| recipe.name).collect::<Vec<_>>());
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md"));
        for (recipe, file) in RECIPES.iter().zip(&files) {
            let line = format!("| [{}](sql/{file}.sql) | {} |\n", recipe.name, recipe.title());
            assert!(page.contains(&line), "docs/sql.md lacks {line}");
            assert!(recipe.title().ends_with(['.', ':']) || recipe.title().len() > 20, "{}", recipe.name);
            assert!(recipe.over().is_none_or(is_time), "{}", recipe.name);
        }
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, fits) in [
            ("30 days", true),
            ("1 hour", true),
            ("0 day", true),
            ("day", false),
            ("1 day'", false),
            ("-1 day", false),
            ("1  day", false),
            ("10000 days", false),
        ] {
            assert_eq!(is_time(text), fits, "{text}");
        }
        let all = RECIPES.iter().filter_map(|recipe| recipe.over_time("3 days"));
        assert!(all.clone().count() > 15 && all.into_iter().all(|sql| sql.contains("interval '3 days'")));
    }
}
