"""What to look for on the page while a fault of the demo is on."""

import re
import string
from collections.abc import Mapping

from pgvigil.catalog.rules import Rule
from pgvigil.sandbox.rota import ROTATION

_ON = re.compile(r"fault (\S+) on:")
_ADDRESS = re.compile(r"http://\S+?/(?=\s|$)")


class Guide:
    """Knows which rule finds a fault, and where the page is once that is known."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._address = ""

    def served(self, line: str) -> None:
        """Takes the page's address from a line that tells it."""
        if (found := _ADDRESS.search(line)) is not None:
            self._address = found[0]

    def hint(self, line: str) -> str | None:
        """The sentence to expect and where, after a line that says that a fault began."""
        begun = _ON.match(line)
        if begun is None or begun[1] not in ROTATION:
            return None
        rule = self._rules[ROTATION[begun[1]]]
        where = f" See {self._address}?range=15m" if self._address else ""
        return f'Within half a minute the verdict says: "{_told(rule.headline)}"{where}'


def _told(headline: str) -> str:
    """A headline with a sign where a number or a name will stand."""
    parts = string.Formatter().parse(headline)
    return "".join(text if field is None else f"{text}…" for text, field, _, _ in parts).replace("….", "…")
