"""Batches on their way to the keeper: none is given up before it was kept, and no more than a few are held."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from pgvigil.model import Batch, KeeperBusyError, PgvigilError

Append = Callable[[Sequence[Batch]], Awaitable[None]]
"""A keeper's `append`."""


class Outbox:
    """Posts batches in order. What the keeper could not take is posted again, unchanged: keeping twice is harmless.

    `most` posts are held; beyond it the oldest is dropped, which only a sampler's outbox lets happen.
    """

    def __init__(self, append: Append, most: int) -> None:
        self._append = append
        self._posts: deque[Sequence[Batch]] = deque(maxlen=most)

    @property
    def pending(self) -> bool:
        """Whether something still waits to be kept."""
        return bool(self._posts)

    def post(self, batches: Sequence[Batch]) -> None:
        """Add batches that are kept together."""
        if batches:
            self._posts.append(batches)

    async def deliver(self) -> bool:
        """Hand over what waits; False where the keeper is busy. Raises PgvigilError for what it will never take."""
        while self._posts:
            post = self._posts[0]
            try:
                await self._append(post)
            except KeeperBusyError:
                return False
            except PgvigilError:
                self._drop(post)
                raise
            self._drop(post)
        return True

    def _drop(self, post: Sequence[Batch]) -> None:
        # While we waited, a full outbox may have dropped it already.
        if self._posts and self._posts[0] is post:
            self._posts.popleft()
