//! Wildcard patterns: `*` for any run of characters, colons and slashes included, and `?` for one.
//!
//! Owns matching in bounded time, and the questions whether one pattern covers or meets another.
//! Knows nothing of ARNs, actions or letter case; callers fold case before they come here.

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// Exactly this character.
    Char(char),
    /// Exactly one character, whichever it is.
    One,
    /// Any number of characters, none included.
    Any,
}

/// A pattern ready to be matched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    /// Returns the pattern of a text in which `*` and `?` are wildcards.
    pub(crate) fn glob(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        for character in text.chars() {
            pattern.push(match character {
                '*' => Token::Any,
                '?' => Token::One,
                other => Token::Char(other),
            });
        }
        pattern
    }

    /// Appends one token; a run of `*` is kept as one.
    pub(crate) fn push(&mut self, token: Token) {
        if token != Token::Any || self.tokens.last() != Some(&Token::Any) {
            self.tokens.push(token);
        }
    }

    /// Appends a text in which no character is a wildcard.
    pub(crate) fn push_literal(&mut self, text: &str) {
        self.tokens.extend(text.chars().map(Token::Char));
    }

    /// Returns whether this is `*` alone.
    pub(crate) fn is_star(&self) -> bool {
        self.tokens == [Token::Any]
    }

    /// Returns whether the whole text matches.
    ///
    /// Takes at most (length of the pattern) x (length of the text) steps and no memory.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut tokens = self.tokens.iter();
        let mut rest = text.chars();
        // Where to go on after the last `*` when a later part did not fit: one character further.
        let mut retry = None;
        loop {
            let fits = match tokens.next() {
                Some(Token::Any) => {
                    if tokens.len() == 0 {
                        return true;
                    }
                    retry = Some((tokens.clone(), rest.clone()));
                    continue;
                }
                Some(Token::One) => rest.next().is_some(),
                Some(Token::Char(wanted)) => rest.next() == Some(*wanted),
                None if rest.as_str().is_empty() => return true,
                None => false,
            };
            if fits {
                continue;
            }
            let Some((after_star, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            tokens = after_star.clone();
            rest = from.clone();
            retry = Some((after_star, from));
        }
    }

    /// Returns whether every text that `narrower` matches is matched by this pattern too.
    ///
    /// A yes is certain; a no may be wrong for odd mixtures of `?` and `*` that say the same differently.
    pub(crate) fn covers(&self, narrower: &Pattern) -> bool {
        // States are positions in this pattern that can have been reached; `narrower` is read as the text.
        let mut states = self.start();
        for token in &narrower.tokens {
            let mut next = vec![false; self.tokens.len() + 1];
            for (position, mine) in self.tokens.iter().enumerate() {
                if !at(&states, position) {
                    continue;
                }
                match (mine, token) {
                    (Token::Any, _) => mark(&mut next, position),
                    (Token::One, Token::One | Token::Char(_)) => mark(&mut next, position + 1),
                    (Token::Char(wanted), Token::Char(given)) if wanted == given => {
                        mark(&mut next, position + 1);
                    }
                    _ => {}
                }
            }
            self.skip_stars(&mut next);
            states = next;
        }
        at(&states, self.tokens.len())
    }

    /// Returns whether some text is matched by both patterns.
    pub(crate) fn meets(&self, other: &Pattern) -> bool {
        // States are positions in this pattern reachable together with the position read in `other`.
        let mut states = self.start();
        for token in &other.tokens {
            let mut next = vec![false; self.tokens.len() + 1];
            if *token == Token::Any {
                // Stands for any text: every later position can be reached.
                let first = states.iter().position(|reached| *reached).unwrap_or(states.len());
                next.iter_mut().skip(first).for_each(|reached| *reached = true);
            } else {
                for (position, mine) in self.tokens.iter().enumerate() {
                    if !at(&states, position) {
                        continue;
                    }
                    match (mine, token) {
                        (Token::Any, _) => mark(&mut next, position),
                        (Token::Char(mine), Token::Char(given)) if mine != given => {}
                        _ => mark(&mut next, position + 1),
                    }
                }
                self.skip_stars(&mut next);
            }
            states = next;
        }
        at(&states, self.tokens.len())
    }

    fn start(&self) -> Vec<bool> {
        let mut states = vec![false; self.tokens.len() + 1];
        mark(&mut states, 0);
        self.skip_stars(&mut states);
        states
    }

    /// Adds the positions behind a `*` that may stand for nothing.
    fn skip_stars(&self, states: &mut [bool]) {
        for (position, token) in self.tokens.iter().enumerate() {
            if *token == Token::Any && at(states, position) {
                mark(states, position + 1);
            }
        }
    }

    /// Splits at the first `parts - 1` literal colons; the last part keeps the colons that follow.
    pub(crate) fn split_at_colons(&self, parts: usize) -> Vec<Pattern> {
        self.tokens
            .splitn(parts, |token| *token == Token::Char(':'))
            .map(|tokens| Pattern { tokens: tokens.to_vec() })
            .collect()
    }
}

fn at(states: &[bool], position: usize) -> bool {
    states.get(position).copied().unwrap_or(false)
}

fn mark(states: &mut [bool], position: usize) {
    if let Some(state) = states.get_mut(position) {
        *state = true;
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::glob(pattern).matches(text)
    }

    #[test]
    fn wildcards_span_colons_and_slashes() {
        assert!(matches("arn:aws:ecr:*", "arn:aws:ecr:us-east-1:111122223333:repository/a/b"));
        assert!(matches("*", ""));
        assert!(matches("a?c", "abc"));
        assert!(!matches("a?c", "ac"));
        assert!(matches("a?c", "aéc"));
        assert!(!matches("quay/*", "quay"));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*b*c", "a-b-b-c-d"));
        assert!(!matches("", "a"));
        assert!(matches("", ""));
    }

    #[test]
    fn many_stars_stay_bounded() {
        let pattern = "*a".repeat(2_000) + "b";
        let text = "a".repeat(4_000);
        assert!(!matches(&pattern, &text));
    }

    #[test]
    fn covers_and_meets() {
        let ask = |wide: &str, narrow: &str| {
            (
                Pattern::glob(wide).covers(&Pattern::glob(narrow)),
                Pattern::glob(wide).meets(&Pattern::glob(narrow)),
            )
        };
        assert_eq!(ask("repository/*", "repository/quay/*"), (true, true));
        assert_eq!(ask("repository/quay/*", "repository/*"), (false, true));
        assert_eq!(ask("repository/quay/*", "repository/hub/*"), (false, false));
        assert_eq!(ask("repository/quay/*", "repository/quay"), (false, false));
        assert_eq!(ask("*", "a?b*"), (true, true));
        assert_eq!(ask("a?b", "a*b"), (false, true));
        assert_eq!(ask("*/x", "quay/*"), (false, true));
        assert_eq!(ask("a", "a"), (true, true));
    }
}
