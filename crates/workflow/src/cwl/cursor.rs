//! Nodes of documents, as places that know their file.
//!
//! Owns what can be read at a place without leaving its document. Must not know other files.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::tree::{Kind, NodeId, Tree};
use crate::reference::{Site, Step};

/// One file, read as YAML.
pub(crate) struct Document<'a> {
    /// The number of the file.
    pub(crate) file: usize,
    /// The path of the file, relative to the scanned folder.
    pub(crate) path: &'a str,
    /// Its nodes.
    pub(crate) tree: Tree<'a>,
    /// The processes by their identifiers; filled when first asked for.
    names: OnceLock<HashMap<String, NodeId>>,
}

impl<'a> Document<'a> {
    /// Returns the document of a file.
    pub(crate) fn new(file: usize, path: &'a str, tree: Tree<'a>) -> Self {
        Self { file, path, tree, names: OnceLock::new() }
    }
}

/// A node of a document.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'d> {
    /// The document.
    pub(crate) document: &'d Document<'d>,
    /// The node.
    pub(crate) node: NodeId,
}

/// What makes a node the same node: file and number.
pub(crate) type Key = (usize, NodeId);

impl<'d> Cursor<'d> {
    /// Returns what makes this node the same as another.
    pub(crate) fn key(&self) -> Key {
        (self.document.file, self.node)
    }

    /// Returns the same document's other node.
    pub(crate) fn to(&self, node: NodeId) -> Self {
        Self { document: self.document, node }
    }

    /// Returns what the node is.
    pub(crate) fn kind(&self) -> Kind {
        self.document.tree.kind(self.node)
    }

    /// Returns the value of a scalar.
    pub(crate) fn value(&self) -> Option<&'d str> {
        self.document.tree.value(self.node)
    }

    /// Returns the elements of a list; none of any other node.
    pub(crate) fn items(self) -> impl Iterator<Item = Cursor<'d>> {
        let is_list = self.kind() == Kind::Sequence;
        self.document.tree.children(self.node).filter(move |_| is_list).map(move |node| self.to(node))
    }

    /// Returns the pairs of a mapping as they are written; none of any other node.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (Cursor<'d>, Cursor<'d>)> {
        self.document.tree.pairs(self.node).map(move |(key, value)| (self.to(key), self.to(value)))
    }

    /// Returns the value of a key of a mapping as it is written: the last one, where there are several.
    pub(crate) fn get(self, name: &str) -> Option<Cursor<'d>> {
        self.pairs().filter(|(key, _)| key.value() == Some(name)).map(|(_, value)| value).last()
    }

    /// Returns the text of the value of `name`, when it is the only key.
    pub(crate) fn only(self, name: &str) -> Option<&'d str> {
        let mut pairs = self.pairs();
        let (key, value) = pairs.next()?;
        if key.value() != Some(name) || pairs.next().is_some() {
            return None;
        }
        value.value()
    }

    /// Returns the reference of a `$import`; draft-2 writes it without the dollar.
    pub(crate) fn import(self) -> Option<&'d str> {
        if self.kind() != Kind::Mapping {
            return None;
        }
        self.only("$import").or_else(|| self.only("import"))
    }

    /// Returns the process of a name that the document packs.
    pub(crate) fn named(self, name: &str) -> Option<Cursor<'d>> {
        let names = || {
            let roots = self.document.tree.roots().iter().map(|&root| self.to(root));
            let packed = roots.flat_map(|root| root.get("$graph").unwrap_or(root).items());
            let named = packed.filter_map(|process| {
                let id = process.get("id")?.value()?;
                Some((id.rsplit_once('#').map_or(id, |(_, name)| name).to_owned(), process.node))
            });
            named.collect()
        };
        self.document.names.get_or_init(names).get(name).map(|&node| self.to(node))
    }

    /// Returns the source of the node: of a collection its first mark only.
    pub(crate) fn source(&self) -> &'d str {
        self.document.tree.text().get(self.document.tree.range(self.node)).unwrap_or_default()
    }

    /// Returns the line of the node.
    pub(crate) fn line(&self) -> u32 {
        self.document.tree.position(self.document.tree.range(self.node).start).0
    }

    /// Returns a step of a chain at this node.
    pub(crate) fn step(&self, what: String) -> Step {
        Step { file: self.document.path.to_owned(), line: self.line(), what }
    }

    /// Returns this node as the place of a container attribute.
    pub(crate) fn site(&self, name: Option<&str>) -> Site {
        let (line, column) = self.document.tree.position(self.document.tree.range(self.node).start);
        Site { file: self.document.path.to_owned(), line, column, name: name.map(str::to_owned) }
    }
}
