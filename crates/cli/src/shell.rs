//! Command lines as text that can be pasted into a shell.

/// One word, quoted if the shell would split or expand it.
pub(crate) fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
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
    }
}
