//! The program itself, ended at once while it waits at a step.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::fault::Fault;
use crate::gate::Gate;
use crate::lab::{Flow, Lab};
use crate::matrix::Step;
use crate::pull_through::{Server, pull};
use crate::step;

/// Ends it at a step, and holds that nothing half is left and that the same again completes.
pub(crate) async fn at(lab: &Lab, at: &Step) {
    let (gate, label) = (lab.gate(at.side).clone(), at.label.clone());
    gate.trick_where(move |line| step::of(line) == label, usize::MAX, Fault::Killed.trick(&at.label, true));
    match lab.flow {
        Flow::PullThrough => server(lab, &gate).await,
        Flow::Clone => command(lab, &gate, || lab.command(&crate::clone::COMMAND)).await,
        Flow::Prime => command(lab, &gate, || lab.command(&crate::prime::COMMAND)).await,
        Flow::Prepare => command(lab, &gate, || lab.command(&crate::prepare::COMMAND)).await,
    }
}

/// Waits until the step was reached, and then for a moment that is another one each time.
async fn reached(gate: &Gate) {
    let end = Instant::now() + Duration::from_secs(60);
    while gate.tricks_done() == 0 {
        assert!(Instant::now() < end, "the step is not reached: {:?}", gate.seen());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    tokio::time::sleep(Duration::from_millis(u64::from(nanos % 40))).await;
}

async fn command(lab: &Lab, gate: &Gate, command: impl Fn() -> Command) {
    let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    reached(gate).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let endpoint = lab.ecr.endpoint();
    lab.nothing_is_half(&endpoint).await;
    gate.trick_no_more();
    let mut again = command();
    let output = tokio::task::spawn_blocking(move || again.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    lab.all_is_there(&endpoint).await;
}

async fn server(lab: &Lab, gate: &Gate) {
    let server = Server::start(lab);
    lab.make_rule(&server.endpoint).await;
    let client = pull(lab, &server.endpoint);
    tokio::select! {
        ended = client => panic!("nothing stalled: {ended:?}"),
        () = reached(gate) => {}
    }
    server.kill();
    gate.trick_no_more();
    let server = Server::start(lab);
    lab.nothing_is_half(&server.endpoint).await;
    pull(lab, &server.endpoint).await.unwrap();
    lab.all_is_there(&server.endpoint).await;
    server.kill();
}
