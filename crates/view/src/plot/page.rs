//! A plot as an HTML page. The page has no scripts and loads nothing.

use std::fmt::Write as _;

use super::Figure;
use config::untrusted_text::markup;

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;color:#1f2328;background:#ffffff;\
max-width:860px;margin:2rem auto;padding:0 1rem}\
svg{width:100%;height:auto}\
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}\
table{border-collapse:collapse;font-size:14px}\
th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #d8dee4}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}\
th,td{border-color:#30363d}}";

/// A page with these plots, each with its numbers.
pub(super) fn html(figures: &[Figure], command: &str) -> String {
    let title = figures.first().map_or("", |it| it.title.as_str());
    let title = markup(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    for figure in figures {
        page.push_str(&figure.svg);
        numbers(&mut page, figure);
    }
    let _ = writeln!(page, "<p><code>{}</code></p>", markup(command));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn numbers(page: &mut String, figure: &Figure) {
    page.push_str("<details>\n<summary>Numbers</summary>\n<table>\n");
    for (index, row) in figure.table.iter().enumerate() {
        let element = if index == 0 { "th" } else { "td" };
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<{element}>{}</{element}>", markup(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n</details>\n");
}
