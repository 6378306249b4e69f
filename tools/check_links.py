"""Every relative link in README and docs leads to a file, and to a heading where it names one."""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that headings of a page get where it is shown."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """Sentences about the links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            found.append(f"{page}: {link} leads to no file")
        elif anchor and anchor not in anchors(target):
            found.append(f"{page}: {link} leads to no heading")
    return found


def main() -> int:
    """Check all pages; 1 if a link is broken."""
    pages = [*Path().glob("*.md"), *Path("docs").rglob("*.md")]
    problems = [sentence for page in pages for sentence in broken(page)]
    sys.stderr.writelines(f"{sentence}\n" for sentence in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
