//! Which keys of one table are not at their default, and setting one back.

use super::{Choice, Key, Keys, Section, SettingValue};

/// Visits the keys of one table, but not those of tables in it.
#[derive(Debug, Default)]
struct Changes<'a> {
    changed: Vec<&'static str>,
    reset: Option<&'a str>,
}

/// The optional keys of a table that are not at their default.
pub(crate) fn changed<T: Section>(section: &T) -> Vec<&'static str> {
    let mut changes = Changes::default();
    section.clone().keys(&mut changes, &T::blank());
    changes.changed
}

/// Sets an optional key of a table to its default.
pub(crate) fn reset<T: Section>(section: &mut T, key: &str) {
    let mut changes = Changes {
        changed: Vec::new(),
        reset: Some(key),
    };
    section.keys(&mut changes, &T::blank());
}

impl Keys for Changes<'_> {
    fn required<T: SettingValue>(&mut self, _: &Key, _: &mut T) {}

    fn optional<T: SettingValue>(&mut self, key: &Key, field: &mut T, default: &T) {
        if field != default {
            self.changed.push(key.name);
        }
        if self.reset == Some(key.name) {
            field.clone_from(default);
        }
    }

    fn choice<C: Choice>(&mut self, _: &mut C, _: Option<&C>) {}

    fn table(&mut self, _: &Key, _: impl FnOnce(&mut Self)) {}
}
