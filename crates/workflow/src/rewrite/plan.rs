//! The order of a rewrite: propose an edit for each reference, put the edits together, prove them, and take
//! back what cannot be proved.
//!
//! Every round takes back one edit at least, so that it ends; what is left when the rounds are used up is
//! taken back as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::declaration::{Declarations, Declarers};
use super::edit::{Edit, Edits, apply};
use super::proposal::{Proposal, Proposer};
use super::verify::{Difference, differences};
use super::{Declared, Destination, FileChange, Outcome, Reason, RewriteRequest, Rewriting, Rewritten, Way};
use crate::reference::{ContainerReference, Engine, Language, Literal, Resolution};
use crate::scan::{Scan, scan_tree};
use crate::source::SourceTree;

/// Most scans of new text.
const ROUNDS: usize = 24;

/// What is to become of a reference.
enum State {
    /// It gets an edit.
    Open(Box<Proposal>),
    /// It is left alone.
    Closed(Reason, String),
}

/// A rewrite that is being put together.
pub(super) struct Plan<'a> {
    tree: &'a SourceTree,
    request: &'a RewriteRequest<'a>,
    before: Scan,
    states: Vec<State>,
    declarers: Declarers<'a>,
}

/// Edits that do not meet, with the declarations that they need.
#[derive(Default)]
struct Draft {
    /// What is written.
    edits: Edits,
    /// What is scanned: the same with a value at every declaration.
    probes: Edits,
    declared: Vec<Declared>,
    inputs: Vec<String>,
}

impl<'a> Plan<'a> {
    /// Returns the first proposals for a tree.
    pub(super) fn new(tree: &'a SourceTree, request: &'a RewriteRequest<'a>) -> Self {
        let before = scan_tree(tree);
        let mut proposer = Proposer::new(tree, request.parameter.as_ref());
        let states = before.references.iter().map(|found| state(found, request, &mut proposer)).collect();
        Self { tree, request, before, states, declarers: Declarers::new(tree) }
    }

    /// Returns the rewrite that is proved to be right.
    pub(super) fn carry_out(mut self) -> Rewriting {
        for _ in 0..ROUNDS {
            let Some(draft) = self.draft() else { continue };
            if self.proposals().next().is_none() {
                return self.finish(Draft::default());
            }
            let differences = self.differences(&draft);
            if differences.is_empty() {
                return self.finish(draft);
            }
            for difference in differences {
                self.take_back(&difference);
            }
        }
        for index in 0..self.states.len() {
            self.close(
                index,
                Reason::NotFoundAgain,
                "the new names of this workflow cannot be proved to be right",
            );
        }
        self.finish(Draft::default())
    }

    fn proposals(&self) -> impl Iterator<Item = (usize, &Proposal)> {
        self.states.iter().enumerate().filter_map(|(index, state)| match state {
            State::Open(proposal) => Some((index, proposal.as_ref())),
            State::Closed(..) => None,
        })
    }

    /// Leaves a reference alone that was to be rewritten.
    fn close(&mut self, index: usize, reason: Reason, message: impl Into<String>) {
        if let Some(state @ State::Open(_)) = self.states.get_mut(index) {
            *state = State::Closed(reason, message.into());
        }
    }

    /// Returns the edits together; `None` when some had to be taken back for it.
    fn draft(&mut self) -> Option<Draft> {
        self.settle_shared();
        let all: Vec<Edit> = self.proposals().flat_map(|(_, proposal)| proposal.edits.clone()).collect();
        if let Err(meeting) = Edits::new(all.clone()) {
            self.settle_meeting(&meeting);
            return None;
        }
        let mut draft = Draft::default();
        let mut written = all.clone();
        let mut probes = all;
        if self.request.parameter.is_some() {
            let complete = self.declare(&mut draft, &mut written, &mut probes);
            if !complete {
                return None;
            }
        }
        match (Edits::new(written), Edits::new(probes)) {
            (Ok(edits), Ok(probes)) => Some(Draft { edits, probes, ..draft }),
            (Err(meeting), _) | (_, Err(meeting)) => {
                self.settle_meeting(&meeting);
                None
            }
        }
    }

    /// Takes back edits of texts that references which stay as they are use too.
    fn settle_shared(&mut self) {
        loop {
            let mut edited: HashMap<(&str, usize, usize), Vec<usize>> = HashMap::new();
            for (index, proposal) in self.proposals() {
                edited.entry(place(&proposal.literal)).or_default().push(index);
            }
            let mut shared: BTreeMap<usize, String> = BTreeMap::new();
            for (state, reference) in self.states.iter().zip(&self.before.references) {
                if matches!(state, State::Open(_)) {
                    continue;
                }
                for index in
                    reference.literals.iter().filter_map(|literal| edited.get(&place(literal))).flatten()
                {
                    let other = match reference.asked_for() {
                        Some(name) => format!("`{name}`"),
                        None => format!("the attribute at {}:{}", reference.file, reference.line),
                    };
                    shared.entry(*index).or_insert(other);
                }
            }
            if shared.is_empty() {
                return;
            }
            for (index, other) in shared {
                let message = format!("its text is used for {other} too, which stays as it is");
                self.close(index, Reason::Shared, message);
            }
        }
    }

    fn settle_meeting(&mut self, meeting: &[(Edit, Edit)]) {
        let met: BTreeSet<&Edit> = meeting.iter().flat_map(|(one, other)| [one, other]).collect();
        let closed: Vec<usize> = self
            .proposals()
            .filter(|(_, proposal)| proposal.edits.iter().any(|edit| met.contains(edit)))
            .map(|(index, _)| index)
            .collect();
        if closed.is_empty() {
            // Declarations met: nothing with a parameter can be written.
            let all: Vec<usize> = self.proposals().map(|(index, _)| index).collect();
            for index in all {
                self.close(index, Reason::Undeclared, "the parameter cannot be declared twice at one place");
            }
        }
        for index in closed {
            let message = "the same text would have to become another one for another name";
            self.close(index, Reason::Conflict, message);
        }
    }

    /// Adds the declarations of the parameter. Returns false when some references cannot have it.
    fn declare(&mut self, draft: &mut Draft, written: &mut Vec<Edit>, probes: &mut Vec<Edit>) -> bool {
        let Some(parameter) = &self.request.parameter else { return true };
        let texts: Vec<(usize, Language, &Literal)> = self
            .proposals()
            .filter(|(_, proposal)| proposal.way == Way::Parameter)
            .filter_map(|(at, proposal)| {
                Some((at, self.before.references.get(at)?.language, &proposal.literal))
            })
            .collect();
        let Declarations { edits, probes: proved, refused, declared, inputs } =
            self.declarers.declare(&texts, parameter);
        written.extend(edits);
        probes.extend(proved);
        (draft.declared, draft.inputs) = (declared, inputs);
        let complete = refused.is_empty();
        for (index, why) in refused {
            self.close(index, Reason::Undeclared, why);
        }
        complete
    }

    fn differences(&self, draft: &Draft) -> Vec<Difference> {
        let Some(texts) = self.texts(&draft.probes) else {
            return self.proposals().map(|(index, _)| Difference::Names(vec![index])).collect();
        };
        let new = self.tree.with_texts(texts);
        let after = scan_tree(&new);
        let mut names = vec![None; self.states.len()];
        for (index, proposal) in self.proposals() {
            names[index] = Some(proposal.expected.as_str());
        }
        differences(
            &self.before,
            &names,
            self.request.parameter.as_ref(),
            &after,
            &draft.probes,
            self.tree,
            &new,
        )
    }

    /// Returns the new texts of the files with edits.
    fn texts(&self, edits: &Edits) -> Option<HashMap<String, String>> {
        edits
            .files()
            .map(|(file, edits)| {
                let text = self.tree.text(self.tree.get(file)?)?;
                Some((file.to_owned(), apply(text, edits)?))
            })
            .collect()
    }

    /// Takes back what may have made a difference: the edits of the references themselves; else those of texts
    /// that they use; else those of the file; else those nearby that need a declaration; else all.
    fn take_back(&mut self, difference: &Difference) {
        let open: Vec<usize> = self.proposals().map(|(index, _)| index).collect();
        let (concerned, file) = match difference {
            Difference::Names(references) => (references.as_slice(), None),
            Difference::File(file) => (&[][..], Some(file.as_str())),
        };
        let own: Vec<usize> = concerned.iter().copied().filter(|index| open.contains(index)).collect();
        let references: Vec<&ContainerReference> =
            concerned.iter().filter_map(|&index| self.before.references.get(index)).collect();
        let uses = |proposal: &Proposal| {
            references.iter().any(|reference| {
                let overlaps = |literal: &Literal| {
                    literal.file == proposal.literal.file
                        && literal.start < proposal.literal.end
                        && proposal.literal.start < literal.end
                };
                reference.literals.iter().any(overlaps) || self.is_in_template(reference, proposal)
            })
        };
        let lies_there = |proposal: &Proposal| {
            let in_file = |file: &str| proposal.edits.iter().any(|edit| edit.file == file);
            file.is_some_and(in_file)
                || references.iter().flat_map(|reference| &reference.sites).any(|site| in_file(&site.file))
        };
        let by = |is: &dyn Fn(&Proposal) -> bool| -> Vec<usize> {
            self.proposals().filter(|(_, proposal)| is(proposal)).map(|(index, _)| index).collect()
        };
        // A declaration reaches beyond its file: the nearest of those that need it.
        let home = references.iter().flat_map(|reference| &reference.sites).map(|site| site.file.as_str());
        let home: Vec<&str> = home.chain(file).collect();
        let nearness = |proposal: &Proposal| {
            home.iter().map(|file| common_folders(file, &proposal.literal.file)).max().unwrap_or(0)
        };
        let is_declared = |proposal: &Proposal| proposal.way == Way::Parameter;
        let nearest = self.proposals().map(|(_, proposal)| proposal).filter(|proposal| is_declared(proposal));
        let nearest = nearest.map(nearness).max();
        let is_near = |proposal: &Proposal| is_declared(proposal) && Some(nearness(proposal)) == nearest;
        let culprits = [own, by(&uses), by(&lies_there), by(&is_near), open];
        let Some(culprits) = culprits.into_iter().find(|culprits| !culprits.is_empty()) else { return };
        let is_own = concerned.contains(&culprits[0]);
        for index in culprits {
            let (reason, message) = if is_own {
                (Reason::NotFoundAgain, "a scan of the new text does not find the new name")
            } else {
                (Reason::Shared, "another name or attribute would change with its text")
            };
            self.close(index, reason, message);
        }
    }

    /// Returns whether the text that a proposal changes stands in what an unresolved reference looks like.
    fn is_in_template(&self, reference: &ContainerReference, proposal: &Proposal) -> bool {
        let Resolution::Unresolved { template, .. } = &reference.resolution else { return false };
        let text = self.tree.get(&proposal.literal.file).and_then(|file| self.tree.text(file));
        let text = text.and_then(|text| text.get(proposal.literal.start..proposal.literal.end));
        text.is_some_and(|text| !text.trim().is_empty() && template.contains(text.trim()))
    }

    fn finish(self, draft: Draft) -> Rewriting {
        let texts = self.texts(&draft.edits).unwrap_or_default();
        let files = draft.edits.files().filter_map(|(file, edits)| {
            let before = self.tree.text(self.tree.get(file)?)?.to_owned();
            let after = texts.get(file)?.clone();
            Some(FileChange { path: file.to_owned(), before, after, edits: edits.len() })
        });
        let files = files.collect();
        let references = self
            .before
            .references
            .into_iter()
            .zip(self.states)
            .map(|(reference, state)| {
                let outcome = match state {
                    State::Open(proposal) => {
                        Outcome::Rewritten { destination: proposal.destination, way: proposal.way }
                    }
                    State::Closed(reason, message) => Outcome::LeftAlone { reason, message },
                };
                Rewritten { reference, outcome }
            })
            .collect();
        Rewriting { references, files, declared: draft.declared, inputs: draft.inputs }
    }
}

/// Returns how many folders two paths begin with in common.
fn common_folders(one: &str, other: &str) -> usize {
    let folders =
        |path| std::iter::successors(Some(path), |path: &&str| path.split_once('/').map(|(_, rest)| rest));
    let names = |path| folders(path).filter_map(|path: &str| path.split_once('/').map(|(name, _)| name));
    names(one).zip(names(other)).take_while(|(one, other)| one == other).count()
}

fn place(literal: &Literal) -> (&str, usize, usize) {
    (&literal.file, literal.start, literal.end)
}

/// Returns what is to become of a reference, seen for itself.
fn state(reference: &ContainerReference, request: &RewriteRequest<'_>, proposer: &mut Proposer<'_>) -> State {
    if let Resolution::Unresolved { template, .. } = &reference.resolution {
        return State::Closed(Reason::Unresolved, format!("no file gives `{template}` a value"));
    }
    if reference.engine == Engine::Singularity {
        return State::Closed(Reason::Singularity, "only engines like Singularity take it".to_owned());
    }
    let name = reference.asked_for().unwrap_or_default();
    if reference.already_mapped {
        let message = "it leads to a private registry that a parameter names".to_owned();
        return State::Closed(Reason::AlreadyThere, message);
    }
    match (request.destination)(name) {
        Destination::Name(new) if new == name => {
            State::Closed(Reason::AlreadyThere, "it has its name in the private registry".to_owned())
        }
        Destination::Name(new) => match proposer.propose(reference, &new) {
            Ok(proposal) => State::Open(Box::new(proposal)),
            Err((reason, message)) => State::Closed(reason, message),
        },
        Destination::Reached => {
            State::Closed(Reason::AlreadyThere, "it has its name in the private registry".to_owned())
        }
        Destination::Unmapped => State::Closed(Reason::NotInMap, "the map does not name it".to_owned()),
        Destination::Refused(why) => State::Closed(Reason::NoName, why),
    }
}
