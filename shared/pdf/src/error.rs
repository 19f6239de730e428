//! Errors of writing a PDF.

/// Reason why no PDF is written. A receipt that cannot be shown is no reason: it is attached.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// A language file or Unicode's data lacks something. A test renders every message in every language.
    #[error("the language data is incomplete: {0}")]
    Language(&'static str),
    /// An embedded font cannot be read.
    #[error("an embedded font cannot be read")]
    Font,
    /// A receipt was added that no report of the document has, or twice.
    #[error("the receipt is not expected: add each receipt of the last report once, in order")]
    UnexpectedReceipt,
    /// The library cannot assemble the file.
    #[error("the PDF cannot be assembled: {0}")]
    Assembly(String),
    /// The file of a receipt cannot be fetched, or the output cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
