//! Rendered message and its MIME form. User text cannot end a header early: see [`RenderedMail::to_mime`].

use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

use crate::notice::Recipient;

/// Rendered mail without its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// Subject, at most 120 characters when it comes from [`crate::Notice::render`].
    pub subject: String,
    /// Plain-text part, with the same content as the HTML part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// A message cannot be written as MIME. Names the header, never its value, because values are personal data and errors
/// are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// A header value contains a control character, such as a line break or NUL.
    #[error("control character in header {header}")]
    ControlCharacter {
        /// Name of the header.
        header: &'static str,
    },
    /// An address is not `local@domain` in ASCII.
    #[error("unusable address in header {header}")]
    Address {
        /// Name of the header.
        header: &'static str,
    },
}

/// Number of latest messages in `References`. Mail readers need no more, and the line stays short.
const MAX_REFERENCES: usize = 9;

impl RenderedMail {
    /// Writes the whole message, CRLF line ends, as `multipart/alternative` with the text first.
    ///
    /// `from` is an address or `Name <address>`. `thread_ids` are the ids of the recipient's earlier messages about the
    /// same subject, oldest first, as [`crate::Mailer::message_id`] returns them: they become `References` and
    /// `In-Reply-To`. A malformed id is left out: the thread is less important than the mail. `Date` and `Message-ID` are left out because SES sets both. The same input gives the same bytes.
    ///
    /// # Errors
    /// [`MailError`] when a name, an address or the subject is not allowed in a header.
    pub fn to_mime(&self, from: &str, to: &Recipient, thread_ids: &[String]) -> Result<Vec<u8>, MailError> {
        let (from_name, from_address) = split_mailbox(from);
        let from_header = mailbox("From", from_name, from_address)?;
        let to_header = mailbox("To", &to.name, &to.address)?;
        // Mail readers would decode text that looks like an RFC 2047 word into characters that were not checked.
        let subject = without_control("Subject", &self.subject)?.replace("=?", "= ?");

        // A part's `header` and `write_part` stand in for `MessageBuilder`, which puts in the time and a random
        // Message-ID.
        let alternatives =
            vec![MimePart::new("text/plain", self.text.as_str()), MimePart::new("text/html", self.html.as_str())];
        let content_type = ContentType::new("multipart/alternative").attribute("boundary", self.boundary());
        let mut part = MimePart::new(content_type, alternatives)
            .header("MIME-Version", Raw::new("1.0"))
            .header("From", from_header)
            .header("To", to_header)
            .header("Subject", Text::new(subject))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("Content-Language", Raw::new(to.language.tag()));
        let thread_ids: Vec<&String> = thread_ids.iter().filter(|id| is_message_id(id)).collect();
        if let Some(last) = thread_ids.last() {
            // The first, by which readers know the thread, and the last ones.
            let rest = thread_ids.iter().skip(1.max(thread_ids.len().saturating_sub(MAX_REFERENCES)));
            let references = thread_ids.iter().take(1).chain(rest).map(|id| (*id).clone());
            part = part.header("In-Reply-To", MessageId::new((*last).clone()));
            part = part.header("References", MessageId::new_list(references));
        }
        let mut mime = Vec::new();
        part.write_part(&mut mime);
        Ok(mime)
    }

    /// Finds a boundary that neither part contains, without randomness.
    fn boundary(&self) -> String {
        let mut number: u64 = 0;
        loop {
            let boundary = format!("=_outlay_{number}");
            if !self.text.contains(&boundary) && !self.html.contains(&boundary) {
                return boundary;
            }
            number = number.saturating_add(1);
        }
    }
}

/// Splits `Name <address>`; the name is empty when there is only an address.
pub(crate) fn split_mailbox(mailbox: &str) -> (&str, &str) {
    mailbox
        .trim()
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'))
        .map_or(("", mailbox.trim()), |(name, address)| (name.trim().trim_matches('"'), address))
}

fn mailbox<'a>(header: &'static str, name: &'a str, address: &'a str) -> Result<Address<'a>, MailError> {
    let name = without_control(header, name)?.trim();
    let address = without_control(header, address)?;
    if !is_address(address) {
        return Err(MailError::Address { header });
    }
    Ok(Address::new_address((!name.is_empty()).then_some(name), address))
}

fn without_control<'a>(header: &'static str, value: &'a str) -> Result<&'a str, MailError> {
    if value.chars().any(char::is_control) {
        return Err(MailError::ControlCharacter { header });
    }
    Ok(value)
}

/// True for an address with one `@`, text on both sides, and no syntax of address lists. Quoted local parts are
/// refused, because address parsers disagree about them.
fn is_address(address: &str) -> bool {
    let well_formed = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
    let harmless = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"@".contains(c);
    // 254 characters is the longest path that RFC 5321 lets through.
    address.len() <= 254
        && address.split_once('@').is_some_and(|(local, domain)| {
            well_formed(local) && well_formed(domain) && local.chars().chain(domain.chars()).all(harmless)
        })
}

/// True for an id of the characters that ids of SES consist of.
fn is_message_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let whole = |part: &str| !part.is_empty() && part.len() <= 200 && part.chars().all(allowed);
    id.split_once('@').is_some_and(|(left, right)| whole(left) && whole(right))
}
