"""Sentences with values in them, as rules have them: `{waiters:n session} wait behind {pid:code}`.

Behind the colon stands how a value is written: nothing for a word as it is, `code` for a name or a text that belongs
to the server, `n <noun>` for a count, `duration` for seconds, `percent` for a ratio, `times` for a multiple, `bytes`,
`rate` for something per second.
"""

import string
from collections.abc import Callable, Mapping

_COUNT = "n "
_PREFIXES = ("", "k", "M", "G", "T")
_BINARY = ("B", "kB", "MB", "GB", "TB")
_LONGEST = 120  # characters of a code


def fields(template: str) -> dict[str, str]:
    """The fields of a sentence, each with how it is written; raises ValueError where one cannot be."""
    found: dict[str, str] = {}
    for _, name, written, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        style = written or ""
        if not name.isidentifier() or conversion is not None:
            raise ValueError(f"{{{name}}} is no field")
        if style not in _STYLES and not (style.startswith(_COUNT) and style[len(_COUNT) :].strip()):
            raise ValueError(
                f"{{{name}:{style}}} is not known; allowed are {', '.join(filter(None, _STYLES))}, n <noun>"
            )
        found[name] = style
    return found


def render(template: str, values: Mapping[str, object]) -> str | None:
    """The sentence with its values in it; None where one of them is not known."""
    parts: list[str] = []
    for text, name, style, _ in string.Formatter().parse(template):
        parts.append(text)
        if name is not None:
            value = values.get(name)
            if value is None:
                return None
            parts.append(_written(value, style or ""))
    return "".join(parts)


def _written(value: object, style: str) -> str:
    if style.startswith(_COUNT):
        noun = style[len(_COUNT) :].strip()
        return f"{scaled(float(str(value)))} {noun}" + ("" if value == 1 else "s")
    return _STYLES[style](value)


def duration(seconds: float) -> str:
    """A time as people say it: 0.31 s, 4.2 s, 42 s, 3 min 12 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for longer, one, shorter, other in ((3_600, 60, "min", "s"), (86_400, 3_600, "h", "min")):
        if whole < longer:
            rest = whole % one if other == "s" else whole % one // 60
            return f"{whole // one} {shorter}" + (f" {rest} {other}" if rest else "")
    days, rest = divmod(whole, 86_400)
    return f"{days} d" + (f" {rest // 3_600} h" if rest >= 3_600 else "")


def scaled(number: float, base: int = 1_000, units: tuple[str, ...] = _PREFIXES) -> str:
    """A number to three significant digits with the prefix that keeps it below 1000: 12, 12.4 k; or in other units."""
    size = abs(number)
    power = 0
    while size >= 0.9995 * base and power < len(units) - 1:
        size /= base
        power += 1
    shown = number / base**power
    digits = f"{shown:.3g}" if abs(shown) < 999.5 else f"{shown:.0f}"  # binary ones go up to 1023
    return f"{digits} {units[power]}".strip()


def _percent(value: object) -> str:
    return f"{100 * float(str(value)):.2g} %" if abs(float(str(value))) < 0.995 else f"{100 * float(str(value)):.0f} %"


def _code(value: object) -> str:
    text = " ".join(str(value).split()).replace("`", "'")
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"


_STYLES: Mapping[str, Callable[[object], str]] = {
    "": str,
    "code": _code,
    "duration": lambda value: duration(float(str(value))),
    "percent": _percent,
    "times": lambda value: f"{float(format(float(str(value)), '.2g')):g} times",
    "bytes": lambda value: scaled(float(str(value)), 1_024, _BINARY),
    "rate": lambda value: f"{scaled(float(str(value)))} per second",
}
