//! YAML and JSON documents as a compact tree of nodes that know their place in the source.
//!
//! Owns the reading of YAML events into nodes and its bounds. Aliases stay references to the anchored node, so
//! no document grows by being read. Must not know CWL.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::lines::LineIndex;

/// Deepest nesting of collections that is read.
const DEPTH: usize = 255;

/// Most nodes of one file that are read.
const NODES: usize = 1 << 20;

/// The number of a node in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text, number, boolean or null.
    Scalar,
    /// A list.
    Sequence,
    /// A mapping; its children are keys and values in turn.
    Mapping,
    /// Another name of the anchored node.
    Alias(NodeId),
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    /// Bytes of the node: of a scalar without quotes and block header, of a collection its first mark.
    start: u32,
    end: u32,
    /// The node behind this one and all its children.
    next: u32,
    /// Index of the value in `Tree::values`, where it is not the source text itself.
    value: Option<u32>,
}

/// The documents of one file.
pub(crate) struct Tree<'a> {
    text: &'a str,
    lines: LineIndex<'a>,
    nodes: Vec<Node>,
    values: Vec<Box<str>>,
    roots: Vec<NodeId>,
}

/// Why a text could not be read as YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Line, counted from 1.
    pub(crate) line: u32,
    /// What was met, in lower case.
    pub(crate) message: String,
    /// True when the text goes beyond the bounds rather than being wrong.
    pub(crate) beyond_bounds: bool,
}

impl<'a> Tree<'a> {
    /// Returns the documents of a YAML or JSON text.
    ///
    /// # Errors
    /// [`Fault`] when it is no YAML, or nested deeper or longer than the bounds.
    pub(crate) fn read(text: &'a str) -> Result<Self, Fault> {
        Self::read_as(text, text)
    }

    /// Returns the documents of `text`, read as if it were `readable`: a text of the same length in bytes in
    /// which what no YAML reader takes has been masked. Values come from `text`.
    ///
    /// # Errors
    /// [`Fault`] as of [`Tree::read`].
    pub(crate) fn read_as(text: &'a str, readable: &str) -> Result<Self, Fault> {
        debug_assert_eq!(text.len(), readable.len());
        let tree = Tree {
            text,
            lines: LineIndex::new(text),
            nodes: Vec::new(),
            values: Vec::new(),
            roots: Vec::new(),
        };
        Reader { tree, readable, offsets: Offsets::new(readable), anchors: Vec::new(), open: Vec::new() }
            .read()
    }

    /// Returns the source.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the top node of each document.
    pub(crate) fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// Returns what a node is.
    pub(crate) fn kind(&self, node: NodeId) -> Kind {
        self.nodes.get(node.0 as usize).map_or(Kind::Scalar, |node| node.kind)
    }

    /// Returns the value of a scalar without white space around it, or `None` for any other node.
    pub(crate) fn value(&self, node: NodeId) -> Option<&str> {
        let found = self.nodes.get(node.0 as usize)?;
        match (found.kind, found.value) {
            (Kind::Scalar, Some(value)) => self.values.get(value as usize).map(|value| &**value),
            (Kind::Scalar, None) => self.text.get(found.start as usize..found.end as usize),
            _ => None,
        }
    }

    /// Returns whether the value of a scalar is its source text, byte for byte.
    pub(crate) fn is_verbatim(&self, node: NodeId) -> bool {
        self.nodes.get(node.0 as usize).is_some_and(|node| node.kind == Kind::Scalar && node.value.is_none())
    }

    /// Returns the bytes of a node: of a scalar its text without quotes, block header and white space
    /// around it, of a collection its first mark only.
    pub(crate) fn range(&self, node: NodeId) -> Range<usize> {
        self.nodes.get(node.0 as usize).map_or(0..0, |node| node.start as usize..node.end as usize)
    }

    /// Returns line and column of a byte offset, both counted from 1.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        self.lines.position(offset)
    }

    /// Returns the children of a collection: of a mapping its keys and values in turn.
    pub(crate) fn children(&self, node: NodeId) -> Children<'_> {
        let end = match self.nodes.get(node.0 as usize) {
            Some(found) if matches!(found.kind, Kind::Sequence | Kind::Mapping) => found.next,
            _ => 0,
        };
        Children { nodes: &self.nodes, at: node.0 + 1, end }
    }

    /// Returns the pairs of key and value of a mapping, in source order; none of any other node.
    pub(crate) fn pairs(&self, node: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let mut children = self.children(node);
        if self.kind(node) != Kind::Mapping {
            children.end = 0;
        }
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }
}

/// The children of a node.
pub(crate) struct Children<'t> {
    nodes: &'t [Node],
    at: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.at >= self.end {
            return None;
        }
        let child = NodeId(self.at);
        self.at = self.nodes.get(self.at as usize)?.next;
        Some(child)
    }
}

struct Reader<'a, 'r> {
    tree: Tree<'a>,
    readable: &'r str,
    offsets: Offsets<'r>,
    anchors: Vec<Option<NodeId>>,
    open: Vec<NodeId>,
}

impl<'a> Reader<'a, '_> {
    fn read(mut self) -> Result<Tree<'a>, Fault> {
        let mut parser = Parser::new_from_str(self.readable);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| Fault {
                line: error.marker().line() as u32,
                message: error.info().to_owned(),
                beyond_bounds: error.info().contains("recursion limit"),
            })?;
            self.take(event, span)?;
        }
        Ok(self.tree)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let beyond = |message: String| Fault { line: span.start.line() as u32, message, beyond_bounds: true };
        if self.tree.nodes.len() >= NODES {
            return Err(beyond(format!("more than {NODES} values")));
        }
        match event {
            Event::SequenceStart(anchor, _) => self.open(Kind::Sequence, anchor, span),
            Event::MappingStart(anchor, _) => self.open(Kind::Mapping, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                let next = self.tree.nodes.len() as u32;
                if let Some(node) = self.open.pop().and_then(|open| self.tree.nodes.get_mut(open.0 as usize))
                {
                    node.next = next;
                }
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(anchor).copied().flatten();
                let range = self.bytes(span);
                // A reader that knows no such anchor has refused the text already.
                self.push(target.map_or(Kind::Scalar, Kind::Alias), range, None);
            }
            Event::Scalar(value, style, anchor, tag) => {
                let range = self.scalar(span, style, anchor != 0 || tag.is_some());
                let source = self.tree.text.get(range.clone()).unwrap_or_default();
                let masked = self.readable.get(range.clone()) != Some(source);
                let kept = (!masked && value.trim() != source).then(|| Box::from(value.trim()));
                let node = self.push(Kind::Scalar, range, kept);
                self.anchor(anchor, node);
            }
            _ => {}
        }
        if self.open.len() > DEPTH {
            return Err(beyond(format!("nested more than {DEPTH} deep")));
        }
        Ok(())
    }

    fn open(&mut self, kind: Kind, anchor: usize, span: Span) {
        let range = self.bytes(span);
        let start = if anchor == 0 { range.start } else { behind_properties(self.readable, range.start) };
        let node = self.push(kind, start..range.end.max(start), None);
        self.anchor(anchor, node);
        self.open.push(node);
    }

    fn push(&mut self, kind: Kind, range: Range<usize>, value: Option<Box<str>>) -> NodeId {
        let node = NodeId(self.tree.nodes.len() as u32);
        if self.open.is_empty() {
            self.tree.roots.push(node);
        }
        let value = value.map(|value| {
            self.tree.values.push(value);
            self.tree.values.len() as u32 - 1
        });
        let (start, end) = (range.start as u32, range.end as u32);
        self.tree.nodes.push(Node { kind, start, end, next: node.0 + 1, value });
        node
    }

    fn anchor(&mut self, anchor: usize, node: NodeId) {
        if anchor != 0 {
            if self.anchors.len() <= anchor {
                self.anchors.resize(anchor + 1, None);
            }
            self.anchors[anchor] = Some(node);
        }
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.offsets.byte(span.start.index());
        start..self.offsets.byte(span.end.index()).max(start)
    }

    /// Returns the bytes of a scalar's text: behind anchor and tag, without quotes and block header.
    fn scalar(&self, span: Span, style: ScalarStyle, has_properties: bool) -> Range<usize> {
        let Range { mut start, mut end } = self.bytes(span);
        if has_properties {
            start = behind_properties(self.readable, start).min(end);
            if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                let header = memchr::memchr(b'\n', &self.readable.as_bytes()[start..end]);
                start = header.map_or(end, |header| start + header);
            }
        }
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            // The reader counts a comment behind the quote in.
            start = (start + 1).min(end);
            end = closing_quote(self.readable.as_bytes(), start, end);
        }
        let text = self.readable.get(start..end).unwrap_or_default();
        start += text.len() - text.trim_start().len();
        start..start + text.trim().len()
    }
}

/// Returns the offset of what follows anchor and tag at `start`, and white space and comments behind them.
fn behind_properties(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    loop {
        match bytes.get(at) {
            Some(b'&' | b'!') => {
                while bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
                    at += 1;
                }
            }
            Some(b'#') => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            Some(byte) if byte.is_ascii_whitespace() => at += 1,
            _ => return at,
        }
    }
}

/// Returns the offset of the quote that ends the text which begins at `start`, or `end` when there is none.
fn closing_quote(text: &[u8], start: usize, end: usize) -> usize {
    let quote = start.checked_sub(1).and_then(|at| text.get(at)).copied();
    let mut at = start;
    while at < end {
        match text.get(at).copied() {
            Some(b'\\') if quote == Some(b'"') => at += 1,
            byte if byte == quote => {
                let is_doubled = quote == Some(b'\'') && text.get(at + 1).copied() == quote;
                if !is_doubled {
                    return at;
                }
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    end
}

/// Character offsets, which the YAML reader gives, to byte offsets.
struct Offsets<'r> {
    text: &'r str,
    /// The byte offset of each character whose number is a multiple of `STRIDE`; empty for ASCII.
    marks: Vec<u32>,
}

impl<'r> Offsets<'r> {
    const STRIDE: usize = 64;

    fn new(text: &'r str) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(Self::STRIDE).map(|(byte, _)| byte as u32).collect()
        };
        Self { text, marks }
    }

    fn byte(&self, character: usize) -> usize {
        if self.marks.is_empty() {
            return character.min(self.text.len());
        }
        let Some(&mark) = self.marks.get(character / Self::STRIDE) else {
            return self.text.len();
        };
        let rest = self.text.get(mark as usize..).unwrap_or_default();
        let within = rest.char_indices().nth(character % Self::STRIDE);
        within.map_or(self.text.len(), |(byte, _)| mark as usize + byte)
    }
}
