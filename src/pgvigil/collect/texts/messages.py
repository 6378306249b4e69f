"""Error messages of a server without the data that PostgreSQL quotes in them."""

import re

from pgvigil.collect.texts.values import MASK, mask_values

LONGEST_MESSAGE = 1000
# What follows these lines is the statement, a row or a value.
_QUOTED_PARTS = re.compile(
    r"(?:^|\n)[ \t]*(?:LINE [0-9]+|CONTEXT|QUERY|STATEMENT|PL/pgSQL|SQL statement|JSON data|COPY )"
)
_ROWS = re.compile(r"=\s*\(|\bcontains \(|\brow \(|\bvalues \(|\bparameters?: |\bdata: ", re.IGNORECASE)
# PostgreSQL writes the name of an object after the word that says what it is: relation "orders".
_BEFORE_NAME = re.compile(
    r"\b(?:access method|aggregate|attribute|cast|collation|column|constraint|cursor|database|domain|event trigger"
    r"|extension|function|group|host|host name|index|language|library|materialized view|module|namespace|operator|owner"
    r"|parameter|partition|policy|portal|privilege|procedure|publication|relation|role|routine|rule|savepoint|schema|sequence"
    r"|server|server at|slot|socket|statement|subscription|table|tablespace|trigger|type|user|view|wrapper) $"
)
_NAME = re.compile(r'"[^"\n]{1,130}"')
# In other languages PostgreSQL quotes as they do (lc_messages), where words around it say nothing to us.
_QUOTES = "\"'„“”‚‘’«»‹›「」"
_QUOTE = re.compile(r"[\"„“”‚‘«»‹›「」]|(?<![A-Za-z])['’]")
_KEPT_NUMBER = re.compile(
    r"\b(?:port|line|character|position|version|PostgreSQL|SQLSTATE|protocol)\b[ :]*[0-9][0-9A-Z.]{0,8}(?![0-9A-Za-z.])"
)
_CREDENTIAL = re.compile(
    r"(://)\S*(?=@)|(\b[\w.]*(?:passw|secret|token|key|auth|jwt|pwd)\w*\s*[=:]\s*)\S+", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_$])[-+]?(?:[0-9]|\.[0-9])[A-Za-z0-9_.]*")


def scrub_message(message: str) -> str:
    """The message with quoted values, rows and numbers masked by `?`; names stay where PostgreSQL puts names.

    When in doubt it masks: from the first quoted value on to the last quote, since PostgreSQL doesn't double the
    quotes inside. Cut at 1,000 characters.
    """
    if part := _QUOTED_PARTS.search(message):
        message = message[: part.start()]
    row = _ROWS.search(message)
    head = message if row is None else message[: row.end()]
    masked = _mask_quotes(head) + (f"{MASK})" if head.endswith("(") else "" if row is None else MASK)
    return masked[:LONGEST_MESSAGE].strip()


def _mask_quotes(text: str) -> str:
    at = 0
    done: list[str] = []
    while quote := _QUOTE.search(text, at):
        before = text[at : quote.start()]
        done.append(_mask_plain(before))
        name = _NAME.match(text, quote.start())
        if name is None or not _BEFORE_NAME.search(text, 0, quote.start()):
            last = max(map(text.rfind, _QUOTES))
            done.append(f'"{MASK}"')
            at = last + 1 if last > quote.start() else len(text)
            break
        done.append(name[0])
        at = name.end()
    return "".join(done) + _mask_plain(text[at:])


def _mask_plain(text: str) -> str:
    """Numbers and whatever looks like data, outside quotes."""
    kept: list[str] = []
    at = 0
    for number in _KEPT_NUMBER.finditer(text):
        kept += [_mask_data(text[at : number.start()]), number[0]]
        at = number.end()
    return "".join(kept) + _mask_data(text[at:])


def _mask_data(text: str) -> str:
    credentials = _CREDENTIAL.sub(lambda found: (found[1] or found[2]) + MASK, text)
    return _NUMBER.sub(MASK, mask_values(credentials))
