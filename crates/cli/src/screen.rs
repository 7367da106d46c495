//! Tables and colours for people.

use std::io::IsTerminal as _;

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use operations::{Finding, Route, Severity};

use crate::manner;

/// The narrowest terminal that tables are fitted to, in characters.
const NARROWEST: u16 = 40;

/// How much fits and whether colour helps, on the stream the text goes to.
#[derive(Clone, Copy)]
pub(crate) struct Screen {
    terminal: bool,
    colour: bool,
}

/// How a word stands out; what it says does not hang on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Paint {
    Red,
    Yellow,
    Green,
    Blue,
    Bold,
}

impl Screen {
    /// Returns the screen behind standard output.
    pub(crate) fn of_stdout() -> Self {
        Self::new(std::io::stdout().is_terminal())
    }

    /// Returns the screen behind standard error.
    pub(crate) fn of_stderr() -> Self {
        Self::new(std::io::stderr().is_terminal())
    }

    fn new(terminal: bool) -> Self {
        Self { terminal, colour: manner::get().colour(terminal) }
    }

    /// Returns whether colour helps.
    pub(crate) fn has_colour(self) -> bool {
        self.colour
    }

    /// Returns an empty table with a header; it is as wide as the terminal, or as its content elsewhere.
    pub(crate) fn table(self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        // Some terminals tell no width, or one in which no table can be read.
        let fits = self.terminal && table.width().is_some_and(|width| width >= NARROWEST);
        let arrangement = if fits { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(arrangement);
        table.set_header(header.iter().map(Cell::new));
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }

    /// Returns a unified diff, with what goes and what comes in colours where they help.
    pub(crate) fn diff(self, diff: &str) -> String {
        if !self.colour {
            return diff.to_owned();
        }
        let paint = |line: &str| {
            let code = match line.as_bytes() {
                [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "1",
                [b'-', ..] => "31",
                [b'+', ..] => "32",
                [b'@', ..] => "36",
                _ => return line.to_owned(),
            };
            let text = line.trim_end_matches(['\r', '\n']);
            format!("\x1b[{code}m{text}\x1b[0m{}", &line[text.len()..])
        };
        diff.split_inclusive('\n').map(paint).collect()
    }

    /// Returns a cell in a colour that says no more than its words.
    pub(crate) fn cell(self, words: &str, colour: Color) -> Cell {
        let cell = Cell::new(words);
        if self.colour { cell.fg(colour) } else { cell }
    }

    /// Returns a text that stands out, where colour helps.
    pub(crate) fn paint(self, text: &str, paint: Paint) -> String {
        let code = match paint {
            Paint::Red => "1;31",
            Paint::Yellow => "1;33",
            Paint::Green => "1;32",
            Paint::Blue => "1;34",
            Paint::Bold => "1",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Returns the cell of a route; its words say the same as its colour.
    pub(crate) fn route(self, route: &Route) -> Cell {
        let colour = match route {
            Route::AlreadyPrivate | Route::Rule { .. } => Color::Green,
            Route::HealthomicsCopies { .. } | Route::Clone { .. } => Color::Yellow,
            Route::Cannot { .. } => Color::Red,
        };
        self.cell(route.label(), colour)
    }
}

/// Returns a table as text without blanks at the ends of lines.
pub(crate) fn render(table: &Table) -> String {
    let mut text = String::new();
    for line in table.to_string().lines() {
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Returns findings as lines, with their hints below them.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        text += &format!("{severity}: {}: {}\n", finding.subject, finding.message);
        if let Some(hint) = &finding.hint {
            text += &format!("  hint: {hint}\n");
        }
    }
    text
}

/// Returns the name of an image with its digest cut to what tells it apart.
pub(crate) fn short_name(name: &str) -> String {
    match name.split_once("@sha256:") {
        Some((name, digest)) => format!("{name}@sha256:{}…", digest.chars().take(12).collect::<String>()),
        None => name.to_owned(),
    }
}

/// Returns a number with its noun in the right form: `1 image`, `2 images`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
