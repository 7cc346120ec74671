//! Reads a script character by character and knows the line.

/// A position in a text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            text,
            position: 0,
            line: 1,
        }
    }

    pub(crate) const fn line(&self) -> usize {
        self.line
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// The text from `start` to here.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.position]
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Moves on by `count` bytes, which end at a character's end.
    pub(crate) fn advance(&mut self, count: usize) -> &'a str {
        let passed = &self.rest()[..count];
        self.line += passed.matches('\n').count();
        self.position += count;
        passed
    }

    /// Passes `word` if it is next.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.advance(word.len());
        }
        found
    }

    /// Passes and returns the characters that fit.
    pub(crate) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|it| !fits(it)).unwrap_or(rest.len());
        self.advance(end)
    }

    /// Passes everything up to `end` and `end` itself, and returns what is before it.
    pub(crate) fn take_until(&mut self, end: &str) -> Option<&'a str> {
        let found = self.rest().find(end)?;
        let passed = self.advance(found);
        self.advance(end.len());
        Some(passed)
    }

    /// Passes spaces within a line.
    pub(crate) fn skip_blanks(&mut self) {
        self.take_while(|it| it == ' ' || it == '\t' || it == '\r');
    }

    /// Passes white space, comments, and lines that begin with `#`.
    pub(crate) fn skip_space(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest().starts_with("//") || self.rest().starts_with('#') {
                self.take_while(|it| it != '\n');
            } else if self.rest().starts_with("/*") {
                if self.take_until("*/").is_none() {
                    self.advance(self.rest().len());
                }
            } else {
                return;
            }
        }
    }
}
