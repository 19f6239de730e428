"""Finds circles between the files of each crate of the workspace. Usage: module_cycles.py [folder]

File A uses file B if a path in A leads to an item of B. Paths are followed through modules, imports and re-exports to the
file that defines the item. Declaring or re-exporting a module is no use of it. Exits with 1 and a list if there is a circle.

Not seen: methods, and paths that a macro puts together. Reads the sources only; nothing is compiled.
"""

import re
import sys
import tomllib
from pathlib import Path

IDENTIFIER = r"(?:r#)?[A-Za-z_]\w*"
# Comments, strings, and characters; a lifetime is none of them.
NOISE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|[bc]?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\\n]|\\[^u\n]|\\x\w\w|\\u\{\w+\})'""",
    re.DOTALL,
)
PATH_ATTRIBUTE = re.compile(r'#\[path\s*=\s*"([^"]+)"\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;')
TOKEN = re.compile(
    rf"(?P<mod>\bmod\s+(?P<mod_name>{IDENTIFIER})\s*(?P<mod_end>[;{{]))"
    rf"|(?P<use>\b(?P<pub>pub(?:\s*\([^)]*\))?\s+)?use\s+(?P<tree>[^;]+);)"
    rf"|(?P<item>\b(?:fn|struct|enum|union|trait|type|const|static|macro_rules!)\s+(?:mut\s+)?(?P<item_name>{IDENTIFIER}))"
    rf"|(?P<path>(?<![\w:.])(?:\$?{IDENTIFIER}\s*::\s*)+(?:{IDENTIFIER})?)"
    rf"|(?P<word>(?<![\w:.]){IDENTIFIER}\b)"
    rf"|(?P<open>\{{)|(?P<close>\}})",
)


class Module:
    """A module: its file, its children, its items, its imports and the paths in its body."""

    def __init__(self, file, parent, folder):
        self.file, self.parent, self.folder = file, parent, folder
        self.children = {}
        self.items = set()
        self.imports = {}  # name -> (path, line, is_public)
        self.globs = []  # (path, line)
        self.paths = []  # (path, line)
        self.words = {}  # name -> line

    def root(self):
        return self if self.parent is None else self.parent.root()


def without_noise(text):
    """Blanks comments and strings, and keeps the lines."""
    return NOISE.sub(lambda found: " " + "\n" * found.group().count("\n"), text)


def flattened(tree, prefix=()):
    """Yields (path, name) for each import of a use tree; the name is `*` for a glob."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if brace:
        base = prefix + tuple(part.strip() for part in head.split("::") if part.strip())
        depth, start, body = 0, 0, rest[: rest.rindex("}")]
        for at, character in enumerate(body + ","):
            depth += {"{": 1, "}": -1}.get(character, 0)
            if character == "," and depth == 0:
                if body[start:at].strip():
                    yield from flattened(body[start:at], base)
                start = at + 1
        return
    path, _, alias = tree.partition(" as ")
    parts = prefix + tuple(part.strip().removeprefix("r#") for part in path.split("::") if part.strip())
    if len(parts) > 1 and parts[-1] == "self":
        parts = parts[:-1]
    yield parts, alias.strip() or parts[-1]


def read(file, parent, folder):
    """Reads a file and those of the modules it declares. `folder` is where its children lie."""
    top = Module(file, parent, folder)
    raw = file.read_text(encoding="utf-8")
    elsewhere = {name: path for path, name in PATH_ATTRIBUTE.findall(raw)}
    text = without_noise(raw)
    line, last, depth, current = 1, 0, 0, top
    inline = []  # (depth, module) of the inline modules that are open
    for found in TOKEN.finditer(text):
        line, last = line + text.count("\n", last, found.start()), found.start()
        kind = found.lastgroup if found.lastgroup in ("path", "word", "open", "close") else None
        if found.group("mod"):
            name = found.group("mod_name").removeprefix("r#")
            if found.group("mod_end") == "{":
                child = Module(file, current, current.folder / name)
                current.children[name] = child
                inline.append((depth, current))
                current, depth = child, depth + 1
                continue
            path = current.folder / f"{name}.rs"
            if name in elsewhere:
                # Beside the file; within an inline module beside the file that the module would have.
                path = (file.parent if current is top else current.folder) / elsewhere[name]
            elif not path.exists():
                path = current.folder / name / "mod.rs"
            if path.exists():
                is_folder = path.name == "mod.rs" or name in elsewhere
                current.children[name] = read(path, current, path.parent if is_folder else current.folder / name)
        elif found.group("use"):
            for path, name in flattened(found.group("tree")):
                if name == "*":
                    current.globs.append((path[:-1], line))
                elif name != "_":
                    current.imports[name] = (path, line, bool(found.group("pub")))
                else:
                    current.paths.append((path, line))
        elif found.group("item"):
            current.items.add(found.group("item_name").removeprefix("r#"))
        elif kind == "path":
            parts = [part.strip().lstrip("$").removeprefix("r#") for part in found.group("path").split("::")]
            current.paths.append((tuple(part for part in parts if part), line))
        elif kind == "word":
            current.words.setdefault(found.group("word").removeprefix("r#"), line)
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if inline and inline[-1][0] == depth:
                current = inline.pop()[1]
    return top


def resolve(module, path, seen=frozenset()):
    """Follows a path; returns a Module, or the file that defines the item, or None if it leads out of the crate."""
    if (id(module), path) in seen:
        return None
    seen = seen | {(id(module), path)}
    head, rest = path[0], path[1:]
    if head == "crate":
        return walk(module.root(), rest, seen)
    if head == "self":
        return walk(module, rest, seen)
    if head == "super":
        return walk(module.parent, rest, seen) if module.parent else None
    return walk(module, path, seen) if knows(module, head, seen) else None


def knows(module, name, seen):
    if name in module.children or name in module.items or name in module.imports:
        return True
    return any(glob_target(module, path, name, seen) for path, _ in module.globs)


def glob_target(module, path, name, seen):
    target = resolve(module, path, seen)
    return target if isinstance(target, Module) and target is not module and knows(target, name, seen) else None


def walk(module, path, seen):
    """Follows a path from within a module."""
    if not path:
        return module
    name, rest = path[0], path[1:]
    if name == "super":
        return walk(module.parent, rest, seen) if module.parent else None
    if name in module.children:
        return walk(module.children[name], rest, seen)
    if name in module.items:
        return module.file
    if name in module.imports:
        imported = module.imports[name][0]
        # A crate and an import of the same name: the path leads out.
        target = resolve(module, imported, seen) if imported[0] != name else None
        return walk(target, rest, seen) if isinstance(target, Module) else target
    for glob, _ in module.globs:
        target = glob_target(module, glob, name, seen)
        if target:
            return walk(target, path, seen)
    # An item that a macro makes is where its module is.
    return module.file


def uses(module, edges):
    """Adds the files that the file of a module uses, each with one line and path that shows it."""

    def add(path, line, *, item_only):
        target = resolve(module, path)
        if isinstance(target, Module):
            if item_only:
                return
            target = target.file
        if target and target != module.file:
            edges.setdefault(module.file, {}).setdefault(target, (line, "::".join(path)))

    for path, line in module.paths:
        add(path, line, item_only=True)
    for name, (path, line, is_public) in module.imports.items():
        # A name that is only handed on is not used here.
        if not is_public or name in module.words or any(used[0] == name for used, _ in module.paths):
            add(path, line, item_only=True)
    for path, line in module.globs:
        target = resolve(module, path)
        for name in module.words if isinstance(target, Module) else ():
            if name in target.items or name in target.imports:
                add((*path, name), line, item_only=True)
    for child in module.children.values():
        uses(child, edges)


def circles(edges):
    """The strongly connected components with more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for target in edges.get(file, ()):
            if target not in index:
                visit(target)
                low[file] = min(low[file], low[target])
            elif target in stack:
                low[file] = min(low[file], index[target])
        if low[file] == index[file]:
            component = stack[stack.index(file) :]
            del stack[stack.index(file) :]
            if len(component) > 1:
                found.append(sorted(component))

    for file in sorted(edges):
        if file not in index:
            visit(file)
    return found


def roots(folder):
    """The root file of each target of the packages in the workspace."""
    workspace = tomllib.loads((folder / "Cargo.toml").read_text(encoding="utf-8"))
    packages = [folder, *(path for member in workspace["workspace"]["members"] for path in sorted(folder.glob(member)))]
    found = []
    for package in packages:
        if not (package / "Cargo.toml").exists():
            continue
        manifest = tomllib.loads((package / "Cargo.toml").read_text(encoding="utf-8"))
        declared = [target for kind in ("bin", "test", "bench", "example") for target in manifest.get(kind, [])]
        found += [package / target["path"] for target in [*declared, manifest.get("lib", {})] if "path" in target]
        found += [package / "src" / name for name in ("lib.rs", "main.rs")]
        for name in ("src/bin", "tests", "benches", "examples"):
            if name != "tests" or manifest.get("package", {}).get("autotests", True):
                found += [*(package / name).glob("*.rs"), *(package / name).glob("*/main.rs")]
    return sorted({path.resolve() for path in found if path.exists()})


def main(folder):
    sys.setrecursionlimit(10_000)
    folder = Path(folder).resolve()
    count, files = 0, set()
    for root in roots(folder):
        edges = {}
        uses(read(root, None, root.parent), edges)
        files |= {root, *edges}
        for circle in circles(edges):
            count += 1
            print(f"{root.relative_to(folder)}: a circle of {len(circle)} files")
            for file in circle:
                for target, (line, path) in sorted(edges[file].items()):
                    if target in circle:
                        print(f"  {file.relative_to(folder)}:{line} uses {target.relative_to(folder)} ({path})")
    if count:
        sys.exit(f"{count} circle(s) between the files of a crate")
    print(f"no circles between the files of a crate ({len(files)} files use another)")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
