//! Embedded files of a PDF. The law of several countries wants invoices whose amounts are also in an XML file: Factur-X,
//! `ZUGFeRD` and `XRechnung`. Such a file is harmless and is kept; any other embedded file rejects the document.

use std::collections::BTreeSet;

use outlay_domain::receipt::RejectionReason;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::streams::{StreamDecoder, StreamEncoding};

/// Names of invoice files, in lower case.
const INVOICES: [&str; 3] = ["factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"];
/// Root elements of invoices: UN/CEFACT, its predecessor in `ZUGFeRD` 1, and UBL.
const ROOTS: [&[u8]; 4] = [b"CrossIndustryInvoice", b"CrossIndustryDocument", b"Invoice", b"CreditNote"];
/// Starts of the namespaces in invoices. Others, such as that of HTML, can make a browser run a script.
const NAMESPACES: [&str; 4] =
    ["urn:", "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2000/09/xmldsig#", "http://uri.etsi.org/01903/"];
/// Size limit of an invoice file, in bytes.
const MAX_INVOICE_BYTES: usize = 5_000_000;
/// Limit of nested elements.
const MAX_DEPTH: usize = 100;
/// Limit of embedded files. The same invoice can be named twice.
const MAX_FILES: usize = 10;
/// Cost of a byte of XML in units of the budget.
const XML_UNITS: u64 = 50;

/// What a dictionary says about an embedded file.
#[derive(Debug, Default)]
pub(super) struct Attachment {
    /// Names; `None` for one that is not ASCII.
    pub(super) names: Vec<Option<String>>,
    /// Objects with the content.
    pub(super) files: Vec<u64>,
}

impl Attachment {
    fn is_named_as_invoice(&self) -> bool {
        let is_invoice = |name: &Option<String>| {
            name.as_ref().is_some_and(|name| INVOICES.contains(&name.to_ascii_lowercase().as_str()))
        };
        !self.names.is_empty() && self.names.iter().all(is_invoice)
    }
}

/// Embedded files of a document.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    /// True when a name occurs that only documents with embedded files have.
    pub(super) is_named: bool,
    found: Vec<Attachment>,
    /// Objects that are invoices, and objects that are not.
    invoices: BTreeSet<u64>,
    others: BTreeSet<u64>,
}

impl Attachments {
    pub(super) fn add(&mut self, attachment: Attachment) {
        self.found.push(attachment);
    }

    /// True when an object is the content of an embedded file.
    pub(super) fn refers_to(&self, number: u64) -> bool {
        self.found.iter().take(MAX_FILES).any(|found| found.files.contains(&number))
    }

    /// Looks at the content of an embedded file.
    pub(super) fn add_file(
        &mut self,
        number: u64,
        data: &[u8],
        encoding: &StreamEncoding,
        decoder: &mut StreamDecoder<'_>,
    ) -> Result<(), RejectionReason> {
        let is_invoice = match decoder.decode_whole(data, encoding, MAX_INVOICE_BYTES) {
            Ok(xml) => {
                decoder.budget.spend_each(xml.len(), XML_UNITS)?;
                is_invoice(&xml).is_some()
            }
            Err(_) => false,
        };
        let set = if is_invoice { &mut self.invoices } else { &mut self.others };
        set.insert(number);
        Ok(())
    }

    /// True when there are no embedded files, or invoices only.
    pub(super) fn are_invoices(&self) -> bool {
        if !self.is_named {
            return true;
        }
        let files = || self.found.iter().flat_map(|found| &found.files);
        (1..=MAX_FILES).contains(&self.found.len())
            && self.found.iter().all(Attachment::is_named_as_invoice)
            && files().all(|number| self.invoices.contains(number))
            && self.others.is_empty()
            // One that is embedded without being named is none of the invoices.
            && self.invoices.iter().all(|number| files().any(|file| file == number))
    }
}

/// Checks that bytes are a well-formed invoice without declarations, instructions or entities of its own.
fn is_invoice(xml: &[u8]) -> Option<()> {
    let text = std::str::from_utf8(xml).ok()?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let (mut depth, mut has_root) = (0_usize, false);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                check_element(&start, depth == 0, &mut has_root)?;
                depth = depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
            }
            Event::Empty(start) => check_element(&start, depth == 0, &mut has_root)?,
            Event::End(_) => depth = depth.checked_sub(1)?,
            Event::Text(text) if depth == 0 => text.iter().all(u8::is_ascii_whitespace).then_some(())?,
            Event::GeneralRef(name) if depth > 0 => {
                let name = std::str::from_utf8(&name).ok()?;
                (name.starts_with('#') || resolve_predefined_entity(name).is_some()).then_some(())?;
            }
            Event::Text(_) | Event::Decl(_) | Event::Comment(_) => {}
            Event::CData(_) if depth > 0 => {}
            Event::Eof => return (has_root && depth == 0).then_some(()),
            Event::DocType(_) | Event::PI(_) | Event::GeneralRef(_) | Event::CData(_) => return None,
        }
    }
}

/// Checks an element: the root is that of an invoice, and namespaces are known.
fn check_element(start: &BytesStart<'_>, is_root: bool, has_root: &mut bool) -> Option<()> {
    if is_root {
        let is_first = !std::mem::replace(has_root, true);
        (is_first && ROOTS.contains(&start.local_name().as_ref())).then_some(())?;
    }
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        if attribute.key.as_namespace_binding().is_some() {
            let value = std::str::from_utf8(&attribute.value).ok()?;
            NAMESPACES.iter().any(|known| value.starts_with(known)).then_some(())?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invoice_is_well_formed_xml_of_its_namespaces() {
        let invoice = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- x -->\n<rsm:CrossIndustryInvoice \
                       xmlns:rsm=\"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\">\
                       <a>Fish &amp; chips &#38; tea</a><b/></rsm:CrossIndustryInvoice>\n";
        assert_eq!(is_invoice(invoice.as_bytes()), Some(()));
        assert_eq!(is_invoice(format!("\u{FEFF}{invoice}").as_bytes()), Some(()));
        for (what, replaced, by) in [
            ("open element", "</rsm:CrossIndustryInvoice>", ""),
            ("other root", "CrossIndustryInvoice ", "html "),
            ("second root", "</rsm:CrossIndustryInvoice>", "</rsm:CrossIndustryInvoice><Invoice/>"),
            ("document type", "<!-- x -->", "<!DOCTYPE x [<!ENTITY a \"b\">]>"),
            ("instruction", "<!-- x -->", "<?xml-stylesheet href=\"x\"?>"),
            ("entity", "&amp;", "&lol;"),
            ("page in it", "<b/>", "<script xmlns=\"http://www.w3.org/1999/xhtml\">alert(1)</script>"),
            ("crossed elements", "<b/>", "<b><c></b></c>"),
            ("text outside", "</rsm:CrossIndustryInvoice>", "</rsm:CrossIndustryInvoice>MZ"),
        ] {
            assert_eq!(is_invoice(invoice.replace(replaced, by).as_bytes()), None, "{what}");
        }
        assert_eq!(is_invoice("<a>".repeat(200).as_bytes()), None);
        assert_eq!(is_invoice(b"PK\x03\x04"), None);
        assert_eq!(is_invoice(b""), None);
    }
}
