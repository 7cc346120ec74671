//! Parts of the code that the macros of `declare` and `key/scalar` generate.

/// Code for one field of a declaration. `[..]` are what the
/// declaration says, or empty: how, default, documentation, range, kind of table, source, default in
/// words.
macro_rules! field {
    (@or $default:expr,) => { $default };
    (@or $default:expr, $given:expr) => { $given };

    (@blank $type:ty) => { <$type as SettingValue>::blank() };
    (@blank $type:ty = $default:expr) => { $default };

    (@key $name:expr,
        [$($doc:literal)+] [$($range:expr)?] [$($table:literal)?] [$($source:expr)?] [$($words:literal)?]) => {
        Key {
            name: $name,
            about: concat!($($doc),+).trim_ascii(),
            range: field!(@or None, $(Some($range))?),
            names: field!(@or None, $(Some($table))?),
            source: field!(@or "", $($source)?),
            default: field!(@or None, $(Some($words))?),
        }
    };

    (@visit $keys:ident, $field:ident, $at:expr, [flatten] [$($default:expr)?] $($_:tt)+) => {{
        let absent = field!(@or None, $(Some($default))?);
        $keys.choice($at, absent.as_ref())
    }};
    (@visit $keys:ident, $field:ident, $at:expr, [$($name:literal)?] [] $($key:tt)+) => {
        $keys.required(&field!(@key field!(@or stringify!($field), $($name)?), $($key)+), $at)
    };
    (@visit $keys:ident, $field:ident, $at:expr, [$($name:literal)?] [$default:expr] $($key:tt)+) => {{
        let absent = $default;
        let key = field!(@key field!(@or stringify!($field), $($name)?), $($key)+);
        $keys.optional(&key, $at, &absent)
    }};

    (@nest => $keys:ident, $key:ident, $visit:block) => { $keys.table(&$key, |$keys| $visit) };
    (@nest + $keys:ident, $key:ident, $visit:block) => {{ let _ = &$key; $visit }};
}

pub(crate) use field;
