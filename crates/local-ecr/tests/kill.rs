//! Kills a server that is a process of its own, a few times under load, and looks at what it has afterwards.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]
#![cfg(unix)]

mod client;
mod upstream;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{MANIFEST, digest, http_client, manifest};
use local_ecr::{Config, Data, LocalEcr};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use upstream::Upstream;

/// How the test starts itself as the server that is killed.
const FOLDER: &str = "LOCAL_ECR_TEST_FOLDER";
const UPSTREAM: &str = "LOCAL_ECR_TEST_UPSTREAM";
const KILLS: usize = 4;

/// Serves when the test below starts this one in a process of its own, and passes at once otherwise.
#[tokio::test]
async fn serve() {
    let (Ok(folder), Ok(upstream)) = (std::env::var(FOLDER), std::env::var(UPSTREAM)) else { return };
    let mut config: Config = client::config();
    config.data = Data::Folder(folder.into());
    config.pull_through.upstreams.insert("quay.io".parse().expect("a host"), upstream);
    let server = LocalEcr::start(config).await.expect("the server starts");
    writeln!(std::io::stdout(), "listening on {}", server.endpoint()).expect("somebody listens");
    std::future::pending::<()>().await;
}

/// A server in a process of its own.
struct Process {
    child: Child,
    endpoint: String,
}

impl Process {
    fn start(folder: &Path, upstream: &str) -> Self {
        let program = std::env::current_exe().expect("a path");
        let mut child = Command::new(program)
            .args(["--exact", "serve", "--nocapture"])
            .env(FOLDER, folder)
            .env(UPSTREAM, upstream)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let endpoint = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("listening on ").map(|(_, url)| url.to_owned()))
            .expect("it says where it listens");
        Self { child, endpoint }
    }

    /// Kills it, as no process can help.
    fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

/// What the server has answered well.
#[derive(Default)]
struct Acknowledged {
    blobs: BTreeMap<String, usize>,
    manifests: BTreeMap<String, Vec<u8>>,
    through: BTreeMap<String, String>,
}

async fn control(http: &Client, endpoint: &str, operation: &str, body: Value) -> Option<Value> {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let sent = http.post(endpoint).header("x-amz-target", target).body(body.to_string()).send();
    sent.await.ok()?.json().await.ok()
}

/// Pushes an image; `None` when the server is gone.
async fn push(http: &Client, endpoint: &str, layer: Vec<u8>, kept: &Mutex<Acknowledged>) -> Option<()> {
    let text = manifest(b"{}", &[&layer]);
    for blob in [b"{}".to_vec(), layer] {
        let (name, size) = (digest(&blob), blob.len());
        let url = format!("{endpoint}/v2/own/tool/blobs/uploads/?digest={name}");
        let answer = http.post(url).body(blob).send().await.ok()?;
        assert_eq!(answer.status(), StatusCode::CREATED);
        kept.lock().expect("no panic").blobs.insert(name, size);
    }
    let url = format!("{endpoint}/v2/own/tool/manifests/latest");
    let put = http.put(url).header("content-type", MANIFEST).body(text.clone());
    assert_eq!(put.send().await.ok()?.status(), StatusCode::CREATED);
    kept.lock().expect("no panic").manifests.insert(digest(text.as_bytes()), text.into_bytes());
    Some(())
}

/// Pulls an image through the rule; `None` when the server is gone.
async fn pull(
    http: &Client,
    endpoint: &str,
    tag: &str,
    layer: &str,
    kept: &Mutex<Acknowledged>,
) -> Option<()> {
    let answer = http.get(format!("{endpoint}/v2/quay/bio/tool/manifests/{tag}")).send().await.ok()?;
    assert_eq!(answer.status(), StatusCode::OK);
    let name = digest(&answer.bytes().await.ok()?);
    kept.lock().expect("no panic").through.insert(tag.to_owned(), name);
    let answer = http.get(format!("{endpoint}/v2/quay/bio/tool/blobs/{layer}")).send().await.ok()?;
    assert_eq!(digest(&answer.bytes().await.ok()?), layer);
    Some(())
}

async fn check(http: &Client, endpoint: &str, kept: &Acknowledged, folder: &Path) {
    let get = async |path: String| {
        let answer = http.get(format!("{endpoint}/v2/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.expect("bytes")
    };
    for (name, size) in &kept.blobs {
        let bytes = get(format!("own/tool/blobs/{name}")).await;
        assert_eq!((digest(&bytes), bytes.len()), (name.clone(), *size));
    }
    for (name, text) in &kept.manifests {
        assert_eq!(get(format!("own/tool/manifests/{name}")).await, text);
    }
    for (tag, name) in &kept.through {
        assert_eq!(digest(&get(format!("quay/bio/tool/manifests/{tag}")).await), *name);
    }
    // Nothing that is half has a name.
    for part in std::fs::read_dir(folder.join("blobs/sha256")).expect("a folder") {
        for file in std::fs::read_dir(part.expect("a folder").path()).expect("a folder") {
            let file = file.expect("a file").path();
            let bytes = std::fs::read(&file).expect("it can be read");
            assert!(digest(&bytes).ends_with(file.file_name().expect("a name").to_str().expect("text")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill() {
    let upstream = Upstream::start().await;
    let images: Vec<(String, String)> = (0..40u8)
        .map(|number| {
            let layer = vec![number; 200_000 + usize::from(number) * 10_000];
            upstream.put_image("bio/tool", &format!("t{number}"), &layer);
            (format!("t{number}"), digest(&layer))
        })
        .collect();
    let (folder, http) = (tempfile::tempdir().expect("a folder"), http_client());
    let kept = Arc::new(Mutex::new(Acknowledged::default()));
    let mut server = Process::start(folder.path(), &upstream.url);
    control(&http, &server.endpoint, "CreateRepository", json!({ "repositoryName": "own/tool" })).await;
    let rule = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
    control(&http, &server.endpoint, "CreatePullThroughCacheRule", rule).await;
    for kill in 0..KILLS {
        let mut clients = Vec::new();
        for client in 0..2usize {
            let (own, through) = (Arc::clone(&kept), Arc::clone(&kept));
            let (http, endpoint) = (http.clone(), server.endpoint.clone());
            clients.push(tokio::spawn(async move {
                for number in 0..10_000usize {
                    let layer = format!("{kill} {client} {number}").repeat(20_000).into_bytes();
                    if push(&http, &endpoint, layer, &own).await.is_none() {
                        return;
                    }
                }
            }));
            let (http, endpoint) = (http_client(), server.endpoint.clone());
            let images = images.clone();
            clients.push(tokio::spawn(async move {
                for (tag, layer) in images.iter().cycle().skip((kill * 2 + client) * 7).take(10_000) {
                    if pull(&http, &endpoint, tag, layer, &through).await.is_none() {
                        return;
                    }
                }
            }));
        }
        tokio::time::sleep(Duration::from_millis(250 + 100 * kill as u64)).await;
        server.kill();
        for client in clients {
            client.await.expect("what the server answered was right");
        }
        server = Process::start(folder.path(), &upstream.url);
        // What came through the rule is the registry's own by now.
        upstream.with(|content| content.fails = Some(StatusCode::FORBIDDEN));
        let now = std::mem::take(&mut *kept.lock().expect("no panic"));
        check(&http, &server.endpoint, &now, folder.path()).await;
        *kept.lock().expect("no panic") = now;
        upstream.with(|content| content.fails = None);
    }
    server.kill();
    let kept = kept.lock().expect("no panic");
    assert!(kept.manifests.len() >= KILLS && kept.through.len() >= KILLS, "the kills came under load");
}
