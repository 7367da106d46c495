//! Very large layers go through ECR's own layer parts, and go on where they stopped.

use operations::clone::{CloneOutcome, CloneReport, CloneRequest};

use crate::accounts::{Account, Pusher, digest, layer, request, source};
use crate::gate::{Gate, Trick};

const MIB: usize = 1 << 20;

/// ECR asks for parts of 10 MiB, so this takes two.
const LARGE: usize = 11 * MIB;

/// An account behind a gate, a source behind another, and an image with a large and a small layer to clone.
struct Scene {
    account: Account,
    ecr: Gate,
    source: Gate,
    request: CloneRequest,
    large: String,
    image: String,
}

async fn scene() -> Scene {
    let upstream = source().await;
    let pusher = Pusher::new(&upstream).await;
    let bytes = layer(1, LARGE);
    let large = digest(&bytes);
    let image = pusher.image("bio/large:1", "linux/amd64", &[bytes, layer(2, 300)]).await;
    let source = Gate::before(upstream).await;
    let (account, ecr) = Account::behind_gate().await;
    let mut request = request(&[(format!("{}/bio/large:1", source.address), "tools/large:1")]);
    request.options.parts_from = MIB as u64;
    Scene { account, ecr, source, request, large, image }
}

impl Scene {
    /// Clones, and holds what is in ECR then against the source.
    async fn cloned(&self) -> CloneReport {
        let report = self.account.clone(&self.request).await;
        assert!(report.is_done(), "{report:#?}");
        assert_eq!(report.images[0].outcome, CloneOutcome::Copied);
        assert_eq!(self.account.digest("tools/large:1").await.as_ref(), Some(&self.image));
        report
    }

    fn parts(&self) -> [usize; 3] {
        ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"].map(|name| self.ecr.count(name))
    }
}

#[tokio::test]
async fn a_layer_from_the_threshold_on_goes_in_parts_and_smaller_ones_do_not() {
    let scene = scene().await;
    let report = scene.cloned().await;
    assert_eq!(scene.parts(), [1, 2, 1]);
    assert_eq!(scene.ecr.count("PUT /v2/tools/large/blobs/uploads/"), 2, "{:?}", scene.ecr.seen());
    assert!(report.sent_bytes > LARGE as u64 && report.images[0].retries == 0, "{report:#?}");
}

#[tokio::test]
async fn a_part_whose_answer_was_lost_is_not_sent_from_the_beginning() {
    let scene = scene().await;
    scene.ecr.trick("UploadLayerPart", 1, 1, Trick::LoseAnswer);
    scene.cloned().await;
    // Sent again, the second part is found to be there: ECR says which byte it wants next.
    assert_eq!(scene.parts(), [1, 3, 1]);
    assert_eq!(scene.source.count(&format!("blobs/{}", scene.large)), 1);
}

#[tokio::test]
async fn a_part_that_was_lost_is_sent_again_alone() {
    let scene = scene().await;
    scene.ecr.trick("UploadLayerPart", 1, 1, Trick::LoseRequest);
    scene.cloned().await;
    assert_eq!(scene.parts(), [1, 3, 1]);
    assert_eq!(scene.source.count(&format!("blobs/{}", scene.large)), 1);
}

#[tokio::test]
async fn a_source_that_cuts_in_the_middle_costs_no_part() {
    let scene = scene().await;
    scene.source.trick(&format!("GET /v2/bio/large/blobs/{}", scene.large), 0, 1, Trick::Cut(7 * MIB));
    let report = scene.cloned().await;
    assert_eq!(scene.parts(), [1, 2, 1]);
    assert_eq!(scene.source.count(&format!("blobs/{}", scene.large)), 2);
    assert_eq!(report.images[0].retries, 1);
}

#[tokio::test]
async fn an_upload_that_ecr_forgot_is_begun_once_more() {
    let scene = scene().await;
    let gone = r#"{"__type":"UploadNotFoundException","message":"The upload could not be found"}"#;
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    scene.ecr.trick("UploadLayerPart", 1, 1, Trick::Answer(400, headers.clone(), gone.to_owned()));
    scene.cloned().await;
    assert_eq!(scene.parts(), [2, 4, 1]);
}

#[tokio::test]
async fn an_upload_that_is_always_forgotten_is_given_up_and_nothing_is_tagged() {
    let scene = scene().await;
    let gone = r#"{"__type":"UploadNotFoundException","message":"The upload could not be found"}"#;
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    scene.ecr.trick("CompleteLayerUpload", 0, 9, Trick::Answer(400, headers, gone.to_owned()));
    let report = scene.account.clone(&scene.request).await;
    let error = report.images[0].error.as_ref().unwrap();
    assert!(error.tried.contains("at the destination"), "{error:?}");
    assert!(error.refused.as_ref().unwrap().contains("could not be found"), "{error:?}");
    assert_eq!(scene.parts(), [2, 4, 2]);
    assert_eq!(scene.account.digest("tools/large:1").await, None);
}

#[tokio::test]
async fn bytes_that_lie_are_not_completed() {
    let scene = scene().await;
    scene.source.trick(&format!("GET /v2/bio/large/blobs/{}", scene.large), 0, 9, Trick::Garble);
    let report = scene.account.clone(&scene.request).await;
    assert_eq!(report.images[0].outcome, CloneOutcome::Failed);
    assert!(report.images[0].error.as_ref().unwrap().tried.contains("at the source"), "{report:#?}");
    assert_eq!(scene.ecr.count("CompleteLayerUpload"), 0);
    assert_eq!(scene.account.digest("tools/large:1").await, None);
}
