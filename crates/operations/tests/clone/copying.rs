//! Images are copied, found again, left alone, and refused.

use operations::clone::{CloneOutcome, CloneRoute, MountingState, Step, read_list};
use operations::{Access, Code};

use crate::accounts::{Account, Pusher, layer, request, source};

const AMD64: &str = "linux/amd64";

#[tokio::test]
async fn a_clone_creates_copies_proves_and_then_finds_nothing_to_do() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let digest = pusher.image("bio/tool:1.0", AMD64, &[layer(1, 5000), layer(2, 300)]).await;
    let request = request(&[(pusher.name("bio/tool:1.0"), "tools/tool:1")]);

    let plan = account.plan(&request).await;
    assert!(plan.has_changes() && !plan.is_done());
    assert_eq!(plan.images[0].step, Step::Copy { replaces: None });
    assert_eq!(plan.images[0].platforms, [AMD64]);
    assert!(plan.bytes > 5300 && plan.bytes == plan.images[0].size_bytes, "{plan:?}");
    assert!(plan.repositories[0].create.is_some());
    assert!(account.repositories().await.is_empty(), "planning writes nothing");

    let report = account.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    let image = &report.images[0];
    assert_eq!(
        (image.outcome, image.route.clone()),
        (CloneOutcome::Copied, CloneRoute::Copy { reason: None })
    );
    assert_eq!(image.digest.as_deref(), Some(digest.as_str()));
    assert_eq!(image.healthomics_access, Access::Accessible);
    assert!(image.sent_bytes > 5300 && image.size_bytes.is_some() && !image.digest_changed);
    assert_eq!(image.destination, format!("{}/tools/tool:1", account.registry.host()));
    assert!(report.repositories[0].created && report.repositories[0].granted);
    assert_eq!(account.digest("tools/tool:1").await, Some(digest));

    let again = account.plan(&request).await;
    assert!(again.is_done(), "{again:#?}");
    let report = account.apply(again).await;
    assert!(report.is_done());
    assert_eq!(report.images[0].outcome, CloneOutcome::UpToDate);
    assert_eq!(report.images[0].platforms, [AMD64]);
    assert_eq!((report.sent_bytes, report.repositories[0].granted), (0, false));
}

#[tokio::test]
async fn without_a_target_the_name_is_the_one_that_a_map_gives() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1.0", AMD64, &[layer(1, 50)]).await;
    let report = account.clone(&request(&[(pusher.name("bio/tool:1.0"), "")])).await;
    assert!(report.is_done(), "{report:#?}");
    let host = upstream.address().to_string().replace(':', "-");
    assert_eq!(account.repositories().await, [format!("{host}/bio/tool")]);
}

#[tokio::test]
async fn a_tag_of_another_image_moves_only_when_it_may() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let first = pusher.image("bio/tool:1", AMD64, &[layer(1, 50)]).await;
    let second = pusher.image("bio/tool:2", AMD64, &[layer(2, 50)]).await;
    account.clone(&request(&[(pusher.name("bio/tool:1"), "tools/tool:x")])).await;
    let mut other = request(&[(pusher.name("bio/tool:2"), "tools/tool:x")]);

    let plan = account.plan(&other).await;
    assert_eq!(plan.images[0].step, Step::Conflict { existing: first.clone() });
    let report = account.apply(plan).await;
    assert!(!report.is_done());
    assert_eq!(report.images[0].outcome, CloneOutcome::Conflict);
    assert!(report.images[0].error.as_ref().unwrap().hint.as_ref().unwrap().contains("--overwrite"));
    assert_eq!(account.digest("tools/tool:x").await.as_ref(), Some(&first));

    other.options.overwrite = true;
    let plan = account.plan(&other).await;
    assert_eq!(plan.images[0].step, Step::Copy { replaces: Some(first) });
    assert!(account.apply(plan).await.is_done());
    assert_eq!(account.digest("tools/tool:x").await, Some(second));
}

#[tokio::test]
async fn an_image_without_amd64_is_refused_with_what_it_has() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let arm = pusher.image("bio/arm:a", "linux/arm64", &[layer(1, 50)]).await;
    let s390x = pusher.image("bio/arm:b", "linux/s390x", &[layer(2, 50)]).await;
    pusher.index("bio/arm:all", &[(&arm, "linux/arm64"), (&s390x, "linux/s390x")]).await;
    let pinned = format!("{}@{arm}", pusher.name("bio/arm"));
    let pairs = [(pusher.name("bio/arm:all"), "aa:1"), (pusher.name("bio/arm:a"), "bb:1"), (pinned, "cc")];
    let report = account.clone(&request(&pairs)).await;
    let words: Vec<&str> =
        report.images.iter().map(|image| image.error.as_ref().unwrap().refused.as_deref().unwrap()).collect();
    assert_eq!(words[0], "it has no linux/amd64, only linux/arm64, linux/s390x");
    assert_eq!(words[1], "it has no linux/amd64, only linux/arm64");
    assert_eq!(words[2], "it has no linux/amd64, only linux/arm64");
    assert!(account.repositories().await.is_empty(), "nothing is made for what is refused");
}

#[tokio::test]
async fn one_platform_of_an_index_is_copied_and_a_pinned_index_keeps_its_digest() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let amd = pusher.image("bio/tool:a", AMD64, &[layer(1, 50)]).await;
    let arm = pusher.image("bio/tool:b", "linux/arm64", &[layer(2, 50)]).await;
    let index = pusher.index("bio/tool:1", &[(&amd, AMD64), (&arm, "linux/arm64")]).await;
    let pinned = format!("{}@{index}", pusher.name("bio/tool:1"));
    let report = account.clone(&request(&[(pusher.name("bio/tool:1"), "one:1"), (pinned.clone(), "")])).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(report.images[0].digest.as_ref(), Some(&amd));
    assert!(report.images[0].digest_changed);
    assert_eq!(report.images[1].digest.as_ref(), Some(&index));
    assert_eq!(report.images[1].platforms, [AMD64, "linux/arm64"]);
    assert!(!report.images[1].digest_changed && report.images[1].destination.ends_with(&index));
    let again = account.plan(&request(&[(pusher.name("bio/tool:1"), "one:1"), (pinned, "")])).await;
    assert!(again.is_done(), "{again:#?}");
}

#[tokio::test]
async fn shared_layers_are_sent_once_where_mounting_is_on_and_said_where_it_is_off() {
    for enable in [false, true] {
        let (upstream, account) = (source().await, Account::start().await);
        let pusher = Pusher::new(&upstream).await;
        let shared = layer(9, 200_000);
        let mut pairs = Vec::new();
        for name in ["one", "two", "three", "four"] {
            let image = format!("bio/{name}:1");
            pusher.image(&image, AMD64, &[shared.clone(), layer(name.len() as u8, 1000)]).await;
            pairs.push((pusher.name(&image), ""));
        }
        let mut request = request(&pairs);
        request.options.enable_mounting = enable;
        let plan = account.plan(&request).await;
        assert!(plan.mounting.saves_bytes >= 600_000, "{:?}", plan.mounting);
        let note = plan.findings.iter().find(|finding| finding.code == Code::MountingOff);
        assert_eq!(note.is_some(), !enable);
        let state = if enable { MountingState::SwitchedOn } else { MountingState::Off };
        assert_eq!(plan.mounting.state, state);
        let planned = plan.bytes;
        let report = account.apply(plan).await;
        assert!(report.is_done(), "{report:#?}");
        assert_eq!(report.mounting_enabled, enable);
        assert_eq!(report.mounted_bytes >= 600_000, enable, "{report:#?}");
        assert_eq!(report.sent_bytes, planned);
    }
}

#[tokio::test]
async fn where_mounting_is_off_nobody_tries_and_new_repositories_are_not_asked() {
    let upstream = source().await;
    let pusher = Pusher::new(&upstream).await;
    let (account, ecr) = Account::behind_gate().await;
    let shared = layer(9, 200_000);
    let mut pairs = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let image = format!("bio/{name}:1");
        pusher.image(&image, AMD64, std::slice::from_ref(&shared)).await;
        pairs.push((pusher.name(&image), ""));
    }
    let plan = account.plan(&request(&pairs)).await;
    let saves = plan.mounting.saves_bytes;
    let report = account.apply(plan).await;
    assert!(report.is_done() && report.unmounted_bytes == saves && saves == 600_000, "{report:#?}");
    assert_eq!((ecr.count("mount="), ecr.count("HEAD /v2/")), (0, 4), "{:?}", ecr.seen());
    assert_eq!(ecr.count("PUT /v2/"), 4 * 3);
}

#[tokio::test]
async fn one_of_three_fails_and_the_others_are_done() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    for tag in ["1", "2"] {
        pusher.image(&format!("bio/tool:{tag}"), AMD64, &[layer(1, 50)]).await;
    }
    let list = format!(
        "# what the run needs\n{0}:1 tools/tool:1 # first\n\n{0}:none tools/none:1\n{0}:2 tools/tool:2\nquay.io/A/b nowhere\n{0}:1 n:1\n",
        pusher.name("bio/tool")
    );
    let mut request = request(&[]);
    request.images = read_list(&list).unwrap();
    let report = account.clone(&request).await;
    let outcomes: Vec<CloneOutcome> = report.images.iter().map(|image| image.outcome).collect();
    use CloneOutcome::{Copied, Failed};
    assert_eq!(outcomes, [Copied, Failed, Copied, Failed, Failed]);
    assert!(!report.is_done());
    let missing = report.images[1].error.as_ref().unwrap();
    assert!(missing.tried.contains("at the source"), "{missing:?}");
    assert!(report.images[3].error.as_ref().unwrap().refused.as_ref().unwrap().contains("capital"));
    assert!(report.images[4].error.as_ref().unwrap().refused.as_ref().unwrap().contains("2 characters"));
    assert_eq!(account.repositories().await, ["tools/tool"], "no empty repository is left");
}

#[tokio::test]
async fn two_images_cannot_go_to_one_place_and_one_image_may_be_named_twice() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let digest = pusher.image("bio/tool:1", AMD64, &[layer(1, 50)]).await;
    pusher.image("bio/tool:2", AMD64, &[layer(2, 50)]).await;
    let pinned = format!("{}@{digest}", pusher.name("bio/tool:1"));
    let pairs = [
        (pusher.name("bio/tool:1"), "xx:1"),
        (pinned, "xx:1"),
        (pusher.name("bio/tool:1"), "xx:1"),
        (pusher.name("bio/tool:2"), "xx:1"),
    ];
    let report = account.clone(&request(&pairs)).await;
    let there: Vec<bool> = report.images.iter().map(|image| image.outcome.is_there()).collect();
    assert_eq!(there, [true, true, true, false], "{report:#?}");
    assert_eq!(account.digest("xx:1").await, Some(digest));
}

#[tokio::test]
async fn settings_are_for_new_repositories() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", AMD64, &[layer(1, 50)]).await;
    pusher.image("bio/tool:2", AMD64, &[layer(2, 50)]).await;
    let mut first = request(&[(pusher.name("bio/tool:1"), "tools/tool:1")]);
    first.options.repository.immutable = true;
    first.options.repository.kms_key = Some("aws/ecr".to_owned());
    first.options.repository.tags.insert("team".to_owned(), "genomics".to_owned());
    assert!(account.clone(&first).await.is_done());
    let made = account.session.ecr().repository(&"tools/tool".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(made.tag_mutability, aws::ecr::TagMutability::Immutable);
    assert!(matches!(made.encryption, aws::ecr::Encryption::Kms(_)), "{made:?}");

    account.clone(&request(&[(pusher.name("bio/tool:1"), "plain:1")])).await;
    let mut other = request(&[(pusher.name("bio/tool:2"), "plain:2")]);
    other.options.repository.immutable = true;
    let plan = account.plan(&other).await;
    assert!(plan.findings.iter().any(|finding| finding.code == Code::Settings), "{plan:#?}");
}

#[tokio::test]
async fn what_is_called_off_is_told_and_nothing_is_tagged() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", AMD64, &[layer(1, 50)]).await;
    let request = request(&[(pusher.name("bio/tool:1"), "tools/tool:1")]);
    let plan = account.plan(&request).await;
    let cancel = tokio_util::sync::CancellationToken::new();
    cancel.cancel();
    let sink = std::sync::Arc::new(operations::clone::Silent);
    let report = operations::clone::apply(&account.registry, plan, sink, &cancel).await;
    assert!(report.cancelled && !report.is_done());
    assert_eq!(report.images[0].outcome, CloneOutcome::Cancelled);
    assert!(account.repositories().await.is_empty());
    assert!(account.clone(&request).await.is_done());
}
