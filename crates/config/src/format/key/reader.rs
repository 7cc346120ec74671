//! Fills a section from a document that was checked.

use super::{Choice, Key, Keys, Section, SettingValue};
use crate::format::document::{SpannedItem, Table, table_of};

/// Visits keys in order to read them.
#[derive(Debug)]
pub(crate) struct Reader<'n, 'a> {
    table: &'n Table<'a>,
}

/// The section that a table holds; what it leaves out is as in `default`.
pub(crate) fn read<T: Section>(node: &SpannedItem<'_>, default: &T) -> T {
    let mut section = default.clone();
    let table = table_of(node).expect("the document was checked");
    section.keys(&mut Reader { table }, default);
    section
}

impl Keys for Reader<'_, '_> {
    fn required<T: SettingValue>(&mut self, key: &Key, field: &mut T) {
        let node = self.table.get(key.name);
        *field = T::read(node.expect("the document was checked"), field);
    }

    fn optional<T: SettingValue>(&mut self, key: &Key, field: &mut T, default: &T) {
        match self.table.get(key.name) {
            Some(node) => *field = T::read(node, default),
            None => field.clone_from(default),
        }
    }

    fn choice<C: Choice>(&mut self, field: &mut C, default: Option<&C>) {
        let mut alternatives = C::alternatives().into_iter();
        let chosen = alternatives.find(|(name, _)| self.table.contains_key(*name));
        if let Some((_, mut chosen)) = chosen {
            chosen.keys(self);
            *field = chosen;
        } else if let Some(default) = default {
            field.clone_from(default);
        }
    }

    fn table(&mut self, key: &Key, keys: impl FnOnce(&mut Self)) {
        let table = self.table.get(key.name).and_then(table_of);
        keys(&mut Self {
            table: table.expect("the document was checked"),
        });
    }
}
