//! Words on the terminal: headings with the time they took, details below them, and colours only where they are wanted.
//! Whether anybody reads it decides nothing, so a closed terminal is not a fault.

use std::io::Write as _;
use std::time::Duration;

/// The columns a line may take.
const WIDTH: usize = 100;
const MARGIN: &str = "    ";

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// A line as it is. Escape sequences are taken out unless a terminal shows them and `NO_COLOR` is not set.
pub(crate) fn line(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// What the eye should find first.
pub(crate) fn bold(text: &str) -> String {
    format!("{BOLD}{text}{PLAIN}")
}

/// What the eye may pass over.
pub(crate) fn dim(text: &str) -> String {
    format!("{DIM}{text}{PLAIN}")
}

/// A finished step, with the time it took.
pub(crate) fn step(heading: &str, took: Duration) {
    titled(heading, &milliseconds(took));
}

/// A finished step, with a word at the right edge.
pub(crate) fn titled(heading: &str, right: &str) {
    let width = WIDTH.saturating_sub(3 + right.chars().count());
    line(&format!("{GREEN}✓{PLAIN} {BOLD}{heading:<width$}{PLAIN} {}", dim(right)));
}

/// A detail of the step above.
pub(crate) fn detail(text: &str) {
    line(&format!("{MARGIN}{text}"));
}

/// A detail that should not be missed.
pub(crate) fn warning(text: &str) {
    detail(&format!("{YELLOW}!{PLAIN} {text}"));
}

/// What explains the detail above. Where it is too long for one line, a sentence begins the next.
pub(crate) fn aside(text: &str) {
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
        detail(&format!("  {}", dim(line.trim_end())));
    }
}

/// Lines that somebody else wrote.
pub(crate) fn quote(lines: &[String]) {
    for text in lines {
        let text = cut(text, WIDTH.saturating_sub(MARGIN.len() + 2));
        detail(&format!("{} {text}", dim("│")));
    }
}

/// A row of a table. Positive widths are of columns of text, which stand left; negative ones of numbers, which stand right.
pub(crate) fn row(columns: &[(&str, i8)]) -> String {
    let cells = columns.iter().map(|(text, width)| {
        let room = usize::from(width.unsigned_abs());
        let text = cut(text, room);
        if *width < 0 { format!("{text:>room$}") } else { format!("{text:<room$}") }
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A duration as people read it.
pub(crate) fn milliseconds(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
