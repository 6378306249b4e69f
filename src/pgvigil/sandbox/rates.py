"""How much load, and of what kind."""

from dataclasses import dataclass, fields

from pgvigil.sandbox.schema import SandboxError


@dataclass(frozen=True, slots=True)
class Rates:
    """Settings of the workload; the defaults are light enough for a laptop that runs the monitor too."""

    webhooks_per_s: float = 8.0
    workers: int = 14
    """Each polls once a second and so takes at most one job a second."""
    ui_per_s: float = 1.0
    """Page loads, two to five statements each."""
    reports_per_s: float = 1.0
    admin_per_s: float = 0.6
    burst_factor: float = 3.0
    """By which the webhooks rise during a burst; 1 for none."""
    burst_s: float = 8.0
    burst_every_s: float = 90.0
    http_failures: float = 0.05
    """Share of HTTP attempts that fail; an attempt is repeated up to five times."""
    poison: float = 0.01
    """Share of runs whose every job fails, so that they end in the dead letter queue."""
    payload_bytes: int = 2_048
    """Median of the lognormal size of a webhook's body; at most 20 KB."""
    keep_s: float = 1_800.0
    """Age at which rows made by the load are purged, seconds."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            top = 1.0 if setting.name in {"http_failures", "poison"} else 1e6
            if not 0 <= value <= top:
                raise SandboxError(f"{setting.name} is {value}; allowed is 0 to {top:g}")

    def webhooks_at(self, seconds: float) -> float:
        """Webhooks per second at this moment of the load, bursts included."""
        inside = self.burst_every_s > 0 and seconds % self.burst_every_s >= self.burst_every_s - self.burst_s
        return self.webhooks_per_s * (self.burst_factor if inside else 1.0)
