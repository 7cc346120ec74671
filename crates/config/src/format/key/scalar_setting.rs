//! Scalars as settings: how the three visitors of keys read, print and describe them.

use std::net::Ipv4Addr;

use kernel::{Duration, Instant, Ratio};

use super::scalar::YEAR;
use crate::format::units::TIME;

/// Makes scalars settings.
macro_rules! settings {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::format::key::Setting for $name {
            const NONE: Option<&'static str> = <Self as $crate::format::key::scalar::Scalar>::NONE;

            fn blank() -> Self {
                <Self as $crate::format::key::scalar::Scalar>::BLANK
            }

            fn read<'a>(
                &mut self,
                input: &$crate::format::key::reader::Input<'a>,
                reader: &mut $crate::format::key::reader::Reader<'a>,
            ) {
                match $crate::format::key::scalar::read(input.node, input.range.as_ref()) {
                    Ok(value) => *self = value,
                    Err(mistake) => reader.mistake(input, mistake),
                }
            }

            fn print(&self, _: &Self) -> $crate::format::key::printer::Printed {
                let text = $crate::format::key::scalar::Scalar::to_toml(self);
                $crate::format::key::printer::Printed::Scalar(text)
            }

            fn describe(
                range: Option<&$crate::format::key::Range>,
            ) -> $crate::format::key::description::Shape {
                let form = $crate::format::key::scalar::Form::of::<Self>(range);
                $crate::format::key::description::Shape::Scalar(form)
            }
        }
    )+};
}

/// Makes a type with an amount in a base unit a scalar.
macro_rules! quantities {
    ($($name:ty {
        quantity: $quantity:path, form: $form:literal, range: $range:expr,
        blank: $blank:expr, from: $from:expr, amount: $amount:expr $(, none: $none:literal)?
    })+) => {$(
        impl $crate::format::key::scalar::Scalar for $name {
            const RANGE: $crate::format::key::Range = $range;
            $(const NONE: Option<&'static str> = Some($none);)?

            const BLANK: Self = $blank;

            fn parse(
                node: &$crate::format::document::Node,
            ) -> Result<Self, $crate::format::diagnostic::Diagnostic> {
                $crate::format::key::scalar::parse_quantity(node, &$quantity).map($from)
            }

            fn to_toml(&self) -> String {
                $crate::format::key::scalar::quoted(&Self::show(($amount)(*self)))
            }

            fn form() -> String {
                $form.to_owned()
            }

            fn schema(range: &$crate::format::key::Range) -> serde_json::Value {
                $crate::format::key::scalar::quantity_schema(&$quantity, range)
            }

            fn amount(&self) -> Option<u64> {
                Some(($amount)(*self))
            }

            fn show(amount: u64) -> String {
                ($quantity.show)(amount)
            }
        }

        $crate::format::key::scalar_setting::settings!($name);
    )+};
}

pub(crate) use {quantities, settings};

quantities! {
    Duration {
        quantity: TIME, form: "time", range: 0..=YEAR,
        blank: Self::ZERO, from: Self::from_nanos, amount: Self::nanos
    }
    Instant {
        quantity: TIME, form: "time since the start", range: 0..=YEAR,
        blank: Self::ZERO, from: Self::from_nanos, amount: Self::nanos
    }
}

settings!(u64, u32, bool, String, Ipv4Addr, Ratio);
