//! The report, opened from disk in a real browser where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::world::text;

/// The names under which browsers are found that need no screen.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).flat_map(|folder| BROWSERS.map(|name| folder.join(name)));
    places.find(|place| place.is_file())
}

fn open(browser: &Path, home: &Path, arguments: &[&str], page: &Path) -> std::process::Output {
    let url = format!("file://{}", page.display());
    let own = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    let mut command = Command::new(browser);
    command.args(own).arg(format!("--user-data-dir={}", home.display())).args(arguments).arg(url);
    command.output().unwrap()
}

#[test]
fn the_report_stands_alone_and_a_browser_draws_it() {
    let project = Project::new();
    let gone = "registry.lab.example/lab/gone:1";
    project.write(&[crate::project::QUAY, crate::project::LAB, gone]);
    let output = project.run(&["--report", "report.html"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let page = project.text("report.html");
    for part in ["src=", "href=", "url(", "@import", "<script", "<link", "<img"] {
        assert!(!page.contains(part), "{part} would load something");
    }
    assert!(page.contains("new rule quay") && page.contains("<svg"));

    let Some(browser) = browser() else {
        #[allow(clippy::print_stderr, reason = "whoever reads the log has to know what was not tried")]
        {
            eprintln!("skipped: no browser on PATH, one of {BROWSERS:?}");
        }
        return;
    };
    let (home, report) = (project.path("browser"), project.path("report.html"));
    let drawn = open(&browser, &home, &["--dump-dom"], &report);
    assert!(drawn.status.success(), "{drawn:?}");
    let dom = text(&drawn.stdout);
    // What a browser makes of it is what was written: two images of three are ready, each with a band.
    assert_eq!(dom.matches("class=\"mark ready\"").count(), 2, "{dom}");
    assert_eq!(dom.matches("class=\"mark failed\"").count(), 1, "{dom}");
    assert!(dom.contains("<path class=\"band ready\"") && dom.contains("</svg>"), "{dom}");
    let image = project.path("report.png");
    let picture = format!("--screenshot={}", image.display());
    let shot = open(&browser, &home, &[&picture, "--window-size=1200,1600"], &report);
    assert!(shot.status.success(), "{shot:?}");
    let bytes = std::fs::read(&image).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "{} bytes", bytes.len());
}
