//! New inputs from old ones: bytes, pieces, tokens, nesting, lines and nodes of JSON.

use crate::json;
use crate::targets::{Form, Target};

/// Longest input in bytes.
const LONGEST: usize = 32 << 10;

/// Pieces of text that readers of any language stumble over.
const ODD: [&str; 24] = [
    "\0",
    "\u{feff}",
    "\u{202e}",
    "é",
    "😀",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "\u{85}",
    "\u{2028}",
    "\\",
    "\"",
    "'",
    "`",
    "${",
    "~{",
    "$(",
    "%00",
    "../",
    "9999999999999999999999",
    "-1",
    "0x7fffffff",
    "\u{fffd}",
];

/// Makes inputs.
pub(crate) struct Mutator {
    chance: fastrand::Rng,
    target: &'static Target,
}

impl Mutator {
    /// Returns a maker of inputs for a target; the same seed makes the same ones.
    pub(crate) fn new(target: &'static Target, seed: u64) -> Self {
        Self { chance: fastrand::Rng::with_seed(seed), target }
    }

    /// Returns a new input out of known ones.
    pub(crate) fn next(&mut self, known: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.chance.choice(known).cloned().unwrap_or_default();
        // Mostly a few changes, now and then many.
        let rounds = 1
            + (self.chance.u32(..) | self.chance.u32(..)).leading_ones().min(5)
            + if self.chance.u8(..) < 8 { 30 } else { 0 };
        for _ in 0..rounds {
            self.mutate(&mut input, known);
        }
        input.truncate(LONGEST);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>, known: &[Vec<u8>]) {
        if self.target.form == Form::Json && self.chance.u8(..) < 160 {
            return self.mutate_json(input);
        }
        match self.chance.u8(..14) {
            0 => self.flip(input),
            1 | 2 => self.insert_token(input),
            3 => self.replace_with_token(input),
            4 => {
                let (start, end) = self.range(input.len());
                input.drain(start..end);
            }
            5 => self.repeat(input),
            6 => self.splice(input, known),
            7 => self.move_line(input),
            8 => self.insert_odd(input),
            9 => self.nest(input),
            10 => self.change_number(input),
            11 => {
                let (start, end) = self.range(input.len());
                let piece = input.get(start..end).unwrap_or_default().to_vec();
                let at = self.chance.usize(..=input.len());
                input.splice(at..at, piece);
            }
            12 => input.truncate(self.chance.usize(..=input.len())),
            _ => self.exchange_groups(input),
        }
    }

    /// Returns a range of mostly few bytes.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.chance.usize(..=length);
        let most = if self.chance.bool() { 8 } else { 400 };
        (start, (start + self.chance.usize(..=most)).min(length))
    }

    fn token(&mut self) -> &'static [u8] {
        self.chance.choice(self.target.tokens).map(|token| token.as_bytes()).unwrap_or_default()
    }

    fn flip(&mut self, input: &mut [u8]) {
        let bits = 1 << self.chance.u8(..8);
        if let Some(byte) = self.chance.choice(input) {
            *byte ^= bits;
        }
    }

    fn insert_token(&mut self, input: &mut Vec<u8>) {
        let at = self.chance.usize(..=input.len());
        let token = self.token();
        input.splice(at..at, token.iter().copied());
    }

    fn replace_with_token(&mut self, input: &mut Vec<u8>) {
        let (start, end) = self.range(input.len());
        let token = self.token();
        input.splice(start..end, token.iter().copied());
    }

    fn insert_odd(&mut self, input: &mut Vec<u8>) {
        let at = self.chance.usize(..=input.len());
        let odd = self.chance.choice(ODD).unwrap_or_default();
        input.splice(at..at, odd.bytes());
    }

    fn repeat(&mut self, input: &mut Vec<u8>) {
        let (start, end) = self.range(input.len());
        let times = if self.chance.u8(..) < 16 { 2000 } else { 2 + self.chance.usize(..20) };
        let piece = input.get(start..end).unwrap_or_default().repeat(times);
        if piece.len() <= LONGEST {
            input.splice(start..end, piece);
        }
    }

    /// Puts many openings before a place, and mostly as many ends after it.
    fn nest(&mut self, input: &mut Vec<u8>) {
        const PAIRS: [(&str, &str); 8] = [
            ("(", ")"),
            ("[", "]"),
            ("{", "}"),
            ("\"~{", "}\""),
            ("\"${", "}\""),
            ("{\"a\":", "}"),
            ("!", ""),
            ("- ", ""),
        ];
        let times = if self.chance.u8(..) < 32 { 3000 } else { 1 + self.chance.usize(..60) };
        let (open, close) = self.chance.choice(PAIRS).unwrap_or_default();
        let (start, end) = self.range(input.len());
        if self.chance.u8(..) < 200 {
            input.splice(end..end, close.repeat(times).into_bytes());
        }
        input.splice(start..start, open.repeat(times).into_bytes());
    }

    fn splice(&mut self, input: &mut Vec<u8>, known: &[Vec<u8>]) {
        let other = self.chance.choice(known).cloned().unwrap_or_default();
        let (from, to) = (self.chance.usize(..=other.len()), self.chance.usize(..=other.len()));
        let piece = other.get(from.min(to)..from.max(to)).unwrap_or_default().to_vec();
        let (start, end) = self.range(input.len());
        input.splice(start..end, piece);
    }

    fn move_line(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
        let (from, to) = (self.chance.usize(..lines.len().max(1)), self.chance.usize(..lines.len().max(1)));
        if from < lines.len() {
            let line = lines.remove(from);
            lines.insert(to.min(lines.len()), line);
            if self.chance.bool() {
                lines.insert(to.min(lines.len()), line);
            }
        }
        *input = lines.concat();
    }

    fn change_number(&mut self, input: &mut Vec<u8>) {
        let digits: Vec<usize> =
            input.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).map(|(at, _)| at).collect();
        let Some(start) = self.chance.choice(digits) else { return };
        let after = input.iter().skip(start).take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.chance.choice([
            "0",
            "1",
            "-1",
            "256",
            "65536",
            "4294967296",
            "18446744073709551616",
            "1e309",
        ]);
        input.splice(start..start + after, number.unwrap_or_default().bytes());
    }

    /// Exchanges the content of two groups in brackets of one kind.
    fn exchange_groups(&mut self, input: &mut Vec<u8>) {
        let (open, close) = self
            .chance
            .choice([(b'(', b')'), (b'[', b']'), (b'{', b'}'), (b'"', b'"'), (b'\'', b'\'')])
            .unwrap_or((b'{', b'}'));
        let starts: Vec<usize> =
            input.iter().enumerate().filter(|(_, byte)| **byte == open).map(|(at, _)| at + 1).collect();
        let end = |start: usize| {
            input.iter().skip(start).position(|byte| *byte == close).map(|length| start + length)
        };
        let (Some(one), Some(other)) = (self.chance.choice(&starts), self.chance.choice(&starts)) else {
            return;
        };
        let (Some(one_end), Some(other_end)) = (end(*one), end(*other)) else { return };
        let piece = input.get(*one..one_end).unwrap_or_default().to_vec();
        input.splice(*other..other_end, piece);
    }

    /// Changes a node of the JSON of a line, or of the whole when it is one document.
    fn mutate_json(&mut self, input: &mut Vec<u8>) {
        let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
        let whole = lines.iter().filter(|line| line.contains(&b'{')).count() <= 1 || self.chance.u8(..) < 16;
        let parts = if whole { vec![input.as_slice()] } else { lines };
        let mut parts: Vec<Vec<u8>> = parts.into_iter().map(<[u8]>::to_vec).collect();
        let at = self.chance.usize(..parts.len().max(1));
        if let Some(part) = parts.get_mut(at)
            && let Some(start) = part.iter().position(|byte| *byte == b'{' || *byte == b'[')
            && let Some(changed) =
                json::changed(part.get(start..).unwrap_or_default(), self.target.tokens, &mut self.chance)
        {
            part.truncate(start);
            part.extend(changed);
        }
        *input = parts.join(&b'\n');
    }
}
