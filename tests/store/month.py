"""Simulated days in a process of their own, as the command line would run them: what it takes of memory is the store's.

Takes one JSON: `url`, `seed`, `share` of load R, `hours`, `step` and `retention` in seconds, and of which `probes`
(all, where it is empty). Prints what was seen as JSON.
"""

import json
import sys
from dataclasses import asdict, replace

from bench.store_month import Load, rss, simulate

from pgvigil.catalog import load
from pgvigil.store import Retention, open_store
from store.toys import KEY


def main() -> None:
    """Run them."""
    order = json.loads(sys.argv[1])
    found = load()
    probes = {name: probe for name, probe in found.probes.items() if name in (order["probes"] or found.probes)}
    before = rss()
    store = open_store(order["url"], KEY, replace(found, probes=probes), retention=Retention(*order["retention"]))
    seen = simulate(
        store, Load(order["seed"], order["share"]), list(probes.values()), order["hours"], order["step"],
        store._engine.checkpoint,
    )  # fmt: skip
    kept = store.query("SELECT count(*) FROM statements_1h").rows[0][0]
    store.close()
    print(json.dumps(asdict(seen) | {"kept": kept, "before": before}))


if __name__ == "__main__":
    main()
