//! What expressions are worth, without running anything.
//!
//! Owns the meaning of names, strings, operators and containers. Inputs stay open: [`super::bind`] puts in what
//! callers give. Conditions are not decided, so that both branches count. Must not know who asks, nor what is
//! made of the result.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::document::{Expression, ExpressionId, Literal, Node, Part, Placeholder, Span};
use super::escape::{unescape, unescape_multiline};
use super::project::{CallId, CallableId, Project};
use super::value::{Access, Known, PIECE_BYTES, Path, Piece, Place, Text, Unknown, Values};

/// Most evaluations inside each other: far beyond real workflows, far below the end of the stack.
const DEPTH: u32 = 96;
/// Most evaluations for one attribute.
const EVALUATIONS: u32 = 20_000;
/// Longest piece of source that stands for something unknown, in characters.
const SNIPPET: usize = 60;

/// Something that an evaluation goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// A declaration: its callable and its place.
    Declaration(CallableId, u32),
    /// An output of a call: the call and the output's place.
    Output(CallId, u32),
}

/// Evaluates expressions for one attribute.
pub(super) struct Evaluator<'p, 'a> {
    /// The project the expressions stand in.
    pub(super) project: &'p Project<'a>,
    left: Cell<u32>,
    depth: Cell<u32>,
    /// What is being followed, so that a circle ends.
    followed: RefCell<Vec<Followed>>,
    budget: &'p AtomicU64,
}

impl<'p, 'a> Evaluator<'p, 'a> {
    /// Returns an evaluator that also draws on a budget of evaluations shared with others.
    pub(super) fn new(project: &'p Project<'a>, budget: &'p AtomicU64) -> Self {
        // What is left of the shared budget is all that this one may use.
        let left = u64::from(EVALUATIONS).min(budget.load(Ordering::Relaxed)) as u32;
        Self { project, left: Cell::new(left), depth: Cell::new(0), followed: RefCell::default(), budget }
    }

    /// Returns whether the bound on evaluations was met, so that something may be missing.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    /// Returns what an expression of a callable comes to, followed along a path into its value.
    pub(super) fn value(&self, scope: CallableId, id: ExpressionId, path: &Path<'a>) -> Values<'a> {
        let document = self.project.document_of(scope);
        let Some(node) = self.project.documents[document as usize].node(id) else {
            return Values::default();
        };
        self.guarded(|| self.node(scope, node, path)).unwrap_or_else(|| self.unknown(scope, node))
    }

    /// Counts work as evaluations.
    pub(super) fn spend(&self, evaluations: u32) {
        self.left.set(self.left.get().saturating_sub(evaluations));
    }

    /// Runs one evaluation unless it is one too many or too deep.
    pub(super) fn guarded<T>(&self, evaluate: impl FnOnce() -> T) -> Option<T> {
        if self.left.get() == 0 || self.depth.get() == DEPTH {
            return None;
        }
        self.spend(1);
        self.depth.set(self.depth.get() + 1);
        let value = evaluate();
        self.depth.set(self.depth.get() - 1);
        Some(value)
    }

    /// Runs an evaluation that follows something, unless that is being followed already.
    pub(super) fn following<T>(&self, what: Followed, evaluate: impl FnOnce() -> T) -> Option<T> {
        if self.followed.borrow().contains(&what) {
            return None;
        }
        self.followed.borrow_mut().push(what);
        let value = evaluate();
        self.followed.borrow_mut().pop();
        Some(value)
    }

    fn node(&self, scope: CallableId, node: &Node<'a>, path: &Path<'a>) -> Values<'a> {
        match &node.expression {
            Expression::Text(literal) if reaches_text(path) => self.literal(scope, literal),
            Expression::Scalar if reaches_text(path) => self.scalar(scope, node),
            Expression::Sum(operands) if reaches_text(path) => self.sum(scope, operands),
            Expression::Text(_) | Expression::Scalar | Expression::Sum(_) => Values::none(),
            Expression::Name(name) => self.name(scope, name, path),
            Expression::Member(of, member) => {
                self.value(scope, *of, &with(path, Access::Member((*member).into())))
            }
            Expression::Index(of, index) => self.value(scope, *of, &with(path, self.access(scope, *index))),
            Expression::Apply(name, arguments) => self.apply(scope, node, name, arguments, path),
            Expression::Branches(branches) => {
                let mut values = Values::default();
                branches.iter().for_each(|&branch| values.join(self.value(scope, branch, path)));
                values
            }
            Expression::Array(items) => self.array(scope, items, path),
            Expression::Map(entries) => self.map(scope, entries, path),
            Expression::Object(members) => self.object(scope, members, path),
            Expression::Pair(left, right) => match path.split_last() {
                Some((Access::Member(side), rest)) if side == "left" => {
                    self.value(scope, *left, &rest.to_vec())
                }
                Some((Access::Member(side), rest)) if side == "right" => {
                    self.value(scope, *right, &rest.to_vec())
                }
                _ => Values::none(),
            },
            Expression::None => Values::none(),
            Expression::Opaque => self.unknown(scope, node),
        }
    }

    fn array(&self, scope: CallableId, items: &[ExpressionId], path: &Path<'a>) -> Values<'a> {
        let mut rest = path.clone();
        match rest.pop() {
            Some(Access::Element(number)) => match items.get(number as usize) {
                Some(&item) => self.value(scope, item, &rest),
                None => Values::none(),
            },
            // The whole of an array stands for each of its elements.
            None | Some(Access::Any | Access::Entry(_)) => self.any(scope, items.iter().copied(), &rest),
            Some(Access::Member(_)) => Values::none(),
        }
    }

    /// Returns what any of some expressions comes to.
    pub(super) fn any(
        &self,
        scope: CallableId,
        items: impl Iterator<Item = ExpressionId>,
        path: &Path<'a>,
    ) -> Values<'a> {
        let mut values = Values::default();
        items.for_each(|item| values.join(self.value(scope, item, path)));
        values
    }

    fn map(
        &self,
        scope: CallableId,
        entries: &[(ExpressionId, ExpressionId)],
        path: &Path<'a>,
    ) -> Values<'a> {
        let mut rest = path.clone();
        let wanted: Arc<str> = match rest.pop() {
            Some(Access::Entry(key)) => key,
            // A struct may be given as a map with its members' names.
            Some(Access::Member(name)) => name.into(),
            Some(Access::Any | Access::Element(_)) => {
                return self.any(scope, entries.iter().map(|(_, value)| *value), &rest);
            }
            None => return Values::none(),
        };
        let mut values = Values::none();
        for (key, value) in entries {
            match self.key(scope, *key) {
                Some(key) if key == wanted => {
                    let mut found = self.value(scope, *value, &rest);
                    found.join(Values { texts: values.texts, absent: false });
                    return found;
                }
                Some(_) => {}
                // A key that only a run can tell may be the one.
                None => values.join(self.value(scope, *value, &rest)),
            }
        }
        values
    }

    /// Returns the text of a key that is known.
    fn key(&self, scope: CallableId, id: ExpressionId) -> Option<Arc<str>> {
        let values = self.value(scope, id, &Path::new());
        let [text] = values.texts.as_slice() else { return None };
        text.known().map(Arc::from)
    }

    /// Returns the step into a value that an index in brackets means.
    fn access(&self, scope: CallableId, index: ExpressionId) -> Access<'a> {
        let document = &self.project.documents[self.project.document_of(scope) as usize];
        let file = self.project.files[self.project.document_of(scope) as usize];
        let node = document.node(index);
        if let Some(Node { expression: Expression::Scalar, span }) = node
            && let Ok(number) = span.of(file.text).parse()
        {
            return Access::Element(number);
        }
        self.key(scope, index).map_or(Access::Any, Access::Entry)
    }

    fn object(&self, scope: CallableId, members: &[(&'a str, ExpressionId)], path: &Path<'a>) -> Values<'a> {
        let mut rest = path.clone();
        let wanted = match rest.pop() {
            Some(Access::Member(name)) => name,
            Some(Access::Entry(key)) => key.to_string().into(),
            _ => return Values::none(),
        };
        match members.iter().find(|(name, _)| *name == wanted) {
            Some((_, value)) => self.value(scope, *value, &rest),
            None => Values::none(),
        }
    }

    fn scalar(&self, scope: CallableId, node: &Node<'a>) -> Values<'a> {
        let document = self.project.document_of(scope);
        Values::one(Text::of(self.known(document, node.span, node.span, unescape)))
    }

    fn sum(&self, scope: CallableId, operands: &[ExpressionId]) -> Values<'a> {
        let mut values = Values::one(Text::default());
        for &operand in operands {
            let next = self.text_of(scope, operand);
            values.absent |= next.absent;
            values.concatenate(&next);
        }
        values
    }

    fn literal(&self, scope: CallableId, literal: &Literal) -> Values<'a> {
        let document = self.project.document_of(scope);
        let mut values = Values::one(Text::default());
        let last = literal.parts.len().saturating_sub(1);
        for (at, part) in literal.parts.iter().enumerate() {
            let next = match part {
                Part::Text(span) if literal.multiline => {
                    let read = |written| unescape_multiline(written, at == 0, at == last);
                    Values::one(Text::of(self.known(document, literal.content, *span, read)))
                }
                Part::Text(span) => {
                    Values::one(Text::of(self.known(document, literal.content, *span, unescape)))
                }
                Part::Placeholder(placeholder) => self.placeholder(scope, placeholder).deeper(1),
            };
            values.concatenate(&next);
        }
        values
    }

    fn placeholder(&self, scope: CallableId, placeholder: &Placeholder) -> Values<'a> {
        if !placeholder.choice.is_empty() {
            return self.any(scope, placeholder.choice.iter().copied(), &Path::new());
        }
        let Some(value) = placeholder.value else {
            return Values::one(Text::unknown(self.snippet(scope, placeholder.content), false));
        };
        let mut values = match placeholder.separator {
            Some(separator) => self.joined(scope, separator, value),
            None => self.value(scope, value, &Path::new()),
        };
        if let (Some(default), true) = (placeholder.default, values.absent) {
            values.join(self.value(scope, default, &Path::new()));
        }
        if values.texts.is_empty() {
            let name = self.snippet(scope, placeholder.content);
            return Values::one(Text::unknown(name, values.absent));
        }
        values
    }

    /// Returns what an expression comes to as text; something unknown when it comes to nothing.
    pub(super) fn text_of(&self, scope: CallableId, id: ExpressionId) -> Values<'a> {
        let mut values = self.value(scope, id, &Path::new());
        if values.texts.is_empty() {
            let document = &self.project.documents[self.project.document_of(scope) as usize];
            let span = document.node(id).map_or(Span { start: 0, end: 0 }, |node| node.span);
            values.push(Text::unknown(self.snippet(scope, span), values.absent));
        }
        values
    }

    /// Returns a part of a literal as known text, unless it is longer than any image name.
    pub(super) fn known(
        &self,
        document: u32,
        content: Span,
        part: Span,
        read: impl Fn(&'a str) -> std::borrow::Cow<'a, str>,
    ) -> Piece<'a> {
        let written = part.of(self.project.files[document as usize].text);
        if written.len() > PIECE_BYTES {
            return Piece::Unknown(Unknown { name: "…".into(), absent: false });
        }
        let text = read(written);
        Piece::Known(Known {
            text,
            place: Place { file: document, span: content },
            more: Vec::new(),
            depth: 0,
        })
    }

    /// Returns an unknown part that is named by its source.
    pub(super) fn unknown(&self, scope: CallableId, node: &Node<'a>) -> Values<'a> {
        Values::one(Text::unknown(self.snippet(scope, node.span), false))
    }

    /// Returns a piece of source on one line and within bounds.
    fn snippet(&self, scope: CallableId, span: Span) -> String {
        let file = self.project.files[self.project.document_of(scope) as usize];
        let words: Vec<&str> = span.of(file.text).split_whitespace().take(SNIPPET).collect();
        let mut snippet = words.join(" ");
        if let Some((cut, _)) = snippet.char_indices().nth(SNIPPET) {
            snippet.truncate(cut);
            snippet.push('…');
        }
        snippet
    }
}

impl Drop for Evaluator<'_, '_> {
    fn drop(&mut self) {
        let used = u64::from(EVALUATIONS.saturating_sub(self.left.get()));
        let _ = self
            .budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(used)));
    }
}

/// Returns a path with one more step, to be taken first.
pub(super) fn with<'a>(path: &Path<'a>, access: Access<'a>) -> Path<'a> {
    let mut path = path.clone();
    path.push(access);
    path
}

/// Returns whether a path ends at a text: elements of what is no array are the thing itself, since an output
/// of a scattered call is not known to be an array here.
pub(super) fn reaches_text(path: &Path<'_>) -> bool {
    path.iter().all(|access| matches!(access, Access::Any | Access::Element(_)))
}
