//! The expressions and statements of Groovy that the name of a container can be written with.
//!
//! Owns their shape. Must not know how they are read or what they come to. Chains (`a + b + c`, `a.b.c`) are
//! lists and not nested boxes, and what is nested is bounded by the parser, so that neither walking nor
//! dropping a tree can overflow the stack.

use std::borrow::Cow;

/// A span of the source text in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Offset of the first byte.
    pub(super) start: usize,
    /// Offset behind the last byte.
    pub(super) end: usize,
}

/// An expression and where it stands.
#[derive(Debug)]
pub(super) struct Expr<'s> {
    /// Where it stands; of a string without the quotes.
    pub(super) span: Span,
    /// What it is.
    pub(super) shape: Shape<'s>,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum Shape<'s> {
    /// A string: its text with the interpolated expressions in between.
    Text(Vec<Part<'s>>),
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag,
    /// A number, as written.
    Number(&'s str),
    /// A name with everything that is taken from it: `params.a['b'].trim()`.
    Path(&'s str, Vec<Step<'s>>),
    /// Any other value with something taken from it: `"a".trim()`.
    Of(Box<Expr<'s>>, Vec<Step<'s>>),
    /// `condition ? yes : no`.
    Choice(Box<[Expr<'s>; 3]>),
    /// `a ?: b ?: c`.
    Elvis(Vec<Expr<'s>>),
    /// `a && b && c`.
    All(Vec<Expr<'s>>),
    /// `a || b || c`.
    AnyOf(Vec<Expr<'s>>),
    /// `!a`.
    Not(Box<Expr<'s>>),
    /// A comparison of two values.
    Compare(Comparison, Box<[Expr<'s>; 2]>),
    /// `a + b + c`.
    Sum(Vec<Expr<'s>>),
    /// `[a, b]`.
    List(Vec<Expr<'s>>),
    /// `[a: b, (c): d]`.
    Map(Vec<(Key<'s>, Expr<'s>)>),
    /// `{ ... }`.
    Closure(Block<'s>),
    /// Anything whose value is not looked for.
    Other,
}

/// A piece of a string.
#[derive(Debug)]
pub(super) enum Part<'s> {
    /// Text, escapes undone.
    Text(Cow<'s, str>),
    /// `${...}` or `$name`.
    Value(Expr<'s>),
}

/// Something taken from a value.
#[derive(Debug)]
pub(super) enum Step<'s> {
    /// `.name`, `?.name` or `."name"`.
    Member(Cow<'s, str>),
    /// `[key]`.
    Index(Expr<'s>),
    /// `(arguments)`; named arguments are left out.
    Call(Vec<Expr<'s>>),
}

/// The key of an entry of a map.
#[derive(Debug)]
pub(super) enum Key<'s> {
    /// A name, string or number.
    Known(Cow<'s, str>),
    /// `(expression)`.
    Computed,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `==`, `==~` or `=~`.
    Same,
    /// `!=`.
    Different,
    /// `in`.
    In,
    /// `!in`.
    NotIn,
    /// An order, a type test, or anything else that tells nothing here.
    Unrelated,
}

/// The statements of a closure, a function or a branch.
#[derive(Debug, Default)]
pub(super) struct Block<'s> {
    /// The statements in their order.
    pub(super) statements: Vec<Statement<'s>>,
}

/// A statement.
#[derive(Debug)]
pub(super) enum Statement<'s> {
    /// `def name = value` or `name = value`.
    Assign(&'s str, Expr<'s>),
    /// `return value`.
    Return(Expr<'s>),
    /// An expression; the last one of a closure is its value.
    Value(Expr<'s>),
    /// `if (condition) {} else {}`.
    If(Expr<'s>, Block<'s>, Block<'s>),
    /// `switch (subject) { case a: ... }`; a case without values is the default.
    Switch(Expr<'s>, Vec<(Vec<Expr<'s>>, Block<'s>)>),
    /// `try {} catch (e) {}` and other statements whose blocks may or may not run.
    Blocks(Vec<Block<'s>>),
}
