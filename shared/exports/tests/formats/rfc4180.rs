//! Reader of CSV by the rules of RFC 4180, without tolerance.

/// Rows of a file whose lines end in CR LF. Panics where the file breaks the rules.
pub fn read(file: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let mut row = Vec::new();
        loop {
            let (cell, after) = if rest.starts_with('"') { quoted(rest) } else { plain(rest, delimiter) };
            row.push(cell);
            let Some(next) = after.strip_prefix(delimiter) else {
                rest = after.strip_prefix("\r\n").unwrap();
                break;
            };
            rest = next;
        }
        rows.push(row);
    }
    rows
}

fn plain(text: &str, delimiter: char) -> (String, &str) {
    let (cell, after) = text.split_at(text.find([delimiter, '\r']).unwrap());
    assert!(!cell.contains(['"', '\n']), "{cell:?} must be quoted");
    (cell.to_owned(), after)
}

fn quoted(text: &str) -> (String, &str) {
    let (mut cell, mut rest) = (String::new(), &text[1..]);
    loop {
        let (part, after) = rest.split_once('"').unwrap();
        cell.push_str(part);
        let Some(next) = after.strip_prefix('"') else {
            return (cell, after);
        };
        cell.push('"');
        rest = next;
    }
}
