//! The HTML page of the mailbox: a list on the left, one message on the right. Every text is escaped, and the HTML of a
//! message is shown in a sandboxed frame.

use std::fmt::Write as _;

use super::mailbox::StoredMessage;
use crate::html::escape;

const STYLE: &str = "
:root{color-scheme:light dark;--line:#d9dce1;--soft:#6b7280;--mark:#eef2ff;--page:#fff;--text:#111827}
@media(prefers-color-scheme:dark){:root{--line:#30343b;--soft:#9aa3b2;--mark:#232a3d;--page:#16181d;--text:#e7e9ee}}
*{box-sizing:border-box}body{margin:0;font:15px/1.45 system-ui,sans-serif;background:var(--page);color:var(--text)}
main{display:flex;min-height:100vh}nav{width:21rem;flex:none;border-right:1px solid var(--line);overflow:auto;height:100vh}
h1{font-size:1rem;margin:0;padding:1rem}h1 a{color:inherit}form{padding:0 1rem 1rem}
input{width:100%;padding:.4rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:inherit;color:inherit;font:inherit}
nav .mail{display:block;padding:.7rem 1rem;border-top:1px solid var(--line);text-decoration:none;color:inherit}
nav .mail.open{background:var(--mark)}.mail b{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.soft{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}article{flex:1;min-width:0;padding:1.5rem}
h2{margin:0 0 .3rem;font-size:1.25rem}iframe{width:100%;height:65vh;border:1px solid var(--line);border-radius:.5rem;background:#fff;margin:1rem 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:.5rem;padding:1rem}
@media(max-width:46rem){main{display:block}nav{width:auto;height:auto;max-height:40vh;border-right:0;border-bottom:1px solid var(--line)}}
";

/// Renders the page: the list, the newest first, and the open message.
pub(super) fn render(messages: &[StoredMessage], open: Option<&StoredMessage>, recipient: Option<&str>) -> String {
    let mut list = String::new();
    for message in messages.iter().rev() {
        let is_open = open.is_some_and(|it| it.id == message.id);
        let filter = recipient.map(|it| format!("?to={}", encode(it))).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            list,
            "<a class=\"mail{}\" href=\"/_local/mail/{}{filter}\"><b>{}</b><span class=\"soft\">to {}<br>{}</span></a>",
            if is_open { " open" } else { "" },
            escape(&message.id),
            escape(&message.subject),
            escape(&message.to.join(", ")),
            escape(&message.sent_at),
        );
    }
    let content = match open {
        Some(message) => render_message(message),
        None => "<p class=\"soft\">No messages yet. Reload the page after a function has sent one.</p>".to_owned(),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Mailbox</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head><body><main>\
         <nav><h1><a href=\"/_local/mail\">Mailbox</a> <span class=\"soft\">{count}</span></h1>\
         <form><input type=\"search\" name=\"to\" aria-label=\"Recipient\" placeholder=\"Filter by recipient\" value=\"{wanted}\"></form>\
         {list}</nav><article>{content}</article></main></body></html>",
        count = messages.len(),
        wanted = escape(recipient.unwrap_or_default()),
    )
}

fn render_message(message: &StoredMessage) -> String {
    let mut content = format!(
        "<h2>{}</h2><div class=\"soft\">from {}<br>to {}<br>{} · <a href=\"/_local/mail/{}.eml\">source</a></div>",
        escape(&message.subject),
        escape(&message.from),
        escape(&message.to.join(", ")),
        escape(&message.sent_at),
        escape(&message.id),
    );
    if let Some(html) = &message.html {
        let _ = write!(content, "<iframe sandbox title=\"Message\" srcdoc=\"{}\"></iframe>", escape(html));
    }
    if let Some(text) = &message.text {
        let open = if message.html.is_none() { " open" } else { "" };
        let _ = write!(content, "<details{open}><summary>Text</summary><pre>{}</pre></details>", escape(text));
    }
    content
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
