"""Batches on their way to the keeper: none is given up before it was kept, and no more than a few are held."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from pgvigil.model import Batch, Gap, KeeperBusyError, Outcome, PgvigilError

Append = Callable[[Sequence[Batch]], Awaitable[None]]
"""A keeper's `append`."""

Refused = Callable[[Batch], None]
"""Hears of a batch that the keeper will never take."""


class Outbox:
    """Posts batches in order. What the keeper could not take is posted again, unchanged: keeping twice is harmless.

    `most` posts are held; beyond it the oldest is dropped, which only a sampler's outbox lets happen. What the keeper
    refuses is told to `refused`, and goes without what it counted: a gap stands for that.
    """

    def __init__(self, append: Append, most: int, refused: Refused | None = None) -> None:
        self._append = append
        self._refused = refused
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
        """Hand over what waits; False where the keeper is busy. Raises PgvigilError, once all else is handed over, for
        what it will never take."""
        refusal: PgvigilError | None = None
        while self._posts:
            post = self._posts[0]
            try:
                await self._append(post)
            except KeeperBusyError:
                return False
            except PgvigilError as error:
                refusal = error
                if not await self._one_by_one(post):
                    return False
            self._drop(post)
        if refusal is not None:
            raise refusal
        return True

    async def _one_by_one(self, post: Sequence[Batch]) -> bool:
        """Hand over the batches of a refused post, so that one does not take its neighbours along; False where the
        keeper is busy, and all of it is to be tried again."""
        for batch in post:
            for each in (batch, _without_facts(batch)):
                try:
                    await self._append([each])
                except KeeperBusyError:
                    return False
                except PgvigilError:
                    if each is batch and self._refused is not None:
                        self._refused(batch)
                else:
                    break
        return True

    def _drop(self, post: Sequence[Batch]) -> None:
        # While we waited, a full outbox may have dropped it already.
        if self._posts and self._posts[0] is post:
            self._posts.popleft()


def _without_facts(batch: Batch) -> Batch:
    """The batch with a gap in place of what it counted."""
    lost = () if batch.secs is None else (Gap(batch.ts - round(batch.secs * 1e6), batch.ts, "failed"),)
    return replace(
        batch,
        secs=None,
        outcome=Outcome.FAILED,
        complete=False,
        reason="The store refused what was read.",
        names=(),
        rows=(),
        last=(),
        gone=(),
        gaps=(*batch.gaps, *lost),
        samples=None,
    )
