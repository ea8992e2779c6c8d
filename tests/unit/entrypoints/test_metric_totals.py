from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from supertable.entrypoints.web.observability.metric_totals import added_up, counts_of, exposition, without_gauges


def counted(route: str, times: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("asked", "Asked.", ["route"], registry=registry).labels(route).inc(times)
    Gauge("running", "Running.", registry=registry).set(times)
    Histogram("seconds", "Seconds.", buckets=[1, 2], registry=registry).observe(times)
    return registry


def test_counts_and_buckets_are_added_up_by_labels() -> None:
    total = added_up([counts_of(counted("/a", 1)), counts_of(counted("/b", 2)), counts_of(counted("/a", 4))])
    lines = exposition(total).decode().splitlines()
    for line in (
        'asked_total{route="/a"} 5.0',
        'asked_total{route="/b"} 2.0',
        "running 7.0",
        'seconds_bucket{le="1.0"} 1.0',
        'seconds_bucket{le="2.0"} 2.0',
        'seconds_bucket{le="+Inf"} 3.0',
        "seconds_count 3.0",
        "seconds_sum 7.0",
        "# TYPE asked_total counter",
    ):
        assert line in lines
    assert "_created" not in "".join(lines)


def test_a_gauge_ends_with_its_process() -> None:
    left = exposition(without_gauges(counts_of(counted("/a", 1)))).decode()
    assert 'asked_total{route="/a"} 1.0' in left
    assert "running" not in left
