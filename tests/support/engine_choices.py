"""AUTO's choices, made by the rule itself and by clusters with windows: the table of docs/engines.md.

`python -m tests.support.engine_choices` prints it.
"""

from __future__ import annotations

from supertable.adapters.engines.spark.clusters import Cluster, Clusters
from supertable.application.queries.engines import NO_ENGINE
from supertable.domain.engine_choice import EngineLimits, EngineName, Reads, chosen_engine

SMALL, LARGE = Cluster("small", max_bytes=99_999_999_999), Cluster("large", min_bytes=100_000_000_000)
MIB, GIB = 1024**2, 1024**3
FRESH, OLD = 60.0, 600.0
BOTH, NONE = "small, large", "none"
REFUSED = "both, without signing in"
UNSET = "not configured"

CASES: tuple[tuple[str, Reads, str], ...] = (
    ("0", Reads(0, FRESH), BOTH),
    ("104,857,600 (100 MiB)", Reads(100 * MIB, OLD), BOTH),
    ("104,857,601", Reads(100 * MIB + 1, FRESH), BOTH),
    ("104,857,601", Reads(100 * MIB + 1, OLD), BOTH),
    ("104,857,601", Reads(100 * MIB + 1, None), BOTH),
    ("10,737,418,240 (10 GiB)", Reads(10 * GIB, FRESH), BOTH),
    ("10,737,418,240", Reads(10 * GIB, OLD), BOTH),
    ("10,737,418,241", Reads(10 * GIB + 1, FRESH), BOTH),
    ("10,737,418,241", Reads(10 * GIB + 1, OLD), BOTH),
    ("99,999,999,999", Reads(99_999_999_999, OLD), BOTH),
    ("100,000,000,000", Reads(100_000_000_000, OLD), BOTH),
    ("20,000,000,000", Reads(20_000_000_000, OLD), "large"),
    ("200,000,000,000", Reads(200_000_000_000, OLD), "small"),
    ("20,000,000,000", Reads(20_000_000_000, OLD), NONE),
    ("20,000,000,000", Reads(20_000_000_000, OLD), REFUSED),
    ("20,000,000,000", Reads(20_000_000_000, OLD), UNSET),
    ("20,000,000,000, which PRO holds", Reads(20_000_000_000, FRESH, held=True), BOTH),
    ("20,000,000,000, of which the role sees a part", Reads(20_000_000_000, OLD, partial=True), BOTH),
)
"""Words for the bytes to read, what is read, and which clusters answer."""


def choices() -> list[tuple[str, str]]:
    """By case, the engine, with its cluster, and what its reason says of SPARK."""
    return [_choice(reads, answering) for _, reads, answering in CASES]


def table() -> str:
    rows = [
        "| bytes to read | newest write | clusters that answer | AUTO takes | SPARK is passed over |",
        "|---|---|---|---|---|",
    ]
    for (words, reads, answering), (engine, passed) in zip(CASES, choices(), strict=True):
        rows.append(f"| {words} | {_age(reads)} | {answering} | {engine} | {passed} |")
    return "\n".join(rows)


def _choice(reads: Reads, answering: str) -> tuple[str, str]:
    clusters = Clusters(
        [SMALL, LARGE],
        1,
        sign_in=lambda _: "its cluster does not let SuperTable sign in" if answering == REFUSED else "",
        probe=lambda cluster, _: answering == REFUSED or cluster.host in answering,
    )

    def away(name: EngineName) -> str:
        if name is not EngineName.SPARK:
            return ""
        return NO_ENGINE if answering == UNSET else clusters.unavailable() or clusters.unfit(reads.bytes)

    choice = chosen_engine(reads, away, EngineLimits())
    cluster = f" ({clusters.for_query(reads.bytes)[0].host})" if choice.engine is EngineName.SPARK else ""
    return choice.engine.upper() + cluster, choice.reason.partition("SPARK is passed over: ")[2].rstrip(".")


def _age(reads: Reads) -> str:
    return {FRESH: "a minute ago", OLD: "10 minutes ago", None: "unknown"}[reads.age_seconds]


if __name__ == "__main__":
    print(table())
