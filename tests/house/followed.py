"""What the tests of the recipes add to a copy of the checkout: a probe, a panel of deadlocks, and a page with a panel
of which applications were at work. A place is as the recipe names it."""

PROBE = """\
summary = "Small caches of transaction states"
shape = "counters"
every = "1m"
deadline = "250ms"
cost = "0.1 ms of server CPU"
key = []

[columns.hits]
kind = "counter"
type = "int8"
unit = "blocks"
help = "Blocks found in them"
"""
PROBE_SQL = """\
-- Over all caches; their names changed in 17.
select sum(blks_hit)::int8 as hits from pg_stat_slru
"""

DRAWN_PANEL = """\
title = "Deadlocks"
why = "broken per hour by cancelling one of the transactions; none is good"
page = "overview"
order = 95
kind = "lines"
unit = "per_hour"
better = "lower"
probes = ["databases"]
means = "Transactions that waited for each other in a circle, of which the server cancelled one."
causes = ["Two transactions lock the same rows in another order"]
todo = "Have all transactions lock rows in the same order; the server's log names the statements."
source = ["pg_stat_database: deadlocks"]
computed = "Difference of the counter, summed over all databases, over the seconds between the readings."

[tile]

[[series]]
key = "deadlocks"
title = "Deadlocks"
help = "broken, each by cancelling a transaction"
"""
DRAWN_PANEL_SQL = """\
-- Deadlocks per hour over seconds; every database of a reading has the same seconds, so they count once.
WITH reading AS (
    SELECT ts, incarnation, CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           sum(deadlocks) * 3600 AS deadlocks, max(secs) AS secs, bool_or(uncertain) AS uncertain
    FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT step, 'deadlocks' AS series, sum(deadlocks) AS numerator, sum(secs) AS denominator,
       bool_or(uncertain) AS uncertain
FROM reading
GROUP BY step
"""
DRAWN_PANEL_READ = '"deadlocks": times, '
DRAWN_PANEL_NUMBERS = '    "deadlocks": {"deadlocks": 720.0},\n'
LISTED_PANEL = """\
title = "Applications"
why = "whose sessions worked or waited"
page = "clients"
kind = "table"
means = "The applications whose sessions were active, the busiest first, by the name each gives itself."
causes = ["More users of an application", "An application whose statements got slower"]
todo = "Look at the statements of the application that grew."
source = ["pg_stat_activity: application_name, state"]
computed = "Active sessions counted once a second, over the looks taken; pgvigil itself is left out."
"""

QUERY_SQL = """\
-- Sessions seen active over samples taken, by application.
WITH taken AS (
    SELECT sum(samples) AS samples
    FROM {passes}
    WHERE target = $target AND probe = 'sessions' AND samples IS NOT NULL
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
)
SELECT coalesce(application, ''), sum(seen.samples) / any_value(taken.samples) AS sessions
FROM {sessions} seen, taken
WHERE target = $target AND state = 'active' AND application IS DISTINCT FROM 'pgvigil'
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
ORDER BY sessions DESC
"""
QUERY = '''\
"""Which applications were at work."""

from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run


@dataclass(frozen=True, slots=True)
class Application:
    """An application, and how many of its sessions were active on average."""

    name: str
    sessions: float


def applications(reader: Reader, target: int, since: int, until: int) -> tuple[Application, ...]:
    """The applications at work on `target` in (`since`, `until`], the busiest first."""
    given = {"target": target, "since": since, "until": until}
    rows = run(reader, "applications", ("passes", "sessions"), since, until, given)
    return tuple(Application(*row) for row in rows)
'''
MODELS = '''

class Application(Answer):
    """An application that was at work."""

    name: str
    sessions: float = Field(description="Active at once, on average")


class Applications(Answer):
    """The applications at work in a span, the busiest first."""

    since: Moment
    until: Moment
    rows: tuple[Application, ...]
    not_visible: NotVisible | None = None
'''
ANSWER_IMPORT = "from pgvigil.analyse.applications import Application\n"
ANSWER = '''

def applications(watcher: Watcher, span: Range, found: Sequence[Application]) -> schema.Applications:
    """The applications that were at work."""
    return schema.Applications(
        since=seconds(span.since),
        until=seconds(span.until),
        rows=tuple(schema.Application(name=it.name, sessions=it.sessions) for it in found),
        not_visible=invisible(watcher, "sessions"),
    )
'''
ROUTE_IMPORT = "from pgvigil.analyse.applications import applications\n"
ROUTE = '''

@router.get("/targets/{name}/applications", responses=NOT_FOUND)
def get_applications(watch: Watching, one: One, span: Span) -> schema.Applications:
    """Applications that were at work in a span."""
    return answers.applications(one, span, applications(watch.store, one.target.id, span.since, span.until))
'''

TYPES = """\
export type Application = Models["Application"];
export type Applications = Models["Applications"];
"""
CALL = """\
  applications: (target: string, span: Span, signal: AbortSignal) =>
    ask<Applications>(of(target, "applications"), { ...span }, signal),
"""
PANEL = """\
<script lang="ts">
  // The applications that were at work in the span.
  import type { Application, Applications } from "../api/types";
  import Panel from "../components/Panel.svelte";
  import Table from "../components/Table.svelte";
  import { showOrNone } from "../lib/format";
  import type { Column } from "../lib/table";
  import { panels } from "../state/panels.svelte";
  import type { Resource } from "../state/resource.svelte";

  const { resource }: { resource: Resource<Applications> } = $props();

  const rows = $derived(resource.data?.rows ?? []);
  const nothing = $derived(
    resource.data !== null && rows.length === 0 && !resource.waiting ? "No session was at work in this span." : null,
  );
  const columns: readonly Column<Application>[] = [
    { key: "name", title: "Application", text: (row) => row.name || "without a name", telling: true },
    {
      key: "sessions",
      title: "Sessions",
      help: "Active at once, on average",
      align: "right",
      text: (row) => showOrNone(row.sessions, "sessions"),
      telling: true,
    },
  ];
</script>

<Panel
  title="Applications"
  why="whose sessions worked or waited"
  {resource}
  notVisible={resource.data?.not_visible ?? null}
  empty={nothing}
  about={panels.of("clients")?.get("applications") ?? null}
>
  <Table label="Applications" {columns} {rows} id={(row) => row.name} />
</Panel>
"""
PAGE = """\
<script lang="ts">
  // Clients: who is it.
  import { untrack } from "svelte";

  import { api } from "../api/client";
  import type { Applications, Target } from "../api/types";
  import { beat } from "../state/beat.svelte";
  import { clock } from "../state/clock.svelte";
  import { Resource } from "../state/resource.svelte";
  import { view } from "../state/view.svelte";
  import ApplicationsPanel from "./ApplicationsPanel.svelte";

  const { target }: { target: Target } = $props();
  const applications = new Resource<Applications>();

  const name = $derived(target.name);
  const asked = $derived(`${name} ${JSON.stringify(view.current.fixed ?? view.current.preset)}`);

  $effect(() => {
    void beat.count;
    const key = asked;
    untrack(() => {
      const { from, to } = view.span(clock.now);
      const span = { from: Math.round(from), to: Math.round(to) };
      applications.ask(key, (signal) => api.applications(name, span, signal));
    });
  });

  $effect(() => () => applications.stop());
</script>

<ApplicationsPanel resource={applications} />
"""
PAGE_IMPORT = 'import Clients from "./pages/Clients.svelte";\n'
PAGE_LINE = 'const CLIENTS: Page = { title: "Clients", path: "/clients", key: "c", component: Clients };\n'
BROWSER_TEST = '''\
"""The page of the clients, over a real `pgvigil serve` that watches a real server under load."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from fix_browser import Visit, Watched


def test_the_navigation_leads_to_the_applications_at_work(open_page: Callable[..., Visit], watched: Watched) -> None:
    visit = open_page(watched.url)
    page = visit.page
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Clients").click()
    expect(page).to_have_url(re.compile("/clients"))
    expect(page.get_by_role("heading", name=f"{watched.name} · Clients · pgvigil")).to_be_attached()
    row = page.get_by_role("table", name="Applications").locator("tbody tr").first
    expect(row).to_have_text(re.compile(r"without a name\\s*[\\d.]*[1-9]"), timeout=30_000)
    page.get_by_role("button", name="About Applications").click()
    expect(page.get_by_role("dialog", name="Applications")).to_contain_text("by the name each gives itself")
    assert visit.complaints == []
'''

DECISION = """\
# {number}: the time of day is a number of seconds

## Context

A clock of hours, minutes and seconds counts in three ways at once.

## Decision

One number a day, from 0 to 86,400.

## Consequences

- Good: it is added and compared as it stands.
- Bad: nobody knows when it is noon.
"""
DECISION_LINE = "- [{number} The time of day]({number}-time.md)\n"
