//! Rows: changes by several servers, none of which is lost or seen in part.

use super::{count, number, objects, replica, server, store};
use crate::storage::StorageError;
use crate::storage::records::SETTINGS;
use crate::storage::rows::Rows;

#[test]
fn servers_that_count_together_lose_nothing() {
    for lossy in [0, 5] {
        let store = store(lossy);
        let servers = [server(&store), server(&store), server(&store)];
        std::thread::scope(|scope| {
            for server in &servers {
                for thread in 0..4 {
                    scope.spawn(move || {
                        let mut last = 0;
                        for _ in 0..25 {
                            let number = count(server, "shared").expect("it is written");
                            assert!(number > last, "what was acknowledged is seen");
                            last = number;
                            count(server, &format!("own {thread}")).expect("it is written");
                        }
                    });
                }
            }
        });
        for server in &servers {
            assert_eq!(number(server, "shared"), 300, "every {lossy}th answer is lost");
            assert_eq!((0..4).map(|thread| number(server, &format!("own {thread}"))).sum::<u64>(), 300);
        }
        assert!(objects(&store, "log") <= 600, "changes of one server share entries");
    }
}

#[test]
fn what_one_server_acknowledged_the_others_see_at_once() {
    let store = store(0);
    let (one, two) = (server(&store), server(&store));
    for round in 1..=20 {
        assert_eq!(count(&one, "n").expect("it is written"), round * 2 - 1);
        assert_eq!(number(&two, "n"), round * 2 - 1);
        assert_eq!(count(&two, "n").expect("it is written"), round * 2);
        assert_eq!(number(&one, "n"), round * 2);
    }
    let late = server(&store);
    assert_eq!(number(&late, "n"), 40);
}

#[test]
fn a_refused_change_leaves_nothing_and_costs_others_nothing() {
    let store = store(0);
    let (one, two) = (server(&store), server(&store));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let one = &one;
            scope.spawn(move || {
                for _ in 0..20 {
                    if thread % 2 == 0 {
                        count(one, "n").expect("it is written");
                        continue;
                    }
                    let refused = one.metadata.change(|change| {
                        let number =
                            change.get(&SETTINGS, "n")?.and_then(|value| value.as_u64()).unwrap_or(0);
                        change.put(&SETTINGS, "n", &(number + 1000).into())?;
                        change.remove_all(&SETTINGS, "")?;
                        Err::<(), _>(StorageError::Contended)
                    });
                    assert!(matches!(refused, Err(StorageError::Contended)));
                }
            });
        }
    });
    assert_eq!((number(&one, "n"), number(&two, "n")), (80, 80));
    // What another server did decides what is refused.
    count(&two, "late").expect("it is written");
    let seen = one.metadata.change(|change| change.has(&SETTINGS, "late"));
    assert!(seen.expect("an answer"), "a change that changes nothing looks at the log, too");
}

#[test]
fn a_server_that_slept_through_snapshots_goes_on() {
    let store = store(0);
    let (busy, asleep) = (server(&store), server(&store));
    count(&asleep, "n").expect("it is written");
    for _ in 0..3 {
        for _ in 0..5 {
            count(&busy, "n").expect("it is written");
        }
        replica(&busy).snapshot().expect("a snapshot");
    }
    assert_eq!(objects(&store, "snapshots"), 2, "the newest two");
    assert_eq!(objects(&store, "log"), 16, "emptied entries keep their numbers");
    let late = server(&store);
    assert_eq!(number(&late, "n"), 16);
    assert_eq!(count(&asleep, "n").expect("it is written"), 17, "no number is written twice");
    assert_eq!((number(&busy, "n"), number(&late, "n")), (17, 17));
}
