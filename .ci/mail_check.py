"""Checks rendered mail with a parser that is independent of the product. Usage: mail_check.py <folder with *.eml>

Each message must parse without a defect, have exactly the expected headers, and two alternatives, text first. The HTML must load nothing and
use only what mail readers show; `mail_clients.mjs` checks the support by each reader.
"""

import re
import sys
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

HEADERS = {
    "MIME-Version", "From", "To", "Subject", "Auto-Submitted", "Content-Language", "In-Reply-To", "References", "Content-Type",
}
# Elements that run, load or send something, or that readers remove.
FORBIDDEN = {
    "script", "form", "input", "button", "iframe", "object", "embed", "link", "base", "img", "video", "audio", "svg", "a",
}
VOID = {"meta", "br"}
LARGEST_HTML = 102_000
WIDEST = 600
LONGEST_LINE = 78


class Page(HTMLParser):
    """Collects the faults of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.open: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes.setdefault(tag, given)
        if tag in FORBIDDEN:
            self.faults.append(f"<{tag}>")
        if tag == "table" and given.get("role") != "presentation":
            self.faults.append("a table for layout without role=presentation")
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"src", "href", "background"}:
                self.faults.append(f"attribute {name}")
            if name == "width" and value and value.isdigit() and int(value) > WIDEST:
                self.faults.append(f"wider than {WIDEST} pixels: {value}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["title"]:
            self.title += data


def html_faults(html: str, language: str) -> list[str]:
    page = Page()
    page.feed(html)
    page.close()
    faults = list(page.faults)
    if page.open:
        faults.append(f"left open: {page.open}")
    if page.attributes.get("html", {}).get("lang") != language:
        faults.append("<html lang> differs from Content-Language")
    if not page.title.strip():
        faults.append("no title")
    # Comments and styles count too: readers interpret both.
    for pattern in (r"https?:", r"cid:", r"data:", r"url\(", r"@import", r"@font-face", r"javascript:", r"expression\("):
        if re.search(pattern, html, re.IGNORECASE):
            faults.append(f"refers to something outside: {pattern}")
    for width in re.findall(r"(?:min-)?width:\s*(\d+)px", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)):
        if int(width) > WIDEST:
            faults.append(f"wider than {WIDEST} pixels: {width}")
    if len(html.encode()) >= LARGEST_HTML:
        faults.append(f"larger than {LARGEST_HTML} bytes, which Gmail cuts off")
    return faults


def faults_of(raw: bytes) -> list[str]:
    message = message_from_bytes(raw, policy=policy.default)
    faults = [f"defect: {defect!r}" for part in message.walk() for defect in part.defects]
    for name, value in message.items():
        faults += [f"defect in {name}: {defect!r}" for defect in getattr(value, "defects", ())]
    names = [name for name, _ in message.items()]
    if sorted(names) != sorted(HEADERS):
        faults.append(f"headers: {names}")
        return faults
    for name in ("From", "To"):
        if len(message[name].addresses) != 1 or not message[name].addresses[0].addr_spec:
            faults.append(f"{name} is not one address: {message[name]}")
    if message["In-Reply-To"] not in message["References"].split()[-1:]:
        faults.append("In-Reply-To is not the last of References")
    if message["Auto-Submitted"] != "auto-generated":
        faults.append("Auto-Submitted is not auto-generated")
    if not str(message["Subject"]).strip() or len(str(message["Subject"])) > 120:
        faults.append(f"subject: {message['Subject']}")
    kinds = [part.get_content_type() for part in message.walk()]
    if kinds != ["multipart/alternative", "text/plain", "text/html"]:
        faults.append(f"parts: {kinds}")
        return faults
    text, html = message.iter_parts()
    for part in (text, html):
        if part.get_content_charset() != "utf-8" or part.get_filename() or part.is_attachment():
            faults.append(f"{part.get_content_type()}: {part['Content-Type']}")
    if len(text.get_content().strip()) < 100:
        faults.append("the text part is too short")
    if not raw.isascii() or b"\n" in raw.replace(b"\r\n", b""):
        faults.append("not ASCII in lines that end with CRLF")
    if any(len(line) > LONGEST_LINE for line in raw.split(b"\r\n")):
        faults.append(f"a line of more than {LONGEST_LINE} bytes")
    return faults + html_faults(html.get_content(), message["Content-Language"])


def main(folder: Path) -> int:
    files = sorted(folder.glob("*.eml"))
    if not files:
        print(f"no messages in {folder}", file=sys.stderr)
        return 1
    wrong = 0
    for file in files:
        for fault in faults_of(file.read_bytes()):
            print(f"{file.name}: {fault}", file=sys.stderr)
            wrong += 1
    print(f"{len(files)} messages, {wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
