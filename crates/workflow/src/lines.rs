//! Byte offsets to lines and columns.

/// The starts of the lines of one text.
pub(crate) struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Returns the index of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self { text, starts }
    }

    /// Returns line and column of a byte offset, both counted from 1, the column in characters. An offset
    /// behind the text counts as its end.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let before = &self.text.as_bytes()[self.starts[line]..offset];
        // Bytes that continue a UTF-8 character do not start a column.
        let column = before.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        (line as u32 + 1, column as u32 + 1)
    }

    /// Returns the byte offset of a line and a column, both counted from 1; what lies behind the text counts
    /// as its end.
    pub(crate) fn offset(&self, line: u32, column: u32) -> usize {
        let Some(&start) = self.starts.get((line as usize).saturating_sub(1)) else { return self.text.len() };
        let rest = self.text.get(start..).unwrap_or_default();
        let within = rest.char_indices().nth((column as usize).saturating_sub(1));
        within.map_or(self.text.len(), |(at, _)| start + at)
    }
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let index = LineIndex::new("a\näb\n");
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.position(1), (1, 2));
        assert_eq!(index.position(2), (2, 1));
        assert_eq!(index.position(4), (2, 2));
        assert_eq!(index.position(99), (3, 1));
        for offset in [0, 1, 2, 4, 5, 6] {
            let (line, column) = index.position(offset);
            assert_eq!(index.offset(line, column), offset);
        }
        assert_eq!(index.offset(9, 1), 6);
    }
}
