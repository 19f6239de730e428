//! XML of a bank, element by element and with limits. Names are compared without their namespace; a document type and
//! entities other than the five of XML are refused.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use crate::error::BankAnswerError;

/// Size limit of a file, in bytes.
pub(crate) const MAX_BYTES: usize = 20_000_000;
/// Limit of nested elements. Those of camt have at most twenty, without supplementary data.
const MAX_DEPTH: usize = 50;
/// Size limit of the text of an element, in bytes. The longest text that is read has 500 characters; signatures are
/// longer.
const MAX_TEXT_BYTES: usize = 20_000;
/// Size limit of the name of an element without its prefix, in bytes.
const MAX_NAME_BYTES: usize = 100;
/// Size limit of the attributes of an element, in bytes. Comparing their names takes time by the square of their number.
const MAX_ATTRIBUTE_BYTES: usize = 4_000;
/// Limit of references to characters and entities in a file.
const MAX_REFERENCES: usize = 1_000_000;

/// What a message does with its elements.
pub(crate) trait ElementHandler {
    /// An element ends. The path has the local names from the root on, such as `/Document/CstmrPmtStsRpt/GrpHdr`.
    ///
    /// # Errors
    /// [`BankAnswerError`], which ends the reading.
    fn end(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError>;
}

/// Content of an element that ends.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Text without white space at both ends. Empty for an element with elements.
    pub(crate) text: String,
    /// Attribute `Ccy` of an amount.
    pub(crate) currency: Option<String>,
}

/// Root element of a message and its namespace.
#[derive(Debug)]
pub(crate) struct Root {
    /// Local name of the first element in `Document`.
    pub(crate) message: String,
    /// Namespace of that element. Empty without one.
    pub(crate) namespace: String,
}

/// Finds out which message a file has.
pub(crate) fn read_root(xml: &str) -> Result<Root, BankAnswerError> {
    let mut reader = Reader::from_str(xml);
    let mut bindings: Vec<(Vec<u8>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| BankAnswerError::NotXml)? {
            Event::Start(start) => {
                let name = check_name(&start)?;
                collect_namespaces(&start, &mut bindings)?;
                if name != "Document" {
                    let prefix = start.name().prefix().map(|prefix| prefix.as_ref().to_vec()).unwrap_or_default();
                    // The innermost binding was collected last.
                    let binding = bindings.iter().rev().find(|(bound, _)| *bound == prefix);
                    let namespace = binding.map(|(_, namespace)| namespace.clone()).unwrap_or_default();
                    return Ok(Root { message: name, namespace });
                }
            }
            Event::DocType(_) => return Err(BankAnswerError::DocumentType),
            Event::Decl(declaration) => check_encoding(&declaration, xml)?,
            Event::Empty(_) | Event::End(_) | Event::Eof => return Err(BankAnswerError::UnknownMessage),
            _ => {}
        }
    }
}

fn collect_namespaces(start: &BytesStart<'_>, bindings: &mut Vec<(Vec<u8>, String)>) -> Result<(), BankAnswerError> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| BankAnswerError::NotXml)?;
        let name = attribute.key.as_ref();
        let prefix = if name == b"xmlns" { Some(&[][..]) } else { name.strip_prefix(b"xmlns:") };
        if let Some(prefix) = prefix {
            let namespace = std::str::from_utf8(&attribute.value).map_err(|_| BankAnswerError::Encoding)?;
            bindings.push((prefix.to_vec(), namespace.trim().to_owned()));
        }
    }
    Ok(())
}

/// Refuses a declared encoding other than UTF-8, unless the file is plain ASCII, which most encodings contain.
fn check_encoding(declaration: &BytesDecl<'_>, xml: &str) -> Result<(), BankAnswerError> {
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(|_| BankAnswerError::NotXml)?;
    let is_utf8 = encoding.eq_ignore_ascii_case(b"utf-8") || encoding.eq_ignore_ascii_case(b"utf8");
    if is_utf8 || xml.is_ascii() { Ok(()) } else { Err(BankAnswerError::Encoding) }
}

/// Checks the sizes of the name and the attributes of an element. Returns the local name.
fn check_name(start: &BytesStart<'_>) -> Result<String, BankAnswerError> {
    let name = start.local_name();
    let name = std::str::from_utf8(name.as_ref()).map_err(|_| BankAnswerError::Encoding)?;
    if name.len() > MAX_NAME_BYTES {
        return Err(BankAnswerError::LimitExceeded("names"));
    }
    // A slash would forge a path. No XML name has one, but the reader takes it.
    if start.attributes_raw().len() > MAX_ATTRIBUTE_BYTES {
        return Err(BankAnswerError::LimitExceeded("attributes"));
    }
    if name.is_empty() || name.contains('/') { Err(BankAnswerError::NotXml) } else { Ok(name.to_owned()) }
}

/// Reads a whole file and hands its elements to the handler.
pub(crate) fn read_elements(xml: &str, handler: &mut impl ElementHandler) -> Result<(), BankAnswerError> {
    let mut reader = Reader::from_str(xml);
    let mut state = State::default();
    loop {
        match reader.read_event().map_err(|_| BankAnswerError::NotXml)? {
            Event::Start(start) => state.begin(&start)?,
            Event::Empty(start) => {
                state.begin(&start)?;
                state.end(handler)?;
            }
            Event::End(_) => state.end(handler)?,
            Event::Text(text) => state.push_text(&text)?,
            Event::CData(text) => state.push_text(&text)?,
            Event::GeneralRef(reference) => state.push_reference(&reference)?,
            Event::DocType(_) => return Err(BankAnswerError::DocumentType),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return state.finish(),
        }
    }
}

#[derive(Default)]
struct State {
    /// Local names from the root to the current element, each after a slash.
    path: String,
    /// Lengths of the path before each open element.
    lengths: Vec<usize>,
    /// Content of the element that was begun last.
    element: Element,
    has_root: bool,
    references: usize,
}

impl State {
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), BankAnswerError> {
        if self.lengths.is_empty() && std::mem::replace(&mut self.has_root, true) {
            return Err(BankAnswerError::NotXml);
        }
        if self.lengths.len() >= MAX_DEPTH {
            return Err(BankAnswerError::LimitExceeded("nested elements"));
        }
        self.lengths.push(self.path.len());
        self.path.push('/');
        self.path.push_str(&check_name(start)?);
        self.element.text.clear();
        self.element.currency = None;
        let currency = start.try_get_attribute("Ccy").map_err(|_| BankAnswerError::NotXml)?;
        if let Some(currency) = currency {
            let code = std::str::from_utf8(&currency.value).map_err(|_| BankAnswerError::Encoding)?;
            self.element.currency = (code.len() == 3).then(|| code.to_owned());
        }
        Ok(())
    }

    fn end(&mut self, handler: &mut impl ElementHandler) -> Result<(), BankAnswerError> {
        let length = self.lengths.pop().ok_or(BankAnswerError::NotXml)?;
        let trimmed = self.element.text.trim();
        if trimmed.len() != self.element.text.len() {
            self.element.text = trimmed.to_owned();
        }
        handler.end(&self.path, &self.element)?;
        self.path.truncate(length);
        self.element.text.clear();
        self.element.currency = None;
        Ok(())
    }

    fn push_text(&mut self, text: &[u8]) -> Result<(), BankAnswerError> {
        let text = std::str::from_utf8(text).map_err(|_| BankAnswerError::Encoding)?;
        if self.lengths.is_empty() {
            return if text.trim().is_empty() { Ok(()) } else { Err(BankAnswerError::NotXml) };
        }
        if self.element.text.len().saturating_add(text.len()) > MAX_TEXT_BYTES {
            return Err(BankAnswerError::LimitExceeded("texts"));
        }
        self.element.text.push_str(text);
        Ok(())
    }

    fn push_reference(&mut self, reference: &BytesRef<'_>) -> Result<(), BankAnswerError> {
        self.references = self.references.saturating_add(1);
        if self.references > MAX_REFERENCES {
            return Err(BankAnswerError::LimitExceeded("references"));
        }
        if let Some(c) = reference.resolve_char_ref().map_err(|_| BankAnswerError::NotXml)? {
            return self.push_text(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        let name = std::str::from_utf8(reference).map_err(|_| BankAnswerError::Encoding)?;
        let text = resolve_predefined_entity(name).ok_or(BankAnswerError::DocumentType)?;
        self.push_text(text.as_bytes())
    }

    fn finish(self) -> Result<(), BankAnswerError> {
        if self.has_root && self.lengths.is_empty() { Ok(()) } else { Err(BankAnswerError::NotXml) }
    }
}
