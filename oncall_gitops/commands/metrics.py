"""What a worker counts, in the form that Prometheus reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import GaugeMetricFamily

    from oncall_gitops.commands.syncing import Done
    from oncall_gitops.store.database import Database

PREFIX = "oncall_gitops_calendar"


class Metrics:
    """Counters of this process, and gauges that are read from the database whenever somebody looks."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._runs = Counter(
            f"{PREFIX}_runs", "Runs over a connection", ["provider", "result"], registry=self._registry
        )
        self._writes = Counter(
            f"{PREFIX}_events", "Events that were written", ["provider", "action"], registry=self._registry
        )
        self._seconds = Histogram(
            f"{PREFIX}_run_seconds", "How long a run took", ["provider"], registry=self._registry
        )
        self._last = Gauge(
            f"{PREFIX}_last_run_timestamp_seconds", "When the last run ended", registry=self._registry
        )

    def count(self, done: Done) -> None:
        """Count one run. `result` is ok, unfinished, or the kind of the failure."""
        failure = done.outcome.failure
        result = type(failure).__name__.lower() if failure else "ok" if done.is_right else "unfinished"
        self._runs.labels(done.sync.provider, result).inc()
        for action in ("inserted", "updated", "deleted"):
            self._writes.labels(done.sync.provider, action).inc(getattr(done.outcome, action))
        self._seconds.labels(done.sync.provider).observe(done.seconds)
        self._last.set_to_current_time()

    def serve(self, port: int, address: str, database: Database) -> None:
        """Answer on a port until the process ends."""
        from prometheus_client import start_http_server

        self._registry.register(_Connections(database))
        start_http_server(port, addr=address, registry=self._registry)

    def write(self, file: Path, database: Database) -> None:
        """Write all to a file, whole or not at all."""
        from prometheus_client import write_to_textfile

        self._registry.register(_Connections(database))
        write_to_textfile(str(file), self._registry)


class _Connections:
    """How many connections are in which state, asked of the database at each look."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from prometheus_client.core import GaugeMetricFamily

        from oncall_gitops.store.calendar_work import connection_counts

        family = GaugeMetricFamily(f"{PREFIX}_connections", "Connections by state", labels=["state"])
        for state, count in connection_counts(self._database).items():
            family.add_metric([state], count)
        yield family

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing before it is asked for: registering it makes no query."""
        return []
