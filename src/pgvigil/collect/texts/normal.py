"""The one normaliser: every SQL text of a monitored database passes it before it is kept."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import pgparse  # type: ignore[import-not-found]

from pgvigil.collect.texts.comments import DEFAULT_TAGS, NO_TAGS, read_tags
from pgvigil.collect.texts.lexer import NUMBER, SHORTENED, STRING, skeleton

LONGEST_INPUT = 500_000  # characters of a text that are looked at; what comes after is as if cut off by the server
LONGEST_TEXT = 10_000  # characters kept, cut at a token; also bounds how deep the parser can be led to recurse
CUT = " ..."  # ends a text that is not whole
PROCESS_SALT = secrets.token_bytes(16)

How = Literal["parsed", "masked", "hashed"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text without literals, the allowed tags of its comments, and how it was read.

    `parsed`: PostgreSQL's parser accepts it. `masked`: it is cut, or a command of the replication protocol or of
    autovacuum, and only our lexer has read it. `hashed`: nobody could read it; only its first keyword is kept.
    """

    text: str
    tags: Mapping[str, str]
    how: How


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
# What PostgreSQL itself shows in place of a statement.
_SERVERS_OWN = frozenset(
    {
        "<insufficient privilege>",
        "<command string not enabled>",
        "<backend information not available>",
        "<unnamed portal>",
    }
)
_AUTOVACUUM = re.compile(
    r"autovacuum: (?:VACUUM|ANALYZE|VACUUM ANALYZE|BRIN summarize) [^\s'$;]+\.[^\s'$;]+(?: [0-9]{1,10})?"
    r"(?: \(to prevent wraparound\))?"
)
_REPLICATION = re.compile(
    r"(?:IDENTIFY_SYSTEM|START_REPLICATION|CREATE_REPLICATION_SLOT|DROP_REPLICATION_SLOT|READ_REPLICATION_SLOT"
    r"|ALTER_REPLICATION_SLOT|BASE_BACKUP|TIMELINE_HISTORY|UPLOAD_MANIFEST)\b"
)
_COMMAND = re.compile(
    r"[^A-Za-z]{0,200}(abort|alter|analyze|autovacuum|begin|call|checkpoint|close|cluster|comment|commit|copy|create"
    r"|deallocate|declare|delete|discard|do|drop|end|execute|explain|fetch|grant|import|insert|listen|load|lock|merge|move"
    r"|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|select|set|show|start"
    r"|table|truncate|unlisten|update|vacuum|values|with)(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_HASHED = re.compile(r"[A-Z]+ \(unreadable text [0-9a-f]{12}\)")

_NAME = r'"(?:[^"]++|"")*+"'
_LETTER = r"[A-Za-z0-9_$\x80-\U0010ffff]"
# These begin with a set of characters and look back afterwards: so the search skips fast to where it may begin.
_REST_OF_NAME = r'(?<=")(?:[^"]++|"")*+"'
_MASKED = re.compile(
    rf"""["'1$](?:{_REST_OF_NAME}|(?<=')'|(?<=\$)(?<!{_LETTER}\$)[0-9]++|(?<=1)(?<!{_LETTER}1)(?!{_LETTER}))"""
)
_PARAMETER = re.compile(rf"""["$](?:{_REST_OF_NAME}|(?<=\$)(?<!{_LETTER}\$)[0-9]++)""")
_VALUE = rf"(?:''|1(?!{_LETTER})|\$[0-9]++)"
_ELEMENT = rf"[-+]?\s*+{_VALUE}(?:\s*+::\s*+(?:\.|{_LETTER})++(?:\[\])*+)*+"
_MORE = rf"(?:\s*+,\s*+{_ELEMENT})"
_ROW = rf"\(\s*+{_ELEMENT}{_MORE}*+\s*+\)"
_LIST = re.compile(
    rf"""(["iIaAvV](?:{_REST_OF_NAME}|(?<!{_LETTER}[iIaAvV])(?:"""
    rf"(?:(?<=[iI])[nN]\s*+\(|(?<=[aA])[rR][rR][aA][yY]\s*+\[)\s*+{_ELEMENT}(?={_MORE})"
    rf"|(?<=[vV])[aA][lL][uU][eE][sS]\s*+{_ROW}(?=\s*+,\s*+{_ROW}))))"
    rf"(?:{_MORE}++,?+(?=\s*+(?:[)\]]|\Z))|(?:\s*+,\s*+{_ROW})++)?"
)
_UESCAPE = re.compile(r"(\$[0-9]++)\s++uescape\s++''", re.IGNORECASE)  # what the server leaves of U&'...' uescape '!'
# The value of a setting may be a bare word: SET, and the commands that attach settings to something.
_ASSIGNED = re.compile(
    rf"(?:\A|;)\s*+(?:set|(?:alter|create)\b[^;]*?\bset)(?:\s++(?:local|session)\b)?+\s++(?:[.]|{_LETTER}|{_NAME})++"
    rf"\s*+(?:=|to\b)\s*+((?!''|1(?!{_LETTER})|\$|default(?!{_LETTER}))(?:{_LETTER}++|{_NAME})(?:\s*+,\s*+(?:{_LETTER}++|{_NAME}|''))*+)",
    re.IGNORECASE,
)
_SETS = re.compile(r"(?:\A|;)\s*+(?:set|alter|create)\b", re.IGNORECASE)  # libpg_query hides names there too
_TOKEN = re.compile(rf"{_NAME}|''|/\*, \.\.\. \*/|[\w$\x80-\U0010ffff]++|[ \t\n]++|.", re.DOTALL)
_OUTSIDE_NAMES = re.compile(_NAME)
_READS_AHEAD = frozenset({"not", "nulls", "with", "without", "format"})
_MOST_TRIALS = 64
_MOST_SETTINGS = 20
_TAIL = 200  # characters at the end in which a word may be cut, so that the parser stumbles over it

_kept: dict[tuple[bytes, bytes, frozenset[str]], Text] = {}
_KEPT = 4096


def normalise(raw: str | bytes, *, salt: bytes = PROCESS_SALT, allowed_tags: frozenset[str] = DEFAULT_TAGS) -> Text:
    """The text with every literal replaced by `$n` and without comments, and the tags that stood in them.

    `salt` is a secret of the store: with it the hash of an unreadable text is stable, without it nobody can confirm
    a guess. Never raises; a text of its own making comes back as it is. Remembers what it has seen by hash.
    """
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    key = (blake2b(data, digest_size=16, key=PROCESS_SALT).digest(), salt, allowed_tags)
    if (known := _kept.get(key)) is not None:
        return known
    if len(_kept) >= _KEPT:
        _kept.clear()
    text = _kept[key] = _normalise(data, salt, allowed_tags)
    return text


def tags(raw: str | bytes, allowed: frozenset[str] = DEFAULT_TAGS) -> Mapping[str, str]:
    """The allowed tags in the comments of a text, url-decoded, cut at 100 characters, data-like parts masked."""
    return normalise(raw, allowed_tags=allowed).tags


def _normalise(data: bytes, salt: bytes, allowed: frozenset[str]) -> Text:
    text = _CONTROL.sub("\ufffd", data[: 4 * LONGEST_INPUT].decode("utf-8", "replace"))
    if text in _SERVERS_OWN or _HASHED.fullmatch(text) or _AUTOVACUUM.fullmatch(text):
        return Text(text, NO_TAGS, "hashed" if text[0].isupper() else "masked")
    read = skeleton(text[:LONGEST_INPUT])
    code = _UESCAPE.sub(r"\1", read.code).removesuffix(CUT).rstrip()
    whole = len(text) <= LONGEST_INPUT and not (read.cut or read.code.endswith(CUT))
    shape, fits = _shorten(_without_settings(_without_lists(code)))
    understood = _understand(shape, whole=whole and fits)
    if understood is None:
        return Text(_hashed(text, data, salt), NO_TAGS, "hashed")
    final, fits = _shorten(_numbered(understood.code, read.highest))
    complete = understood.whole and fits
    return Text(
        final if complete else final + CUT,
        read_tags(read.comments, allowed),
        "parsed" if complete and understood.parsed else "masked",
    )


@dataclass(frozen=True, slots=True)
class _Understood:
    code: str
    whole: bool
    parsed: bool = True


def _understand(shape: str, *, whole: bool) -> _Understood | None:
    """What PostgreSQL's parser accepts of a skeleton: all of it, or all but its cut end; None: not even that."""
    if not shape and not whole:
        return None
    if _REPLICATION.match(shape):
        return _Understood(shape, whole, parsed=False)
    code, stop = _parse(shape)
    rewritten = code is not None and whole and not ("set" in shape.lower() and _SETS.search(shape))
    if shape[stop : stop + 1] == "$":
        stop = _stop_with_values(shape, stop)
    if stop >= len(shape):
        return _Understood(code if rewritten and code is not None else shape, whole and stop > len(shape))
    if not _is_cut(shape, stop):
        return None
    prefix = _without_lists(shape[:stop].rstrip())
    return _Understood(prefix, whole=False) if prefix else None


def _parse(shape: str) -> tuple[str | None, int]:
    """The normalised code and a place beyond the end; or None and where the parser stopped, which may be the end."""
    try:
        return str(pgparse.normalize(shape)), len(shape) + 1
    except pgparse.PGQueryError as error:
        return None, min(max(error.position - 1, 0), len(shape))


def _stop_with_values(shape: str, stop: int) -> int:
    """Where the parser stops when `$n` that stand where the grammar wants a literal are literals again."""
    trial = shape
    for value in (NUMBER, STRING):
        trial = _PARAMETER.sub(lambda found, value=value: _as_value(found[0], value), shape)  # type: ignore[misc]
        stop = _parse(trial)[1]
        if stop > len(shape):
            return stop
    for _ in range(_MOST_TRIALS):
        if shape[stop : stop + 1] != "$" or trial[stop] == NUMBER:
            break
        trial = trial[:stop] + NUMBER + " " + trial[stop + len(STRING) :]
        stop = _parse(trial)[1]
    return stop


def _as_value(name: str, value: str) -> str:
    return name if name[0] != "$" else value.ljust(len(name))


def _is_cut(shape: str, stop: int) -> bool:
    """Whether the parser stopped at the last word, so that a cut explains it; some words it reads together with the
    next."""
    tail = [token for token in _TOKEN.findall(shape[stop : stop + _TAIL]) if not token.isspace()]
    return len(shape) - stop < _TAIL and (len(tail) == 1 or (len(tail) == 2 and tail[0].lower() in _READS_AHEAD))


def _without_lists(shape: str) -> str:
    """Lists of values, and rows of them, shortened to their first as PostgreSQL 18 does."""
    return _LIST.sub(_first_only, shape) if "," in shape else shape


def _first_only(found: re.Match[str]) -> str:
    # A quoted name is matched only to be stepped over: what follows it are arguments, not a list.
    return found[0] if found[1][0] == '"' or found.end() == found.end(1) else f"{found[1]} {SHORTENED}"


def _without_settings(shape: str) -> str:
    """Bare words that are values of settings masked like strings."""
    if "set" not in shape.lower():
        return shape
    for _ in range(_MOST_SETTINGS):
        shape, changed = _ASSIGNED.subn(_masked_words, shape)
        if not changed:
            break
    return shape


def _masked_words(found: re.Match[str]) -> str:
    kept = found.start(1) - found.start()
    return found[0][:kept] + ", ".join([STRING] * (1 + _OUTSIDE_NAMES.sub("", found[1]).count(",")))


def _numbered(shape: str, highest: int) -> str:
    """Masks become `$n`, counted on from the highest that the text had, in the order in which they stand."""
    last = highest

    def number(found: re.Match[str]) -> str:
        nonlocal last
        token = found[0]
        if '"' in token or (token[0] == "$" and int(token[1:]) <= highest):
            return token
        last += 1
        return f"${last}"

    return _MASKED.sub(number, shape)


def _shorten(text: str) -> tuple[str, bool]:
    """The text, cut at a token if it is too long, and whether it fits."""
    most = LONGEST_TEXT - len(CUT)
    if len(text) <= most:
        return text, True
    end = 0
    for token in _TOKEN.finditer(text):
        if token.end() > most:
            break
        end = token.end()
    return text[:end].rstrip(), False


def _hashed(text: str, data: bytes, salt: bytes) -> str:
    command = _COMMAND.match(text)
    digest = blake2b(data, digest_size=6, key=salt[:64]).hexdigest()
    return f"{command[1].upper() if command else 'STATEMENT'} (unreadable text {digest})"
