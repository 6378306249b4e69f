"""Every text of a monitored database is cleaned here before it is kept: no literal gets past.

`lexer` takes values and comments out of SQL · `normal` checks what is left with PostgreSQL's parser and numbers the
masks · `comments` reads what applications say of themselves in comments · `messages` cleans errors of the server ·
`settings` hides values that may be secrets · `values` tells words from data.
"""

from pgvigil.collect.texts.comments import DEFAULT_TAGS
from pgvigil.collect.texts.messages import scrub_message
from pgvigil.collect.texts.normal import CUT, LONGEST_TEXT, PROCESS_SALT, How, Text, normalise, tags
from pgvigil.collect.texts.settings import scrub_setting

__all__ = [
    "CUT",
    "DEFAULT_TAGS",
    "LONGEST_TEXT",
    "PROCESS_SALT",
    "How",
    "Text",
    "normalise",
    "scrub_message",
    "scrub_setting",
    "tags",
]
