//! The paths of the local ECR's registry. Each line of an input is `METHOD PATH [BODY]`.

use super::loopback::{Loopback, MOST_REQUESTS, runtime};
use super::{Form, Target, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "oci",
    about: "requests to the registry of the local ECR: `METHOD PATH [BODY]` a line",
    form: Form::Text,
    waits: true,
    tokens: &[
        "GET /v2/",
        "HEAD /v2/",
        "PUT /v2/",
        "POST /v2/",
        "PATCH /v2/",
        "DELETE /v2/",
        "team/tool",
        "quay/a/b",
        "/manifests/",
        "/blobs/",
        "/blobs/uploads/",
        "/tags/list",
        "/referrers/",
        "_catalog",
        "?digest=",
        "?mount=",
        "&from=",
        "?n=",
        "&last=",
        "?artifactType=",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "sha512:",
        "%2e%2e",
        "%2F",
        "%00",
        "%ff",
        "..",
        "//",
        "\\",
        "?",
        "#",
        "&",
        "=",
        "00000000-0000-0000-0000-000000000000",
        "\n",
        "{}",
        "latest",
        "AAAA",
        "_",
        "-",
        "*",
    ],
    check,
};

fn check(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input).into_owned();
    runtime()?.block_on(async {
        let server = Loopback::start().await?;
        let mut ways = Vec::new();
        for line in text.lines().take(MOST_REQUESTS) {
            let mut words = line.splitn(3, ' ');
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let body = words.next().unwrap_or_default();
            // What is no line of HTTP never comes to the registry.
            let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
            if !plain(method) || !plain(path) || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
                continue;
            }
            let answer = server.ask(method, path, "", body.as_bytes()).await?;
            let status = answer.status;
            let upstream = path.starts_with("/v2/quay/") && matches!(status, 502..=504);
            hold((200..500).contains(&status) || upstream, || {
                format!("status: {status} to {method} {path}: {}", answer.words())
            })?;
            let code = answer.json()["errors"][0]["code"].as_str().map(str::to_owned);
            // What is no path of the registry may be answered by the server before it.
            let told = code.is_some() || answer.body.is_empty() || !path.starts_with("/v2/");
            hold(status < 400 || method == "HEAD" || told, || {
                format!("form: {status} to {method} {path}: {}", answer.words())
            })?;
            ways.push((status, code));
        }
        // Whatever was asked, the repository is there and takes requests.
        let last = server.ask("GET", "/v2/", "", b"").await?;
        hold(last.status == 200, || format!("last: {} to GET /v2/", last.status))?;
        ways.sort_unstable();
        ways.dedup();
        Ok(mark(ways))
    })
}
