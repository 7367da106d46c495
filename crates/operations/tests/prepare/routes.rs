//! Every route, in one workflow and by itself: what is chosen, what comes of it, and that a second run does nothing.

use aws::ecr::{NewRepository, NewRule};
use operations::prepare::{PlannedAction, Prefer, PrepareOptions, PrepareOutcome, PrepareRoute};
use operations::{Access, Code};

use crate::accounts::layer;
use crate::world::{World, of};

/// A workflow of all kinds of images, with a credential for Docker Hub.
async fn mixed() -> (World, Vec<String>, PrepareOptions, Vec<(String, String)>) {
    let world = World::start().await;
    world.secret("ecr-pullthroughcache/hub").await;
    let mut digests = Vec::new();
    for (host, name, seed) in [
        ("quay.io", "biocontainers/bwa:0.7.17--h5bf99c6_8", 1),
        ("docker.io", "library/python:3.9", 3),
        ("public.ecr.aws", "lts/ubuntu:22.04", 5),
        ("registry.lab.example", "lab/caller:2", 7),
    ] {
        digests.push((format!("{host}/{name}"), world.index(name, seed).await));
    }
    // The workflow names Docker Hub's image as people do.
    digests[1].0 = "python:3.9".to_owned();
    let own = format!("{}/own/tool:1", world.registry.host());
    let repository = "own/tool".parse().unwrap();
    world.account.session().ecr().create_repository(&NewRepository::new(repository)).await.unwrap();
    let pushed = push_own(&world).await;
    digests.push((own.clone(), pushed));
    let images: Vec<String> =
        digests.iter().map(|(image, _)| image.clone()).chain(["~{tool}".to_owned()]).collect();
    let mut options = PrepareOptions::default();
    options.credentials.insert("docker.io".to_owned(), "ecr-pullthroughcache/hub".to_owned());
    (world, images, options, digests)
}

/// Puts an image into the account itself.
async fn push_own(world: &World) -> String {
    use operations::clone::{self, CloneItem, CloneOptions, CloneRequest, Silent};
    world.image("elsewhere/tool:1", 9).await;
    let item =
        CloneItem { source: world.pusher.name("elsewhere/tool:1"), target: Some("own/tool:1".to_owned()) };
    let options = CloneOptions { grant: false, ..CloneOptions::default() };
    let request = CloneRequest { images: vec![item], options };
    let cancel = tokio_util::sync::CancellationToken::new();
    let plan = clone::plan(&world.registry, &request, std::sync::Arc::new(Silent), &cancel).await.unwrap();
    let report = clone::apply(&world.registry, plan, std::sync::Arc::new(Silent), &cancel).await;
    report.images[0].digest.clone().unwrap()
}

#[tokio::test]
async fn a_mixed_workflow_ends_in_ecr_with_upstreams_digests_and_healthomics_may_pull_it() {
    let (world, images, options, digests) = mixed().await;
    let names: Vec<&str> = images.iter().map(String::as_str).collect();
    let request = world.request(&names, options);
    let plan = world.plan(&request).await;
    assert_eq!((plan.refused(), plan.unresolved), (0, 1), "{plan:#?}");
    let routes: Vec<_> = plan.images.iter().map(|image| (image.named.route.label(), image.action)).collect();
    assert_eq!(
        routes,
        [
            ("already private", PlannedAction::Nothing),
            ("new rule", PlannedAction::PullThrough),
            ("new rule", PlannedAction::PullThrough),
            ("new rule", PlannedAction::PullThrough),
            ("clone", PlannedAction::Copy),
        ],
        "{plan:#?}"
    );
    assert_eq!(plan.rules.iter().map(|rule| rule.prefix.as_str()).collect::<Vec<_>>().len(), 3);
    let hub = plan.rules.iter().find(|rule| rule.prefix == "docker-hub").unwrap();
    assert!(hub.credential_arn.as_ref().unwrap().contains(":secret:ecr-pullthroughcache/hub-"), "{hub:?}");
    let policy = plan.registry_policy.as_ref().unwrap();
    assert_eq!(policy.after["Statement"][0]["Resource"].as_array().unwrap().len(), 3, "{policy:?}");
    assert!(world.account.session().ecr().rules().await.unwrap().is_empty(), "a plan changes nothing");

    let report = world.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    for (image, digest) in &digests {
        let own = of(&report, image);
        assert_eq!(own.named.digest.as_ref(), Some(digest), "{own:#?}");
        assert_eq!(own.healthomics_access, Access::Accessible, "{image}");
        assert!(
            own.named.platforms.iter().any(|platform| platform == "linux/amd64") && own.size_bytes > Some(0)
        );
        let destination = own.named.destination.as_deref().unwrap();
        assert_eq!(world.pull_as_healthomics(destination).await.as_ref(), Ok(digest), "{destination}");
    }
    // The policy that ECR has is the one of the plan.
    let stored = world.account.session().ecr().registry_policy().await.unwrap().unwrap();
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["Statement"][0]["Resource"].as_array().unwrap().len(), 3, "{stored}");

    // Both maps lead every name to its image.
    let public: Vec<&str> = names[..4].to_vec();
    let mappings = &report.container_registry_map;
    for image in public {
        assert_eq!(report.image_map[image].as_str(), of(&report, image).named.destination.as_deref());
        let mapped = mappings.image_mappings.iter().find(|mapping| mapping.source_image == image);
        let through = mappings.registry_mappings.iter().find_map(|mapping| {
            let rest = image.strip_prefix(&mapping.upstream_registry_url)?;
            Some(format!("{}/{}{rest}", report.registry, mapping.ecr_repository_prefix))
        });
        let led = mapped.map(|mapping| mapping.destination_image.clone()).or(through);
        assert_eq!(led.as_ref(), of(&report, image).named.destination.as_ref(), "{mappings:#?}");
    }

    // A second run changes nothing and sends nothing.
    world.gate.forget();
    let again = world.plan(&request).await;
    assert!(!again.has_changes(), "{again:#?}");
    let again = world.apply(again).await;
    assert!(again.is_done() && again.sent_bytes == 0 && again.caches.is_empty(), "{again:#?}");
    assert!(again.images.iter().all(|image| image.outcome == PrepareOutcome::UpToDate), "{again:#?}");
    for change in
        ["PUT ", "/blobs/uploads", "POST Put", "POST Create", "POST Set", "POST Update", "POST Upload"]
    {
        assert_eq!(world.gate.count(change), 0, "{change}: {:?}", world.gate.seen());
    }
    assert_eq!(again.container_registry_map, report.container_registry_map);
}

#[tokio::test]
async fn without_a_credential_the_image_is_cloned_and_the_plan_says_why() {
    let world = World::start().await;
    let digest = world.index("library/python:3.9", 1).await;
    let report = world.prepare(&["python:3.9"], PrepareOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    let image = of(&report, "python:3.9");
    let PrepareRoute::Clone { reason } = &image.named.route else { panic!("{image:#?}") };
    assert!(reason.contains("credential") && reason.contains("Docker Hub"), "{reason}");
    assert_eq!((image.outcome, image.named.digest.as_ref()), (PrepareOutcome::Copied, Some(&digest)));
    let destination = image.named.destination.as_deref().unwrap();
    assert!(destination.ends_with("/docker.io/library/python:3.9"), "{destination}");
    assert_eq!(world.pull_as_healthomics(destination).await, Ok(digest));
    assert_eq!(report.container_registry_map.image_mappings[0].source_image, "python:3.9");
}

#[tokio::test]
async fn a_rule_that_lacks_what_healthomics_needs_is_repaired() {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    let rule = NewRule {
        ecr_repository_prefix: "mirror".parse().unwrap(),
        upstream_registry_url: "quay.io".to_owned(),
        upstream_registry: None,
        upstream_repository_prefix: None,
        credential_arn: None,
        custom_role_arn: None,
    };
    let ecr = world.account.session().ecr();
    ecr.create_rule(&rule).await.unwrap();
    let plan = world.plan(&world.request(&["quay.io/biocontainers/bwa:1"], PrepareOptions::default())).await;
    let route = PrepareRoute::ExistingRule { prefix: "mirror".to_owned(), upstream: "quay.io".to_owned() };
    assert_eq!(plan.images[0].named.route, route);
    assert!(plan.caches[0].has_changes(), "{plan:#?}");
    let report = world.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(ecr.rules().await.unwrap().len(), 1);
    assert_eq!(ecr.templates().await.unwrap()[0].prefix, "mirror");
    assert!(ecr.registry_policy().await.unwrap().unwrap().contains("repository/mirror/*"));
}

#[tokio::test]
async fn preferences_and_prefixes_decide_where_several_routes_are_open() {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    let name = "quay.io/biocontainers/bwa:1";
    let mut options = PrepareOptions::default();
    options.prefixes.insert("quay.io".to_owned(), "lab/quay".to_owned());
    let plan = world.plan(&world.request(&[name], options)).await;
    let route = PrepareRoute::NewRule { prefix: "lab/quay".to_owned(), upstream: "quay.io".to_owned() };
    assert_eq!(plan.images[0].named.route, route);
    assert!(plan.images[0].named.destination.as_ref().unwrap().ends_with("/lab/quay/biocontainers/bwa:1"));

    let options = PrepareOptions {
        prefer: Prefer::Clone,
        clone_prefix: Some("mirror".to_owned()),
        ..PrepareOptions::default()
    };
    let report = world.prepare(&[name], options).await;
    assert!(report.is_done() && report.caches.is_empty(), "{report:#?}");
    assert!(
        of(&report, name)
            .named
            .destination
            .as_ref()
            .unwrap()
            .ends_with("/mirror/quay.io/biocontainers/bwa:1")
    );
}

#[tokio::test]
async fn healthomics_copies_where_that_is_preferred_and_a_credential_is_named() {
    let world = World::start().await;
    let arn = world.secret("ngc").await;
    world.image("nvidia/parabricks:4", 1).await;
    let mut options = PrepareOptions { prefer: Prefer::Healthomics, ..PrepareOptions::default() };
    let (there, absent) = ("nvcr.io/nvidia/parabricks:4", "nvcr.io/nvidia/parabricks:5");
    let without = world.plan(&world.request(&[there], options.clone())).await;
    assert_eq!(without.images[0].named.route.label(), "clone", "{without:#?}");

    options.credentials.insert("nvcr.io".to_owned(), "ngc".to_owned());
    let report = world.prepare(&[there, absent], options).await;
    let image = of(&report, there);
    assert_eq!(image.outcome, PrepareOutcome::LeftToHealthomics);
    let missing = of(&report, absent).error.as_ref().unwrap();
    assert!(missing.hint.as_ref().unwrap().contains("tags that come near: 4"), "{missing:?}");
    let mapping = &report.container_registry_map.registry_mappings[0];
    assert_eq!(
        (mapping.upstream_registry_url.as_str(), mapping.credential_arn.as_ref()),
        ("nvcr.io", Some(&arn))
    );
    assert!(world.account.session().ecr().repositories().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_in_ecr_that_a_rule_has_still_to_fill_is_filled() {
    let world = World::start().await;
    let digest = world.index("biocontainers/bwa:1", 1).await;
    let name = format!("{}/quay/biocontainers/bwa:1", world.registry.host());
    let report = world.prepare(&[&name], PrepareOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    let image = of(&report, &name);
    assert_eq!(
        (image.outcome, image.named.destination.as_ref()),
        (PrepareOutcome::PulledThrough, Some(&name))
    );
    assert_eq!(world.pull_as_healthomics(&name).await, Ok(digest));
    assert!(report.image_map.is_empty(), "its own name leads there");

    let unknown = format!("{}/nobody/knows:1", world.registry.host());
    let report = world.prepare(&[&unknown], PrepareOptions::default()).await;
    assert_eq!((of(&report, &unknown).outcome, report.failed()), (PrepareOutcome::Failed, 1));
}

#[tokio::test]
async fn images_named_by_digest_keep_it_and_one_that_cannot_come_stops_no_other() {
    let world = World::start().await;
    let digest = world.index("biocontainers/bwa:1", 1).await;
    world.pusher.image("biocontainers/arm:1", "linux/arm64", &[layer(9, 100)]).await;
    let pinned = format!("quay.io/biocontainers/bwa@{digest}");
    let names = [&pinned, "quay.io/biocontainers/arm:1", "localhost/tool:1", "quay.io/biocontainers/gone:1"];
    let report = world.prepare(&names, PrepareOptions::default()).await;
    assert_eq!(report.failed(), 3, "{report:#?}");
    let own = of(&report, &pinned);
    assert_eq!((own.outcome, own.named.digest.as_ref()), (PrepareOutcome::Copied, Some(&digest)));
    let destination = own.named.destination.as_deref().unwrap();
    assert_eq!(report.image_map[&pinned].as_str(), Some(destination));
    assert_eq!(world.pull_as_healthomics(destination).await, Ok(digest));
    let refused = |image: &str| of(&report, image).error.as_ref().unwrap().refused.clone().unwrap();
    assert!(refused("quay.io/biocontainers/arm:1").contains("no linux/amd64"));
    assert!(refused("localhost/tool:1").contains("one machine"));
    assert!(refused("quay.io/biocontainers/gone:1").contains("no such image"));
}

#[tokio::test]
async fn names_of_one_image_are_brought_once_and_both_are_mapped() {
    let world = World::start().await;
    world.image("library/alpine:3", 1).await;
    let report = world.prepare(&["alpine:3", "docker.io/library/alpine:3"], PrepareOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(report.image_map.len(), 2);
    assert_eq!(report.image_map["alpine:3"], report.image_map["docker.io/library/alpine:3"]);
    assert!(report.findings.iter().all(|finding| finding.code != Code::Access), "{report:#?}");
}

#[tokio::test]
async fn grants_are_bound_to_runs_of_an_account_where_that_is_asked_for() {
    for (named, account) in [("own", "123456789012"), ("210987654321", "210987654321")] {
        let world = World::start().await;
        world.index("biocontainers/bwa:1", 1).await;
        world.index("lab/caller:2", 3).await;
        let images = ["quay.io/biocontainers/bwa:1", "registry.lab.example/lab/caller:2"];
        let options = PrepareOptions { source_account: Some(named.to_owned()), ..PrepareOptions::default() };
        let request = world.request(&images, options);
        let plan = world.plan(&request).await;
        let bound = |policy: &serde_json::Value| {
            let statements = policy["Statement"].as_array().unwrap();
            assert!(!statements.is_empty());
            for statement in statements {
                let condition = &statement["Condition"]["StringEquals"]["aws:SourceAccount"];
                assert_eq!(condition.as_str(), Some(account), "{policy:#}");
            }
        };
        bound(&plan.registry_policy.as_ref().unwrap().after);
        let report = world.apply(plan).await;
        assert!(report.is_done(), "{report:#?}");
        for image in &report.images {
            assert_eq!(image.healthomics_access, Access::Accessible, "{image:#?}");
        }
        let ecr = world.account.session().ecr();
        for repository in ["quay/biocontainers/bwa", "lab/caller"] {
            let found = of(&report, if repository == "lab/caller" { images[1] } else { images[0] });
            assert!(found.named.destination.as_ref().unwrap().contains(repository), "{found:#?}");
            let name = found.named.destination.as_ref().unwrap().parse::<image::ImageReference>().unwrap();
            let text = ecr.repository_policy(name.repository()).await.unwrap().unwrap();
            bound(&serde_json::from_str(&text).unwrap());
        }
        let again = world.plan(&request).await;
        assert!(!again.has_changes(), "{again:#?}");
    }
}

#[tokio::test]
async fn a_name_without_a_tag_and_the_same_with_latest_are_one_image() {
    let world = World::start().await;
    world.secret("ecr-pullthroughcache/hub").await;
    let digest = world.index("lab/hap.py:latest", 1).await;
    world.index("tools/verify:latest", 3).await;
    let images = ["lab/hap.py", "lab/hap.py:latest", "quay.io/tools/verify", "quay.io/tools/verify:latest"];
    let mut options = PrepareOptions::default();
    options.credentials.insert("docker.io".to_owned(), "ecr-pullthroughcache/hub".to_owned());
    let report = world.prepare(&images, options.clone()).await;
    assert!(report.is_done(), "{report:#?}");
    for image in images {
        assert!(report.image_map[image].as_str().unwrap().ends_with(":latest"), "{:#?}", report.image_map);
    }
    assert_eq!(of(&report, "lab/hap.py").named.digest.as_ref(), Some(&digest));
    assert_eq!(of(&report, "lab/hap.py:latest").named.digest.as_ref(), Some(&digest));
    assert!(!world.plan(&world.request(&images, options)).await.has_changes());
}

#[tokio::test]
async fn a_part_of_a_registry_gets_a_rule_of_its_own_where_one_is_asked_for() {
    let world = World::start().await;
    world.index("biocontainers/bwa:1", 1).await;
    world.index("lab/tool:1", 3).await;
    let images = ["quay.io/biocontainers/bwa:1", "quay.io/lab/tool:1"];
    let mut options = PrepareOptions::default();
    options.prefixes.insert("quay.io/biocontainers".to_owned(), "bio".to_owned());
    let request = world.request(&images, options);
    let plan = world.plan(&request).await;
    let rules: Vec<_> =
        plan.rules.iter().map(|rule| (rule.prefix.as_str(), rule.upstream_prefix.as_str())).collect();
    assert_eq!(rules, [("bio", "biocontainers"), ("quay", "ROOT")]);
    let report = world.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    let ends = |image: &str, end: &str| {
        let destination = of(&report, image).named.destination.as_deref().unwrap();
        assert!(destination.ends_with(end), "{destination}");
        assert_eq!(report.image_map[image].as_str(), Some(destination));
    };
    ends(images[0], "/bio/bwa:1");
    ends(images[1], "/quay/lab/tool:1");
    assert!(!world.plan(&request).await.has_changes());
}
