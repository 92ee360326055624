"""Checks the words of comments and documents, as far as a program can see what CONTRIBUTING.md asks for.

An item comment is a third-person verb or a noun phrase, and opens with no question word. Comments stay within
110 columns, paragraphs of documents within 120. Some words have a plain one that says it better; each is
listed with it.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

COMMENT_COLUMNS = 110
DOCUMENT_COLUMNS = 120

HEADLESS = re.compile(r"(What|Which|Whether|Where|When|How|Who|Whose|Why)\b")
ITEM_COMMENT = re.compile(r"\s*//([/!]) ?(.*)")
COMMENT = re.compile(r"\s*(//[/!]?|--) ?(.*)")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
CODE_SPAN = re.compile(r"`[^`]*`")
LINK = re.compile(r"\[[^\]]*\.(py|md)\]\([^)]*\)")

# A word that reads oddly, and what to write.
ODD_WORDS = {
    r"told|tells?": "say, report, pass, write",
    r"somebody|someone's|nobody|anybody|whoever": "the account, the caller, no one, no account",
    r"beside": "next to, alongside, concurrently with",
    r"stands?": "is, occurs",
    r"ticks?": "incremental run",
}
ODD_WORD = re.compile(rf"\b({'|'.join(ODD_WORDS)})\b", re.IGNORECASE)

# Phrases in which an odd word is right, each with the reason.
EXCEPTIONS = {
    "stands out": "idiom",
    "stands for": "idiom",
    "tell two states apart": "idiom",
    "tell URLs apart": "idiom",
    "told from": "idiom",
    "told apart": "idiom",
    "stands in for": "idiom",
}

SKIPPED = (
    "crates/warehouse/migrations/",
    "crates/auth/tests/vectors/",
    "bench/results/",
    "docs/reference/",
    "web/",
)


def main() -> int:
    findings = [finding for file in tracked("*.rs", "*.sql") for finding in code(file)]
    findings += [finding for file in tracked("*.md") for finding in document(file)]
    for finding in findings:
        print(finding)
    if findings:
        print(f"words: {len(findings)} findings; docs/glossary.md has the terms", file=sys.stderr)
    return bool(findings)


def tracked(*patterns: str) -> list[Path]:
    """The files under version control that match, and exist."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [Path(name) for name in names if not name.startswith(SKIPPED) and Path(name).exists()]


def code(file: Path) -> Iterator[str]:
    """Findings in the comments of a source file."""
    was_item_comment = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        item = ITEM_COMMENT.fullmatch(line) if file.suffix == ".rs" else None
        if item and not was_item_comment and HEADLESS.match(item[2]):
            yield f"{file}:{number}: an item comment opens with a verb or a noun: {item[2][:60]}"
        was_item_comment = item is not None
        if comment := COMMENT.fullmatch(line):
            if len(line) > COMMENT_COLUMNS and " " in comment[2][: COMMENT_COLUMNS - 20]:
                yield f"{file}:{number}: a comment is wider than {COMMENT_COLUMNS} columns"
            yield from odd_words(file, number, comment[2])


def document(file: Path) -> Iterator[str]:
    """Findings in the paragraphs of a document; tables, code and headings are as wide as they are."""
    is_code = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        if is_code or line.lstrip().startswith(("|", "#", "<", "```")):
            continue
        if len(line) > DOCUMENT_COLUMNS and " " in line.strip()[:DOCUMENT_COLUMNS]:
            yield f"{file}:{number}: a paragraph is wider than {DOCUMENT_COLUMNS} columns"
        if file.name != "glossary.md":
            yield from odd_words(file, number, line)


def odd_words(file: Path, number: int, text: str) -> Iterator[str]:
    """Findings of odd words outside of code spans, quotations and exceptions."""
    for exception in EXCEPTIONS:
        text = text.replace(exception, "")
    text = LINK.sub("", STRING.sub("", CODE_SPAN.sub("", text)))
    for found in ODD_WORD.finditer(text):
        rather = next(
            rather for words, rather in ODD_WORDS.items() if re.fullmatch(words, found[1], re.IGNORECASE)
        )
        yield f"{file}:{number}: {found[1]!r}: rather {rather}"


if __name__ == "__main__":
    sys.exit(main())
