//! Command lines as text that can be pasted into a shell.

use std::borrow::Cow;

use config::untrusted_text;

/// One word, quoted if the shell would split or expand it.
pub(crate) fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else if let Cow::Borrowed(word) = untrusted_text::line(word) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        escaped(word)
    }
}

/// A word with line ends or other characters that a terminal must not see, in the form `$'...'` of POSIX.1-2024 and,
/// with `\u`, of bash, ksh and zsh.
fn escaped(word: &str) -> String {
    let mut text = String::from("$'");
    for character in word.chars() {
        let mut buffer = [0; 4];
        let same: &str = character.encode_utf8(&mut buffer);
        match character {
            '\n' => text.push_str(r"\n"),
            '\t' => text.push_str(r"\t"),
            '\'' | '\\' => text.extend(['\\', character]),
            _ if untrusted_text::line(same) == same => text.push(character),
            _ => text.push_str(&format!(r"\u{:04x}", u32::from(character))),
        }
    }
    text.push('\'');
    text
}

/// ` --set SETTING` for each setting.
pub(crate) fn set_options(settings: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let options = settings.into_iter();
    options
        .map(|setting| format!(" --set {}", quote(setting.as_ref())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_shell_reads_the_word_that_was_quoted() {
        assert_eq!(quote("link.wan.delay=180ms"), "link.wan.delay=180ms");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a\nb'\u{1b}\u{202e}\\"), r"$'a\nb\'\u001b\u202e\\'");
    }
}
