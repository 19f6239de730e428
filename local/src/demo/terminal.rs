//! Output of the demo: headings with durations, details below them, colours only on a terminal. Write errors are
//! ignored, so a closed terminal does not fail the demo.

use std::io::Write as _;
use std::time::Duration;

/// Width of a line, columns.
const WIDTH: usize = 100;
const MARGIN: &str = "    ";

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Prints a line. Escape sequences are removed unless the output is a terminal and `NO_COLOR` is not set.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Makes a text bold.
pub(crate) fn bold(text: &str) -> String {
    format!("{BOLD}{text}{PLAIN}")
}

/// Makes a text dim.
pub(crate) fn dim(text: &str) -> String {
    format!("{DIM}{text}{PLAIN}")
}

/// Prints a finished step with its duration.
pub(crate) fn print_step(heading: &str, took: Duration) {
    print_heading(heading, &milliseconds(took));
}

/// Prints a finished step with a text at the right edge.
pub(crate) fn print_heading(heading: &str, right: &str) {
    let width = WIDTH.saturating_sub(3 + right.chars().count());
    print_line(&format!("{GREEN}✓{PLAIN} {BOLD}{heading:<width$}{PLAIN} {}", dim(right)));
}

/// Prints a detail of the step above.
pub(crate) fn print_detail(text: &str) {
    print_line(&format!("{MARGIN}{text}"));
}

/// Prints a detail that is a warning.
pub(crate) fn print_warning(text: &str) {
    print_detail(&format!("{YELLOW}!{PLAIN} {text}"));
}

/// Prints an explanation of the detail above. A text that is too long for one line breaks between sentences.
pub(crate) fn print_explanation(text: &str) {
    let room = WIDTH.saturating_sub(MARGIN.len() + 2);
    let mut lines: Vec<String> = Vec::new();
    for sentence in text.split_inclusive(". ") {
        let length = sentence.trim_end().chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + length <= room => line.push_str(sentence),
            _ => lines.push(sentence.to_owned()),
        }
    }
    for line in lines {
        print_detail(&format!("  {}", dim(line.trim_end())));
    }
}

/// Prints quoted lines.
pub(crate) fn print_quote(lines: &[String]) {
    for text in lines {
        let text = cut(text, WIDTH.saturating_sub(MARGIN.len() + 2));
        print_detail(&format!("{} {text}", dim("│")));
    }
}

/// Formats a row of a table. A column with a positive width is left-aligned, one with a negative width right-aligned.
pub(crate) fn row(columns: &[(&str, i8)]) -> String {
    let cells = columns.iter().map(|(text, width)| {
        let room = usize::from(width.unsigned_abs());
        let text = cut(text, room);
        if *width < 0 { format!("{text:>room$}") } else { format!("{text:<room$}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// Formats a duration.
pub(crate) fn milliseconds(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}

/// Shortens a text to a width.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
