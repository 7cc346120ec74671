//! Words of closed keyword sets.

use serde_json::{Value as Json, json};

use super::{Value, quoted, text_of};
use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::Node;
use crate::format::suggestion::suggestion;
use crate::plan::{
    Build, Keyword, OperationKind, Priority, Scheduler, Scope, TcpProfile, ThreadName,
};

/// A word of a vocabulary, read and described alike for every vocabulary.
pub(in crate::file) fn read_word<V: Keyword>(node: &Node) -> Result<V, Diagnostic> {
    let words = || V::ALL.iter().map(|member| member.as_str());
    let listed = words().collect::<Vec<_>>().join(", ");
    let text = text_of(node, &format!("one of {listed}"))?;
    V::ALL
        .iter()
        .copied()
        .find(|member| member.as_str() == text)
        .ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            let message = format!("`{short}` is not one of {listed}");
            Diagnostic::new(Code::UnknownWord, node.span, message)
                .label("not a word of this key")
                .maybe_help(suggestion(text, words()).map(|word| format!("did you mean `{word}`?")))
        })
}

/// Makes keyword sets values.
macro_rules! word_values {
    ($($name:ty),+ $(,)?) => {$(
        impl Value for $name {
            fn read(node: &Node) -> Result<Self, Diagnostic> {
                read_word(node)
            }

            fn print(&self) -> String {
                quoted(self.as_str())
            }

            fn form() -> String {
                let words: Vec<String> =
                    Self::ALL.iter().map(|member| format!("`{member}`")).collect();
                words.join(", ")
            }

            fn schema() -> Json {
                let words: Vec<&str> = Self::ALL.iter().map(|member| member.as_str()).collect();
                json!({ "enum": words })
            }
        }
    )+};
}

word_values!(
    Scheduler,
    Build,
    TcpProfile,
    Scope,
    Priority,
    ThreadName,
    OperationKind,
);
