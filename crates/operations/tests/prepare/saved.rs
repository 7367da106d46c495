//! Plans in files: carried out as they were shown, and refused when the account or the images have changed.

use aws::ecr::NewRepository;
use operations::prepare::{PrepareOptions, SavedPlan};

use crate::world::World;

const QUAY: &str = "quay.io/biocontainers/bwa:1";

#[tokio::test]
async fn a_plan_is_the_same_while_nothing_changes_and_says_what_changed() {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    let request = world.request(&[QUAY], PrepareOptions::default());
    let written = serde_json::to_string(&SavedPlan::of(&world.plan(&request).await)).unwrap();
    let saved = SavedPlan::read(&written).unwrap();
    assert_eq!(saved.differences(&world.plan(&saved.request).await), []);

    // What the plan does not hang on may change.
    let ecr = world.account.session().ecr();
    ecr.create_repository(&NewRepository::new("other/thing".parse().unwrap())).await.unwrap();
    assert_eq!(saved.differences(&world.plan(&saved.request).await), []);

    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"ecr:CreateRepository","Resource":"*"}]}"#;
    ecr.put_registry_policy(theirs).await.unwrap();
    let words: Vec<String> =
        saved.differences(&world.plan(&saved.request).await).iter().map(|one| one.words()).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].contains("registry policy") && words[0].contains("theirs"), "{words:?}");
    ecr.delete_registry_policy().await.unwrap();

    let moved = world.image("biocontainers/bwa:1", 2).await;
    let words: Vec<String> =
        saved.differences(&world.plan(&saved.request).await).iter().map(|one| one.words()).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].contains(QUAY) && words[0].contains(&moved), "{words:?}");
}

#[tokio::test]
async fn a_plan_that_was_carried_out_is_not_that_plan_any_more() {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    let plan = world.plan(&world.request(&[QUAY], PrepareOptions::default())).await;
    let saved = SavedPlan::of(&plan);
    assert!(world.apply(plan).await.is_done());
    let words: Vec<String> =
        saved.differences(&world.plan(&saved.request).await).iter().map(|one| one.words()).collect();
    assert!(words.iter().any(|line| line.contains("rule `quay`")), "{words:?}");
}
