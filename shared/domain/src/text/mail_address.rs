//! E-mail addresses and mail domains. A domain has one form, its A-labels in lower case (RFC 5890), and is a name of the
//! public domain name system.

use unicode_security::{GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection, skeleton};
use validator::ValidateEmail;

use super::characters::trim_unseen;

/// Largest number of bytes of an e-mail address (RFC 5321).
const MAX_ADDRESS: usize = 254;
/// Top-level domains that no public mail server can have (RFC 6761, RFC 6762, RFC 7686, RFC 9476).
const SPECIAL_USE: [&str; 9] =
    ["alt", "arpa", "home", "internal", "invalid", "local", "localdomain", "localhost", "onion"];

/// Parses an address: an ASCII local part, one `@`, a mail domain. Blanks around it are dropped.
pub(super) fn parse_address(raw: &str) -> Option<String> {
    let (local, domain) = trim_unseen(raw).rsplit_once('@')?;
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let address = format!("{}@{}", local.to_ascii_lowercase(), parse_domain(domain)?);
    let is_address = local.is_ascii() && dots && address.len() <= MAX_ADDRESS && address.validate_email();
    is_address.then_some(address)
}

/// Parses a domain of at least two labels. Refuses IP addresses, names of local networks, and labels that mix scripts
/// to look like another name.
pub(super) fn parse_domain(raw: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(raw).ok()?;
    let (_, top) = domain.rsplit_once('.')?;
    let is_number = top.starts_with(|c: char| c.is_ascii_digit());
    let is_public = !is_number && !SPECIAL_USE.contains(&top);
    let (shown, is_valid) = idna::domain_to_unicode(&domain);
    (is_public && is_valid.is_ok() && shown.split('.').all(is_honest_label)).then_some(domain)
}

/// True for a label in one script, or in a mixture that a language is written in, such as Latin with Han and kana; of
/// characters that languages in use today are written with (UTS #39, sections 3.1 and 5.2).
fn is_honest_label(label: &str) -> bool {
    let is_in_use = |c: char| c.is_ascii() || c.identifier_allowed();
    !label.is_empty()
        && (label.is_ascii()
            || (label.chars().all(is_in_use) && label.check_restriction_level(RestrictionLevel::HighlyRestrictive)))
}

/// True for a domain with a label that is not ASCII but looks like ASCII (UTS #39, section 4): `xn--80ak6aa92e.com`
/// reads as `apple.com`.
pub(super) fn looks_like_ascii(domain: &str) -> bool {
    let (shown, _) = idna::domain_to_unicode(domain);
    shown.split('.').any(|label| !label.is_ascii() && skeleton(label).all(|c| c.is_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_has_one_form() {
        for (raw, domain) in [
            ("Example.COM", "example.com"),
            ("müller.de", "xn--mller-kva.de"),
            ("MÜLLER.de", "xn--mller-kva.de"),
            ("xn--mller-kva.de", "xn--mller-kva.de"),
            ("mu\u{308}ller.de", "xn--mller-kva.de"),
            ("例え.jp", "xn--r8jz45g.jp"),
            ("例え。jp", "xn--r8jz45g.jp"),
            ("почта.рф", "xn--80a1acny.xn--p1ai"),
            ("acme.example", "acme.example"),
            ("3m.co.uk", "3m.co.uk"),
        ] {
            assert_eq!(parse_domain(raw).as_deref(), Some(domain), "{raw}");
        }
    }

    #[test]
    fn name_that_is_not_public_or_mixes_scripts_is_refused() {
        for raw in [
            "",
            "localhost",
            "corp",
            "example.com.",
            ".example.com",
            "a..b",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "example.0x7f",
            "[127.0.0.1]",
            "[::1]",
            "::1",
            "mail.localhost",
            "printer.local",
            "db.internal",
            "localhost.localdomain",
            "x.onion",
            "1.168.192.in-addr.arpa",
            "cоrp.com",
            "xn--crp-emc.com",
            "xn--pypal-4ve.com",
            "exa mple.com",
            "a_b.com",
            "-a.com",
            "xn--a.com",
            "xn--0.com",
        ] {
            assert_eq!(parse_domain(raw), None, "{raw}");
        }
    }

    #[test]
    fn lookalike_of_ascii_is_recognised() {
        for raw in ["аррӏе.com", "xn--80ak6aa92e.com", "mail.ехсеѕѕ.com", "сосо.org"] {
            let domain = parse_domain(raw).unwrap_or_else(|| panic!("{raw}"));
            assert!(looks_like_ascii(&domain), "{raw}");
        }
        for raw in ["example.com", "müller.de", "例え.jp", "почта.рф", "straße.de", "δοκιμή.gr", "señor.es"]
        {
            let domain = parse_domain(raw).unwrap_or_else(|| panic!("{raw}"));
            assert!(!looks_like_ascii(&domain), "{raw}");
        }
    }
}
