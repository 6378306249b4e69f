"""Which texts the file already holds, so that a pass that repeats them does not ask it."""

from collections.abc import Mapping, Sequence

from pgvigil.store.frame import Frame
from pgvigil.store.series import Dimension

LIMIT = 50_000
"""Keys remembered; beyond it all are forgotten, which costs two small statements a pass until they are known again."""


class Known:
    """Hashes of keys and of the texts they were last told with."""

    def __init__(self) -> None:
        self._texts: dict[int, int] = {}

    def news(self, dimension: Dimension, whose: Mapping[str, str], rows: Frame) -> bool:
        """Whether any row says something new; from now on it is known."""
        keys = _hashes([field.name for field in dimension.keys], rows, (dimension.name, *whose.values()))
        texts = _hashes([field.name for field in dimension.texts], rows, ())
        told = dict(zip(keys, texts, strict=True))
        if all(self._texts.get(key) == text for key, text in told.items()):
            return False
        if len(self._texts) > LIMIT:
            self._texts.clear()
        self._texts.update(told)
        return True

    def forget(self) -> None:
        """Know nothing: a transaction that told texts was undone, or one that deleted some was not."""
        self._texts.clear()


def _hashes(names: Sequence[str], rows: Frame, prefix: tuple[str, ...]) -> list[int]:
    columns = [rows.values(name) for name in names]
    if not columns:
        return [hash(prefix)] * rows.size
    return [hash((*prefix, *values)) for values in zip(*columns, strict=True)]
