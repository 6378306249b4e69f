"""Every decision record has the shape that CONTRIBUTING.md asks for and its line in the list of them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

RECORDS = Path("docs/decisions")
NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
SECTIONS = ["Context", "Decision", "Consequences"]


def misshapen(record: Path) -> Iterator[str]:
    """Sentences about what a record lacks."""
    named = NAME.fullmatch(record.name)
    if named is None:
        yield f"{record}: a record is called by its number and a few words, such as 0001-store.md"
        return
    text = record.read_text(encoding="utf-8")
    if not text.startswith(f"# {named[1]}: "):
        yield f"{record}: its heading does not begin with {named[1]}"
    if re.findall(r"^## (.*)$", text, re.MULTILINE) != SECTIONS:
        yield f"{record}: its sections are not {', '.join(SECTIONS)}"
    consequences = text.partition(f"## {SECTIONS[-1]}\n")[2]
    if not re.search(r"^- Bad: ", consequences, re.MULTILINE):
        yield f"{record}: no consequence begins with `- Bad: `, and every choice has one"


def unlisted(records: list[Path]) -> Iterator[str]:
    """Sentences about numbers and the list."""
    numbers = [record.name[:4] for record in records]
    if numbers != [f"{number:04}" for number in range(1, len(records) + 1)]:
        yield f"{RECORDS}: the numbers are not 0001 and on, one record each: {', '.join(numbers)}"
    listed = re.findall(
        r"^- \[(\d{4}) .+\]\((.+)\)$", (RECORDS / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    if listed != [(record.name[:4], record.name) for record in records]:
        yield f"{RECORDS / 'README.md'}: it does not list each record in a line, in their order"


def main() -> int:
    """Check all records; 1 if one is not as it should be."""
    records = sorted(path for path in RECORDS.glob("*.md") if path.name != "README.md")
    problems = [sentence for record in records for sentence in misshapen(record)] + list(unlisted(records))
    sys.stderr.writelines(f"{sentence}\n" for sentence in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
