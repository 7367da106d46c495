//! Large layers through an interface of parts.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use hyper::Method;
use image::{Digest, RepositoryName};
use registry::{Cause, Error, LayerPartUpload, PartRefusal, PartSession, Result};

use crate::images::{bytes, digest_of, job, pair, run};
use crate::server::Registry;

/// Takes parts of 64 KiB into a registry in memory, and loses some.
struct Parts {
    registry: Registry,
    held: Mutex<BytesMut>,
    /// Parts that come through but whose answer is lost, and parts that do not come through.
    trouble: Mutex<Vec<bool>>,
    sent: Mutex<Vec<u64>>,
}

fn lost() -> Error {
    Error::new("send a part", Cause::Connection { host: "parts".to_owned(), words: "reset".to_owned() })
}

impl LayerPartUpload for Parts {
    fn start<'a>(&'a self, _: &'a RepositoryName) -> BoxFuture<'a, Result<PartSession>> {
        Box::pin(async { Ok(PartSession { id: "u1".to_owned(), part_size: 64 * 1024 }) })
    }

    fn part<'a>(
        &'a self,
        _: &'a RepositoryName,
        _: &'a str,
        first: u64,
        bytes: Bytes,
    ) -> BoxFuture<'a, std::result::Result<(), PartRefusal>> {
        Box::pin(async move {
            let mut held = self.held.lock().unwrap();
            self.sent.lock().unwrap().push(first);
            let trouble = self.trouble.lock().unwrap().pop();
            if trouble == Some(false) {
                return Err(PartRefusal { error: lost(), received: None });
            }
            assert_eq!(held.len() as u64, first, "parts must follow each other");
            held.extend_from_slice(&bytes);
            match trouble {
                Some(_) => Err(PartRefusal { error: lost(), received: Some(held.len() as u64) }),
                None => Ok(()),
            }
        })
    }

    fn complete<'a>(
        &'a self,
        repository: &'a RepositoryName,
        _: &'a str,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let held = self.held.lock().unwrap().split().freeze();
            assert_eq!(digest_of(&held), digest.to_string());
            let key = (repository.to_string(), digest.to_string());
            self.registry.with(|state| state.blobs.insert(key, held));
            Ok(())
        })
    }
}

#[tokio::test]
async fn large_layers_go_in_parts_and_only_lost_parts_go_again() {
    let (source, destination) = pair().await;
    let parts = Arc::new(Parts {
        registry: destination.clone(),
        held: Mutex::default(),
        trouble: Mutex::new(vec![false, true, false]),
        sent: Mutex::default(),
    });
    let mut job = job(&source, &destination, &[("team/tool:1", "mirror:1")]);
    job.options.parts_from = 500_000;
    job.options.layer_parts.insert(destination.host.clone(), parts.clone());
    let report = run(&job).await;
    assert!(report.is_done() && report.images[0].retries == 2, "{report:?}");
    let large = digest_of(&bytes(2, 700_000));
    assert!(destination.has_blob("mirror", &large));
    // The small layer and the config went as usual.
    assert_eq!(destination.count(&Method::PUT, "/uploads/"), 2);
    let sent = parts.sent.lock().unwrap();
    assert_eq!(sent[..4], [0, 0, 65_536, 65_536]);
    assert_eq!(sent.len(), 700_000usize.div_ceil(64 * 1024) + 2);
}
