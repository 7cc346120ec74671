//! Reads the language of packetdrill: statements, times and system calls.

mod packets;

use thiserror::Error;

use crate::cursor::Cursor;
use crate::preprocess::conditional;
use crate::script::{Base, Script, ScriptStep, Statement, SystemCall, Time};

/// The branch of `#ifdef` that is read: what the RFC says, not what FreeBSD does.
const BRANCH: &str = "STANDARD";

/// A statement that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads a script.
///
/// # Errors
/// The first statement that is not of the language, with its line.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let text = conditional(text, BRANCH);
    let mut cursor = Cursor::new(&text);
    let mut script = Script::default();
    loop {
        cursor.skip_space();
        if cursor.is_at_end() {
            return Ok(script);
        }
        if cursor.take("--") {
            let line = cursor.take_while(|it| !it.is_whitespace());
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            script.options.push((name.to_owned(), value.to_owned()));
        } else {
            script.statements.push(statement(&mut cursor)?);
        }
    }
}

/// An error at the cursor.
fn error(cursor: &Cursor<'_>, message: impl Into<String>) -> ParseError {
    ParseError {
        line: cursor.line(),
        message: message.into(),
    }
}

fn statement(cursor: &mut Cursor<'_>) -> Result<Statement, ParseError> {
    let (start, line) = (cursor.position(), cursor.line());
    let (time, step) = parts(cursor).map_err(|error| ParseError { line, ..error })?;
    let text = cursor
        .since(start)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    Ok(Statement {
        line,
        text,
        time,
        step,
    })
}

/// A statement's time, and what happens then.
fn parts(cursor: &mut Cursor<'_>) -> Result<(Time, ScriptStep), ParseError> {
    let time = time(cursor)?;
    cursor.skip_space();
    let step = if cursor.take("`") {
        let command = cursor.take_until("`");
        ScriptStep::Shell(
            command
                .ok_or_else(|| error(cursor, "a command has no end"))?
                .to_owned(),
        )
    } else if cursor.take("%{") {
        let code = cursor.take_until("}%");
        ScriptStep::Code(
            code.ok_or_else(|| error(cursor, "code has no end"))?
                .to_owned(),
        )
    } else if cursor.take("<") {
        packets::inbound(cursor)?
    } else if cursor.take(">") {
        ScriptStep::Outbound(packets::packet(cursor)?)
    } else {
        ScriptStep::Call(system_call(cursor)?)
    };
    Ok((time, step))
}

/// A time; none means "at once after the statement before".
fn time(cursor: &mut Cursor<'_>) -> Result<Time, ParseError> {
    let mut time = Time {
        base: Base::Previous,
        from: 0,
        to: None,
        end: None,
    };
    if cursor.take("*") {
        time.base = Base::Any;
        return Ok(time);
    }
    if cursor.rest().starts_with(['`', '%']) {
        return Ok(time);
    }
    if !cursor.take("+") {
        time.base = Base::Start;
    }
    time.from = seconds(cursor)?;
    cursor.skip_blanks();
    if cursor.take("~") {
        cursor.skip_blanks();
        cursor.take("+");
        time.to = Some(seconds(cursor)?);
    } else if cursor.take("...") {
        time.end = Some(seconds(cursor)?);
    }
    Ok(time)
}

/// A number of seconds, as microseconds.
fn seconds(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    cursor.skip_blanks();
    let whole = cursor.take_while(|it| it.is_ascii_digit());
    let mut rest = cursor.rest().chars();
    let has_fraction =
        rest.next() == Some('.') && rest.next().is_some_and(|it| it.is_ascii_digit());
    let fraction = if has_fraction {
        cursor.advance(1);
        cursor.take_while(|it| it.is_ascii_digit())
    } else {
        ""
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(error(cursor, "expected a time, such as +0.10"));
    }
    let digits = format!("{whole}{:0<6}", fraction.get(..6).unwrap_or(fraction));
    digits
        .parse()
        .map_err(|_| error(cursor, "the time is too large"))
}

fn system_call(cursor: &mut Cursor<'_>) -> Result<SystemCall, ParseError> {
    let name = cursor
        .take_while(|it| it.is_ascii_alphanumeric() || it == '_')
        .to_owned();
    cursor.skip_blanks();
    if name.is_empty() || !cursor.take("(") {
        return Err(error(
            cursor,
            "expected a packet, a call, a command or code",
        ));
    }
    let arguments = arguments(cursor)?;
    cursor.skip_space();
    if !cursor.take("=") {
        return Err(error(cursor, "a call has no result"));
    }
    cursor.skip_blanks();
    let result = result(cursor)?;
    cursor.skip_blanks();
    let word = cursor.take_while(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    cursor.skip_blanks();
    if cursor.take("(") {
        cursor
            .take_until(")")
            .ok_or_else(|| error(cursor, "a note has no end"))?;
    }
    Ok(SystemCall {
        name,
        arguments,
        result,
        error: (!word.is_empty()).then(|| word.to_owned()),
    })
}

fn result(cursor: &mut Cursor<'_>) -> Result<Option<i64>, ParseError> {
    if cursor.take("...") {
        return Ok(None);
    }
    let is_negative = cursor.take("-");
    let digits = cursor.take_while(|it| it.is_ascii_alphanumeric());
    let number = number(digits).ok_or_else(|| error(cursor, "a result is no number"))?;
    Ok(Some(if is_negative { -number } else { number }))
}

/// A decimal or hexadecimal number.
pub(crate) fn number(digits: &str) -> Option<i64> {
    match digits.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// The arguments up to the parenthesis that ends them, split at the commas between them.
fn arguments(cursor: &mut Cursor<'_>) -> Result<Vec<String>, ParseError> {
    let (mut all, mut current, mut depth) = (Vec::new(), String::new(), 0u32);
    loop {
        let Some(next) = cursor.rest().chars().next() else {
            return Err(error(cursor, "the arguments of a call have no end"));
        };
        match next {
            '/' if cursor.rest().starts_with("//") || cursor.rest().starts_with("/*") => {
                cursor.skip_space();
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                cursor.advance(1);
                if !current.trim().is_empty() {
                    all.push(current.trim().to_owned());
                }
                return Ok(all);
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut current).trim().to_owned());
                cursor.advance(1);
                continue;
            }
            _ => {}
        }
        current.push(next);
        cursor.advance(next.len_utf8());
    }
}

#[cfg(test)]
mod tests;
