//! Signatures and SBOMs go along when they are asked for, and are found in ECR afterwards.

use std::sync::Arc;

use operations::clone::{CloneOutcome, CloneRequest, Step};
use registry::{Client, ClientOptions, Credential, GivenCredentials};

use crate::accounts::{Account, Pusher, layer, request, source};

const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const SBOM: &str = "application/spdx+json";

/// Returns what ECR lists as referring to an image, by digest.
async fn listed(account: &Account, repository: &str, subject: &str) -> Vec<String> {
    let token = account.session.ecr().authorization_token().await.unwrap();
    let host = account.registry.host().clone();
    let login =
        Credential::Upfront { username: token.user, password: token.password.expose().to_owned().into() };
    let credentials = Arc::new(GivenCredentials::default().with(host.clone(), login));
    let client = Client::new(ClientOptions { credentials, ..ClientOptions::default() }).unwrap();
    let remote = client.repository(&host, &repository.parse().unwrap()).unwrap();
    let found = remote.referrers(&subject.parse().unwrap()).await.unwrap();
    let mut digests: Vec<String> = found.iter().map(|named| named.digest.to_string()).collect();
    digests.sort();
    digests
}

/// A signed image with an SBOM, whose signature is signed too.
async fn signed(pusher: &Pusher) -> (String, Vec<String>, String, CloneRequest) {
    let image = pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 500)]).await;
    let signature = pusher.referrer("bio/tool", &image, SIGNATURE).await;
    let sbom = pusher.referrer("bio/tool", &image, SBOM).await;
    let of_signature = pusher.referrer("bio/tool", &signature, SIGNATURE).await;
    let mut request = request(&[(pusher.name("bio/tool:1"), "tools/tool:1")]);
    request.options.referrers = true;
    let mut own = vec![signature, sbom];
    own.sort();
    (image, own, of_signature, request)
}

#[tokio::test]
async fn referrers_are_copied_and_listed_afterwards() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let (image, own, of_signature, request) = signed(&pusher).await;
    let report = account.clone(&request).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(report.images[0].referrers, 3);
    assert_eq!(listed(&account, "tools/tool", &image).await, own);
    let signature = own.iter().find(|digest| **digest != of_signature).unwrap();
    let deeper: Vec<Vec<String>> =
        [listed(&account, "tools/tool", &own[0]).await, listed(&account, "tools/tool", &own[1]).await]
            .to_vec();
    assert!(deeper.contains(&vec![of_signature.clone()]), "{signature}: {deeper:?}");
    let again = account.plan(&request).await;
    assert!(again.is_done(), "{again:#?}");
}

#[tokio::test]
async fn without_being_asked_for_they_stay_behind() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let (image, _, _, mut request) = signed(&pusher).await;
    request.options.referrers = false;
    let report = account.clone(&request).await;
    assert!(report.is_done() && report.images[0].referrers == 0, "{report:#?}");
    assert!(listed(&account, "tools/tool", &image).await.is_empty());
}

#[tokio::test]
async fn an_image_that_is_there_gets_the_referrers_that_it_lacks() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let (image, mut own, _, mut request) = signed(&pusher).await;
    request.options.referrers = false;
    assert!(account.clone(&request).await.is_done());
    request.options.referrers = true;
    let plan = account.plan(&request).await;
    assert_eq!(plan.images[0].step, Step::AddReferrers { missing: 2 });
    assert!(plan.has_changes() && !plan.is_done());
    let report = account.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!((report.images[0].outcome, report.images[0].referrers), (CloneOutcome::UpToDate, 3));
    assert_eq!(listed(&account, "tools/tool", &image).await, own);

    // One that was made since then is found and goes alone.
    own.push(pusher.referrer("bio/tool", &image, "application/vnd.example.scan+json").await);
    own.sort();
    let plan = account.plan(&request).await;
    assert_eq!(plan.images[0].step, Step::AddReferrers { missing: 1 });
    assert_eq!(account.apply(plan).await.images[0].referrers, 1);
    assert_eq!(listed(&account, "tools/tool", &image).await, own);
    assert!(account.plan(&request).await.is_done());
}

#[tokio::test]
async fn each_platform_of_an_index_keeps_its_own() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    let amd = pusher.image("bio/tool:a", "linux/amd64", &[layer(1, 50)]).await;
    let arm = pusher.image("bio/tool:b", "linux/arm64", &[layer(2, 50)]).await;
    let index = pusher.index("bio/tool:1", &[(&amd, "linux/amd64"), (&arm, "linux/arm64")]).await;
    let of_child = pusher.referrer("bio/tool", &amd, SBOM).await;
    let of_index = pusher.referrer("bio/tool", &index, SIGNATURE).await;
    let pinned = format!("{}@{index}", pusher.name("bio/tool:1"));
    let mut request = request(&[(pinned, "tools/tool:1")]);
    assert!(account.clone(&request).await.is_done());
    request.options.referrers = true;
    let plan = account.plan(&request).await;
    assert_eq!(plan.images[0].step, Step::AddReferrers { missing: 2 });
    assert!(account.apply(plan).await.is_done());
    assert_eq!(listed(&account, "tools/tool", &index).await, [of_index]);
    assert_eq!(listed(&account, "tools/tool", &amd).await, [of_child]);
}
