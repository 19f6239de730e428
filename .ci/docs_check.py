"""Checks the documents and the prose of the repository. Usage: docs_check.py [folder]

1. Links in Markdown lead to files and headings that exist.
2. Files, tests and cargo packages named in Markdown exist: `tests/mail.rs`, `outbox::some_test`, `-p outlay-domain`.
3. No text file has a gendered pronoun for a person.
4. No Markdown line is longer than 140 columns, except code, links to web pages, and table rows with code.
5. No Markdown file has the marker TODO, unless --allow-todo is given.

Exits with 1 and a list of what is wrong. Reads files known to git and new files that git does not ignore.
"""

import re
import subprocess
import sys
from pathlib import Path

LONGEST = 140
PRONOUN = re.compile(r"\b(he|she|him|her|hers|his|himself|herself)\b", re.IGNORECASE)
# Text that is quoted from other products, and this check itself.
PRONOUNS_ALLOWED = {"LICENSE-APACHE", "LICENSE-MIT", "Cargo.lock", ".ci/package-lock.json", ".ci/docs_check.py"}
# Words that look like a pronoun: a language tag, a name in another language, a component.
NOT_A_PRONOUN = re.compile(r'"he"|`he`|\bhe-IL\b|lang(?:uage)?="he"')
# The list of forbidden words in the documentation of this rule.
QUOTED_RULE = re.compile(r"\(he\|she\|")
# Tables that are generated, or that list cases; their lines may be long.
LONG_TABLES = {"docs/PERMISSIONS.md", "tests/cases.md", "shared/domain/tests/rules/peer_cases.md"}

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r'<img[^>]*\bsrc="([^"]+)"')
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^\s*```")
PATH = re.compile(r"^(?:\.ci|docs|events|functions|local|shared|tests|target)/[\w./*<>{}…-]+$")
FILE = re.compile(r"^[\w.-]+\.(?:rs|ftl|py|mjs|toml|yaml|md)$")
TEST = re.compile(r"^([a-z_0-9]+(?:::[a-z_0-9]+)+)$")
RUST_FUNCTION = re.compile(r"\bfn (\w+)")
PACKAGE = re.compile(r"(?:-p|--package) (outlay[\w-]*)")
TEST_TARGET = re.compile(r"cargo test\b[^\n`]*?--test (\w+)")


def files(root):
    """Text files of the repository, by relative path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root, capture_output=True, check=True
    )
    found = {}
    for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
        path = root / name
        if not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" in data:
            continue
        try:
            found[name] = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
    return found


def anchor(heading):
    """The anchor of a heading, as GitHub makes it."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip()).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def headings(text):
    found, fenced = set(), False
    for line in text.splitlines():
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced and (match := re.match(r"#{1,6}\s+(.*)", line)):
            name, count = anchor(match[1]), 0
            while (unique := name if count == 0 else f"{name}-{count}") in found:
                count += 1
            found.add(unique)
    return found


def prose(text):
    """The lines with their numbers, and whether each is in a code block."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
            yield number, line, True
        else:
            yield number, line, fenced


class Tests:
    """Test files and the functions in them."""

    def __init__(self, texts):
        self.functions = set()
        self.modules = set()
        for name, text in texts.items():
            if not name.endswith(".rs"):
                continue
            path = Path(name)
            module = path.parent.name if path.stem in {"mod", "main", "tests"} else path.stem
            if "tests/" in name or "#[test]" in text:
                self.modules.add(module)
                self.functions |= {(module, function) for function in RUST_FUNCTION.findall(text)}

    def has(self, reference):
        """`file::test`, `folder::file::test` or `file::` of a test."""
        parts = [part for part in reference.split("::") if part]
        if len(parts) >= 2 and (parts[-2], parts[-1]) in self.functions:
            return True
        return parts[-1] in self.modules


def link_faults(root, name, text, texts):
    for number, line, fenced in prose(text):
        if fenced:
            continue
        for target in LINK.findall(CODE.sub("", line)) + IMAGE.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            full = (root / name).parent / path if path else root / name
            if not full.exists():
                yield number, f"{target} does not exist"
            elif fragment:
                page = full / "README.md" if full.is_dir() else full
                if fragment not in headings(page.read_text(encoding="utf-8")):
                    yield number, f"{target}: no such heading"


def name_faults(root, text, texts, tests, packages):
    for number, line, fenced in prose(text):
        for code in CODE.findall(line) if not fenced else []:
            code = code.split("#")[0].split("?")[0]
            if PATH.match(code) and not re.search(r"[*<>{}…]", code):
                generated = code.startswith("target/") or not re.search(r"\.\w+$|/$", code)
                if not generated and not (root / code).exists():
                    yield number, f"`{code}` does not exist"
            elif FILE.match(code) and not any(other == code or other.endswith("/" + code) for other in texts):
                yield number, f"no file `{code}`"
            elif (match := TEST.match(code)) and code.split("::")[0] in tests.modules and not tests.has(match[1]):
                yield number, f"no test `{code}`"
        for test in re.findall(r"\b((?:[a-z_0-9]+::)+[a-z_0-9]{12,})", line) if fenced else []:
            if not tests.has(test):
                yield number, f"no test {test}"
        for package in PACKAGE.findall(line):
            if package not in packages:
                yield number, f"no package {package}"
        for target in TEST_TARGET.findall(line):
            if target not in packages:
                yield number, f"no test target {target}"


def length_faults(text, long_tables):
    for number, line, fenced in prose(text):
        if len(line) <= LONGEST or fenced or "<img" in line:
            continue
        is_table = line.lstrip().startswith("|")
        if is_table and (long_tables or "`" in line or "](" in line):
            continue
        if re.search(r"https?://\S{40}", line):
            continue
        yield number, f"{len(line)} columns"


def pronoun_faults(text):
    for number, line in enumerate(text.splitlines(), 1):
        line = NOT_A_PRONOUN.sub("", line)
        if QUOTED_RULE.search(line):
            continue
        for match in PRONOUN.finditer(line):
            yield number, f'"{match[0]}" in: {line.strip()[:100]}'


def main(arguments):
    allow_todo = "--allow-todo" in arguments
    folders = [argument for argument in arguments if not argument.startswith("--")]
    root = Path(folders[0] if folders else Path(__file__).parent.parent).resolve()
    texts = files(root)
    tests = Tests(texts)
    packages = set()
    for name, text in texts.items():
        if name.endswith("Cargo.toml"):
            packages |= set(re.findall(r'^name = "([\w-]+)"', text, re.MULTILINE))
        if match := re.match(r"(?:.*/)?tests/(\w+)/main\.rs$", name):
            packages.add(match[1])
    faults = []
    for name, text in texts.items():
        if name not in PRONOUNS_ALLOWED:
            faults += [(name, *fault) for fault in pronoun_faults(text)]
        if not name.endswith(".md"):
            continue
        faults += [(name, *fault) for fault in link_faults(root, name, text, texts)]
        faults += [(name, *fault) for fault in name_faults(root, text, texts, tests, packages)]
        faults += [(name, *fault) for fault in length_faults(text, name in LONG_TABLES)]
        if not allow_todo:
            faults += [(name, number, "TODO") for number, line, _ in prose(text) if "TODO" in line]
    for name, number, fault in faults:
        print(f"{name}:{number}: {fault}", file=sys.stderr)
    documents = sum(name.endswith(".md") for name in texts)
    print(f"{len(texts)} text files, {documents} documents, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
