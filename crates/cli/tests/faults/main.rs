//! Every network step of clones, pulls through rules, imports and preparations, with every fault of a network: what
//! comes of it, that the same again completes, and that nothing half is left. `docs/reference/faults.md` is what this
//! finds.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "../../../operations/tests/clone/accounts.rs"]
#[allow(dead_code, reason = "every suite takes what it needs")]
mod accounts;
mod clone;
mod fault;
#[path = "../../../operations/tests/clone/gate.rs"]
mod gate;
mod kill;
mod lab;
mod matrix;
mod page;
mod prepare;
mod prime;
mod pull_through;
mod step;

use crate::lab::Flow;

#[test]
#[ignore = "takes more than a minute, and its faults are a matter of moments: run it with --ignored after a change of retries"]
fn every_step_meets_every_fault() {
    let sections: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = Flow::ALL
            .map(|flow| {
                scope.spawn(move || {
                    let runtime = tokio::runtime::Runtime::new().unwrap();
                    let cells = runtime.block_on(matrix::run(flow));
                    page::section(flow, &cells)
                })
            })
            .into();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    page::hold(&sections);
}
