//! What callers give: puts values into the place of a callable's inputs.
//!
//! Owns the order in which an input gets its value: an inputs file, the call, the default. Must not know
//! which of the callers are asked.

use super::document::Declaration;
use super::evaluate::Evaluator;
use super::functions::apply;
use super::inputs::Json;
use super::project::{CallId, CallableId, Override, json_member};
use super::value::{ALTERNATIVES, Access, Hop, Known, Path, Piece, Place, Slot, Text, Values, What, bounded};

/// Who runs a callable.
pub(super) enum Binding<'p, 'a> {
    /// Somebody who gives nothing.
    Alone(CallableId),
    /// Somebody with an inputs file, named by the index of its settings.
    Inputs(CallableId, u32),
    /// A workflow.
    Call {
        /// The call.
        call: CallId,
        /// What it calls.
        callee: CallableId,
        /// What an inputs file sets for this call from outside.
        setting: Option<&'p Override<'a>>,
    },
}

impl Binding<'_, '_> {
    fn callee(&self) -> CallableId {
        match self {
            Self::Alone(callee) | Self::Inputs(callee, _) | Self::Call { callee, .. } => *callee,
        }
    }
}

/// One way to fill the open slots of a text: an index into each slot's values.
type Choice = Vec<usize>;

impl<'a> Evaluator<'_, 'a> {
    /// Returns what a text comes to when its callable runs this way. The result is in terms of the caller.
    pub(super) fn bind(&self, text: &Text<'a>, binding: &Binding<'_, 'a>) -> Values<'a> {
        if !text.is_open() {
            return Values::one(text.clone());
        }
        let mut slots: Vec<Slot<'a>> = Vec::new();
        collect(&text.pieces, &mut slots);
        let given: Vec<Vec<Text<'a>>> = slots.iter().map(|slot| self.given(slot, binding)).collect();
        let mut choices: Vec<Choice> = vec![Vec::new()];
        for texts in &given {
            let longer = choices.iter().flat_map(|choice| {
                (0..texts.len()).map(move |at| choice.iter().copied().chain(std::iter::once(at)).collect())
            });
            choices = longer.take(ALTERNATIVES).collect();
        }
        let mut values = Values::default();
        for choice in choices {
            self.spend(text.pieces.len() as u32);
            let chosen: Vec<&Text<'a>> = choice.iter().zip(&given).map(|(&at, texts)| &texts[at]).collect();
            let mut bound =
                Text { pieces: bounded(fill(&text.pieces, &slots, &chosen)), hops: text.hops.clone() };
            chosen.iter().for_each(|chosen| bound.extend_hops(&chosen.hops));
            values.push(bound);
        }
        values
    }

    /// Returns the texts that an open slot gets; one at least.
    fn given(&self, slot: &Slot<'a>, binding: &Binding<'_, 'a>) -> Vec<Text<'a>> {
        let unknown = |absent| Text::unknown(slot.written(), absent);
        let values = self.guarded(|| self.slot(slot, binding)).unwrap_or_else(|| Values::one(unknown(false)));
        if values.texts.is_empty() {
            return vec![unknown(values.absent)];
        }
        values.texts
    }

    fn slot(&self, slot: &Slot<'a>, binding: &Binding<'_, 'a>) -> Values<'a> {
        let set = match binding {
            Binding::Alone(_) => None,
            Binding::Inputs(callee, settings) => {
                let key = format!("{}.{}", self.project.callable(*callee).name, slot.input);
                self.setting(*settings, &key, &slot.path).map(|values| values.deeper(slot.depth))
            }
            Binding::Call { call, setting, .. } => setting
                .and_then(|setting| {
                    let key = format!("{}{}", setting.prefix, slot.input);
                    self.setting(setting.settings, &key, &slot.path).map(|values| values.deeper(slot.depth))
                })
                .or_else(|| self.passed(*call, slot)),
        };
        let mut values = set.unwrap_or_else(Values::none);
        if values.texts.is_empty() || values.absent {
            let default = self.default(slot, binding);
            values.absent = default.absent;
            values.join(default);
        }
        values
    }

    /// Returns what a call passes for an input.
    fn passed(&self, call: CallId, slot: &Slot<'a>) -> Option<Values<'a>> {
        let workflow = call.workflow;
        let statement = self.project.call(call);
        let input = statement.inputs.iter().find(|input| input.name == slot.input)?;
        let values = match input.value {
            Some(value) => self.value(workflow, value, &slot.path),
            // WDL 1.1: the name alone passes what goes by that name.
            None => self.name(workflow, input.name, &slot.path),
        };
        let what = What::Passes(statement.name, self.project.callable(workflow).name, input.name);
        let hop = Hop { file: self.project.document_of(workflow), at: input.at, what };
        Some(values.behind(&hop).deeper(slot.depth))
    }

    /// Returns what an input is worth when nobody gives it, inputs in its default filled the same way.
    fn default(&self, slot: &Slot<'a>, binding: &Binding<'_, 'a>) -> Values<'a> {
        let callee = binding.callee();
        let Some(declaration) = self.project.callable(callee).declaration(slot.input) else {
            return Values::none();
        };
        let Declaration { value: Some(value), .. } = declaration else {
            return Values { texts: Vec::new(), absent: declaration.optional };
        };
        let values = self.value(callee, *value, &slot.path).behind(&self.declared(callee, declaration));
        let mut bound = Values { texts: Vec::new(), absent: values.absent };
        for text in &values.texts {
            bound.join(self.bind(text, binding));
        }
        bound.deeper(slot.depth)
    }

    /// Returns what an inputs file sets.
    pub(super) fn setting(&self, settings: u32, key: &str, path: &Path<'a>) -> Option<Values<'a>> {
        let settings = self.project.settings.get(settings as usize)?;
        let entry = settings.get(key)?;
        let mut values = Values::default();
        self.json(settings.file, &entry.value, path, &mut values);
        let hop = Hop { file: settings.file, at: entry.at, what: What::Inputs(entry.key) };
        Some(values.behind(&hop))
    }

    fn json(&self, file: u32, json: &Json<'a>, path: &[Access<'a>], values: &mut Values<'a>) {
        let (access, rest) = match path.split_last() {
            Some((access, rest)) => (Some(access), rest),
            None => (None, path),
        };
        match (json, access) {
            (Json::Text(span, text), None | Some(Access::Any | Access::Element(_))) => {
                let place = Place { file, span: *span };
                let known = Known { text: text.clone(), place, more: Vec::new(), depth: 0 };
                values.push(Text::of(Piece::Known(known)));
            }
            (Json::Array(items), None | Some(Access::Any)) => {
                items.iter().for_each(|item| self.json(file, item, rest, values));
            }
            (Json::Array(items), Some(Access::Element(number))) => {
                items.get(*number as usize).iter().for_each(|item| self.json(file, item, rest, values));
            }
            (Json::Object(members), Some(Access::Any)) => {
                members.iter().for_each(|(_, member)| self.json(file, member, rest, values));
            }
            (Json::Object(_), Some(Access::Member(name))) => {
                json_member(json, name).iter().for_each(|member| self.json(file, member, rest, values));
            }
            (Json::Object(_), Some(Access::Entry(key))) => {
                json_member(json, key).iter().for_each(|member| self.json(file, member, rest, values));
            }
            _ => values.absent = true,
        }
    }
}

/// Adds the open slots of pieces, each once.
fn collect<'a>(pieces: &[Piece<'a>], slots: &mut Vec<Slot<'a>>) {
    for piece in pieces {
        match piece {
            Piece::Free(slot) if !slots.iter().any(|known| same(known, slot)) => slots.push(slot.clone()),
            Piece::Deferred(_, arguments) => {
                arguments.iter().for_each(|argument| collect(argument, slots));
            }
            _ => {}
        }
    }
}

fn same(a: &Slot<'_>, b: &Slot<'_>) -> bool {
    a.input == b.input && a.path == b.path
}

/// Returns the pieces with every open slot replaced by what was chosen for it.
fn fill<'a>(pieces: &[Piece<'a>], slots: &[Slot<'a>], chosen: &[&Text<'a>]) -> Vec<Piece<'a>> {
    let mut filled = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Free(slot) => {
                if let Some(at) = slots.iter().position(|known| same(known, slot)) {
                    filled.extend_from_slice(&chosen[at].pieces);
                }
            }
            Piece::Deferred(function, arguments) => {
                let arguments = arguments.iter().map(|argument| fill(argument, slots, chosen)).collect();
                filled.push(apply(*function, arguments));
            }
            piece => filled.push(piece.clone()),
        }
    }
    filled
}
