//! From what reaches the attributes to the references of a scan.
//!
//! Owns lines, columns and the words of steps.

use std::sync::OnceLock;

use super::document::{Attribute, Expression, ExpressionId, Part};
use super::flow::{Found, Outcome};
use super::project::{CallableId, Project};
use super::value::{Hop, Place, What};
use crate::lines::LineIndex;
use crate::reference::{ContainerReference, Engine, Language, Literal, Resolution, Site, Step};

/// Writes references, and keeps the line starts of the files it met.
pub(super) struct Reporter<'p, 'a> {
    project: &'p Project<'a>,
    lines: Vec<OnceLock<LineIndex<'a>>>,
}

impl<'p, 'a> Reporter<'p, 'a> {
    /// Returns a reporter on a project.
    pub(super) fn new(project: &'p Project<'a>) -> Self {
        let lines = project.files.iter().map(|_| OnceLock::new()).collect();
        Self { project, lines }
    }

    /// Returns the references of an attribute; one at least.
    pub(super) fn references(
        &self,
        task: CallableId,
        attribute: &Attribute<'a>,
        outcome: Outcome<'a>,
    ) -> Vec<ContainerReference> {
        let file = self.project.document_of(task);
        let site = self.site(task, attribute);
        if outcome.found.is_empty() {
            let written = attribute.value.and_then(|value| self.node_text(file, value));
            let resolution =
                Resolution::Unresolved { template: outcome.template, depends_on: outcome.depends_on };
            return vec![ContainerReference {
                language: Language::Wdl,
                file: site.file.clone(),
                line: site.line,
                column: site.column,
                text: written.unwrap_or_default().to_owned(),
                reference: None,
                effective: None,
                resolution,
                engine: Engine::Any,
                profiles: Vec::new(),
                malformed: None,
                already_mapped: false,
                literals: Vec::new(),
                sites: vec![site],
            }];
        }
        outcome.found.iter().map(|found| self.reference(task, attribute, &site, found)).collect()
    }

    /// Returns line and column of an offset in a file.
    pub(super) fn position(&self, file: u32, offset: u32) -> (u32, u32) {
        let text = self.project.files[file as usize].text;
        self.lines[file as usize].get_or_init(|| LineIndex::new(text)).position(offset as usize)
    }

    /// Returns the place of an attribute.
    pub(super) fn site(&self, task: CallableId, attribute: &Attribute<'a>) -> Site {
        let file = self.project.document_of(task);
        let (line, column) = self.position(file, attribute.at);
        Site { file: self.path(file), line, column, name: Some(self.project.callable(task).name.to_owned()) }
    }

    fn reference(
        &self,
        task: CallableId,
        attribute: &Attribute<'a>,
        site: &Site,
        found: &Found<'a>,
    ) -> ContainerReference {
        let literals: Vec<Literal> = found.places.iter().map(|&place| self.literal(place)).collect();
        let (file, line, column) = match literals.first() {
            Some(main) => (main.file.clone(), main.line, main.column),
            None => (site.file.clone(), site.line, site.column),
        };
        let text = found
            .places
            .first()
            .map(|place| place.span.of(self.project.files[place.file as usize].text).to_owned());
        let resolution = if self.is_literal(task, attribute, found) {
            Resolution::Literal
        } else {
            let mut chain: Vec<Step> = found.hops.iter().map(|hop| self.step(hop)).collect();
            if chain.is_empty() {
                let what = format!(
                    "expression of `{}` in task `{}`",
                    attribute.key,
                    self.project.callable(task).name
                );
                chain.push(Step { file: site.file.clone(), line: site.line, what });
            }
            Resolution::Resolved { chain }
        };
        ContainerReference {
            language: Language::Wdl,
            file,
            line,
            column,
            text: text.unwrap_or_default(),
            reference: Some(found.name.clone()),
            effective: None,
            resolution,
            engine: Engine::Any,
            profiles: Vec::new(),
            malformed: None,
            already_mapped: false,
            literals,
            sites: vec![site.clone()],
        }
    }

    /// Returns whether the attribute is the plain literal itself, or an array that holds it.
    fn is_literal(&self, task: CallableId, attribute: &Attribute<'a>, found: &Found<'a>) -> bool {
        let [place] = found.places.as_slice() else { return false };
        let document = self.project.document_of(task);
        let is_it = |id: ExpressionId| {
            let node = self.project.documents[document as usize].node(id);
            matches!(node.map(|node| &node.expression), Some(Expression::Text(literal))
                if place.file == document
                    && literal.content == place.span
                    && matches!(literal.parts.as_slice(), [Part::Text(_)]))
        };
        let Some(value) = attribute.value else { return false };
        match self.project.documents[document as usize].node(value).map(|node| &node.expression) {
            Some(Expression::Array(items)) => items.iter().any(|&item| is_it(item)),
            _ => is_it(value),
        }
    }

    fn literal(&self, place: Place) -> Literal {
        let (line, column) = self.position(place.file, place.span.start);
        Literal {
            file: self.path(place.file),
            line,
            column,
            start: place.span.start as usize,
            end: place.span.end as usize,
        }
    }

    fn step(&self, hop: &Hop<'a>) -> Step {
        let what = match &hop.what {
            What::Declaration(role, name, kind, callable) => {
                format!("{role} `{name}` of {kind} `{callable}`")
            }
            What::Passes(call, workflow, input) => {
                format!("call `{call}` in workflow `{workflow}` passes `{input}`")
            }
            What::Inputs(key) => format!("inputs file sets `{key}`"),
            What::Choice(choice, enumeration) => format!("choice `{choice}` of enum `{enumeration}`"),
        };
        Step { file: self.path(hop.file), line: self.position(hop.file, hop.at).0, what }
    }

    fn node_text(&self, file: u32, id: ExpressionId) -> Option<&'a str> {
        let node = self.project.documents[file as usize].node(id)?;
        Some(node.span.of(self.project.files[file as usize].text))
    }

    fn path(&self, file: u32) -> String {
        self.project.files[file as usize].path.to_owned()
    }
}
