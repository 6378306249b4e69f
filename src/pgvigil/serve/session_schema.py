"""The models of the sessions as they are now."""

from pydantic import Field

from pgvigil.serve.schema import Answer, Moment, NotVisible, WaitClass


class LiveSession(Answer):
    """One session, or a process of the server's own."""

    pid: int
    leader: int | None = Field(description="Of a parallel worker: the process that it works for")
    database: str | None
    role: str | None
    application: str | None
    client: str | None = Field(description="Address; null over a socket")
    backend_type: str | None = Field(description="client backend, autovacuum worker, walsender, parallel worker, ...")
    state: str | None = Field(description="active, idle, idle in transaction, ...; null for processes of the server")
    wait: str | None = Field(description="As the load names it, class:event; null while it computes, or is not known")
    wait_class: WaitClass | None = Field(description="Of one that is active")
    queryid: str | None
    text: str | None = Field(description="Its statement, or its last one in the transaction, without literals")
    age: float | None = Field(description="Seconds since it was connected")
    xact_age: float | None = Field(description="Seconds since its transaction began; null outside of one")
    state_age: float | None = Field(description="Seconds in its state")
    blocked_by: tuple[int, ...] = Field(description="Processes in its way, if it waits for a lock; 0 is a prepared one")
    ours: bool = Field(description="pgvigil itself")


class LiveSessions(Answer):
    """Every session at one moment, those that do something first."""

    at: Moment
    total: int = Field(description="How many there are, this connection not among them")
    sessions: tuple[LiveSession, ...] = Field(description="500 at most")
    not_visible: NotVisible | None
