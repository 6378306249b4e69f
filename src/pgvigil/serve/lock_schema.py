"""The models of locks: who waits behind whom, and the incidents of a span."""

from pydantic import Field

from pgvigil.serve.schema import Answer, Moment, NotVisible


class LockHolder(Answer):
    """A session, or a prepared transaction."""

    pid: int = Field(description="Its process; 0 is a prepared transaction")
    prepared: str | None = Field(description="Number of a prepared transaction, as in pg_prepared_xacts.transaction")
    role: str | None
    application: str | None
    state: str | None = Field(description="What it does; null for one that waits, and for a prepared transaction")
    queryid: str | None
    text: str | None = Field(description="Its statement, or its last one, without literals")
    xact_age: float | None = Field(description="Seconds since its transaction began; null for one that waits")
    state_age: float | None = Field(description="Seconds in its state; null for one that waits")


class LockWait(Answer):
    """What somebody waits for."""

    mode: str = Field(description="As PostgreSQL names it, such as ShareLock")
    locktype: str = Field(description="relation, transactionid, tuple, advisory, ...")
    table: str | None = Field(description="With its schema, where it is known")
    relid: str | None
    transaction: str | None = Field(description="The transaction whose end is waited for")
    database: str | None
    waited: float | None = Field(description="Seconds; null for the first moment")
    queued: bool = Field(description="Nobody holds it in a mode that conflicts: one before in the queue wants it")


class LockNode(Answer):
    """One in the tree."""

    depth: int = Field(description="Below its root, which is 0")
    who: LockHolder
    wait: LockWait | None = Field(description="Null for a root, which waits for nobody")
    others: tuple[int, ...] = Field(description="Processes in its way beside the one above it")
    behind: int = Field(description="Sessions below it, directly or through others")
    circle: bool = Field(description="It waits for one below itself: a deadlock that is not resolved yet")


class Locks(Answer):
    """Who waits for a lock behind whom at one moment: roots with all below them, as the tree is read."""

    asked: Moment = Field(description="The moment that was asked for")
    at: Moment | None = Field(description="When the locks were read; null where nobody waited")
    seconds: int = Field(description="0, or the length of the interval of which all waits are told together")
    known: bool = Field(description="Whether the sessions were looked at then: if not, who waited is not known")
    every: float = Field(description="Seconds between two readings while somebody waits, as it is now")
    waiting: int = Field(description="Sessions that wait")
    nodes: tuple[LockNode, ...]
    not_visible: NotVisible | None


class LockIncident(Answer):
    """Sessions that waited a second and longer behind one head; or deadlocks, as the server counted them."""

    since: Moment
    until: Moment
    head: LockHolder | None = Field(description="Null for a circle of waiters, and for deadlocks")
    depth: int = Field(description="The longest chain; 0 where it is not known")
    sessions: int = Field(description="How many waited")
    statements: int = Field(description="How many different statements waited")
    queryid: str | None = Field(description="The statement that waited most often")
    text: str | None
    locktype: str | None
    table: str | None
    lost: float = Field(description="Seconds of waiting, added up over all sessions")
    longest: float | None = Field(description="Seconds that one of them waited")
    deadlocks: int = Field(description="Deadlocks that the server resolved; 0 for waits")
    database: str | None = Field(description="Of a deadlock")
    waiting: tuple[str, ...] = Field(
        description="Applications or roles that were seen to wait when deadlocks were counted"
    )


class LockIncidents(Answer):
    """The incidents of a span, the latest first."""

    since: Moment
    until: Moment
    total: int
    incidents: tuple[LockIncident, ...]
