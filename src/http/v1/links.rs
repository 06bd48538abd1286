//! Which jobs of a request wait for which.

use std::collections::{HashMap, HashSet};

use super::fields::Fields;
use super::new_job::{Asked, Read};
use crate::http::problem::{Error, FieldError};
use crate::store::{Dependency, Links};

/// Jobs that one may wait for.
const DEPENDENCIES_MAX: usize = 100;

/// Jobs of other requests that those of one may wait for together: each is looked up.
const OTHERS_MAX: usize = 10_000;

/// Characters of what jobs of a request call each other.
const NAME_MAX: usize = 128;

/// The members of a job that say what it waits for: the links, its name, and the names of those it waits for.
pub(super) fn read_links(fields: &Fields<'_>, asked: Asked<'_>) -> (Links, Option<String>, Vec<String>) {
    let ids = fields.uuids("depends_on", 0..=DEPENDENCIES_MAX).unwrap_or_default();
    let needs = fields.texts("depends_on_names", 0..=DEPENDENCIES_MAX, NAME_MAX).unwrap_or_default();
    let name = fields.printable("name", NAME_MAX);
    let on_failure = fields.choice("on_dependency_failure", &["cancel", "run"]);
    let batch = fields.uuid("batch_id");
    if ids.len() + needs.len() > DEPENDENCIES_MAX {
        fields.fault("depends_on_names", "max", format!("at most {DEPENDENCIES_MAX} together with depends_on"));
    }
    if fields.has("on_dependency_failure") && !fields.has("depends_on") && !fields.has("depends_on_names") {
        fields.fault("on_dependency_failure", "conflict", "only together with depends_on or depends_on_names");
    }
    let replaces = fields.find("dedup_on_conflict").is_some_and(|raw| raw.get() == r#""replace""#);
    if replaces && ["depends_on", "depends_on_names", "batch_id"].into_iter().any(|name| fields.has(name)) {
        fields.fault("dedup_on_conflict", "conflict", "a job that is replaced keeps its dependencies and its batch");
    }
    let refuse = |names: &[&str], why: &str| {
        for name in names.iter().filter(|name| fields.has(name)) {
            fields.fault(name, "conflict", why);
        }
    };
    match asked {
        Asked::InBatch => refuse(&["batch_id"], "the request makes the batch that its jobs are in"),
        Asked::AtEnd => refuse(
            &["depends_on", "depends_on_names", "name", "batch_id"],
            "it is enqueued when all jobs of the batch have ended",
        ),
        Asked::Alone(_) | Asked::Together => {}
    }
    let depends_on = ids.into_iter().map(Dependency::Job).collect();
    (Links { depends_on, on_failure, batch }, name, needs)
}

/// Puts places in place of the names by which jobs call each other; refuses names that nobody has, or two, and jobs that
/// wait for each other in a circle.
pub(super) fn link(read: &mut [Read]) -> Result<(), Error> {
    let mut faults = Vec::new();
    let mut fault = |at: &str, name: &str, code, message: String| {
        faults.push(FieldError { pointer: format!("{at}/{name}"), code, message });
    };
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, job) in read.iter().enumerate() {
        if let Some(name) = &job.name
            && let Some(first) = places.insert(name.clone(), place)
        {
            fault(&job.at, "name", "conflict", format!("the job at {} has this name", read[first].at));
        }
    }
    let mut needed: Vec<Vec<usize>> = Vec::with_capacity(read.len());
    for job in read.iter() {
        let mut places_of_job = Vec::with_capacity(job.needs.len());
        for (n, name) in job.needs.iter().enumerate() {
            if let Some(place) = places.get(name) {
                places_of_job.push(*place);
            } else {
                let message = format!("no job of this request has the name {name:?}");
                fault(&job.at, &format!("depends_on_names/{n}"), "unknown", message);
            }
        }
        needed.push(places_of_job);
    }
    for place in in_circles(&needed) {
        fault(&read[place].at, "depends_on_names", "conflict", "it waits for itself, by way of others".to_owned());
    }
    let others = read.iter().flat_map(|job| &job.job.links.depends_on);
    let others: HashSet<_> =
        others.filter_map(|on| if let Dependency::Job(id) = on { Some(id) } else { None }).collect();
    if others.len() > OTHERS_MAX {
        fault("", "jobs", "max", format!("at most {OTHERS_MAX} jobs of other requests to wait for, all together"));
    }
    if !faults.is_empty() {
        return Err(Error::DependencyInvalid(faults));
    }
    for (job, places) in read.iter_mut().zip(needed) {
        job.job.links.depends_on.extend(places.into_iter().map(Dependency::Item));
    }
    Ok(())
}

/// Those that wait for themselves, or for others that do: what is left when all are taken away, again and again, whose
/// needs are gone (Kahn 1962).
fn in_circles(needed: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = needed.iter().map(Vec::len).collect();
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); needed.len()];
    for (place, needs) in needed.iter().enumerate() {
        for need in needs {
            waiting[*need].push(place);
        }
    }
    let mut free: Vec<usize> = (0..needed.len()).filter(|place| missing[*place] == 0).collect();
    while let Some(place) = free.pop() {
        for waiter in &waiting[place] {
            missing[*waiter] -= 1;
            if missing[*waiter] == 0 {
                free.push(*waiter);
            }
        }
    }
    (0..needed.len()).filter(|place| missing[*place] > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_and_what_waits_for_them() {
        assert_eq!(in_circles(&[]), [0; 0]);
        assert_eq!(in_circles(&[vec![], vec![0], vec![0, 1], vec![2, 2]]), [0; 0]);
        assert_eq!(in_circles(&[vec![0]]), [0]);
        assert_eq!(in_circles(&[vec![], vec![2, 0], vec![1], vec![2]]), [1, 2, 3]);
    }
}
