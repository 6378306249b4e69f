"""Reads SQL as PostgreSQL's own scanner does and takes every literal and comment out of it.

What comes out is a skeleton: strings are `''`, numbers are `1`, comments are gone, and parameters, words, quoted
identifiers and operators stand as they were. The values themselves are never looked at again, so two statements that
differ only in literals have one skeleton.
Rules of the tokens: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

import re
from dataclasses import dataclass

STRING = "''"
NUMBER = "1"
MOST_PARTS = 30_000  # literals, comments and line breaks that are read; what comes after is as if cut off
NAMELESS = '"?"'  # stands for an identifier too long to be one
SHORTENED = "/*, ... */"  # what PostgreSQL 18 itself writes for the rest of a list of constants

_SPACES = " \t\n\r\f\v"
_IDENT = r"[A-Za-z_\x80-\U0010ffff]"
_CONT = r"[A-Za-z0-9_$\x80-\U0010ffff]"

# Everything that can be copied as it is. A word is at most 63 long, and no literal's prefix; what comes often is first.
_BEGIN = r"""(?:[ac-df-mo-tvwyzACDF-MO-TVWYZ_\x80-\U0010ffff]|[ebxnEBXN](?!')|[uU](?!&['"]))"""
_BLANK = r"[ ](?![ \t\n\r\f\v/\-])"
_PLAIN = re.compile(
    rf"(?:{_BEGIN}{_CONT}{{0,62}}+(?!{_CONT})(?:{_BLANK})?+"
    rf"|[(),=<>*;:!%^&|~?@\#\[\]+{{}}`\\]++(?:{_BLANK})?+"
    rf"|\$[0-9]{{1,4}}+(?!{_CONT})|{_BLANK}"
    r"|-(?!-)|/(?!\*)|\.(?![0-9])"
    r")++"
)
_GAP = re.compile(rf"[{_SPACES}]++")
_LINE_COMMENT = re.compile(r"--[^\n\r]*+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_BACKSLASHED = re.compile(r"[eE]?'(?:[^'\\]++|''|\\.)*+'", re.DOTALL)
_QUOTED = re.compile(r"(?:[bBxXnN]|[uU]&)?'(?:[^']++|'')*+'")
_UESCAPE = re.compile(rf"[{_SPACES}]*+uescape[{_SPACES}]*+'[^'\n]'", re.IGNORECASE)
_NAME = re.compile(r'(?:[uU]&)?"(?:[^"]++|"")++"')
_TOUCHES = re.compile(rf"{_CONT}|['\"]")
_DOLLAR = re.compile(rf"\$((?:{_IDENT}[A-Za-z0-9_\x80-\U0010ffff]*+)?)\$")
_PARAMETER = re.compile(rf"""["$](?:(?<=")(?:[^"]++|"")*+"|(?<=\$)(?<!{_CONT}\$)([0-9]++))""")
_NUMBER = re.compile(rf"\.?[0-9](?:[eE][+-](?=[0-9])|\.|{_CONT})*+")
_LONG_WORD = re.compile(rf"{_IDENT}{_CONT}*+")
_WORD = re.compile(rf"(?:{_IDENT}{_CONT}*+)?")
# Words that programs do write without a space after a literal; any other letter there means a stray quote.
_AFTER_LITERAL = re.compile(
    r"and|as|asc|at|between|case|collate|cross|desc|else|end|escape|except|fetch|for|from|full|group|having|ilike|in"
    r"|inner|intersect|into|is|isnull|join|left|like|limit|natural|not|notnull|offset|on|or|order|over|returning|right"
    r"|set|similar|symmetric|then|to|union|using|values|when|where|window|with",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A text without values: `code`, its `comments`, the highest `$n` in it, and whether it stops in mid-air."""

    code: str
    comments: tuple[str, ...]
    highest: int
    cut: bool


class _Reader:
    """One walk over a text. `stopped` is set where what follows cannot be told from a literal.

    `gap` is the space that comes before what is written next; `escaped` says how the last string was written.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out: list[str] = []
        self.gap = ""
        self.comments: list[str] = []
        self.escaped = False
        self.stopped = False

    def read(self) -> Skeleton:
        text, end = self.text, len(self.text)
        for _ in range(MOST_PARTS):
            if plain := _PLAIN.match(text, self.at):
                self._write(plain[0].lstrip(" ") if self.gap or not self.out else plain[0])
                self.at = plain.end()
            if self.at >= end or self.stopped:
                break
            self._special(text[self.at])
        else:
            self.stopped = True
        code = "".join(self.out).rstrip()
        return Skeleton(code, tuple(self.comments), _highest(code), self.stopped)

    def _special(self, first: str) -> None:
        text, at = self.text, self.at
        if first in _SPACES:
            self._space()
        elif first == "-" or text.startswith("/*", at):
            self._comment(first)
        elif first == "$":
            self._dollar()
        elif first in "0123456789.":
            self._mask(NUMBER, _NUMBER.match(text, at))
        elif first == '"' or text.startswith('&"', at + 1):
            self._name()
        elif first == "'" or text[at + 1 : at + 2] == "'" or text.startswith("&'", at + 1):
            self._string(first)
        elif word := _LONG_WORD.match(text, at):
            self._write(NAMELESS)
            self.at = word.end()
        else:  # a control character or the like: nothing of SQL
            self._write("\ufffd")
            self.at += 1

    def _write(self, code: str) -> None:
        if not code:
            return
        if self.gap:
            if self.out:
                self.out.append(self.gap)
            self.gap = ""
        self.out.append(code)

    def _space(self) -> None:
        run = _GAP.match(self.text, self.at)
        if run is None:
            return
        self.at = run.end()
        _, newline, indent = run[0].rpartition("\n")
        if newline:
            self.gap = "\n" + indent.translate(_ONLY_SPACES)[:40]
        elif not self.gap:
            self.gap = " "

    def _comment(self, first: str) -> None:
        if first == "-":
            line = _LINE_COMMENT.match(self.text, self.at)
            end = line.end() if line else len(self.text)
            self.comments.append(self.text[self.at + 2 : end])
        elif self.text.startswith(SHORTENED, self.at):
            self._write(SHORTENED)
            self.at += len(SHORTENED)
            return
        else:
            end = _end_of_comment(self.text, self.at)
            if end < 0:
                self.stopped = True
                return
            self.comments.append(self.text[self.at + 2 : end - 2])
        self.gap = self.gap or " "
        self.at = end

    def _dollar(self) -> None:
        text, at = self.text, self.at
        if opening := _DOLLAR.match(text, at):
            end = text.find(opening[0], opening.end())
            self._literal(STRING, end + len(opening[0]) if end >= 0 else -1)
        elif number := _NUMBER.match(text, at + 1):
            self._mask(NUMBER, number)
        else:  # the beginning of a dollar quote whose tag is cut, or nothing of SQL
            self.stopped = True

    def _string(self, first: str) -> None:
        continued = first == "'" and "\n" in self.gap and self.out[-1:] == [STRING]
        escaped = first in "eE" or (continued and self.escaped)
        self.escaped = escaped
        if continued:  # 'a' newline 'b' is one string
            self.gap = ""
            self.out.pop()
        match = (_BACKSLASHED if escaped else _QUOTED).match(self.text, self.at)
        if match is None:
            self._literal(STRING, -1)
            return
        end = match.end()
        if first in "uU" and (escape := _UESCAPE.match(self.text, end)):
            end = escape.end()
        # With standard_conforming_strings off, \\' does not end the string: the two readings part here.
        self._literal(STRING, end if escaped or "\\'" not in match[0] else -1)

    def _literal(self, mask: str, end: int) -> None:
        """Writes the mask of a literal that ends before `end`; -1: nobody can tell where it ends."""
        self._mask(mask, None)
        word = _WORD.match(self.text, end) if end >= 0 else None
        if word is None or (word[0] and not _AFTER_LITERAL.fullmatch(word[0])):
            self.stopped = True
            return
        self.at = end
        if word[0] or self.text.startswith("$", end):
            self.gap = " "

    def _part(self) -> None:
        """What comes next must not grow together with what stands before."""
        if not self.gap and self.out and _TOUCHES.match(self.out[-1][-1]):
            self.gap = " "

    def _mask(self, mask: str, match: re.Match[str] | None) -> None:
        self._part()
        self._write(mask)
        if match is not None:
            self.at = match.end()

    def _name(self) -> None:
        name = _NAME.match(self.text, self.at)
        if name is None:
            self.stopped = True
            return
        self._write(name[0] if len(name[0]) <= 68 else NAMELESS)
        escape = _UESCAPE.match(self.text, name.end()) if name[0][0] in "uU" else None
        self.at = escape.end() if escape else name.end()


_ONLY_SPACES = str.maketrans({"\r": " ", "\f": " ", "\v": " "})


def _highest(code: str) -> int:
    return max((int(number) for number in _PARAMETER.findall(code) if number), default=0) if "$" in code else 0


def _end_of_comment(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return -1


def skeleton(text: str) -> Skeleton:
    """The text without values and comments; where a literal or comment does not end, it stops before what follows."""
    return _Reader(text).read()
