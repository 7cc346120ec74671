//! The conditional lines of the FreeBSD suite: `#ifdef FreeBSD`, `#ifdef STANDARD`, `#endif`.

/// Blanks the lines of every `#ifdef` whose name is not `defined`, and the conditional lines
/// themselves. Lines keep their numbers.
pub(crate) fn conditional(text: &str, defined: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut skipping = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("#ifdef") {
            skipping = name.trim() != defined;
        } else if line.starts_with("#endif") {
            skipping = false;
        } else if !skipping {
            output.push_str(line);
        }
        output.push('\n');
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_branch_remains_and_lines_keep_their_numbers() {
        let text = "a\n#ifdef STANDARD\nb\n#endif\n#ifdef FreeBSD\nc\n#endif\nd";
        assert_eq!(conditional(text, "STANDARD"), "a\n\nb\n\n\n\n\nd\n");
        assert_eq!(conditional(text, "FreeBSD"), "a\n\n\n\n\nc\n\nd\n");
    }
}
