"""Tells words from data: identifiers of people and things, tokens, addresses inside names and messages."""

import re

MASK = "?"
_DATA = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"  # a UUID
    r"|[^\s/@,;:=\"'()<>]++@[^\s/@,;\"'()<>]++"  # an address of mail, or user:password@host
    r"|(?<![A-Za-z0-9_\-+=])(?=[A-Za-z_\-+=]*[0-9])[A-Za-z0-9_\-+=]{20,}+"  # a token: long, letters and digits
    r"|[A-Za-z0-9_]*[0-9]{4,}[A-Za-z0-9_]*"  # a word with a long number in it
    r"|(?<![A-Za-z0-9_.])[0-9]++(?![A-Za-z0-9_.])"  # a number that stands alone
)


def mask_values(text: str) -> str:
    """The text with everything in it that looks like somebody's data replaced by `?`."""
    return _DATA.sub(MASK, text)
