//! Reads scripts: processes with their directives, parameters, variables, functions and includes.
//!
//! Owns where a process ends being directives and starts being a task. Must not know what values come to.

use std::borrow::Cow;

use super::expression::Expr;
use super::facts::{Assigned, Attribute, Facts, Function, Import, Owner, Process, Setting};
use super::parse::{Parser, plain_text};
use super::token::{Kind, Token, tokens};
use super::walk::Walk;

/// The sections of a process; directives stand before the first one.
const SECTIONS: [&str; 9] = ["input", "output", "when", "script", "shell", "exec", "stub", "stage", "topic"];

/// Returns whether a script may say anything about containers.
pub(super) fn is_relevant(text: &str) -> bool {
    ["container", "params", " as ", "def "]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// Returns what a script says.
pub(super) fn read(source: &str) -> Facts<'_> {
    let tokens = tokens(source);
    let mut facts = Facts::default();
    let mut walk = Walk::new(Parser::new(source, &tokens, 0, tokens.len()));
    while walk.next(&mut facts) {
        let start = walk.parser.at;
        statement(&mut walk, source, &tokens, &mut facts);
        if walk.parser.at == start {
            walk.parser.at += 1;
        }
    }
    facts.too_deep = facts.too_deep.or(walk.parser.too_deep);
    facts
}

fn statement<'s>(walk: &mut Walk<'_, 's>, source: &'s str, tokens: &[Token], facts: &mut Facts<'s>) {
    let Some(first) = walk.parser.peek() else { return };
    if first.kind != Kind::Name {
        walk.parser.skip_statement();
        return;
    }
    match walk.parser.text(first) {
        "process" => {
            if let Some((name, body)) = process_header(&mut walk.parser) {
                let end = body.partner as usize;
                process(name, Parser::new(source, tokens, walk.parser.at + 1, end), facts);
                walk.parser.at = walk.parser.behind(body);
            }
        }
        "params" => params(walk, source, tokens, facts),
        "include" => include(walk, facts),
        "workflow" | "output" => walk.parser.skip_statement(),
        _ => definition(walk, facts),
    }
}

/// Reads `process NAME {` and stops at the brace.
fn process_header<'s>(parser: &mut Parser<'_, 's>) -> Option<(Cow<'s, str>, Token)> {
    parser.at += 1;
    let token = parser.peek()?;
    let name = match token.kind {
        Kind::Name => {
            parser.at += 1;
            Cow::Borrowed(parser.text(token))
        }
        Kind::StringOpen(_) => {
            let text = parser.string(token);
            Cow::Owned(plain_text(&text)?.to_owned())
        }
        _ => return None,
    };
    parser.skip_newlines();
    let open = parser.peek().filter(|token| token.kind == Kind::Open && parser.text(*token) == "{")?;
    Some((name, open))
}

/// Reads the directives of a process.
fn process<'s>(name: Cow<'s, str>, parser: Parser<'_, 's>, facts: &mut Facts<'s>) {
    let index = facts.processes.len();
    facts.processes.push(Process { name, labels: Vec::new(), variables: Vec::new(), ext: Vec::new() });
    let mut walk = Walk::new(parser);
    while walk.next(facts) {
        let start = walk.parser.at;
        let Some(first) = walk.parser.peek() else { break };
        if first.kind == Kind::Name {
            let word = walk.parser.text(first);
            walk.parser.at += 1;
            if walk.parser.is(":") && SECTIONS.contains(&word) {
                break;
            }
            directive(word, first, start, index, &mut walk, facts);
        }
        walk.parser.skip_statement();
        if walk.parser.at == start {
            walk.parser.at += 1;
        }
    }
    facts.too_deep = facts.too_deep.or(walk.parser.too_deep);
}

fn directive<'s>(
    word: &'s str,
    token: Token,
    start: usize,
    index: usize,
    walk: &mut Walk<'_, 's>,
    facts: &mut Facts<'s>,
) {
    let guard = walk.guard();
    match word {
        "container" => {
            if let Some(value) = argument(&mut walk.parser) {
                let (offset, owner) = (token.start as usize, Owner::Process(index));
                facts.attributes.push(Attribute { offset, owner, profile: None, value, guard });
            }
        }
        "label" => {
            let label = argument(&mut walk.parser);
            if let (Some(label), Some(process)) =
                (label.as_ref().and_then(plain_text), facts.processes.get_mut(index))
            {
                process.labels.push(Cow::Owned(label.to_owned()));
            }
        }
        "ext" => {
            let settings = named_arguments(&mut walk.parser);
            if let Some(process) = facts.processes.get_mut(index) {
                process.ext.extend(settings);
            }
        }
        _ => {
            walk.parser.at = start;
            if let Some(name) = walk.parser.assignment() {
                let value = walk.parser.expression();
                if let Some(process) = facts.processes.get_mut(index) {
                    process.variables.push((name, Assigned { value, guard }));
                }
            }
        }
    }
}

/// Reads the value of a directive: `container 'x'`, `container('x')`, `container = 'x'`, `container { 'x' }`.
fn argument<'s>(parser: &mut Parser<'_, 's>) -> Option<Expr<'s>> {
    if parser.is("=") {
        parser.at += 1;
        parser.skip_newlines();
    }
    let token = parser.peek()?;
    let starts = match token.kind {
        Kind::Name | Kind::Number | Kind::Open | Kind::StringOpen(_) => true,
        Kind::Operator => parser.text(token) == "!",
        _ => false,
    };
    starts.then(|| parser.expression())
}

/// Reads `a: 1, b: 2`, in parentheses or not.
fn named_arguments<'s>(parser: &mut Parser<'_, 's>) -> Vec<(Cow<'s, str>, Expr<'s>)> {
    if let Some(open) = parser.peek().filter(|_| parser.is("(")) {
        return parser.inside(open, named_arguments).unwrap_or_default();
    }
    let mut arguments = Vec::new();
    loop {
        parser.skip_newlines();
        let Some(token) = parser.peek().filter(|token| token.kind == Kind::Name) else { return arguments };
        parser.at += 1;
        if !parser.is(":") {
            return arguments;
        }
        parser.at += 1;
        parser.skip_newlines();
        let value = parser.expression();
        arguments.push((Cow::Borrowed(parser.text(token)), value));
        if !parser.is(",") {
            return arguments;
        }
        parser.at += 1;
    }
}

/// Reads `params.a.b = value` or `params { a: Type = value }`.
fn params<'s>(walk: &mut Walk<'_, 's>, source: &'s str, tokens: &[Token], facts: &mut Facts<'s>) {
    walk.parser.at += 1;
    let parser = &mut walk.parser;
    if let Some(open) = parser.peek().filter(|_| parser.is("{")) {
        let inner = Walk::new(Parser::new(source, tokens, parser.at + 1, open.partner as usize));
        params_block(inner, facts);
        parser.at = parser.behind(open);
        return;
    }
    let mut names = Vec::new();
    while parser.is(".") {
        parser.at += 1;
        match parser.peek() {
            Some(token) if token.kind == Kind::Name => {
                parser.at += 1;
                names.push(parser.text(token));
            }
            _ => break,
        }
    }
    if parser.is("=") && !names.is_empty() {
        parser.at += 1;
        parser.skip_newlines();
        let value = parser.expression();
        facts.params.push(Setting { key: names.join("."), profile: None, value });
    }
    parser.skip_statement();
}

fn params_block<'s>(mut walk: Walk<'_, 's>, facts: &mut Facts<'s>) {
    let mut scope: Vec<&str> = Vec::new();
    while walk.next(facts) {
        scope.truncate(walk.scope());
        let start = walk.parser.at;
        if let Some(token) = walk.parser.peek().filter(|token| token.kind == Kind::Name) {
            let name = walk.parser.text(token);
            walk.parser.at += 1;
            if walk.parser.is(":") {
                // The type of a typed parameter.
                while walk.parser.peek().is_some_and(|token| token.kind != Kind::Newline)
                    && !walk.parser.is("=")
                    && !walk.parser.is("{")
                {
                    walk.parser.at += 1;
                }
            }
            if walk.parser.is("=") {
                walk.parser.at += 1;
                walk.parser.skip_newlines();
                let key = scope.iter().copied().chain([name]).collect::<Vec<_>>().join(".");
                let value = walk.parser.expression();
                facts.params.push(Setting { key, profile: None, value });
            } else if let Some(open) = walk.parser.peek().filter(|_| walk.parser.is("{")) {
                scope.push(name);
                walk.enter_scope(open, scope.len(), facts);
                continue;
            }
        }
        walk.parser.skip_statement();
        if walk.parser.at == start {
            walk.parser.at += 1;
        }
    }
}

/// Reads `include { A as B; C } from 'path'`.
fn include<'s>(walk: &mut Walk<'_, 's>, facts: &mut Facts<'s>) {
    walk.parser.at += 1;
    let parser = &mut walk.parser;
    if let Some(open) = parser.peek().filter(|_| parser.is("{")) {
        let names = parser.inside(open, included_names).unwrap_or_default();
        let mut path = Cow::Borrowed("");
        if parser.is("from") {
            parser.at += 1;
            if let Some(text) = plain_text(&parser.expression()) {
                path = Cow::Owned(text.to_owned());
            }
        }
        let imports = names.into_iter().map(|(name, alias)| Import { name, alias, path: path.clone() });
        facts.imports.extend(imports);
    }
    parser.skip_statement();
}

fn included_names<'s>(parser: &mut Parser<'_, 's>) -> Vec<(&'s str, &'s str)> {
    let mut names = Vec::new();
    while let Some(token) = parser.peek() {
        parser.at += 1;
        if token.kind != Kind::Name {
            continue;
        }
        let name = parser.text(token);
        let mut alias = name;
        if parser.is("as") {
            parser.at += 1;
            if let Some(token) = parser.peek().filter(|token| token.kind == Kind::Name) {
                parser.at += 1;
                alias = parser.text(token);
            }
        }
        names.push((name, alias));
    }
    names
}

/// Reads `def name = value`, `name = value` or a function; skips any other statement.
pub(super) fn definition<'s>(walk: &mut Walk<'_, 's>, facts: &mut Facts<'s>) {
    let guard = walk.guard();
    if let Some(name) = walk.parser.assignment() {
        let value = walk.parser.expression();
        facts.variables.entry(name).or_default().push(Assigned { value, guard });
    } else if let Some((name, function)) = function(&mut walk.parser) {
        facts.functions.insert(name, function);
        return;
    }
    walk.parser.skip_statement();
}

/// Reads `def name(a, b = 1) { ... }`, or goes nowhere.
fn function<'s>(parser: &mut Parser<'_, 's>) -> Option<(&'s str, Function<'s>)> {
    let start = parser.at;
    let mut words = Vec::new();
    while let Some(token) = parser.peek().filter(|token| token.kind == Kind::Name)
        && words.len() < 8
    {
        words.push(parser.text(token));
        parser.at += 1;
    }
    let found = match (words.as_slice(), parser.peek()) {
        ([.., _, name], Some(open)) if parser.is("(") => {
            let parameters = parser.inside(open, parameters).unwrap_or_default();
            parser.skip_newlines();
            let body = parser.peek().filter(|_| parser.is("{"));
            body.and_then(|open| parser.inside(open, Parser::block))
                .map(|body| (*name, Function { parameters, body }))
        }
        _ => None,
    };
    if found.is_none() {
        parser.at = start;
    }
    found
}

/// Returns the names of the parameters of a function: of each, the last name before `=` or the comma.
fn parameters<'s>(parser: &mut Parser<'_, 's>) -> Vec<&'s str> {
    let mut names = Vec::new();
    loop {
        parser.skip_newlines();
        let mut name = None;
        while let Some(token) = parser.peek().filter(|token| token.kind == Kind::Name) {
            name = Some(parser.text(token));
            parser.at += 1;
        }
        let Some(name) = name else { return names };
        names.push(name);
        if parser.is("=") || parser.is(":") {
            parser.at += 1;
            parser.expression();
        }
        if !parser.is(",") {
            return names;
        }
        parser.at += 1;
    }
}
