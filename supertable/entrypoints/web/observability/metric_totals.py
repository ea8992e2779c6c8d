"""Counts of several processes, added up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

Family = tuple[str, str, str]
"""Name, type and description of a metric."""
Sample = tuple[str, tuple[tuple[str, str], ...]]
"""Name and labels of one value."""
Counts = dict[Family, dict[Sample, float]]


def counts_of(registry: CollectorRegistry) -> Counts:
    """The present values of all metrics."""
    return {
        (family.name, family.type, family.documentation): {
            (sample.name, tuple(sample.labels.items())): sample.value
            for sample in family.samples
            if not sample.name.endswith("_created")
        }
        for family in registry.collect()
    }


def added_up(parts: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for part in parts:
        for family, values in part.items():
            sums = total.setdefault(family, {})
            for sample, value in values.items():
                sums[sample] = sums.get(sample, 0) + value
    return total


def without_gauges(counts: Counts) -> Counts:
    """What stays true after the end of the process that counted it."""
    return {family: values for family, values in counts.items() if family[1] != "gauge"}


def exposition(counts: Counts) -> bytes:
    """The counts in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Fixed(counts))
    return generate_latest(registry)


class _Fixed(Collector):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        for (name, type_, description), values in self._counts.items():
            metric = Metric(name, description, type_)
            for (sample, labels), value in values.items():
                metric.add_sample(sample, dict(labels), value)
            yield metric
