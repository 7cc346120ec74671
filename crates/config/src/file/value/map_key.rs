//! Keys of tables whose keys are values themselves.

use serde_json::{Value as Json, json};

use crate::format::suggestion::suggestion;
use crate::format::units;
use crate::plan::{ExceptionCode, Keyword, ViolationKind};

/// The key of a map in a table, such as `control-block-leak` or `9156`.
pub(in crate::file) trait MapKey: Copy + Ord {
    /// What the keys are, for people.
    const FORM: &'static str;

    /// The key a name stands for; the error is what would help.
    fn parse(name: &str) -> Result<Self, Option<String>>;
    /// The name.
    fn name(self) -> String;
    /// The names there are, as JSON Schema.
    fn schema() -> Json;
}

impl MapKey for ViolationKind {
    const FORM: &'static str = "kind of violation";

    fn parse(name: &str) -> Result<Self, Option<String>> {
        let words = || Self::ALL.iter().map(|member| member.as_str());
        let found = Self::ALL.iter().find(|member| member.as_str() == name);
        found.copied().ok_or_else(|| {
            Some(match suggestion(name, words()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("kinds are {}", words().collect::<Vec<_>>().join(", ")),
            })
        })
    }

    fn name(self) -> String {
        self.as_str().to_owned()
    }

    fn schema() -> Json {
        let words: Vec<&str> = Self::ALL.iter().map(|member| member.as_str()).collect();
        json!({ "enum": words })
    }
}

impl MapKey for ExceptionCode {
    const FORM: &'static str = "`any` or eight hexadecimal digits";

    fn parse(name: &str) -> Result<Self, Option<String>> {
        if name == "any" {
            return Ok(Self::Any);
        }
        let is_code = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(name, 16).ok().filter(|_| is_code);
        code.map(Self::Code).ok_or_else(|| {
            Some("write `any` or eight hexadecimal digits such as c0000005".to_owned())
        })
    }

    fn name(self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "pattern": "^(any|[0-9a-fA-F]{8})$" })
    }
}

impl MapKey for u32 {
    const FORM: &'static str = "event id";

    fn parse(name: &str) -> Result<Self, Option<String>> {
        let id = units::whole(name).ok().filter(|id| *id <= 65_535);
        id.and_then(|id| Self::try_from(id).ok())
            .ok_or_else(|| Some("write an event id such as 9156".to_owned()))
    }

    fn name(self) -> String {
        self.to_string()
    }

    fn schema() -> Json {
        json!({ "pattern": "^[0-9]{1,5}$" })
    }
}
