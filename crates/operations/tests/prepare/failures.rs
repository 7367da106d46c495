//! What goes wrong half-way: the others are done, it is said what failed, and the next run does the rest.

use std::sync::Arc;
use std::time::Duration;

use operations::prepare::{self, PrepareOptions, PrepareOutcome};
use tokio_util::sync::CancellationToken;

use crate::accounts::layer;
use crate::gate::Trick;
use crate::world::{AMD64, World, of};

const QUAY: &str = "quay.io/biocontainers/bwa:1";
const LAB: &str = "registry.lab.example/lab/caller:2";

async fn two() -> World {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    world.image("lab/caller:2", 2).await;
    world
}

fn json_error(code: &str) -> Trick {
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    Trick::Answer(400, headers, format!(r#"{{"__type":"{code}","message":"not authorized to do this"}}"#))
}

#[tokio::test]
async fn a_dead_registry_fails_its_own_images_alone_and_the_next_run_brings_them() {
    let world = two().await;
    world.gates["registry.lab.example"].trick("", 0, 1000, Trick::LoseRequest);
    let report = world.prepare(&[QUAY, LAB], PrepareOptions::default()).await;
    assert_eq!(
        (of(&report, QUAY).outcome, of(&report, LAB).outcome),
        (PrepareOutcome::PulledThrough, PrepareOutcome::Failed)
    );
    assert!(of(&report, LAB).error.as_ref().unwrap().tried.contains("source"), "{report:#?}");
    assert!(!report.image_map.contains_key(LAB) && report.image_map.contains_key(QUAY));

    world.gates["registry.lab.example"].trick_no_more();
    let report = world.prepare(&[QUAY, LAB], PrepareOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(
        (of(&report, QUAY).outcome, of(&report, LAB).outcome),
        (PrepareOutcome::UpToDate, PrepareOutcome::Copied)
    );
}

#[tokio::test]
async fn a_registry_that_throttles_is_asked_again() {
    let world = two().await;
    let slow_down = Trick::Answer(429, vec![("retry-after", "0".to_owned())], String::new());
    world.gates["registry.lab.example"].trick("GET /v2/lab", 0, 2, slow_down);
    let report = world.prepare(&[LAB], PrepareOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
}

#[tokio::test]
async fn a_registry_policy_that_may_not_be_written_is_said_and_made_up_for_by_the_next_run() {
    let world = two().await;
    world.gate.trick("POST PutRegistryPolicy", 0, 9, json_error("AccessDeniedException"));
    let report = world.prepare(&[QUAY, LAB], PrepareOptions::default()).await;
    assert!(!report.is_done());
    assert_eq!(of(&report, LAB).outcome, PrepareOutcome::Copied, "{report:#?}");
    let error = of(&report, QUAY).error.as_ref().unwrap();
    assert!(error.refused.as_ref().unwrap().contains("AccessDenied"), "{error:?}");
    // Without the grant the rule would have made repositories that no run can fill.
    assert!(world.account.session().ecr().rules().await.unwrap().is_empty());

    world.gate.trick_no_more();
    let report = world.prepare(&[QUAY, LAB], PrepareOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
}

#[tokio::test]
async fn a_repository_policy_that_may_not_be_written_makes_its_image_fail_alone() {
    let world = two().await;
    world.image("lab/other:2", 5).await;
    let other = "registry.lab.example/lab/other:2";
    world.gate.trick("POST SetRepositoryPolicy", 0, 1, json_error("AccessDeniedException"));
    let report = world.prepare(&[LAB, other], PrepareOptions::default()).await;
    assert_eq!(report.failed(), 1, "{report:#?}");
    let failed = report.images.iter().find(|image| image.outcome == PrepareOutcome::Failed).unwrap();
    assert!(failed.error.as_ref().unwrap().refused.as_ref().unwrap().contains("AccessDenied"), "{failed:#?}");
    let report = world.prepare(&[LAB, other], PrepareOptions::default()).await;
    assert!(report.is_done() && report.sent_bytes == 0, "{report:#?}");
}

#[tokio::test]
async fn what_is_called_off_in_the_middle_is_done_by_the_next_run() {
    let world = two().await;
    let large = layer(7, 200_000);
    world.pusher.image("lab/large:1", AMD64, std::slice::from_ref(&large)).await;
    let name = "registry.lab.example/lab/large:1";
    let blob = format!("GET /v2/lab/large/blobs/{}", crate::accounts::digest(&large));
    // It would take minutes.
    let gate = &world.gates["registry.lab.example"];
    gate.trick(&blob, 0, 1, Trick::Slow(1000, Duration::from_millis(500)));
    let request = world.request(&[QUAY, name], PrepareOptions::default());
    let plan = world.plan(&request).await;
    let cancel = CancellationToken::new();
    let stop = async {
        while gate.count(&blob) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    };
    let sink = Arc::new(operations::clone::Silent);
    let (report, ()) =
        tokio::join!(prepare::apply(&world.account, &world.registry, plan, sink, &cancel), stop);
    assert!(report.cancelled && !report.is_done());
    assert_eq!(of(&report, name).outcome, PrepareOutcome::Cancelled, "{report:#?}");
    let report = world.apply(world.plan(&request).await).await;
    assert!(report.is_done(), "{report:#?}");
    for image in &report.images {
        assert!(world.pull_as_healthomics(image.named.destination.as_deref().unwrap()).await.is_ok());
    }
}
