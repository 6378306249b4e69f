"""What is promised: by section, the key of a row, its words and its limit."""

from collections.abc import Mapping

LONGEST = 1_200.0
"""Seconds after which a section is given up."""

Words = tuple[str, str]

OF: Mapping[str, Mapping[str, Words]] = {
    "reference": {
        "server_cpu": ("server CPU spent on us, load R", "<= 0.25 % of a core"),
        "bytes_received": ("received from the server, load R", "<= 20 KB/s"),
        "bytes_sent": ("sent to the server, load R", "<= 8 KB/s"),
        "connections": ("connections to the server", "<= 2, +1 while visiting"),
        "process_cpu": ("our process: CPU, one target, page open", "<= 2 % of a core"),
        "process_memory": ("our process: memory", "<= 220 MB RSS"),
    },
    "tps": {"tps": ("TPS lost by pgbench", "< 0.5 %")},
    "month": {
        "row_raw": ("store, a changed statement row as it came", "<= 35 B"),
        "row_sorted": ("store, the same after the sorted rewrite", "<= 20 B"),
        "commits": ("store, commit of a pass of load R, p95", "<= 20 ms"),
        "month": ("store, one month of load R, all tiers", "<= 700 MB"),
        "latency": ("dashboard requests over 30 days, p95", "<= 150 ms"),
        "latency_ingesting": ("the same while ingesting, p95", "<= 150 ms"),
    },
    "page": {
        "first_paint": ("first paint of Overview over a month of load R", "<= 300 ms"),
        "range_change": ("change of the range to 30 days", "<= 500 ms"),
        "list": ("5,000 statements sorted, filtered, scrolled", "no task over 100 ms"),
        "saturated": ("page requests on a saturated machine, p95", "<= 500 ms"),
        "heap": ("growth of the page's heap, live for 10 minutes", "<= 20 %"),
    },
    "counts": {"counts": ("counted calls against the true number", "exact, or the gap is shown")},
    "alerts": {"alert": ("from a condition becoming true to its alert delivered", "<= `for` + 5 s")},
    "catalog": {
        "catalog_cpu": ("10,000 tables, 20,000 indexes: server CPU", "-"),
        "catalog_late": ("10,000 tables, 20,000 indexes: late or failed", "none"),
    },
    "targets": {
        "targets_memory": ("30 targets in one process: memory", "-"),
        "targets_late": ("30 targets in one process: late or failed", "none"),
    },
    "peer": {
        "peer_cpu": ("500 statements on PostgreSQL 15: server CPU", "-"),
        "peer_bytes": ("the same: received from the server", "below postgres_exporter"),
        "peer_memory": ("the same: memory of what watches and keeps", "-"),
        "peer_store": ("the same values kept: bytes per value", "<= Prometheus"),
    },
}
