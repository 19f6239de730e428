//! The name under which a browser stores a file, as RFC 6266 writes it. A name is what somebody typed: nothing in it may end the
//! header, name a folder, turn the reading direction around or choose the program that opens it.

use outlay_domain::receipt::MediaType;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 lets stand (`attr-char`), all else is percent-encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A header that makes a browser store the file instead of showing it: the name in ASCII for those that know no better, and in full.
pub(crate) fn attachment(name: &str, kind: MediaType) -> String {
    let name: String = name.chars().map(|c| if is_misleading(c) { '_' } else { c }).collect();
    // A browser hides what starts with a dot, or takes it for a folder.
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let name = if name.is_empty() { "receipt" } else { name };
    // What is saved is opened by the program of its extension, whatever type it came with.
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let name = match extension {
        Some(extension) if kind.extensions().contains(&extension.as_str()) => name.to_owned(),
        _ => format!("{name}.{}", kind.extensions().first().unwrap_or(&"bin")),
    };
    let name = name.as_str();
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED))
}

fn is_misleading(c: char) -> bool {
    let turns = matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() || matches!(c, '/' | '\\')
}

/// Whether it can stand between quotation marks; `%` would be decoded by some browsers.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_stands_as_it_is() {
        assert_eq!(
            attachment("Hotel (2 nights).pdf", MediaType::Pdf),
            "attachment; filename=\"Hotel (2 nights).pdf\"; filename*=UTF-8''Hotel%20%282%20nights%29.pdf"
        );
    }

    #[test]
    fn other_scripts_are_encoded_and_have_a_stand_in() {
        assert_eq!(
            attachment("Café €.jpg", MediaType::Jpeg),
            "attachment; filename=\"Caf_ _.jpg\"; filename*=UTF-8''Caf%C3%A9%20%E2%82%AC.jpg"
        );
    }

    #[test]
    fn nothing_in_a_name_ends_the_header_or_names_a_folder() {
        assert_eq!(
            attachment("../../etc/passwd", MediaType::Png),
            "attachment; filename=\"_.._etc_passwd.png\"; filename*=UTF-8''_.._etc_passwd.png"
        );
        assert_eq!(
            attachment("a\"; x=\"\r\nSet-Cookie: b%41\u{202E}gpj.exe", MediaType::Jpeg),
            "attachment; filename=\"a_; x=___Set-Cookie: b_41_gpj.exe.jpg\"; \
             filename*=UTF-8''a%22%3B%20x%3D%22__Set-Cookie%3A%20b%2541_gpj.exe.jpg"
        );
        for empty in ["", "..", " . "] {
            assert_eq!(
                attachment(empty, MediaType::Pdf),
                "attachment; filename=\"receipt.pdf\"; filename*=UTF-8''receipt.pdf"
            );
        }
        let emoji = attachment(&"😀".repeat(200), MediaType::Webp);
        assert!(emoji.is_ascii() && emoji.len() < 3000);
    }

    #[test]
    fn a_file_is_saved_as_what_it_is() {
        for (name, kind, saved) in [
            ("Invoice.html", MediaType::Jpeg, "Invoice.html.jpg"),
            ("Invoice.pdf", MediaType::Heic, "Invoice.pdf.heic"),
            ("IMG_1.JPEG", MediaType::Jpeg, "IMG_1.JPEG"),
            ("IMG_1.", MediaType::Png, "IMG_1.png"),
        ] {
            assert_eq!(attachment(name, kind), format!("attachment; filename=\"{saved}\"; filename*=UTF-8''{saved}"));
        }
    }
}
