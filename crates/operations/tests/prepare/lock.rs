//! The lock: written from what a run found, and held against later ones.

use operations::prepare::{Lock, LockChange, PrepareOptions, PrepareOutcome};

use crate::world::{World, of};

#[tokio::test]
async fn a_tag_that_moved_fails_its_image_until_the_lock_is_renewed() {
    let world = World::start().await;
    let (moving, still) = ("registry.lab.example/lab/caller:2", "registry.lab.example/lab/other:1");
    let first = world.index("lab/caller:2", 1).await;
    world.image("lab/other:1", 5).await;
    let mut request = world.request(&[moving, still], PrepareOptions::default());
    let mut lock = Lock::default();
    let report = world.apply(world.plan(&request).await).await;
    assert_eq!(lock.take(&report, false), LockChange { added: 2, renewed: 0 });
    assert_eq!(lock.images[moving], first);

    request.locked = lock.images.clone();
    let report = world.apply(world.plan(&request).await).await;
    assert!(report.is_done(), "{report:#?}");

    let second = world.index("lab/caller:2", 8).await;
    request.options.overwrite = true;
    let plan = world.plan(&request).await;
    assert_eq!(plan.refused(), 1, "{plan:#?}");
    let report = world.apply(plan).await;
    assert_eq!(
        (of(&report, moving).outcome, of(&report, still).outcome),
        (PrepareOutcome::Failed, PrepareOutcome::UpToDate)
    );
    let words = of(&report, moving).error.as_ref().unwrap().refused.clone().unwrap();
    assert!(words.contains(&first) && words.contains(&second), "{words}");
    assert_eq!(report.sent_bytes, 0);

    request.locked.clear();
    let report = world.apply(world.plan(&request).await).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(lock.take(&report, true), LockChange { added: 0, renewed: 1 });
    assert_eq!(lock.images[moving], second);
}
