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
//!     source "Q199412";           where default or meaning come from
//! ```

/// Declares a struct and the keys of its table.
macro_rules! section {
    // How a field is visited: by its key attribute and its default.
    (@visit $keys:ident, $key:expr, $field:expr, [flatten] []) => {
        $keys.choice($field, None)
    };
    (@visit $keys:ident, $key:expr, $field:expr, [flatten] [$default:expr]) => {
        $keys.choice($field, Some(&$default))
    };
    (@visit $keys:ident, $key:expr, $field:expr, [$($name:literal)?] []) => {
        $keys.required(&$key, $field)
    };
    (@visit $keys:ident, $key:expr, $field:expr, [$($name:literal)?] [$default:expr]) => {
        $keys.optional(&$key, $field, &$default)
    };

    (@name $field:ident [$name:literal]) => { $name };
    (@name $field:ident [$($flatten:ident)?]) => { stringify!($field) };

    (@blank $type:ty, []) => { <$type as $crate::format::key::Setting>::blank() };
    (@blank $type:ty, [$default:expr]) => { $default };

    (@key $name:expr, [$($doc:literal)+] [$($range:expr)?] [$($source:expr)?] [$($words:literal)?]) => {
        $crate::format::key::Key::new($name, concat!($($doc),+))
            $(.range($range))? $(.source($source))? $(.default($words))?
    };

    (
        $(#[$meta:meta])*
        pub struct $struct:ident $(: $default_trait:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $(#[key($how:tt)])?
                $field:ident : $type:ty $(= $default:expr)?
                    $(, default $words:literal)? $(, in $range:expr)? $(, source $source:expr)? ;
            )+
        }
        $(impl { $($item:tt)+ })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $struct {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl $crate::format::key::Section for $struct {
            fn blank() -> Self {
                Self {
                    $($field: $crate::format::declare::section!(@blank $type, [$($default)?]),)+
                }
            }

            fn keys<K: $crate::format::key::Keys>(&mut self, keys: &mut K, default: &Self) {
                let _ = default;
                $(
                    $crate::format::declare::section!(
                        @field self, keys, default, $field,
                        $crate::format::declare::section!(
                            @key $crate::format::declare::section!(@name $field [$($how)?]),
                            [$($doc)+] [$($range)?] [$($source)?] [$($words)?]
                        ),
                        [$($how)?] [$($default)?]
                    );
                )+
            }

            $($($item)+)?
        }

        $(
            impl $default_trait for $struct {
                fn default() -> Self {
                    $crate::format::key::Section::blank()
                }
            }
        )?
    };

    // A default of a struct's field may depend on its required fields.
    (@field $self:ident, $keys:ident, $default:ident, $field:ident, $key:expr, $how:tt []) => {
        $crate::format::declare::section!(@visit $keys, $key, &mut $self.$field, $how [])
    };
    (@field $self:ident, $keys:ident, $default:ident, $field:ident, $key:expr, $how:tt $given:tt) => {
        let absent = $crate::format::key::Section::defaults($self, $default).$field.clone();
        $crate::format::declare::section!(@visit $keys, $key, &mut $self.$field, $how [absent])
    };
}

/// Declares an enum of which each variant is one of several keys: `"key" => Variant(value: Type)`
/// for a value, `"key" => Variant { .. }` for a table, and `"key" + Variant { .. }` for a variant
/// whose first field is under the key and whose other fields are beside it. With
/// `or "word" = Variant` the word denotes a variant without keys.
macro_rules! choice {
    (@nest => $keys:ident, $key:ident, $visit:block) => {
        $keys.table(&$key, |$keys| $visit)
    };
    (@nest + $keys:ident, $key:ident, $visit:block) => {{
        let _ = &$key;
        $visit
    }};

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
                            $(, default $field_words:literal)? $(, in $field_range:expr)?
                            $(, source $field_source:expr)? ;
                    )+
                })?
                $(, in $range:expr)? $(, source $source:expr)? ;
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

        impl $crate::format::key::Choice for $enum {
            fn alternatives() -> Vec<(&'static str, Self)> {
                vec![$((
                    $name,
                    Self::$variant
                        $((<$type as $crate::format::key::Setting>::blank()))?
                        $({ $(
                            $field: $crate::format::declare::section!(
                                @blank $field_type, [$($default)?]
                            ),
                        )+ })?,
                )),+]
            }

            fn keys<K: $crate::format::key::Keys>(&mut self, keys: &mut K) {
                match self {
                    $(Self::$none => {})?
                    $(
                        Self::$variant $(($value))? $({ $($field),+ })? => {
                            let key = $crate::format::declare::section!(
                                @key $name, [$($doc)+] [$($range)?] [$($source)?] []
                            );
                            $(keys.required(&key, $value);)?
                            $(
                                $crate::format::declare::choice!(@nest $nest keys, key, {
                                    $(
                                        $crate::format::declare::section!(
                                            @visit keys,
                                            $crate::format::declare::section!(
                                                @key
                                                $crate::format::declare::section!(
                                                    @name $field [$($how)?]
                                                ),
                                                [$($field_doc)+] [$($field_range)?]
                                                [$($field_source)?] [$($field_words)?]
                                            ),
                                            $field, [$($how)?] [$($default)?]
                                        );
                                    )+
                                });
                            )?
                        }
                    )+
                }
            }
        }

        /// As a separate table, the choice is its only content.
        impl $crate::format::key::Section for $enum {
            fn blank() -> Self {
                let mut alternatives = <Self as $crate::format::key::Choice>::alternatives();
                alternatives.swap_remove(0).1
            }

            fn keys<K: $crate::format::key::Keys>(&mut self, keys: &mut K, _: &Self) {
                keys.choice(self, None);
            }

            $(
                fn from_scalar(
                    node: &$crate::format::document::Node,
                    _: Option<&$crate::format::key::Range>,
                ) -> Option<Result<Self, $crate::format::diagnostic::Diagnostic>> {
                    Some($crate::format::key::scalar::parse_word(node, $word).map(|()| Self::$none))
                }

                fn to_scalar(&self) -> Option<String> {
                    matches!(self, Self::$none).then(|| $crate::format::key::scalar::quoted($word))
                }

                fn scalar_form(
                    _: Option<&$crate::format::key::Range>,
                ) -> Option<$crate::format::key::scalar::Form> {
                    Some($crate::format::key::scalar::Form::of_word($word))
                }
            )?
        }
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

        impl $crate::format::keyword::Keyword for $name {
            const ALL: &'static [Self] = &[$(Self::$member,)+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str($crate::format::keyword::Keyword::as_str(*self))
            }
        }

        $crate::format::key::scalar_setting::settings!($name);
    };
}

pub(crate) use {choice, keywords, section};
