//! Rendering of a notice: subject, text part and HTML part from one view.

use askama::Template;

use crate::compose::Composer;
use crate::error::RenderError;
use crate::localizer::Localizer;
use crate::message::RenderedMail;
use crate::notice::{Notice, Recipient};
use crate::subject::subject;
use crate::view::{HtmlPart, TextPart};

impl Notice {
    /// Renders the subject, the text part and the HTML part in the recipient's language. Both parts have the same
    /// content.
    ///
    /// # Errors
    /// [`RenderError`], which no input is known to cause.
    pub fn render(&self, to: &Recipient) -> Result<RenderedMail, RenderError> {
        let localizer = Localizer::new(to.language)?;
        let view = Composer::new(&localizer, to).view(self)?;
        Ok(RenderedMail {
            subject: subject(self, &localizer)?,
            text: TextPart { view: &view }.render()?,
            html: HtmlPart { view: &view }.render()?,
        })
    }
}
