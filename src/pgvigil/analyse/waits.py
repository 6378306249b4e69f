"""Wait classes: what an active session was doing, in the order used everywhere."""

CLASSES = ("cpu", "io", "lock", "lwlock", "client", "ipc", "timeout", "other")


def wait_class(wait_event_type: str | None) -> str:
    """The class of a `wait_event_type`; active without a wait is on the CPU (or in a part that reports none)."""
    if wait_event_type is None:
        return "cpu"
    name = wait_event_type.lower()
    return name if name in CLASSES else "other"
