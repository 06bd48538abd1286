//! Floors are never too high, and what is known is forgotten when it may be wrong.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn names() -> Vec<String> {
    vec!["q".to_owned()]
}

fn floor(lanes: &Lanes) -> i64 {
    lanes.look(&names()).look.lanes.first().map_or(0, |lane| lane.floor)
}

#[tokio::test(start_paused = true)]
async fn slow_looks_are_made_rarely_and_quick_ones_go_on_from_where_the_last_found_something() {
    let lanes = Lanes::default();
    let looking = lanes.look(&names());
    assert!(!looking.look.quick, "who knows nothing looks everywhere");
    lanes.learn(&names(), &looking, &Seen::of(&[(1, Some(100))], 1, 9, 200, 60.0));
    let looking = lanes.look(&names());
    assert_eq!((looking.look.quick, looking.look.lanes[0].floor), (true, 99));
    lanes.learn(&names(), &looking, &Seen::of(&[(1, Some(150))], 1, 9, 200, 0.1));
    assert_eq!(lanes.look(&names()).look.lanes[0].floor, 149);
    tokio::time::advance(Duration::from_millis(1201)).await;
    let look = lanes.look(&names()).look;
    assert_eq!((look.quick, look.lanes[0].floor), (false, 0), "nothing has ended: all of it is looked at");
    tokio::time::advance(FORGET_AFTER).await;
    assert_eq!(lanes.look(&names()).look, Look::default());
}

#[tokio::test(start_paused = true)]
async fn a_database_that_was_set_back_is_looked_at_anew() {
    let lanes = Lanes::default();
    for n in 1..4 {
        let looking = lanes.look(&names());
        lanes.learn(&names(), &looking, &Seen::of(&[(1, Some(100 * n))], n, n, 1000, 0.1));
    }
    assert_eq!(floor(&lanes), 199);
    let looking = lanes.look(&names());
    lanes.learn(&names(), &looking, &Seen::of(&[(1, Some(50))], 2, 2, 60, 0.1));
    assert_eq!(lanes.look(&names()).look, Look::default());
}

#[tokio::test(start_paused = true)]
async fn what_was_forgotten_is_not_learnt_again_from_looks_that_went_by_it() {
    let lanes = Lanes::default();
    for n in 1..4 {
        lanes.learn(&names(), &lanes.look(&names()), &Seen::of(&[(1, Some(100 * n))], n, n, 1000, 0.1));
    }
    let (first, second) = (lanes.look(&names()), lanes.look(&names()));
    lanes.failed(&names(), &Error::Overloaded);
    assert_eq!(floor(&lanes), 199, "that says nothing about the database");
    lanes.failed(&names(), &Error::unanswered());
    lanes.learn(&names(), &first, &Seen::of(&[(1, Some(500))], 7, 7, 1000, 0.1));
    lanes.learn(&names(), &second, &Seen::of(&[(1, Some(500))], 9, 9, 1000, 0.1));
    assert_eq!(lanes.look(&names()).look, Look::default());
    lanes.learn(&names(), &lanes.look(&names()), &Seen::of(&[(1, Some(5))], 1, 1, 10, 0.1));
    let mut other = Seen::of(&[(1, Some(5))], 1, 1, 1000, 0.1);
    other.started += Duration::from_secs(1);
    lanes.learn(&names(), &lanes.look(&names()), &other);
    assert_eq!(lanes.look(&names()).look, Look::default(), "another PostgreSQL");
}

#[tokio::test(start_paused = true)]
async fn lanes_that_stay_empty_are_forgotten_if_there_are_many() {
    let lanes = Lanes::default();
    let seen = |head| Seen::of(&(0..100).map(|lane| (lane, head)).collect::<Vec<_>>(), 1, 1, 10, 0.1);
    lanes.learn(&names(), &lanes.look(&names()), &seen(Some(5)));
    lanes.learn(&names(), &lanes.look(&names()), &seen(None));
    assert_eq!(lanes.look(&names()).look.lanes.len(), 100);
    tokio::time::advance(EMPTY_FOR).await;
    lanes.learn(&names(), &lanes.look(&names()), &seen(None));
    assert_eq!(lanes.look(&names()).look.lanes.len(), 0);
}

/// What happens to one lane of a database.
#[derive(Debug, Clone)]
enum Event {
    Begin,
    /// A transaction draws a number and puts a job there.
    Put(usize),
    /// It takes the first job that nobody holds, as a claim does.
    Take(usize),
    End(usize, bool),
    /// A look, and whether what it showed comes in only after the next.
    Look(bool),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        Just(Event::Begin),
        any::<usize>().prop_map(Event::Put),
        any::<usize>().prop_map(Event::Put),
        any::<usize>().prop_map(Event::Take),
        (any::<usize>(), prop::bool::weighted(0.8)).prop_map(|(n, commits)| Event::End(n, commits)),
        any::<bool>().prop_map(Event::Look),
        any::<bool>().prop_map(Event::Look),
    ];
    prop::collection::vec(event, 0..200)
}

#[derive(Default)]
struct Transaction {
    id: i64,
    put: Vec<i64>,
    taken: Vec<i64>,
}

proptest! {
    #[test]
    fn no_floor_is_ever_above_a_job_that_is_there_or_may_come(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _entered = runtime.enter();
        let lanes = Lanes::default();
        let (mut drawn, mut next_id, mut last_ended) = (0, 1, 0);
        let mut there: BTreeSet<i64> = BTreeSet::new();
        let mut open: Vec<Transaction> = Vec::new();
        let mut late: Option<(Looking, Seen)> = None;
        for event in events {
            match event {
                Event::Begin => {
                    open.push(Transaction { id: next_id, ..Transaction::default() });
                    next_id += 1;
                }
                Event::Put(n) if !open.is_empty() => {
                    let n = n % open.len();
                    drawn += 1;
                    open[n].put.push(drawn);
                }
                Event::Take(n) if !open.is_empty() => {
                    let n = n % open.len();
                    let held: BTreeSet<i64> = open.iter().flat_map(|one| one.taken.iter().copied()).collect();
                    let free = there.difference(&held).next().copied();
                    open[n].taken.extend(free);
                }
                Event::End(n, commits) if !open.is_empty() => {
                    let ended = open.swap_remove(n % open.len());
                    last_ended = last_ended.max(ended.id);
                    if commits {
                        there.extend(ended.put);
                        for taken in ended.taken {
                            there.remove(&taken);
                        }
                    }
                }
                Event::Look(comes_late) => {
                    let looking = lanes.look(&names());
                    let from = looking.look.lanes.first().map_or(0, |lane| lane.floor);
                    let head = there.range(from + 1..).next().copied();
                    let xmin = open.iter().map(|one| one.id).min().unwrap_or(i64::MAX).min(last_ended + 1);
                    // The look has a transaction of its own, which ends with it.
                    let own = next_id;
                    (next_id, last_ended) = (next_id + 1, own);
                    let shown: Vec<_> =
                        if head.is_some() || from > 0 { vec![(1, head)] } else { Vec::new() };
                    let seen = Seen::of(&shown, xmin, own, drawn, 0.1);
                    let before = late.take();
                    if comes_late {
                        late = Some((looking, seen));
                    } else {
                        lanes.learn(&names(), &looking, &seen);
                    }
                    if let Some((looking, seen)) = before {
                        lanes.learn(&names(), &looking, &seen);
                    }
                }
                _ => {}
            }
            let may_come = open.iter().flat_map(|one| one.put.iter().copied());
            let first = there.iter().copied().chain(may_come).min().unwrap_or(i64::MAX);
            prop_assert!(floor(&lanes) < first, "floor {} with a job at {first}", floor(&lanes));
        }
    }
}
