"""Reads PDF documents with a reader that is independent of the product. Usage: pdf_check.py <folder>

The folder has what `cargo run -p outlay-pdf --example sample -- <folder>` writes. pypdf reads texts, pages, bookmarks, links, attachments,
fonts and the structure. Exits with 1 and a sentence for each difference.
"""

import sys
from pathlib import Path

from pypdf import PdfReader

# Texts of the report in each language: status, amount, sentence of a finding, caption of a page of a receipt.
TEXTS = {
    "en": ("Approved", "1,745.52 EUR", "a weekend", "page 2 of 2"),
    "de": ("Genehmigt", "1.745,52 EUR", "ein Wochenende", "Seite 2 von 2"),
    "fr": ("Approuvée", "1 745,52 EUR", "week-end", "page 2 sur 2"),
    "es": ("Aprobado", "1745,52 EUR", "fin de semana", "página 2 de 2"),
}
MERCHANTS = ("Hotel zur Post, München", "Ristorante Da Giuseppe", "Yellow Cab of Seattle", "Lufthansa", "Книжный дом")
PEOPLE = ("Zoë Łukasiewicz", "Ανδρέας Παπαδόπουλος", "María José Núñez")
RECEIPTS = ("R1 · hotel.pdf", "R2 · IMG_2041.jpg", "R3 · taxi-screenshot.png", "R4 · boarding-pass.webp", "R5 · IMG_2044.heic")
MARGIN = 36  # points


class Check:
    """Differences between a document and what is expected."""

    def __init__(self, path):
        self.name = path.name
        self.reader = PdfReader(str(path), strict=True)
        self.texts = [page.extract_text().replace("\u00a0", " ") for page in self.reader.pages]
        self.faults = []

    def that(self, holds, sentence):
        if not holds:
            self.faults.append(f"{self.name}: {sentence}")

    def equal(self, what, found, wanted):
        self.that(found == wanted, f"{what} is {found}, and {wanted} is expected.")

    def pages(self):
        """Each page has its number and the number of pages, and no text of the report lies in the margins."""
        count = len(self.texts)
        receipts = [page for title, page in self.bookmarks() if title.startswith("R1 ")] or [count]
        for number, (page, text) in enumerate(zip(self.reader.pages, self.texts), start=1):
            numbered = f"{number} of {count}", f"{number} von {count}", f"{number} sur {count}", f"{number} de {count}"
            self.that(any(form in text for form in numbered), f"page {number} does not have its number.")
            if number <= receipts[0]:
                self.positions(number, page)

    def positions(self, number, page):
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        outside = []

        def visit(text, current, matrix, _font, size):
            x = matrix[4] * current[0] + matrix[5] * current[2] + current[4]
            y = matrix[4] * current[1] + matrix[5] * current[3] + current[5]
            inside = MARGIN < x < width - MARGIN and 20 < y < height - 20
            if text.strip() and size and not inside:
                outside.append((text.strip()[:20], round(x), round(y)))

        page.extract_text(visitor_text=visit)
        self.that(not outside, f"page {number} has text in its margins: {outside[:3]}.")

    def fonts(self):
        """The fonts of the pages are embedded; those of receipts are as they came."""
        for number, page in enumerate(self.reader.pages, start=1):
            for font in page["/Resources"].get("/Font", {}).values():
                font = font.get_object()
                for descendant in font.get("/DescendantFonts", []):
                    descriptor = descendant.get_object()["/FontDescriptor"].get_object()
                    embedded = any(key in descriptor for key in ("/FontFile2", "/FontFile3"))
                    self.that(embedded, f"the font {font['/BaseFont']} on page {number} is not embedded.")
                self.that("/ToUnicode" in font, f"the font {font['/BaseFont']} on page {number} has no characters.")

    def bookmarks(self):
        """Titles below the report, with the index of their page."""
        outline = self.reader.outline
        self.that(len(outline) == 2, "there is not one report in the outline.")
        below = outline[1] if len(outline) == 2 else []
        return [(entry.title, self.reader.get_destination_page_number(entry)) for entry in below]

    def links(self):
        annotations = [page.get("/Annots", []) for page in self.reader.pages]
        return sum(len(of_page) for of_page in annotations)


def check_five(path, language):
    check = Check(path)
    status, amount, finding, caption = TEXTS[language]
    check.equal("the number of pages", len(check.texts), 8)
    first = check.texts[0].replace("\u202f", " ")
    for text in (status, amount, "R-2026-7K3F-9QZX", "rep_01j8zmpxxafexrsk014d2pf2db", *MERCHANTS, *PEOPLE[::2]):
        check.that(text in first, f"page 1 lacks “{text}”.")
    check.that(finding in " ".join(check.texts[:2]), f"“{finding}” is missing.")
    check.that(all(person in " ".join(check.texts[:2]) for person in PEOPLE), "a decision lacks a person.")
    check.that(caption in check.texts[3], "the second page of the PDF has no caption.")
    check.that("Hotel invoice, sheet 2" in check.texts[3], "the second page of the PDF is not shown.")
    bookmarks = check.bookmarks()
    check.equal("the last bookmarks", tuple(title for title, _ in bookmarks[-5:]), RECEIPTS)
    check.equal("the pages of the receipts", [page for _, page in bookmarks[-5:]], [2, 4, 5, 6, 7])
    check.equal("the number of bookmarks", len(bookmarks), 9)
    check.equal("the number of links", check.links(), 5)
    pictures = [len(check.reader.pages[index].images) for index in (4, 5, 6)]
    check.equal("the number of pictures on their pages", pictures, [1, 1, 1])
    attachments = dict(check.reader.attachments.items())
    check.equal("the attachments", list(attachments), ["R-2026-7K3F-9QZX R5 IMG_2044.heic"])
    check.that(all(files[0][4:12] == b"ftypheic" for files in attachments.values()), "the attachment is another file.")
    catalog = check.reader.trailer["/Root"]
    check.equal("the language", catalog["/Lang"], language)
    check.that(catalog["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in catalog, "there is no structure.")
    check.that(check.reader.metadata.title.startswith("R-2026-7K3F-9QZX"), "the title is another one.")
    check.equal("the date", str(check.reader.metadata.creation_date)[:19], "2026-11-30 09:12:00")
    return check


def check_long(path):
    check = Check(path)
    lines = [line for text in check.texts for line in text.splitlines()]
    found = {int(line.split()[0]) for line in lines if line.split()[:1] and line.split()[0].isdigit() and ".10.2026" in line}
    check.equal("the lines that are missing", sorted(set(range(1, 201)) - found), [])
    heads = ["Enthaltene Steuer" in text for text in check.texts[:-1]]
    check.that(all(heads), "a page lacks the head of the table.")
    return check


def check_hostile(path):
    check = Check(path)
    check.equal("the number of attachments", sum(len(files) for _, files in check.reader.attachments.items()), 28)
    forbidden = {*map(chr, range(32)), *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"} - {"\n"}
    found = {character for text in check.texts for character in text} & forbidden
    check.that(not found, f"there are control characters: {sorted(map(ord, found))}.")
    return check


def main(folder):
    checks = [check_five(folder / f"five-receipts-{language}.pdf", language) for language in TEXTS]
    checks += [check_long(folder / "long-de.pdf"), check_hostile(folder / "hostile-en.pdf")]
    for check in checks:
        check.pages()
        check.fonts()
    faults = [fault for check in checks for fault in check.faults]
    print("\n".join(faults) or f"{len(checks)} documents with {sum(len(check.texts) for check in checks)} pages are as expected.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
