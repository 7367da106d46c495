//! Reads configuration files: scopes, selectors and profiles, and the settings in them.
//!
//! Owns which settings matter to a container. Must not know what they come to, nor how files include each
//! other.

use std::borrow::Cow;

use super::expression::{Expr, Key, Shape};
use super::facts::{Assigned, Attribute, ExtSetting, Facts, Owner, Setting};
use super::parse::{Parser, plain_text};
use super::script;
use super::selector::{By, Selector};
use super::token::{Kind, Token, tokens};
use super::walk::Walk;

/// Maps within maps that are taken apart into settings.
const DEEPEST_MAP: u32 = 4;

/// A name of a scope or setting.
#[derive(Debug)]
enum Segment<'s> {
    Name(Cow<'s, str>),
    Selector(Selector<'s>),
}

/// Returns whether a text may be a Nextflow configuration that says anything about containers.
pub(super) fn is_relevant(text: &str) -> bool {
    // Other programs have `.config` files too, most of them XML.
    !text.trim_start().starts_with('<')
        && ["container", "params", "docker", "ext", "includeConfig", "configFile"]
            .iter()
            .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// Returns what a configuration file says.
pub(super) fn read(source: &str) -> Facts<'_> {
    let tokens = tokens(source);
    let mut facts = Facts::default();
    let mut walk = Walk::new(Parser::new(source, &tokens, 0, tokens.len()));
    let mut scope: Vec<Segment<'_>> = Vec::new();
    while walk.next(&mut facts) {
        scope.truncate(walk.scope());
        statement(&mut walk, &mut scope, &mut facts);
    }
    facts.too_deep = facts.too_deep.or(walk.parser.too_deep);
    facts
}

fn statement<'s>(walk: &mut Walk<'_, 's>, scope: &mut Vec<Segment<'s>>, facts: &mut Facts<'s>) {
    let start = walk.parser.at;
    if walk.parser.is("includeConfig") {
        walk.parser.at += 1;
        let value = walk.parser.expression();
        let profile = split(scope).0.cloned();
        facts.includes.push(Setting { key: String::new(), profile, value });
        walk.parser.skip_statement();
        return;
    }
    let outer = scope.len();
    let offset = path(&mut walk.parser, scope);
    if scope.len() == outer {
        walk.parser.at = start;
        walk.parser.skip_statement();
        step_on(walk, start);
        return;
    }
    if walk.parser.is("=") {
        walk.parser.at += 1;
        walk.parser.skip_newlines();
        if matters(scope) {
            let value = walk.parser.expression();
            set(scope, value, offset, walk.guard(), facts, DEEPEST_MAP);
        }
        walk.parser.skip_statement();
    } else if let Some(open) = block_ahead(&mut walk.parser) {
        walk.enter_scope(open, scope.len(), facts);
        return;
    } else if outer == 0 || matches!(scope.last(), Some(Segment::Name(name)) if name == "def") {
        // `def name = value`, `Type name = value` and functions.
        walk.parser.at = start;
        script::definition(walk, facts);
    } else {
        walk.parser.skip_statement();
    }
    scope.truncate(outer);
    step_on(walk, start);
}

/// Goes on by one token where a statement could not be read at all.
fn step_on(walk: &mut Walk<'_, '_>, start: usize) {
    if walk.parser.at == start {
        walk.parser.at += 1;
    }
}

/// Returns the `{` that comes next, be it on the next line.
fn block_ahead(parser: &mut Parser<'_, '_>) -> Option<Token> {
    let here = parser.at;
    parser.skip_newlines();
    let open = parser.peek().filter(|token| token.kind == Kind::Open && parser.text(*token) == "{");
    if open.is_none() {
        parser.at = here;
    }
    open
}

/// Reads `a.b.'c'`, `withName:X`, `params['a']` and puts the names into the scope; returns the offset of the
/// last one.
fn path<'s>(parser: &mut Parser<'_, 's>, scope: &mut Vec<Segment<'s>>) -> usize {
    let mut offset = 0;
    loop {
        let Some(token) = parser.peek() else { return offset };
        offset = token.start as usize;
        match token.kind {
            Kind::Name => {
                let text = parser.text(token);
                parser.at += 1;
                let by = match text {
                    "withName" => Some(By::Name),
                    "withLabel" => Some(By::Label),
                    _ => None,
                };
                scope.push(match by {
                    Some(by) if parser.is(":") => {
                        parser.at += 1;
                        Segment::Selector(Selector::new(by, pattern(parser)))
                    }
                    _ => match text.strip_prefix('$').filter(|name| !name.is_empty()) {
                        Some(name) => Segment::Selector(Selector::new(By::Dollar, Cow::Borrowed(name))),
                        None => Segment::Name(Cow::Borrowed(text)),
                    },
                });
            }
            Kind::StringOpen(_) => {
                let text = quoted(parser, token);
                scope.push(match Selector::quoted(&text) {
                    Some(selector) => Segment::Selector(selector),
                    None => Segment::Name(text),
                });
            }
            _ => return offset,
        }
        if let Some(open) = parser.peek().filter(|_| parser.is("[")) {
            let key = parser.inside(open, Parser::expression);
            if let Some(key) = key.as_ref().and_then(plain_text) {
                scope.push(Segment::Name(Cow::Owned(key.to_owned())));
            }
        }
        if !parser.is(".") {
            return offset;
        }
        parser.at += 1;
    }
}

/// Reads the text of a string; what it interpolates stays as written.
fn quoted<'s>(parser: &mut Parser<'_, 's>, open: Token) -> Cow<'s, str> {
    let expr = parser.string(open);
    match plain_text(&expr) {
        Some(text) => Cow::Owned(text.to_owned()),
        None => Cow::Borrowed(parser.text(Token { start: open.end, end: expr.span.end as u32, ..open })),
    }
}

/// Reads the pattern of a selector, quoted or not.
fn pattern<'s>(parser: &mut Parser<'_, 's>) -> Cow<'s, str> {
    parser.skip_newlines();
    match parser.peek() {
        Some(token) if matches!(token.kind, Kind::StringOpen(_)) => quoted(parser, token),
        Some(first) => {
            // A bare pattern ends before `{`, or before `.name =` of the dotted form.
            let mut end = first.end;
            parser.at += 1;
            while let Some(token) = parser.peek()
                && token.start == end
                && matches!(token.kind, Kind::Name | Kind::Number | Kind::Operator)
                && !matches!(parser.text(token), "." | "=")
            {
                end = token.end;
                parser.at += 1;
            }
            Cow::Borrowed(parser.text(Token { end, ..first }))
        }
        None => Cow::Borrowed(""),
    }
}

/// Returns the profile around a setting, and its path without `profiles` and the profile's name.
fn split<'a, 's>(path: &'a [Segment<'s>]) -> (Option<&'a Cow<'s, str>>, &'a [Segment<'s>]) {
    match path {
        [Segment::Name(profiles), Segment::Name(profile), rest @ ..] if profiles == "profiles" => {
            (Some(profile), rest)
        }
        _ => (None, path),
    }
}

/// Returns the names of a path that are no selectors.
fn names<'a>(path: &'a [Segment<'_>]) -> Vec<&'a str> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Name(name) => Some(name.as_ref()),
            Segment::Selector(_) => None,
        })
        .collect()
}

/// Returns whether the value at a path can matter to a container.
fn matters(path: &[Segment<'_>]) -> bool {
    let inside_scope = path.len() > 1;
    match names(split(path).1).as_slice() {
        ["params", ..] => true,
        ["process"] | ["process", "container" | "ext"] | ["process", "ext", ..] => true,
        ["docker"] | ["docker", "registry" | "registryOverride"] => true,
        ["config", "configFile"] => true,
        [_] => !inside_scope,
        _ => false,
    }
}

/// Keeps the value at a path, where it matters.
fn set<'s>(
    path: &[Segment<'s>],
    value: Expr<'s>,
    offset: usize,
    guard: Option<usize>,
    facts: &mut Facts<'s>,
    depth: u32,
) {
    let (profile, rest) = split(path);
    let profile = profile.cloned();
    let names = names(rest);
    let setting = |key: &[&str], value| Setting { key: key.join("."), profile: profile.clone(), value };
    match names.as_slice() {
        ["params", key @ ..] if !key.is_empty() => facts.params.push(setting(key, value)),
        ["process", "container"] => {
            let owner = Owner::Selected(selectors(rest));
            facts.attributes.push(Attribute { offset, owner, profile, value, guard });
        }
        ["process", "ext", key @ ..] if !key.is_empty() => {
            let setting = setting(key, value);
            facts.ext.push(ExtSetting { selectors: selectors(rest), setting });
        }
        ["docker", "registry"] => facts.registries.push(setting(&[], value)),
        ["docker", "registryOverride"] => facts.registry_override = !matches!(value.shape, Shape::Null),
        ["config", "configFile"] => facts.test_config = Some(value),
        ["params" | "docker"] | ["process"] | ["process", "ext"] if depth > 0 => {
            // `process = [container: 'x']` sets every entry of the map.
            let Shape::Map(entries) = value.shape else { return };
            for (key, value) in entries {
                let Key::Known(key) = key else { continue };
                let offset = value.span.start;
                let mut path: Vec<Segment<'s>> = path.iter().map(Segment::copy).collect();
                path.push(Selector::quoted(&key).map_or(Segment::Name(key), Segment::Selector));
                set(&path, value, offset, guard, facts, depth - 1);
            }
        }
        [name] if path.len() == 1 => {
            let Some(Segment::Name(Cow::Borrowed(name))) = path.first().filter(|_| !name.is_empty()) else {
                return;
            };
            facts.variables.entry(name).or_default().push(Assigned { value, guard });
        }
        _ => {}
    }
}

fn selectors<'s>(path: &[Segment<'s>]) -> Vec<Selector<'s>> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Selector(selector) => Some(selector.copy()),
            Segment::Name(_) => None,
        })
        .collect()
}

impl<'s> Segment<'s> {
    fn copy(&self) -> Segment<'s> {
        match self {
            Segment::Name(name) => Segment::Name(name.clone()),
            Segment::Selector(selector) => Segment::Selector(selector.copy()),
        }
    }
}
