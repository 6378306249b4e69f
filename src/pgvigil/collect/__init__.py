"""When to ask what, and what the answers mean as differences.

`collector` watches one target · `rounds`, `visits`, `watching` its three loops · `passes`, `sampler` one turn of each ·
`schedule`, `governor`, `memory` when to ask · `asking`, `telling`, `heart` what to ask · `series`, `deltas`, `lives`,
`layout`, `removals`, `happenings`, `buckets` what answers mean · `cleaning`, `texts` what may be kept · `binding`,
`outbox`, `post`, `keeper` keeping it · `line`, `dialing` connections · `station` what is known of a target ·
`reporting`, `live` telling how it goes.
"""

from pgvigil.collect.collector import Collector, Options
from pgvigil.collect.keeper import Keeper
from pgvigil.collect.live import LiveEvent, PassKept, Sample, StateChanged

__all__ = ["Collector", "Keeper", "LiveEvent", "Options", "PassKept", "Sample", "StateChanged"]
