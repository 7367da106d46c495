//! What lies beyond this machine, for the commands of a page: AWS and public registries, behind a proxy.
//!
//! The commands are run as they are written. `HTTPS_PROXY` leads them here, and `SSL_CERT_FILE` has them trust what they
//! find: a local ECR for each account and Region, and registries with made-up images.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use local_ecr::{Config, Handle, LocalEcr};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::registries::{Answer, Registries};

/// The registries there are: profile, account, Region. The first is the one of whoever names no profile.
const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("lab", "123456789012", "us-east-1"),
    ("lab-eu", "123456789012", "eu-west-1"),
    ("clinic", "210987654321", "us-east-1"),
];

/// What runs until this is dropped.
pub(crate) struct Outside {
    runtime: tokio::runtime::Runtime,
    world: Arc<World>,
    proxy: SocketAddr,
    certificate: String,
}

struct World {
    /// Started last: they are told where the registries are.
    accounts: OnceLock<Vec<Handle>>,
    registries: Registries,
    tls: TlsAcceptor,
    http: reqwest::Client,
}

impl Outside {
    pub(crate) fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let made = rcgen::generate_simple_self_signed(names()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let tls = rustls::ServerConfig::builder().with_no_client_auth();
        let tls = tls.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let (world, proxy) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let world = Arc::new(World {
                accounts: OnceLock::new(),
                registries: Registries::new(),
                tls: TlsAcceptor::from(Arc::new(tls)),
                http: reqwest::Client::builder().no_proxy().build().unwrap(),
            });
            let mut upstreams = Vec::new();
            for host in Registries::hosts() {
                upstreams.push((host, registry_without_tls(world.clone(), host).await));
            }
            let mut accounts = Vec::new();
            for (_, account, region) in ACCOUNTS {
                let mut config = Config::new(account.parse().unwrap(), region.parse().unwrap());
                config.url = Some(format!("https://{account}.dkr.ecr.{region}.amazonaws.com"));
                for (host, url) in &upstreams {
                    config.pull_through.upstreams.insert(host.parse().unwrap(), url.clone());
                }
                accounts.push(LocalEcr::start(config).await.unwrap());
            }
            world.accounts.get_or_init(|| accounts);
            let address = listener.local_addr().unwrap();
            tokio::spawn(accept(listener, world.clone()));
            (world, address)
        });
        Self { runtime, world, proxy, certificate: made.cert.pem() }
    }

    /// Writes into a home what leads its programs here; returns the variables to be set.
    pub(crate) fn furnish(&self, home: &Path) -> Vec<(&'static str, String)> {
        let certificate = home.join("certificate.pem");
        fs::write(&certificate, &self.certificate).unwrap();
        let mut settings = "[default]\nregion = us-east-1\n".to_owned();
        let mut keys = key("default", ACCOUNTS[0].1);
        for (profile, account, region) in ACCOUNTS {
            settings += &format!("[profile {profile}]\nregion = {region}\n");
            keys += &key(profile, account);
        }
        fs::create_dir(home.join(".aws")).unwrap();
        fs::write(home.join(".aws/config"), settings).unwrap();
        fs::write(home.join(".aws/credentials"), keys).unwrap();
        vec![
            ("HTTPS_PROXY", format!("http://{}", self.proxy)),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("SSL_CERT_FILE", certificate.display().to_string()),
        ]
    }

    /// Has the first account's ECR do what the AWS CLI would ask it to.
    pub(crate) fn ecr(&self, operation: &str, body: &str) {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let own = &self.world.accounts.get().unwrap()[0];
        let post = self.world.http.post(format!("http://{}", own.address())).header("x-amz-target", target);
        let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_owned());
        self.runtime.block_on(async {
            let answer = post.send().await.unwrap();
            assert!(answer.status().is_success(), "{operation}: {}", answer.text().await.unwrap());
        });
    }
}

fn key(profile: &str, account: &str) -> String {
    format!("[{profile}]\naws_access_key_id = AKIA{account}\naws_secret_access_key = example\n")
}

/// Returns every host that there is.
fn names() -> Vec<String> {
    let mut names: Vec<String> = Registries::hosts().into_iter().map(str::to_owned).collect();
    names.extend(["registry-1.docker.io", "auth.docker.io", "sts.amazonaws.com"].map(str::to_owned));
    for (_, account, region) in ACCOUNTS {
        names.push(format!("{account}.dkr.ecr.{region}.amazonaws.com"));
        names.extend(
            ["api.ecr", "sts", "secretsmanager"].map(|name| format!("{name}.{region}.amazonaws.com")),
        );
    }
    names
}

async fn accept(listener: TcpListener, world: Arc<World>) {
    while let Ok((connection, _)) = listener.accept().await {
        let world = world.clone();
        // A client that goes away is no concern of the others.
        tokio::spawn(async move { tunnel(connection, world).await.unwrap_or_default() });
    }
}

/// Answers `CONNECT host:443`, and then as that host.
async fn tunnel(mut connection: TcpStream, world: Arc<World>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        head.push(connection.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let host = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()).unwrap_or_default();
    if !names().iter().any(|name| name == host) {
        return connection.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    }
    connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    let stream = world.tls.accept(connection).await?;
    serve(stream, world, host.to_owned(), true).await;
    Ok(())
}

/// Starts a registry for whoever is told its address; returns that.
async fn registry_without_tls(world: Arc<World>, host: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, world.clone(), host.to_owned(), false));
        }
    });
    format!("http://{address}")
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    world: Arc<World>,
    host: String,
    tls: bool,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let (world, host) = (world.clone(), host.clone());
        async move {
            Ok::<_, Infallible>(match host.ends_with(".amazonaws.com") {
                true => world.aws(&host, request).await,
                false => {
                    world.registries.answer(&host, request.method(), request.uri(), request.headers(), tls)
                }
            })
        }
    });
    // It ends when the client has what it wants.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl World {
    /// Passes a request on to the ECR of the account that is named in the host, or in the key that signs.
    async fn aws(&self, host: &str, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let signed =
            head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let own = self.accounts.get().into_iter().flatten().find(|own| {
            let (account, region) = (own.account().as_str(), own.region().as_str());
            let key = format!("Credential=AKIA{account}/");
            let is_region = host.contains(region) || host == "sts.amazonaws.com";
            is_region && (host.starts_with(account) || signed.contains(&key))
        });
        let Some(own) = own else { return Response::builder().status(403).body(Full::default()).unwrap() };
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let mut onward = self.http.request(head.method.clone(), format!("http://{}{path}", own.address()));
        for (name, value) in head.headers.iter().filter(|(name, _)| **name != HOST && **name != CONNECTION) {
            onward = onward.header(name, value);
        }
        let content = body.collect().await.unwrap().to_bytes();
        let answer = onward.body(content).send().await.unwrap();
        let mut passed = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if *name != TRANSFER_ENCODING && (*name != CONTENT_LENGTH || head.method == "HEAD") {
                passed = passed.header(name, value);
            }
        }
        passed.body(Full::new(answer.bytes().await.unwrap_or_else(|_| Bytes::new()))).unwrap()
    }
}
