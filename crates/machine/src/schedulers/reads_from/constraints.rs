//! Constraints on which write a read sees, and what they want of a pending call.

/// A line of the program that works on a resource, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Event(pub(super) u32);

/// What a read sees. What its own thread wrote is not counted: no order of threads decides that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// The initial value.
    Initial,
    /// What another thread wrote.
    Other(Event),
    /// What its own thread wrote.
    Own,
}

/// A read and what it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ReadsFromPair {
    pub(super) reader: Event,
    pub(super) source: Source,
}

/// "This read sees that write", or "does not", once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Constraint {
    pub(super) pair: ReadsFromPair,
    /// The resource that both work on, by number.
    pub(super) resource: u32,
    pub(super) is_positive: bool,
}

/// A pending call as constraints see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingAccess {
    pub(super) event: Event,
    pub(super) resource: u32,
    pub(super) writes: bool,
    /// What it would see.
    pub(super) sees: Source,
    /// The last write of the resource; `None` before the first.
    pub(super) last: Option<Event>,
}

/// What is wanted of a pending call. A later one goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    /// Not now.
    Avoid,
    /// As POS says.
    Any,
    /// Now.
    Take,
}

impl Wish {
    /// The wish of all constraints together: none if they contradict each other.
    pub(super) fn all(wishes: impl Iterator<Item = Self>) -> Self {
        let (mut avoid, mut take) = (false, false);
        for wish in wishes {
            avoid |= wish == Self::Avoid;
            take |= wish == Self::Take;
        }
        match (avoid, take) {
            (true, false) => Self::Avoid,
            (false, true) => Self::Take,
            _ => Self::Any,
        }
    }
}

impl Constraint {
    /// That the read does not see this write, or does.
    pub(crate) const fn negated(self) -> Self {
        Self {
            is_positive: !self.is_positive,
            ..self
        }
    }

    /// What the constraint wants of a pending call.
    pub(super) fn wish(&self, call: &PendingAccess) -> Wish {
        if call.resource != self.resource {
            return Wish::Any;
        }
        match self.is_positive {
            true => self.wish_to_see(call),
            false => self.wish_to_miss(call),
        }
    }

    fn wish_to_see(&self, call: &PendingAccess) -> Wish {
        let is_reader = call.event == self.pair.reader;
        match (self.is_last(call.last), self.pair.source) {
            // The write is there. The read goes before any write that would hide it.
            (true, _) if is_reader && call.sees == self.pair.source => Wish::Take,
            (true, _) if call.writes => Wish::Avoid,
            (true, _) => Wish::Any,
            // The initial value never comes back.
            (false, Source::Initial | Source::Own) => Wish::Any,
            (false, Source::Other(writer)) if call.event == writer => Wish::Take,
            (false, Source::Other(_)) if is_reader => Wish::Avoid,
            (false, Source::Other(_)) => Wish::Any,
        }
    }

    fn wish_to_miss(&self, call: &PendingAccess) -> Wish {
        let is_reader = call.event == self.pair.reader;
        let is_writer = self.pair.source == Source::Other(call.event);
        match self.is_last(call.last) {
            // The read waits until another write hides this one.
            true if is_reader => Wish::Avoid,
            true if call.writes && !is_writer => Wish::Take,
            // Nothing to hide it, or it is hidden: the read goes before the write comes.
            false if is_reader => Wish::Take,
            false if is_writer => Wish::Avoid,
            _ => Wish::Any,
        }
    }

    /// Whether the write of the pair is the last one.
    fn is_last(&self, last: Option<Event>) -> bool {
        match self.pair.source {
            Source::Initial => last.is_none(),
            Source::Other(writer) => last == Some(writer),
            Source::Own => false,
        }
    }

    /// Whether a read satisfies it.
    pub(super) fn is_satisfied_by(&self, seen: ReadsFromPair) -> bool {
        seen.reader == self.pair.reader && (seen.source == self.pair.source) == self.is_positive
    }
}
