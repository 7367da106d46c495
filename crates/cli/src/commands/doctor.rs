//! `omics-ecr doctor`

use std::process::ExitCode;

use operations::doctor::{self, Check, DoctorReport, DoctorRequest, Verdict};

use crate::arguments::DoctorArguments;
use crate::commands::account::Connection;
use crate::commands::{interrupt, source_registries};
use crate::document;
use crate::failure::{self, print};
use crate::screen::{Paint, Screen, count};

/// The longest words of a verdict and of what it is about, in characters.
const WIDTHS: (usize, usize) = (11, 15);

/// Looks at everything.
pub(crate) fn run(arguments: &DoctorArguments) -> operations::Result<ExitCode> {
    interrupt::reading(|| async {
        // What a local ECR that is started for this reads must live until the end.
        let connection = Connection::open(&arguments.aws).await;
        let account = match &connection {
            Ok(connection) => connection.id().cloned(),
            Err(_) => None,
        };
        let request = DoctorRequest {
            session: connection.as_ref().map(|open| open.session().clone()).map_err(Clone::clone),
            account,
            client: source_registries::client(&[], &arguments.aws.upstreams),
            login_files: source_registries::login_files(),
        };
        let report = doctor::doctor(&request).await;
        match arguments.output.shape.notation() {
            Some(notation) => document::print(&report, notation)?,
            None => print(&text(&report, Screen::of_stdout()))?,
        }
        Ok(ExitCode::from(match report.verdict {
            Verdict::Ok => 0,
            Verdict::Warning => failure::NO,
            Verdict::CannotTell => failure::NO_ANSWER,
        }))
    })
}

/// Returns a report as lines, with what to do next below them.
fn text(report: &DoctorReport, screen: Screen) -> String {
    let mut text: String = report.checks.iter().map(|check| line(check, screen)).collect();
    let (warnings, unknown) = (report.count(Verdict::Warning), report.count(Verdict::CannotTell));
    text += &format!(
        "\n{}: {}, {} that cannot be told\n",
        paint(report.verdict, report.verdict.label(), screen),
        count(warnings, "warning", "warnings"),
        count(unknown, "thing", "things")
    );
    if let Some(code) = report.checks.iter().find_map(|check| check.code) {
        text += &format!("`omics-ecr explain {}` tells more\n", code.id());
    }
    text
}

fn line(check: &Check, screen: Screen) -> String {
    let (verdict, aspect) = WIDTHS;
    let label = paint(check.verdict, &format!("{:verdict$}", check.verdict.label()), screen);
    let code = check.code.map(|code| format!("{} ", code.id())).unwrap_or_default();
    let mut line =
        format!("{label}  {:aspect$}  {code}{}: {}\n", check.check.label(), check.subject, check.said);
    if let Some(next) = &check.next_step {
        line += &format!("{:indent$}next: {next}\n", "", indent = verdict + aspect + 4);
    }
    line
}

fn paint(verdict: Verdict, text: &str, screen: Screen) -> String {
    let paint = match verdict {
        Verdict::Ok => Paint::Green,
        Verdict::Warning => Paint::Yellow,
        Verdict::CannotTell => Paint::Red,
    };
    screen.paint(text, paint)
}
