//! The report for people: one HTML document that needs nothing beside itself.
//!
//! Everything that comes from a workflow or a registry is escaped, and a policy in the document lets no script and no
//! request happen, whatever gets into it.

use super::picture;
use super::report::{PrepareOutcome, PrepareReport, PreparedImage};
use crate::error::OperationError;
use crate::finding::Severity;
use crate::healthomics::Access;

/// The look of the document, on screens of both kinds and on paper.
const STYLE: &str = include_str!("html/style.css");

/// Most entries of a list in a row that are shown before it is opened.
const SHOWN: usize = 3;
/// Characters of a digest that are shown; all of it stands in its title.
const SHORT_DIGEST: usize = 19;

/// Returns the report as an HTML document that opens from disk, without network.
pub fn html(report: &PrepareReport) -> String {
    let workflow = escape(&report.workflow);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Images of {workflow}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    page += &header(report);
    page += "<section>\n<h2>From registry to ECR</h2>\n<figure>\n";
    page += &picture::svg(report);
    page += "</figure>\n</section>\n";
    page += &problems(report);
    page += &table(report);
    page += &account(report);
    page += &findings(report);
    page += &maps(report);
    page += "</body>\n</html>\n";
    page
}

fn header(report: &PrepareReport) -> String {
    let ready = report.images.iter().filter(|image| image.outcome.is_ready()).count();
    let later =
        report.images.iter().filter(|image| image.outcome == PrepareOutcome::LeftToHealthomics).count();
    let (class, verdict) = match (report.is_done(), report.cancelled) {
        (_, true) => ("failed", "called off before all was done"),
        (true, false) => ("ready", "every image is ready"),
        (false, false) => ("failed", "not ready yet"),
    };
    let mut facts = vec![
        ("ready", format!("{ready} of {}", report.images.len())),
        ("not ready", report.failed().to_string()),
        ("sent", size(report.sent_bytes)),
        ("time", format!("{:.1} s", report.seconds)),
    ];
    if later > 0 {
        facts.insert(1, ("left to HealthOmics", later.to_string()));
    }
    if report.unresolved > 0 {
        facts.push(("attributes without a known value", report.unresolved.to_string()));
    }
    let facts: String =
        facts.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n")).collect();
    format!(
        "<header>\n<p class=\"kind\">omics-ecr prepare</p>\n<h1>{}</h1>\n<p>Account {} in {}, registry \
         <code>{}</code></p>\n<p class=\"verdict {class}\">{verdict}</p>\n<dl>\n{facts}</dl>\n</header>\n",
        escape(&report.workflow),
        escape(&report.account),
        escape(&report.region),
        escape(&report.registry),
    )
}

fn problems(report: &PrepareReport) -> String {
    let of_images =
        report.images.iter().filter_map(|image| Some((image.named.name.as_str(), image.error.as_ref()?)));
    let of_caches = report.caches.iter().flat_map(|cache| {
        cache.steps.iter().filter_map(|step| Some((step.object.as_str(), step.error.as_ref()?)))
    });
    let items: String = of_images
        .chain(of_caches)
        .map(|(subject, error)| format!("<li><strong>{}</strong>{}</li>\n", escape(subject), words(error)))
        .collect();
    section("What is to be done", "ul", &items)
}

fn words(error: &OperationError) -> String {
    let mut text = format!("<p>{}", escape(&error.tried));
    if let Some(refused) = &error.refused {
        text += &format!(": {}", escape(refused));
    }
    text += "</p>";
    if let Some(hint) = &error.hint {
        text += &format!("<p class=\"hint\">{}</p>", escape(hint));
    }
    text
}

fn table(report: &PrepareReport) -> String {
    let rows: String = report.images.iter().map(|image| row(report, image)).collect();
    if rows.is_empty() {
        return "<p>No image was found that needs a place in the private registry.</p>\n".to_owned();
    }
    format!(
        "<section>\n<h2>Images</h2>\n<div class=\"wide\">\n<table>\n<thead><tr><th>Image</th><th>Route</th><th>In ECR</th>\
         <th>Size</th><th>HealthOmics</th><th>Result</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n</section>\n"
    )
}

fn row(report: &PrepareReport, image: &PreparedImage) -> String {
    let class = match image.outcome {
        outcome if outcome.is_ready() => "ready",
        PrepareOutcome::LeftToHealthomics => "later",
        _ => "failed",
    };
    let mut name = format!("<code>{}</code>", escape(&image.named.name));
    let places: Vec<String> =
        image.named.places.iter().map(|place| format!("{}:{}", place.file, place.line)).collect();
    name += &some("written at", &places);
    name += &some("used by", &image.named.used_by);
    let mut route = escape(image.named.route.label());
    if let Some(prefix) = image.named.route.rule() {
        route += &format!(" <code>{}</code>", escape(prefix));
    }
    if let Some(reason) = image.named.route.reason() {
        route += &format!("<p class=\"small\">{}</p>", escape(reason));
    }
    let within = |name: &str| {
        name.strip_prefix(report.registry.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(name)
            .to_owned()
    };
    let mut place = image
        .named
        .destination
        .as_deref()
        .map(|name| format!("<code>{}</code>", escape(&within(name))))
        .unwrap_or_default();
    if let Some(digest) = image.named.digest.as_deref().filter(|_| image.outcome.is_ready()) {
        let short: String = digest.chars().take(SHORT_DIGEST).collect();
        let digest = escape(digest);
        place += &format!("<p class=\"small\"><code title=\"{digest}\">{}…</code></p>", escape(&short));
    }
    let bytes = image.size_bytes.map(size).unwrap_or_default();
    let platforms = escape(&image.named.platforms.join(", "));
    let mut access = escape(image.healthomics_access.label());
    if let Some(reason) = reason(&image.healthomics_access) {
        access += &format!("<p class=\"small\">{}</p>", escape(reason));
    }
    let mut result = format!("<span class=\"mark {class}\">{}</span>", escape(image.outcome.label()));
    if let Some(error) = &image.error {
        result +=
            &format!("<p class=\"small\">{}</p>", escape(error.refused.as_deref().unwrap_or(&error.tried)));
    }
    format!(
        "<tr><td>{name}</td><td>{route}</td><td>{place}</td><td>{bytes}<p class=\"small\">{platforms}</p></td>\
         <td>{access}</td><td>{result}</td></tr>\n"
    )
}

/// Returns a list in a small line, the rest of a long one to be opened.
fn some(title: &str, list: &[String]) -> String {
    let joined = |list: &[String]| escape(&list.join(", "));
    match list.split_at_checked(SHOWN) {
        _ if list.is_empty() => String::new(),
        Some((first, rest)) if rest.len() > 1 => format!(
            "<div class=\"small\">{title} {} <details><summary>and {} more</summary>{}</details></div>",
            joined(first),
            rest.len(),
            joined(rest)
        ),
        _ => format!("<p class=\"small\">{title} {}</p>", joined(list)),
    }
}

fn reason(access: &Access) -> Option<&str> {
    match access {
        Access::Accessible => None,
        Access::NotAccessible { reason } | Access::Depends { reason } | Access::Unknown { reason } => {
            Some(reason)
        }
    }
}

/// Returns what was changed in the account.
fn account(report: &PrepareReport) -> String {
    let mut items = String::new();
    for cache in &report.caches {
        for step in cache.steps.iter().filter(|step| step.outcome != crate::cache::Outcome::NotNeeded) {
            items += &format!(
                "<li>{} of <code>{}</code> for the rule <code>{}</code>: {}</li>\n",
                escape(step.kind.label()),
                escape(&step.object),
                escape(&cache.prefix),
                escape(step.outcome.label()),
            );
        }
    }
    for repository in &report.repositories {
        let done = match (repository.created, repository.granted) {
            (true, true) => "made, and opened to HealthOmics",
            (true, false) => "made",
            (false, true) => "opened to HealthOmics",
            (false, false) => continue,
        };
        items += &format!("<li>repository <code>{}</code>: {done}</li>\n", escape(&repository.name));
    }
    section("What was changed in the account", "ul", &items)
}

fn findings(report: &PrepareReport) -> String {
    let item = |finding: &crate::finding::Finding| {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let hint = finding.hint.as_deref();
        let hint = hint.map(|hint| format!("<p class=\"hint\">{}</p>", escape(hint))).unwrap_or_default();
        format!(
            "<li><strong>{severity}: {}</strong><p>{}</p>{hint}</li>\n",
            escape(&finding.subject),
            escape(&finding.message)
        )
    };
    let items: String = report.findings.iter().map(item).collect();
    section("Observations", "ul", &items)
}

fn maps(report: &PrepareReport) -> String {
    let text = serde_json::to_string_pretty(&report.container_registry_map).unwrap_or_default();
    let flat = serde_json::to_string_pretty(&report.image_map).unwrap_or_default();
    format!(
        "<section>\n<h2>Maps</h2>\n<details><summary>Container registry map, as HealthOmics takes it</summary><pre>{}</pre>\
         </details>\n<details><summary>Flat image map</summary><pre>{}</pre></details>\n</section>\n",
        escape(&text),
        escape(&flat)
    )
}

fn section(title: &str, list: &str, items: &str) -> String {
    match items.is_empty() {
        true => String::new(),
        false => format!("<section>\n<h2>{title}</h2>\n<{list}>\n{items}</{list}>\n</section>\n"),
    }
}

/// Returns a number of images in words.
pub(super) fn images(number: usize) -> String {
    format!("{number} {}", if number == 1 { "image" } else { "images" })
}

/// Returns a size in words: `1.5 GiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// Returns text as it may stand in HTML, between tags and in attributes; control characters become blanks.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escape("<a href='x'>&\"\u{7}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot; ");
    }

    #[test]
    fn a_long_list_is_cut_and_can_be_opened() {
        let list = |length: usize| (0..length).map(|number| format!("<{number}>")).collect::<Vec<_>>();
        assert_eq!(some("used by", &[]), "");
        assert_eq!(some("used by", &list(1)), "<p class=\"small\">used by &lt;0&gt;</p>");
        assert!(!some("used by", &list(4)).contains("details"));
        let long = some("used by", &list(9));
        assert!(long.contains("and 6 more") && long.contains("&lt;8&gt;") && !long.contains("<8>"), "{long}");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, words) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (3 << 40, "3.0 TiB")]
        {
            assert_eq!(size(bytes), words);
        }
    }
}
