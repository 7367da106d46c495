//! The compact model of one WDL file: what the data flow needs of it, and where it stands.
//!
//! Owns the shape of documents, tasks, workflows, calls and expressions; every name borrows from the file's
//! text and every place is a byte offset in it. Must not know how text becomes a document, nor what an
//! expression is worth.

/// A range of bytes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Span {
    /// Offset of the first byte.
    pub(super) start: u32,
    /// Offset just behind the last byte.
    pub(super) end: u32,
}

impl Span {
    /// Returns the bytes of `text` that the span covers; empty when it does not fit the text.
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Index of an expression in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ExpressionId(pub(super) u32);

/// One WDL file.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    /// The import statements, in order.
    pub(super) imports: Vec<Import<'a>>,
    /// The enumerations, in order.
    pub(super) enums: Vec<Enumeration<'a>>,
    /// The tasks and workflows, in order.
    pub(super) callables: Vec<Callable<'a>>,
    /// Every expression; the children of one stand before it.
    pub(super) expressions: Vec<Node<'a>>,
    /// The first place that could not be read, if there is one.
    pub(super) gap: Option<Gap>,
    /// Whether it is of the first version, which has no input sections.
    pub(super) is_draft2: bool,
}

impl<'a> Document<'a> {
    /// Returns the expression with an index.
    pub(super) fn node(&self, id: ExpressionId) -> Option<&Node<'a>> {
        self.expressions.get(id.0 as usize)
    }
}

/// A place that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// Offset at which reading stopped making sense.
    pub(super) at: u32,
    /// What was missed, in lower case.
    pub(super) what: &'static str,
}

/// An import statement.
#[derive(Debug)]
pub(super) struct Import<'a> {
    /// The path or URL between the quotes.
    pub(super) path: &'a str,
    /// The name given with `as`, or the file's name without its ending.
    pub(super) namespace: &'a str,
    /// Which names come into the importing file's own scope.
    pub(super) members: Members<'a>,
}

/// The names that an import brings into the importing file's own scope.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Members<'a> {
    /// None: they are reached through the namespace.
    Namespace,
    /// All of them.
    All,
    /// The listed ones: name there, name here.
    Some(Vec<(&'a str, &'a str)>),
}

/// An enumeration.
#[derive(Debug)]
pub(super) struct Enumeration<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The choices: name, place of the name, value where one is written.
    pub(super) choices: Vec<(&'a str, Span, Option<ExpressionId>)>,
}

/// What a callable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CallableKind {
    /// A task.
    Task,
    /// A workflow.
    Workflow,
}

impl CallableKind {
    /// Returns the keyword.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Workflow => "workflow",
        }
    }
}

/// A task or a workflow.
#[derive(Debug)]
pub(super) struct Callable<'a> {
    /// Which of the two.
    pub(super) kind: CallableKind,
    /// Its name.
    pub(super) name: &'a str,
    /// What stands between its braces.
    pub(super) body: Span,
    /// What stands between the braces of its first input section.
    pub(super) inputs: Option<Span>,
    /// Every declaration, whatever block it stands in, in order.
    pub(super) declarations: Vec<Declaration<'a>>,
    /// The calls of a workflow, in order, whatever block they stand in.
    pub(super) calls: Vec<Call<'a>>,
    /// The container attributes of a task, in order.
    pub(super) attributes: Vec<Attribute<'a>>,
    /// Indexes of the declarations, sorted by name, outputs last among equals.
    by_name: Vec<u32>,
    /// Indexes of the calls, sorted by name.
    calls_by_name: Vec<u32>,
}

impl<'a> Callable<'a> {
    /// Returns an empty callable.
    pub(super) fn new(kind: CallableKind, name: &'a str) -> Self {
        Self {
            kind,
            name,
            body: Span { start: 0, end: 0 },
            inputs: None,
            declarations: Vec::new(),
            calls: Vec::new(),
            attributes: Vec::new(),
            by_name: Vec::new(),
            calls_by_name: Vec::new(),
        }
    }

    /// Prepares the look-ups by name; to be called once, when all is in.
    pub(super) fn index(&mut self) {
        let declarations = &self.declarations;
        self.by_name = (0..declarations.len() as u32).collect();
        self.by_name.sort_by_key(|&at| {
            let declaration = &declarations[at as usize];
            (declaration.name, declaration.role == Role::Output, at)
        });
        let calls = &self.calls;
        self.calls_by_name = (0..calls.len() as u32).collect();
        self.calls_by_name.sort_by_key(|&at| (calls[at as usize].name, at));
    }

    /// Returns the declaration a name stands for inside the callable; inputs and private ones go before
    /// outputs.
    pub(super) fn declaration(&self, name: &str) -> Option<&Declaration<'a>> {
        self.named(name).first().map(|&at| &self.declarations[at as usize])
    }

    /// Returns the output with a name.
    pub(super) fn output(&self, name: &str) -> Option<&Declaration<'a>> {
        let mut named = self.named(name).iter().map(|&at| &self.declarations[at as usize]);
        named.find(|declaration| declaration.role == Role::Output)
    }

    /// Returns the index of the call with a name.
    pub(super) fn call(&self, name: &str) -> Option<usize> {
        let from = self.calls_by_name.partition_point(|&at| self.calls[at as usize].name < name);
        let at = *self.calls_by_name.get(from)? as usize;
        (self.calls[at].name == name).then_some(at)
    }

    fn named(&self, name: &str) -> &[u32] {
        let from = self.by_name.partition_point(|&at| self.declarations[at as usize].name < name);
        let named = &self.by_name[from..];
        &named[..named.partition_point(|&at| self.declarations[at as usize].name == name)]
    }
}

/// What a declaration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A caller may give it.
    Input,
    /// Only its own expression gives it.
    Private,
    /// The variable of a scatter; its expression is the list.
    Scatter,
    /// A result.
    Output,
}

/// A declaration.
#[derive(Debug)]
pub(super) struct Declaration<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Offset of its type.
    pub(super) start: u32,
    /// Offset of the name.
    pub(super) at: u32,
    /// What it is for.
    pub(super) role: Role,
    /// Whether it may be without a value: its type ends in `?`, or it stands in a conditional block.
    pub(super) optional: bool,
    /// What it is set to.
    pub(super) value: Option<ExpressionId>,
}

/// A call of a task or workflow.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The called name, its parts as they stand between dots.
    pub(super) target: Vec<&'a str>,
    /// The name the call goes by: the alias, or the last part of the target.
    pub(super) name: &'a str,
    /// What it passes.
    pub(super) inputs: Vec<CallInput<'a>>,
    /// Offset behind the names and words before its braces.
    pub(super) head_end: u32,
    /// What stands between its braces.
    pub(super) block: Option<Span>,
}

/// One value that a call passes.
#[derive(Debug)]
pub(super) struct CallInput<'a> {
    /// The input of the callee.
    pub(super) name: &'a str,
    /// Offset of the name.
    pub(super) at: u32,
    /// The value; without one, the caller's declaration of the same name.
    pub(super) value: Option<ExpressionId>,
}

/// A container attribute of a task.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    /// `docker` or `container`.
    pub(super) key: &'a str,
    /// Offset of the key.
    pub(super) at: u32,
    /// The value; absent when it could not be read.
    pub(super) value: Option<ExpressionId>,
}

/// An expression and the text it was read from.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The expression.
    pub(super) expression: Expression<'a>,
    /// Where it stands.
    pub(super) span: Span,
}

/// An expression, as far as an image name can come of it.
#[derive(Debug)]
pub(super) enum Expression<'a> {
    /// A string.
    Text(Literal),
    /// A number or truth value.
    Scalar,
    /// A name.
    Name(&'a str),
    /// A member: `x.name`.
    Member(ExpressionId, &'a str),
    /// An element: `x[y]`.
    Index(ExpressionId, ExpressionId),
    /// A function of the standard library.
    Apply(&'a str, Vec<ExpressionId>),
    /// Operands joined by `+`.
    Sum(Vec<ExpressionId>),
    /// The branches of `if … then … else …`; conditions are not decided.
    Branches(Vec<ExpressionId>),
    /// An array.
    Array(Vec<ExpressionId>),
    /// A map.
    Map(Vec<(ExpressionId, ExpressionId)>),
    /// An object or a struct.
    Object(Vec<(&'a str, ExpressionId)>),
    /// A pair.
    Pair(ExpressionId, ExpressionId),
    /// `None`.
    None,
    /// Anything that no image name comes of.
    Opaque,
}

/// A string literal.
#[derive(Debug)]
pub(super) struct Literal {
    /// What stands between the quotes.
    pub(super) content: Span,
    /// Whether it is a multi-line string.
    pub(super) multiline: bool,
    /// Text and placeholders, in order.
    pub(super) parts: Vec<Part>,
}

/// A piece of a string literal.
#[derive(Debug)]
pub(super) enum Part {
    /// Text as written, escapes and all.
    Text(Span),
    /// A placeholder.
    Placeholder(Placeholder),
}

/// A placeholder with its options.
#[derive(Debug)]
pub(super) struct Placeholder {
    /// The expression; absent when it could not be read.
    pub(super) value: Option<ExpressionId>,
    /// What stands between the braces.
    pub(super) content: Span,
    /// The option `sep`.
    pub(super) separator: Option<ExpressionId>,
    /// The option `default`.
    pub(super) default: Option<ExpressionId>,
    /// The options `true` and `false`.
    pub(super) choice: Vec<ExpressionId>,
}
