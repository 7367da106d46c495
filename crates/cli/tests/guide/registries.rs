//! Public registries with a few made-up images: they hand out what they have, as OCI distribution says.

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};
use sha2::Digest as _;

/// The images that the pages name, but for those that they say are not there.
const IMAGES: [&str; 9] = [
    "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8",
    "quay.io/biocontainers/bwa:0.7.17--he4a0461_11",
    "quay.io/biocontainers/samtools:1.17--h00cdaf9_0",
    "quay.io/biocontainers/fastqc:0.12.1--hdfd78af_0",
    "docker.io/library/ubuntu:22.04",
    "docker.io/broadinstitute/gatk:4.5.0.0",
    "public.ecr.aws/docker/library/ubuntu:22.04",
    "ghcr.io/lab/caller:2.1",
    "community.wave.seqera.io/library/samtools:1.21--0d76da7c3cf7751c",
];

/// An image that has no linux/amd64.
const ARM: &str = "quay.io/lab/on-a-mac:1";

/// The login that Docker Hub takes, in the form of basic authentication: `omicslab` with `dckr_pat_example`.
const LOGIN: &str = "Basic b21pY3NsYWI6ZGNrcl9wYXRfZXhhbXBsZQ==";
/// The token that Docker Hub's service gives, to a login or to nobody in particular.
const TOKEN: &str = "Bearer of-docker-hub";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) type Answer = Response<Full<Bytes>>;

/// What all registries have: bytes with their media types, by `host/v2/path`.
pub(crate) struct Registries(BTreeMap<String, (String, Bytes)>);

impl Registries {
    pub(crate) fn new() -> Self {
        let mut own = Self(BTreeMap::new());
        for name in IMAGES {
            own.add(name, "amd64");
        }
        own.add(ARM, "arm64");
        own
    }

    /// Returns the hosts that have images.
    pub(crate) fn hosts() -> Vec<&'static str> {
        let mut hosts: Vec<_> = IMAGES.iter().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        hosts.dedup();
        hosts
    }

    fn add(&mut self, name: &str, architecture: &str) {
        let (host, path) = name.split_once('/').unwrap();
        let (repository, tag) = path.rsplit_once(':').unwrap();
        let base = format!("{host}/v2/{repository}");
        let mut put = |kind: &str, place: &str, text: String| -> Value {
            let own = json!({ "mediaType": kind, "digest": digest(&text), "size": text.len() });
            let content = (kind.to_owned(), Bytes::from(text));
            self.0.insert(format!("{base}/{place}/{}", own["digest"].as_str().unwrap()), content.clone());
            if place == "manifests" {
                self.0.insert(format!("{base}/manifests/{tag}"), content);
            }
            own
        };
        let layer = put("application/vnd.oci.image.layer.v1.tar", "blobs", format!("{path} ").repeat(500));
        let config = json!({ "os": "linux", "architecture": architecture, "name": path }).to_string();
        let config = put("application/vnd.oci.image.config.v1+json", "blobs", config);
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
        put(MANIFEST, "manifests", manifest.to_string());
    }

    /// Answers a request to a host; nobody has to sign in who comes without TLS, as the account's ECR does.
    pub(crate) fn answer(
        &self,
        host: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        tls: bool,
    ) -> Answer {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if host == "auth.docker.io" {
            return match given {
                None | Some(LOGIN) => {
                    document(&json!({ "token": TOKEN.trim_start_matches("Bearer "), "expires_in": 300 }))
                }
                Some(_) => refused(401, "UNAUTHORIZED", "incorrect username or password"),
            };
        }
        let host = if host == "registry-1.docker.io" { "docker.io" } else { host };
        if host == "docker.io" && tls && given != Some(TOKEN) {
            let mut answer = refused(401, "UNAUTHORIZED", "authentication required");
            let challenge = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"";
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
            return answer;
        }
        let path = uri.path();
        if path == "/v2/" {
            return document(&json!({}));
        }
        if let Some(repository) = path.strip_suffix("/tags/list") {
            let start = format!("{host}{repository}/manifests/");
            let tags: Vec<_> = self.0.keys().filter_map(|key| key.strip_prefix(&start)).collect();
            let tags: Vec<_> = tags.into_iter().filter(|tag| !tag.starts_with("sha256:")).collect();
            return match tags.is_empty() {
                false => document(&json!({ "name": repository.trim_start_matches("/v2/"), "tags": tags })),
                true => refused(404, "NAME_UNKNOWN", "repository name not known to registry"),
            };
        }
        let Some((kind, content)) = self.0.get(&format!("{host}{path}")) else {
            return refused(404, "MANIFEST_UNKNOWN", "manifest unknown");
        };
        let answer = Response::builder().header(CONTENT_TYPE, kind).header("content-length", content.len());
        let answer = answer.header("docker-content-digest", digest_of(content));
        let body = if method == Method::HEAD { Bytes::new() } else { content.clone() };
        answer.body(Full::new(body)).unwrap()
    }
}

fn document(value: &Value) -> Answer {
    let answer = Response::builder().header(CONTENT_TYPE, "application/json");
    answer.body(Full::new(Bytes::from(value.to_string()))).unwrap()
}

fn refused(status: u16, code: &str, message: &str) -> Answer {
    let mut answer = document(&json!({ "errors": [{ "code": code, "message": message }] }));
    *answer.status_mut() = status.try_into().unwrap();
    answer
}

fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

fn digest_of(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
