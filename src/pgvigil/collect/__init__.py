"""When to ask what, and what the answers mean as differences.

`collector` watches one target, in shifts (`shift`) with the same `tools` · `rounds`, `visits`, `watching` their loops ·
`passes`, `sampler` one turn of each · `schedule`, `governor`, `stretched`, `memory` when to ask · `asking`, `telling`,
`heart`, `quiet` what to ask · `series`, `deltas`, `lives`, `layout`, `removals`, `happenings`, `buckets` what answers
mean · `cleaning`, `texts` what may be kept · `binding`, `outbox`, `post`, `keeper` keeping it · `line`, `dialing`
connections · `station` what is known of a target · `reporting`, `live` telling how it goes · `looking` one look ·
`logcost`, `logline` what the server's log takes of ours.
"""

from pgvigil.collect.collector import Collector
from pgvigil.collect.keeper import Keeper
from pgvigil.collect.live import LiveEvent, PassKept, Sample, StateChanged
from pgvigil.collect.shift import Options

__all__ = ["Collector", "Keeper", "LiveEvent", "Options", "PassKept", "Sample", "StateChanged"]
