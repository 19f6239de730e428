//! `Content-Disposition` header of downloads (RFC 6266). The file name is user input: it must not end the header, name
//! a folder, reverse the reading direction, or select the program that opens the file.

use outlay_domain::receipt::MediaType;
use outlay_domain::text::is_explicit_bidi_control;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters to percent-encode: all but the `attr-char` of RFC 8187.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Header value that makes a browser save the file. Has the name in ASCII for old browsers, and in full.
pub(crate) fn attachment(name: &str, kind: MediaType) -> String {
    let name: String = name.chars().map(|c| if is_misleading(c) { '_' } else { c }).collect();
    // A name that starts with a dot is hidden, and `..` is a folder.
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let name = if name.is_empty() { "receipt" } else { name };
    // The extension selects the program that opens a saved file, so it must match the media type.
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let name = match extension {
        Some(extension) if kind.extensions().contains(&extension.as_str()) => name.to_owned(),
        _ => format!("{name}.{}", kind.extensions().first().unwrap_or(&"bin")),
    };
    let name = name.as_str();
    let ascii: String = name.chars().map(|c| if is_quotable(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ENCODED))
}

fn is_misleading(c: char) -> bool {
    is_explicit_bidi_control(c) || c.is_control() || matches!(c, '/' | '\\')
}

/// True when a character is safe in a quoted string. Some browsers decode `%`.
fn is_quotable(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_name_is_kept() {
        assert_eq!(
            attachment("Hotel (2 nights).pdf", MediaType::Pdf),
            "attachment; filename=\"Hotel (2 nights).pdf\"; filename*=UTF-8''Hotel%20%282%20nights%29.pdf"
        );
    }

    #[test]
    fn non_ascii_name_is_encoded_with_ascii_fallback() {
        assert_eq!(
            attachment("Café €.jpg", MediaType::Jpeg),
            "attachment; filename=\"Caf_ _.jpg\"; filename*=UTF-8''Caf%C3%A9%20%E2%82%AC.jpg"
        );
    }

    #[test]
    fn name_cannot_end_header_or_name_folder() {
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
    fn extension_follows_media_type() {
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
