//! Calls that take long: they stop when they are called off, and no other call waits for them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::gate::{Gate, Trick};
use crate::images::MANIFEST;
use crate::session::{Session, words};
use crate::world::World;

/// An image whose registry takes long for every layer.
struct Slow {
    world: World,
    gate: Gate,
}

/// The layers of the image.
const LAYERS: usize = 40;

impl Slow {
    fn new() -> Self {
        let world = World::new();
        let layers: Vec<String> = (0..LAYERS).map(|index| format!("layer {index} ").repeat(200)).collect();
        world.images().push_layers("lab/large:1", "amd64", &layers);
        let gate = world.images().runtime.block_on(Gate::before(world.images().source.clone()));
        // Each layer takes some seconds.
        gate.trick("GET /v2/lab/large/blobs/", 1, usize::MAX, Trick::Slow(200, Duration::from_millis(300)));
        Self { world, gate }
    }

    fn session(&self) -> Session {
        let mut arguments = self.world.arguments();
        arguments.push("--allow-write".to_owned());
        Session::start(&words(&arguments), &json!({}))
    }

    /// Begins to clone the image, and returns the id of the request once layers are under way.
    fn begin(&self, session: &mut Session) -> u64 {
        let source = format!("{}/lab/large:1", self.gate.address);
        let call = json!({"source_uri": source, "target_repository": "lab/large"});
        let id = session.request("tools/call", json!({"name": "CloneContainerToECR", "arguments": call}));
        let end = Instant::now() + Duration::from_secs(60);
        while self.asked() < 2 {
            assert!(Instant::now() < end, "no layer is asked for: {:?}", self.gate.seen());
            std::thread::sleep(Duration::from_millis(20));
        }
        id
    }

    /// Returns how many blobs were asked for.
    fn asked(&self) -> usize {
        self.gate.count("GET /v2/lab/large/blobs/")
    }
}

fn explain() -> Value {
    json!({"name": "ExplainFinding", "arguments": {"finding_id": "OE101"}})
}

fn call_off(session: &mut Session, id: u64) {
    let params = json!({"requestId": id, "reason": "enough"});
    session.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
}

#[test]
fn a_call_that_is_called_off_stops_its_work() {
    let slow = Slow::new();
    let mut session = slow.session();
    let id = slow.begin(&mut session);
    call_off(&mut session, id);
    // When this is answered, the notification was read too.
    session.call("tools/call", explain());
    std::thread::sleep(Duration::from_millis(500));
    let asked = slow.asked();
    assert!(asked < LAYERS, "{asked} blobs were asked for already");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(slow.asked(), asked);
    let ids = json!([{"imageTag": "1"}]);
    let query = json!({"repositoryName": "lab/large", "imageIds": ids, "acceptedMediaTypes": [MANIFEST]});
    let stored = slow.world.ecr("BatchGetImage", &query);
    assert!(stored["images"].as_array().is_none_or(Vec::is_empty), "{stored}");
    // The session goes on; whoever is answered after all is not told of success.
    session.call("tools/call", explain());
    let is_answer = |told: &&Value| told["id"] == id && told.get("method").is_none();
    if let Some(answer) = session.others.iter().find(is_answer) {
        assert_eq!(answer["result"]["isError"], true, "{answer}");
    }
}

#[test]
fn fifty_calls_do_not_wait_for_one_that_is_slow() {
    let slow = Slow::new();
    let mut session = slow.session();
    let id = slow.begin(&mut session);
    let call = json!({"name": "ListECRPullThroughCacheRules", "arguments": {}});
    let mut open: Vec<u64> = (0..50).map(|_| session.request("tools/call", call.clone())).collect();
    while !open.is_empty() {
        let answer = session.read();
        assert_ne!(answer["id"], id, "the slow call was faster: {answer}");
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        open.retain(|id| answer["id"] != *id);
    }
    call_off(&mut session, id);
    session.call("tools/call", explain());
}
