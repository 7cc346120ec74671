//! Macros that declare a part of the plan together with its keys.
//!
//! [`section!`] declares a struct that is one table, [`choice!`] an enum that is one of several
//! keys. A field or variant is written as in Rust, and what scenario files need to know follows:
//!
//! ```text
//! /// What the key means; documentation of the field, the schema and `docs/scenario.md`.
//! #[key("for")]                   the key, where it is not the name of the field
//! #[key(flatten)]                 the type is a choice whose keys are in this table
//! length: Duration                required without a default
//!     = Duration::ZERO,           the default
//!     default "by build",         the default in words, where it is not a constant
//!     in 0..=DAY,                 the range, in the unit of the type
//!     names "host",               the kind of table of which the value is a name
//!     source "Q199412";           where default or meaning come from
//! ```

/// Declares a struct and the keys of its table.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $struct:ident $(: $default_trait:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $(#[key($how:tt)])?
                $field:ident : $type:ty $(= $default:expr)?
                    $(, default $words:literal)? $(, in $range:expr)? $(, names $table:literal)?
                    $(, source $source:expr)? ;
            )+
        }
        $(impl { $($item:tt)+ })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $struct {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        const _: () = {
            use $crate::format::field::field;
            use $crate::format::prelude::*;

            impl Section for $struct {
                fn blank() -> Self {
                    Self { $($field: field!(@blank $type $(= $default)?),)+ }
                }

                fn keys<K: Keys>(&mut self, keys: &mut K, default: &Self) {
                    // A field's default may depend on its required siblings, which come first.
                    let mut defaults: Option<Cow<'_, Self>> = None;
                    let _ = (default, &mut defaults);
                    $(field!(
                        @visit keys, $field, &mut self.$field, [$($how)?]
                        [$(field!(
                            @or $default,
                            defaults.get_or_insert_with(|| self.defaults(default)).$field.clone()
                        ))?]
                        [$($doc)+] [$($range)?] [$($table)?] [$($source)?] [$($words)?]
                    );)+
                }

                $($($item)+)?
            }

            impl $struct {
                /// The keys of this table that are not at their default, without those of a
                /// choice and those that must be there.
                #[must_use]
                pub fn changed_keys(&self) -> Vec<&'static str> {
                    changed(self)
                }

                /// Sets a key of this table to its default.
                pub fn reset_key(&mut self, key: &str) {
                    reset(self, key);
                }
            }

            $(
                impl $default_trait for $struct {
                    fn default() -> Self {
                        Section::blank()
                    }
                }
            )?
        };
    };
}

/// Declares an enum of which each variant is one of several keys: `"key" => Variant(value: Type)`
/// for a value, `"key" => Variant { .. }` for a table, and `"key" + Variant { .. }` for a variant
/// whose first field is under the key and whose other fields are beside it. With
/// `or "word" = Variant` the word denotes a variant without keys.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $enum:ident $(or $word:literal = $none:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $name:literal $nest:tt $variant:ident
                $(($value:ident : $type:ty))?
                $({
                    $(
                        $(#[doc = $field_doc:literal])+
                        $(#[key($how:tt)])?
                        $field:ident : $field_type:ty $(= $default:expr)?
                            $(, default $words:literal)? $(, in $field_range:expr)?
                            $(, names $field_table:literal)? $(, source $field_source:expr)? ;
                    )+
                })?
                $(, in $range:expr)? $(, names $table:literal)? $(, source $source:expr)? ;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $enum {
            $(
                #[doc = concat!("Written `\"", $word, "\"`.")]
                $none,
            )?
            $(
                $(#[doc = $doc])+
                $variant $(($type))? $({ $($(#[doc = $field_doc])+ $field: $field_type,)+ })?,
            )+
        }

        const _: () = {
            use $crate::format::field::field;
            use $crate::format::prelude::*;

            impl Choice for $enum {
                fn alternatives() -> Vec<(&'static str, Self)> {
                    vec![$((
                        $name,
                        Self::$variant
                            $((<$type as SettingValue>::blank()))?
                            $({ $($field: field!(@blank $field_type $(= $default)?),)+ })?,
                    )),+]
                }

                fn keys<K: Keys>(&mut self, keys: &mut K) {
                    match self {
                        $(Self::$none => {})?
                        $(Self::$variant $(($value))? $({ $($field),+ })? => {
                            let key = field!(
                                @key $name, [$($doc)+] [$($range)?] [$($table)?] [$($source)?] []
                            );
                            $(keys.required(&key, $value);)?
                            $(field!(@nest $nest keys, key, {
                                $(field!(
                                    @visit keys, $field, $field, [$($how)?] [$($default)?]
                                    [$($field_doc)+] [$($field_range)?] [$($field_table)?]
                                    [$($field_source)?] [$($words)?]
                                );)+
                            });)?
                        })+
                    }
                }
            }

            /// As a separate table, the choice is its only content.
            impl Section for $enum {
                fn blank() -> Self {
                    Self::alternatives().swap_remove(0).1
                }

                fn keys<K: Keys>(&mut self, keys: &mut K, _: &Self) {
                    keys.choice(self, None);
                }

                $(
                    fn read_scalar(_: &SpannedItem<'_>) -> Self {
                        Self::$none
                    }

                    fn to_scalar(&self) -> Option<String> {
                        matches!(self, Self::$none).then(|| scalar::quoted($word))
                    }

                    fn scalar(_: &Key) -> Option<Scalar> {
                        let check = |node: &SpannedItem<'_>, _: &Range| scalar::check_word(node, $word);
                        let schema = serde_json::json!({ "const": $word });
                        Some(Scalar::new(concat!("`", $word, "`"), schema, check))
                    }
                )?
            }
        };
    };
}

/// Declares an enum together with the word of each member.
macro_rules! keywords {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$about:meta])* $member:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$about])* $member,)+
        }

        const _: () = {
            use $crate::format::field::field;
            use $crate::format::prelude::*;

            impl Keyword for $name {
                const ALL: &'static [Self] = &[$(Self::$member,)+];

                fn as_str(self) -> &'static str {
                    match self {
                        $(Self::$member => $word,)+
                    }
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.write_str(self.as_str())
                }
            }

            scalars! { $name {
                blank: Self::ALL[0],
                form: |_range| scalar::form_of_keyword::<Self>(),
                parse: |node| scalar::parse_keyword(node),
                toml: |it| scalar::quoted(it.as_str()),
            } }
        };
    };
}

pub(crate) use {choice, keywords, section};
