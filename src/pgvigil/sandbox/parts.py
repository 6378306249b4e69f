"""The parts of the application that the workload plays: intake, orchestrator, worker, web page, rotations."""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgvigil.sandbox.rates import Rates
from pgvigil.sandbox.sessions import Session, Tally, tags
from pgvigil.sandbox.statements import named

HTTP_ATTEMPTS = 5
JOB_ATTEMPTS = 5
LONGEST_BODY = 20_000

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow that webhooks may call."""

    slug: str
    project: str
    workflow: str

    @property
    def kind(self) -> str:
        """The slug without its number: few enough to be a tag."""
        return self.slug.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class User:
    """Someone who looks at the web page."""

    owner: str
    project: str

    @property
    def claims(self) -> str:
        """What the API layer would have read from the user's token."""
        return json.dumps({"sub": self.owner, "role": "authenticated"})


@dataclass(frozen=True, slots=True)
class Population:
    """Definitions and users, drawn with a Zipf-like skew: the first are by far the busiest."""

    definitions: Sequence[Definition]
    users: Sequence[User]

    @classmethod
    async def load(cls, session: Session) -> "Population":
        """Read them from the seed."""
        texts = named("workload/population.sql")
        definitions = [Definition(*row) for row in await session.run(texts["definitions"])]
        return cls(definitions, [User(*row) for row in await session.run(texts["users"])])


def skewed(rng: random.Random, items: Sequence[_Item]) -> _Item:
    """One item; the chance of place n falls about as 1/n."""
    return items[min(len(items) - 1, int(len(items) ** rng.random()) - 1)]


def deck(rng: random.Random, names: Sequence[str]) -> Iterator[str]:
    """The names in random order, again and again: all have come before one comes twice."""
    while True:
        yield from rng.sample(list(names), len(names))


@dataclass(frozen=True, slots=True)
class Job:
    """A message that a worker has read."""

    job: int
    run: str
    attempt: int
    error: str = ""


@dataclass(slots=True)
class Shared:
    """What all parts have in common."""

    rates: Rates
    rng: random.Random
    tally: Tally
    population: Population
    ready: asyncio.Queue[Job]
    finished: asyncio.Queue[Job]
    noise: str


class Intake:
    """Takes webhooks: looks the definition up by slug, makes the run and its first event, queues the job."""

    def __init__(self, shared: Shared, session: Session) -> None:
        self._shared, self._session = shared, session
        self._texts = named("workload/intake.sql")

    async def take(self) -> None:
        """One webhook."""
        shared, run_sql, texts = self._shared, self._session.run, self._texts
        definition = skewed(shared.rng, shared.population.definitions)
        comment = tags(route="/hooks/:slug", workflow=definition.kind)
        ((workflow, project),) = await run_sql(texts["find_definition"], {"slug": definition.slug}, comment)
        if shared.rng.random() < 0.2:
            await run_sql(texts["definition_graph"], {"workflow": workflow}, comment)
            await run_sql(texts["runs_of_project"], {"project": project}, comment)
        ((run,),) = await run_sql(texts["insert_run"], {"workflow": workflow, "project": project}, comment)
        await run_sql(texts["run_created"], {"run": run, "payload": self._payload()}, comment)
        message = json.dumps({"run_id": str(run), "attempt": 1})
        ((job,),) = await run_sql(texts["enqueue"], {"message": message}, comment)
        await run_sql(texts["track_job"], {"job": job, "run": run}, comment)
        shared.tally.done["webhooks"] += 1

    def _payload(self) -> str:
        rng, noise = self._shared.rng, self._shared.noise
        size = min(LONGEST_BODY, int(self._shared.rates.payload_bytes * rng.lognormvariate(0, 0.9)))
        start = rng.randrange(len(noise) - size)
        return json.dumps({"headers": {"content-type": "application/json"}, "body": noise[start : start + size]})


class Orchestrator:
    """Replays a run and takes it through transform, http_call and terminate, writing an event for all that happens."""

    def __init__(self, shared: Shared, session: Session) -> None:
        self._shared, self._session = shared, session
        self._texts = named("workload/orchestrate.sql")
        self._comment = tags(job="run:orchestrate", controller="orchestrator")

    async def take(self) -> None:
        """One job of those read."""
        job = await self._shared.ready.get()
        error = await self._play(job)
        await self._shared.finished.put(Job(job.job, job.run, job.attempt, error))
        self._shared.tally.done["runs failed" if error else "runs completed"] += 1

    async def _play(self, job: Job) -> str:
        run = {"run": job.run}
        await self._sql("load_definition", run)
        await self._transform(run)
        error = "bad template" if self._poisoned(job) else await self._http_call(run)
        await self._sql("replay", run)
        if error:
            await self._sql("run_failed", {**run, "error": error})
            await self._sql("fail_run", {**run, "error": error})
        else:
            await self._sql("step_started", {**run, "step": "s3"})
            await self._sql("run_completed", run)
            await self._sql("complete_run", run)
        return error

    async def _transform(self, run: dict[str, str]) -> None:
        await self._sql("replay", run)
        await self._sql("step_started", {**run, "step": "s1"})
        await self._sql("step_succeeded", {**run, "step": "s1", "payload": '{"out": {"ok": true}}'})

    async def _http_call(self, run: dict[str, str]) -> str:
        rng, step = self._shared.rng, {**run, "step": "s2"}
        await self._sql("replay", run)
        await self._sql("step_started", step)
        await self._sql("load_secrets", run)
        for attempt in range(1, HTTP_ATTEMPTS + 1):
            await asyncio.sleep(rng.lognormvariate(-3.5, 0.6))
            failed = rng.random() < self._shared.rates.http_failures
            await self._sql("http_attempted", {**step, "attempt": attempt, "status": 503 if failed else 200})
            if not failed:
                body = self._shared.noise[: rng.randrange(2000)]
                reply = json.dumps({"status": 200, "ms": rng.randrange(20, 900), "body": body})
                await self._sql("step_succeeded", {**step, "payload": reply})
                return ""
            await self._sql("step_failed", {**step, "attempt": attempt, "error": "HTTP 503"})
        return "HTTP 503"

    def _poisoned(self, job: Job) -> bool:
        # By the run and not by chance at each attempt, so that all its attempts fail.
        return int(job.run[:6], 16) / 0xFFFFFF < self._shared.rates.poison

    async def _sql(self, name: str, values: Mapping[str, object]) -> None:
        await self._session.run(self._texts[name], values, self._comment)


class Poller:
    """The polling half of the workers: reads one message and hands its run on."""

    def __init__(self, shared: Shared, session: Session) -> None:
        self._shared, self._session = shared, session
        self._texts = named("workload/queue.sql")
        self._comment = tags(job="workflow_jobs", controller="worker")

    async def take(self) -> None:
        """One poll, empty or not."""
        rows = await self._session.run(self._texts["poll"], {"visibility": 30}, self._comment)
        self._shared.tally.done["polls"] += 1
        for job, _, run, attempt in rows:
            await self._session.run(self._texts["job_started"], {"job": job}, self._comment)
            await self._shared.ready.put(Job(job, run, attempt))


class Settler:
    """The other half: deletes, retries or buries the job of a run that was played."""

    def __init__(self, shared: Shared, session: Session) -> None:
        self._shared, self._session = shared, session
        self._texts = named("workload/queue.sql")
        self._comment = tags(job="workflow_jobs", controller="worker")

    async def take(self) -> None:
        """One finished run."""
        job = await self._shared.finished.get()
        if not job.error:
            await self._sql("delete_job", job)
            await self._sql("job_completed", job)
        elif job.attempt < JOB_ATTEMPTS:
            await self._retry(job)
        else:
            await self._bury(job)

    async def _retry(self, job: Job) -> None:
        await self._sql("queue_config", job)
        await self._sql("job_failed", job)
        await self._sql("archive_job", job)
        message = json.dumps({"run_id": job.run, "attempt": job.attempt + 1})
        delay = round(2 ** (job.attempt - 1) * self._shared.rng.uniform(1, 2))
        ((again,),) = await self._sql("retry", job, message=message, delay=delay)
        await self._sql("track_retry", Job(again, job.run, job.attempt + 1, job.error))
        self._shared.tally.done["retries"] += 1

    async def _bury(self, job: Job) -> None:
        message = json.dumps({"run_id": job.run, "error": job.error})
        await self._sql("extend", job, visibility=60)
        await self._sql("dead_letter", job, message=message)
        await self._sql("archive_job", job)
        self._shared.tally.done["dead letters"] += 1

    async def _sql(self, name: str, job: Job, **more: object) -> Sequence[tuple[int]]:
        values = {"job": job.job, "run": job.run, "attempt": job.attempt, "error": job.error, **more}
        return await self._session.run(self._texts[name], values, self._comment)


class Pages:
    """People at the web page: each statement is a transaction under their claims, as an API layer does it."""

    def __init__(self, shared: Shared, session: Session) -> None:
        self._shared, self._session = shared, session
        texts = dict(named("workload/ui.sql"))
        self._claims = texts.pop("claims")
        self._pages: dict[str, list[str]] = {}
        for name, text in texts.items():
            self._pages.setdefault(name.partition("__")[0], []).append(text)
        self._deck = deck(shared.rng, list(self._pages))

    async def take(self) -> None:
        """One page load."""
        page, user = next(self._deck), skewed(self._shared.rng, self._shared.population.users)
        comment = tags(route=f"/{page}", controller="web")
        values = {"project": user.project, "owner": user.owner, "word": "HTTP", "page_size": 50}
        for text in self._pages[page]:
            async with self._session.transaction() as session:
                await session.run(self._claims, {"claims": user.claims}, comment)
                await session.run(text, values, comment)
        self._shared.tally.done["pages"] += 1


class Rotation:
    """Reports and background work: every statement of a file in turn, in a new order each round."""

    def __init__(self, shared: Shared, session: Session, kind: str) -> None:
        self._shared, self._session, self._kind = shared, session, kind
        self._texts = named(f"workload/{kind}.sql")
        self._deck = deck(shared.rng, list(self._texts))

    async def take(self) -> None:
        """The next one."""
        name = next(self._deck)
        values = {"keep_s": self._shared.rates.keep_s}
        await self._session.run(self._texts[name], values, tags(job=f"{self._kind}:{name}"))
        self._shared.tally.done[self._kind] += 1
