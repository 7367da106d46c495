//! Layers, uploaded in parts.

use std::sync::{Arc, Mutex};

use aws::ErrorKind;
use aws::ecr::{LayerState, LayerUpload, PartOutcome, StartedUpload, WriteError};
use image::{Digest, RepositoryName};
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server};

fn repository() -> RepositoryName {
    "quay/bwa".parse().unwrap()
}

fn digest(n: u8) -> Digest {
    Digest::from_sha256(&[n; 32])
}

/// Answers as ECR does; keeps the bytes that arrived, one for each character of the base64 text left out.
#[derive(Default)]
struct Store {
    next: Mutex<u64>,
}

impl Store {
    fn answer(&self, request: &Request) -> Reply {
        let body = request.json();
        match request.operation().as_str() {
            "InitiateLayerUpload" => Reply::json(json!({ "uploadId": "u-1", "partSize": 10 })),
            "UploadLayerPart" => {
                let (first, last) =
                    (body["partFirstByte"].as_u64().unwrap(), body["partLastByte"].as_u64().unwrap());
                let mut next = self.next.lock().unwrap();
                if first != *next {
                    return misplaced(i64::try_from(*next).unwrap() - 1);
                }
                *next = last + 1;
                Reply::json(json!({ "uploadId": "u-1", "lastByteReceived": last }))
            }
            "CompleteLayerUpload" => Reply::json(json!({ "layerDigest": body["layerDigests"][0] })),
            other => panic!("{other}"),
        }
    }
}

fn misplaced(last: i64) -> Reply {
    let error = json!({ "__type": "InvalidLayerPartException", "message": "out of order", "uploadId": "u-1",
                        "lastValidByteReceived": last });
    Reply::json(error).status(400)
}

#[tokio::test]
async fn a_layer_goes_up_in_parts_that_follow_each_other() {
    let store = Arc::new(Store::default());
    let server = Server::start(move |request| store.answer(request)).await;
    let ecr = server.session().await.ecr();
    let mut upload = LayerUpload::start(&ecr, &repository()).await.unwrap();
    assert_eq!(upload.upload(), &StartedUpload { upload_id: "u-1".into(), part_bytes: 10 });
    for piece in [&b"abc"[..], b"defghijklmnopqrstuvwxyz", b"", b"0"] {
        upload.write(piece).await.unwrap();
    }
    assert_eq!(upload.sent_bytes(), 20);
    upload.finish(&digest(1)).await.unwrap();
    assert_eq!(upload.sent_bytes(), 27);
    let parts: Vec<Value> = server
        .seen()
        .iter()
        .filter(|request| request.operation() == "UploadLayerPart")
        .map(|request| {
            let body = request.json();
            json!([body["partFirstByte"], body["partLastByte"], body["layerPartBlob"]])
        })
        .collect();
    assert_eq!(
        parts,
        [
            json!([0, 9, "YWJjZGVmZ2hpag=="]),
            json!([10, 19, "a2xtbm9wcXJzdA=="]),
            json!([20, 26, "dXZ3eHl6MA=="])
        ]
    );
    let complete = server.seen().last().unwrap().json();
    assert_eq!(complete["layerDigests"], json!([digest(1).to_string()]));
}

#[tokio::test]
async fn a_part_that_ecr_has_already_is_a_success() {
    // The answer to the first part was lost, and it was sent again.
    let server = Server::in_turn([
        Reply::json(json!({ "uploadId": "u-1", "partSize": 10 })),
        misplaced(9),
        Reply::json(json!({ "lastByteReceived": 11 })),
        Reply::error(400, "LayerAlreadyExistsException", "it exists"),
    ])
    .await;
    let ecr = server.session().await.ecr();
    let mut upload = LayerUpload::start(&ecr, &repository()).await.unwrap();
    upload.write(b"abcdefghijkl").await.unwrap();
    upload.finish(&digest(1)).await.unwrap();
    assert_eq!(upload.sent_bytes(), 12);
}

#[tokio::test]
async fn an_upload_that_lost_bytes_says_where_to_read_again() {
    let store = Arc::new(Store { next: Mutex::new(10) });
    let server = Server::start(move |request| store.answer(request)).await;
    let ecr = server.session().await.ecr();
    let started = StartedUpload { upload_id: "u-1".into(), part_bytes: 10 };
    let mut upload = LayerUpload::resume(&ecr, &repository(), started, 20);
    let error = upload.write(&[0; 10]).await.unwrap_err();
    assert_eq!(error, WriteError::Rewind { next_byte: 10 });
    assert_eq!(upload.sent_bytes(), 10);
    upload.write(&[0; 15]).await.unwrap();
    upload.finish(&digest(1)).await.unwrap();
    assert_eq!(upload.sent_bytes(), 25);
}

#[tokio::test]
async fn an_upload_that_ecr_forgot_is_an_error() {
    let server = Server::start(|_| Reply::error(400, "UploadNotFoundException", "no such upload")).await;
    let ecr = server.session().await.ecr();
    let error = ecr.upload_layer_part(&repository(), "u-2", 0, vec![1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = ecr.upload_layer_part(&repository(), "u-2", 0, Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = ecr.upload_layer_part(&repository(), "u-2", u64::MAX, vec![1, 2]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_upload_of_which_ecr_has_nothing_begins_again() {
    for last in [-1, 0] {
        let server = Server::start(move |_| misplaced(last)).await;
        let ecr = server.session().await.ecr();
        let outcome = ecr.upload_layer_part(&repository(), "u-1", 10, vec![1, 2]).await.unwrap();
        assert_eq!(outcome, PartOutcome::Misplaced { next_byte: 0 });
    }
}

#[tokio::test]
async fn layers_are_looked_for_a_hundred_at_a_time() {
    let server = Server::start(|request| {
        let digests = request.json()["layerDigests"].as_array().unwrap().clone();
        assert!(digests.len() <= 100);
        let layers: Vec<Value> = digests
            .iter()
            .map(|digest| {
                json!({ "layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": 7, "mediaType": "m" })
            })
            .collect();
        let failure = json!({ "layerDigest": "x", "failureCode": "InvalidLayerDigest", "failureReason": "no digest" });
        Reply::json(json!({ "layers": layers, "failures": [failure] }))
    })
    .await;
    let digests: Vec<Digest> = (0..150).map(digest).collect();
    let found = server.session().await.ecr().layers(&repository(), &digests).await.unwrap();
    assert_eq!(found.layers.len(), 150);
    assert_eq!((found.layers[0].state.clone(), found.layers[0].size_bytes), (LayerState::Available, Some(7)));
    assert_eq!(found.layers.iter().map(|layer| layer.digest.clone()).collect::<Vec<_>>(), digests);
    assert_eq!(found.failures[0], ("x".to_owned(), "no digest".to_owned()));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_address_of_a_layer_is_a_secret() {
    let server =
        Server::start(|_| Reply::json(json!({ "downloadUrl": "https://s3/x?X-Amz-Signature=abc" }))).await;
    let url = server.session().await.ecr().layer_url(&repository(), &digest(1)).await.unwrap();
    assert_eq!(url.expose(), "https://s3/x?X-Amz-Signature=abc");
    assert_eq!(format!("{url:?}"), "***");
}
