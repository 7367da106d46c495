//! Runs a flow once for each of its steps and each fault.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use local_ecr::Handle;

use crate::fault::Fault;
use crate::lab::{Flow, Lab, Outcome, client, upstream};
use crate::{kill, step};

/// Cells of one flow under way at once.
const AT_ONCE: usize = 12;

/// How long a run may go on before it is said to wait.
const WAITS: Duration = Duration::from_secs(45);

/// Who is asking, and the login to the registry: of the clone alone, since they are the same for all.
const OPENING: [&str; 2] = ["GetCallerIdentity", "GetAuthorizationToken"];

/// How often a fault that happens once may be met until it is said that it makes a run fail.
const TRIES: usize = 3;

/// A step: who is asked for what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step {
    pub(crate) side: &'static str,
    pub(crate) label: String,
}

/// What came of a fault at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) step: Step,
    pub(crate) fault: Fault,
    pub(crate) met: Met,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Met {
    /// The step carries no bytes that could be wrong.
    Nothing,
    /// As long as it lasts, and when it happens once; `None` where lasting it does no harm.
    Came { lasting: Outcome, once: Option<Outcome> },
    /// It was killed there.
    Killed,
}

impl Met {
    /// Returns whether the same comes of both while they last.
    pub(crate) fn looks_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Came { lasting, .. }, Self::Came { lasting: other, .. }) => lasting == other,
            _ => self == other,
        }
    }
}

/// Finds the steps of a flow and meets each with each fault.
pub(crate) async fn run(flow: Flow) -> Vec<Cell> {
    let (http, upstream) = (client(), upstream().await);
    let steps = steps(flow, &upstream, &http).await;
    // Registries come last in order, and take longest.
    let all = steps.iter().rev().flat_map(|step| Fault::ALL.map(|fault| (step.clone(), fault)));
    let cells = stream::iter(all).map(|(step, fault)| cell(flow, step, fault, &upstream, &http));
    let mut cells: Vec<Cell> = cells.buffer_unordered(AT_ONCE).collect().await;
    cells.sort_by(|one, other| (&one.step, one.fault).cmp(&(&other.step, other.fault)));
    cells
}

/// Returns what a flow asks for when all is well.
async fn steps(flow: Flow, upstream: &Arc<Handle>, http: &reqwest::Client) -> BTreeSet<Step> {
    let lab = Lab::start(flow, upstream, http).await;
    assert_eq!(lab.run().await, Outcome::Done);
    lab.all_is_there(&lab.ecr.endpoint()).await;
    let of = |(side, gate): &(&'static str, crate::gate::Gate)| {
        let side = *side;
        gate.seen().into_iter().map(move |line| Step { side, label: step::of(&line) })
    };
    let all = lab.gates.iter().flat_map(of);
    // The account is opened in the same way whatever is done with it.
    all.filter(|step| flow == Flow::Clone || !OPENING.contains(&step.label.as_str())).collect()
}

async fn cell(flow: Flow, step: Step, fault: Fault, upstream: &Arc<Handle>, http: &reqwest::Client) -> Cell {
    let lab = Lab::start(flow, upstream, http).await;
    let met = match fault {
        Fault::Killed => {
            kill::at(&lab, &step).await;
            Met::Killed
        }
        _ => meet(&lab, &step, fault).await,
    };
    Cell { step, fault, met }
}

async fn meet(lab: &Lab, step: &Step, fault: Fault) -> Met {
    let (gate, endpoint) = (lab.gate(step.side), lab.ecr.endpoint());
    let faulty = async |lasts: bool| {
        let label = step.label.clone();
        let times = if lasts { usize::MAX } else { 1 };
        gate.trick_where(move |line| step::of(line) == label, times, fault.trick(&step.label, lasts));
        let outcome = tokio::time::timeout(WAITS, lab.run()).await.unwrap_or(Outcome::Waits);
        let outcome = match fault {
            // Of several requests under way at once, it is not always the same one that fails first.
            Fault::Refused => outcome.with_words("whatever is asked next"),
            _ => outcome,
        };
        lab.nothing_is_half(&endpoint).await;
        gate.trick_no_more();
        (outcome, gate.tricks_done() > 0)
    };
    let (lasting, met) = faulty(true).await;
    if !met {
        assert_eq!((lasting, fault), (Outcome::Done, Fault::WrongBytes), "{step:?} is not reached");
        return Met::Nothing;
    }
    let mut once = (lasting != Outcome::Done).then_some(Outcome::Waits);
    // The patience of a test is short, and pauses are drawn by lot.
    for _ in 0..if fault == Fault::Refused { 1 } else { TRIES } {
        if once.is_some() && once != Some(Outcome::Done) {
            once = Some(faulty(false).await.0);
        }
    }
    // Whatever it was, the same again completes.
    let mut again = lab.run().await;
    for _ in 1..TRIES {
        if again == Outcome::Done {
            break;
        }
        // Who was not listening may be only just back.
        tokio::time::sleep(Duration::from_millis(200)).await;
        again = lab.run().await;
    }
    assert_eq!(again, Outcome::Done, "{step:?} {fault:?}: {lasting:?}, {once:?}");
    lab.all_is_there(&endpoint).await;
    Met::Came { lasting, once }
}
