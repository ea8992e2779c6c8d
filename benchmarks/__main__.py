"""Without a command: measure SuperTable beside Parquet with DuckDB, DuckLake, delta-rs and pyiceberg (`make bench`).

The commands `writers`, `failures`, `remote`, `api-writes`, `api-load` and `spark` start the servers that the tests use
(`make bench-servers ARGS=COMMAND`). Results are saved in benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.cases import KEYS, QUICK, Bench, Sizes
from benchmarks.result_files import save

_ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).parent / "results"
_CHART = _ROOT / "docs" / "images" / "benchmarks.png"


def compare(arguments: argparse.Namespace) -> None:
    """Run all cases. A full run also redraws the chart."""
    from benchmarks.peers import chart, report
    from benchmarks.peers.systems.all_systems import ALL_SYSTEMS
    from benchmarks.peers.targets import verdicts

    sizes = QUICK if arguments.quick else Sizes()
    started = time.monotonic()
    found = []
    print(report.heading(ALL_SYSTEMS))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for measured in Bench(Path(folder), ALL_SYSTEMS, sizes).run(lambda key: key.startswith(arguments.only)):
            found.append(measured)
            print(report.row(measured, ALL_SYSTEMS), flush=True)
    judged = verdicts({measured.case.key: measured for measured in found})
    if not arguments.quick:
        print(f"\n{report.judgement(judged)}")
    print(f"\n{report.notes(ALL_SYSTEMS)}")
    print(f"\nAll answers and the final rows of all tables were equal. Total time: {time.monotonic() - started:.0f} s.")
    if arguments.only:
        return
    document = report.as_document(found, judged, ALL_SYSTEMS, sizes)
    save(document, _RESULTS / ("quick.json" if arguments.quick else "peers.json"))
    if not arguments.quick:
        chart.draw(document, _CHART)


def redraw_chart(_: argparse.Namespace) -> None:
    """Redraw the chart from the last full run."""
    from benchmarks.peers import chart

    chart.redraw(_RESULTS / "peers.json", _CHART)


def profile(arguments: argparse.Namespace) -> None:
    """Profile one case: the functions in which SuperTable spends its time."""
    from benchmarks.peers.profiling import profile_case

    print(profile_case(arguments.case, QUICK if arguments.quick else Sizes(), arguments.lines))


def scale(arguments: argparse.Namespace) -> None:
    """Open and query a table of many versions and one of many files."""
    from benchmarks.lakes.scale import measure

    save(measure(arguments.versions, arguments.files), _RESULTS / "scale.json")


def visit(arguments: argparse.Namespace) -> None:
    """Run the steps of `scale` once in this process, and print their times as JSON."""
    from benchmarks.lakes.scale import visit

    print(json.dumps(visit(arguments.home, arguments.rows)))


def access(_: argparse.Namespace) -> None:
    """Query under a row filter, beside a table that holds only the visible rows."""
    from benchmarks.lakes.row_filters import measure

    save(measure(), _RESULTS / "access.json")


def after_upserts(arguments: argparse.Namespace) -> None:
    """Read after many upserts on every engine, as owner and under a row filter, beside DuckDB on one clean file."""
    from benchmarks.engines.after_upserts import measure

    found = measure(arguments.rows, arguments.upserts, arguments.upserted, arguments.turns)
    save(found, _RESULTS / "after_upserts.json")


def merges(arguments: argparse.Namespace) -> None:
    """Load a large table into Pro, upsert into it, and wait for its refreshes and merges."""
    from benchmarks.engines.merges import measure

    save(measure(arguments.rows, arguments.upserted, arguments.turns), _RESULTS / "merges.json")


def small_commits(arguments: argparse.Namespace) -> None:
    """Commit single rows: one writer, beside DuckLake and another version, and many clients over HTTP; read them."""
    from benchmarks.engines.small_commits import measure

    sizes = (arguments.seconds, arguments.rounds, arguments.commits, arguments.clients)
    found = measure(*sizes, arguments.landed, not arguments.local)
    if not arguments.local:
        save(found, _RESULTS / "small_commits.json")


def dashboard(arguments: argparse.Namespace) -> None:
    """Ask the same 20 queries from many clients while the table changes each second, in process and over HTTP."""
    from benchmarks.engines.dashboard import measure

    save(measure(arguments.rows, arguments.rounds, arguments.clients), _RESULTS / "dashboard.json")


def spark(arguments: argparse.Namespace) -> None:
    """Read on SPARK beside LITE and PRO, on a server of this machine, and send many queries through its sessions."""
    from benchmarks.engines.spark import measure

    save(measure(arguments.turns, arguments.queries, arguments.threads), _RESULTS / "spark.json")


def tpch(arguments: argparse.Namespace) -> None:
    """Load TPC-H by upserts and run its queries on every engine, beside DuckDB on Parquet, DuckLake and delta-rs."""
    from benchmarks.tpch.measure import measure

    save(measure(arguments.scale, arguments.turns, not arguments.alone), _RESULTS / "tpch.json")


def clickbench(arguments: argparse.Namespace) -> None:
    """Run ClickBench's queries over generated hits on every engine, beside DuckDB on Parquet, DuckLake and delta-rs."""
    from benchmarks.clickbench.measure import measure

    save(measure(arguments.rows, arguments.turns, not arguments.alone), _RESULTS / "clickbench.json")


def long_statements(_: argparse.Namespace) -> None:
    """Run statements with lists of many constants, beside plain DuckDB."""
    from benchmarks.lakes.long_statements import measure

    save(measure(), _RESULTS / "long_statements.json")


def loading(arguments: argparse.Namespace) -> None:
    """Load large CSV and NDJSON files, beside DuckDB's COPY of them to Parquet."""
    from benchmarks.lakes.loading import measure

    save(measure(arguments.gigabytes, arguments.turns), _RESULTS / "loading.json")


def writers(arguments: argparse.Namespace) -> None:
    """Commit from many writers to one table, and query beside many other tables, on SeaweedFS and Valkey."""
    from benchmarks.lakes.writers import measure

    few, many = arguments.tables
    save(measure(arguments.writers, arguments.seconds, (few, many)), _RESULTS / "writers.json")


def failures(_: argparse.Namespace) -> None:
    """Inject every fault on servers: what is lost, doubled or stale, and how long recovery takes."""
    from benchmarks.lakes.failures import measure

    save(measure(), _RESULTS / "failures.json")


def remote(arguments: argparse.Namespace) -> None:
    """Read a large file on SeaweedFS by ranges, beside DuckDB's httpfs, near and with 20 ms of latency."""
    from benchmarks.lakes.remote_reads import measure

    save(measure(arguments.turns), _RESULTS / "remote_reads.json")


def remote_visit(arguments: argparse.Namespace) -> None:
    """Run the reads of `remote` by ranges in this process, and print their times as JSON."""
    from benchmarks.lakes.remote_reads import visit

    print(json.dumps(visit(arguments.turns)))


def api(arguments: argparse.Namespace) -> None:
    """Read large results, first bytes and single rows through the REST API, beside Python."""
    from benchmarks.api.reads import measure

    save(measure(arguments.rows, arguments.points, arguments.turns), _RESULTS / "api_reads.json")


def odata(arguments: argparse.Namespace) -> None:
    """Read a large table through OData page by page, beside a writer, and through the REST API."""
    from benchmarks.odata.paging import measure

    save(measure(arguments.rows, arguments.page_rows, arguments.turns), _RESULTS / "odata.json")


def api_writes(arguments: argparse.Namespace) -> None:
    """Write single rows through the API from many clients, on local files and on SeaweedFS and Valkey."""
    from benchmarks.api.writes import measure

    found = measure(arguments.clients, arguments.seconds, not arguments.local)
    if not arguments.local:
        save(found, _RESULTS / "api_writes.json")


def api_load(arguments: argparse.Namespace) -> None:
    """Write single rows and read them back through the API from many clients. No write may fail or be lost."""
    from benchmarks.api.load import measure

    found = measure(arguments.clients, arguments.seconds, not arguments.local)
    if not arguments.local:
        save(found, _RESULTS / "api_load.json")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="use smaller tables and fewer turns; keep the chart")
    parser.add_argument(
        "--only", default="", metavar="CASE", help="run cases whose name starts with CASE; save nothing"
    )
    parser.add_argument("--folder", type=Path, help="folder for the temporary tables (default: the system's)")
    parser.set_defaults(run=compare)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_peer_commands(commands)
    _add_lake_commands(commands)
    _add_engine_commands(commands)
    _add_api_commands(commands)
    arguments = parser.parse_args()
    arguments.run(arguments)


Commands = argparse._SubParsersAction  # the type of `add_subparsers`, which argparse does not name in public
Run = Callable[[argparse.Namespace], None]


def _add(commands: Commands[argparse.ArgumentParser], name: str, run: Run) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=run.__doc__, description=run.__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    command.set_defaults(run=run)
    return command


def _add_peer_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    _add(commands, "chart", redraw_chart)
    profiling = _add(commands, "profile", profile)
    profiling.add_argument("case", choices=KEYS)
    profiling.add_argument("--quick", action="store_true", help="use smaller tables and fewer turns")
    profiling.add_argument("--lines", type=int, default=30, help="functions to list")


def _add_lake_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    scaling = _add(commands, "scale", scale)
    scaling.add_argument("--versions", type=int, default=10_000, help="versions of the first table")
    scaling.add_argument("--files", type=int, default=100_000, help="files of the second table")
    visiting = _add(commands, "visit", visit)
    visiting.add_argument("home", type=Path, help="home of the lake")
    visiting.add_argument("rows", type=int, help="rows that its table `orders` has")
    _add(commands, "access", access)
    analysing = _add(commands, "tpch", tpch)
    analysing.add_argument("--scale", type=float, default=1, help="the scale factor: about so many GB as text")
    analysing.add_argument("--turns", type=int, default=3, help="turns to measure")
    analysing.add_argument("--alone", action="store_true", help="without DuckLake and delta-rs")
    _add(commands, "long-statements", long_statements)
    load = _add(commands, "loading", loading)
    load.add_argument("--gigabytes", type=float, default=5, help="size of each file")
    load.add_argument("--turns", type=int, default=3, help="turns to measure")
    writing = _add(commands, "writers", writers)
    writing.add_argument("--writers", type=int, nargs="+", default=[1, 8, 32], help="numbers of writers to measure")
    writing.add_argument("--seconds", type=float, default=20, help="seconds for each")
    writing.add_argument("--tables", type=int, nargs=2, default=[10, 1_000], help="numbers of other tables to compare")
    _add(commands, "failures", failures)
    _add(commands, "remote", remote).add_argument("--turns", type=int, default=9, help="turns to measure")
    _add(commands, "remote-visit", remote_visit).add_argument("turns", type=int, help="turns to measure")


def _add_engine_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    upserting = _add(commands, "after-upserts", after_upserts)
    upserting.add_argument("--rows", type=int, default=1_000_000, help="rows of the table")
    upserting.add_argument("--upserts", type=int, default=50, help="upserts before the reads")
    upserting.add_argument("--upserted", type=int, default=10_000, help="rows of each upsert")
    upserting.add_argument("--turns", type=int, default=31, help="turns to measure")
    committing = _add(commands, "small-commits", small_commits)
    committing.add_argument("--seconds", type=float, default=20, help="seconds of each writer in each round")
    committing.add_argument("--rounds", type=int, default=3, help="rounds to measure")
    committing.add_argument("--commits", type=int, default=1_000, help="commits before the reads")
    committing.add_argument("--clients", type=int, default=64, help="concurrent clients over HTTP")
    committing.add_argument("--landed", type=Path, help="checkout of another version to compare with")
    committing.add_argument("--local", action="store_true", help="use local files only; save nothing")
    showing = _add(commands, "dashboard", dashboard)
    showing.add_argument("--rows", type=int, default=500_000, help="rows of the table")
    showing.add_argument("--rounds", type=int, default=50, help="how often each client asks each query")
    showing.add_argument("--clients", type=int, default=8, help="concurrent clients")
    distributing = _add(commands, "spark", spark)
    distributing.add_argument("--turns", type=int, default=5, help="turns to measure")
    distributing.add_argument("--queries", type=int, default=1_000, help="queries through the sessions")
    distributing.add_argument("--threads", type=int, default=4, help="threads that ask them")
    clicking = _add(commands, "clickbench", clickbench)
    clicking.add_argument("--rows", type=int, default=5_000_000, help="hits")
    clicking.add_argument("--turns", type=int, default=3, help="turns to measure")
    clicking.add_argument("--alone", action="store_true", help="without DuckLake and delta-rs")
    merging = _add(commands, "merges", merges)
    merging.add_argument("--rows", type=int, default=10_000_000, help="rows of the table")
    merging.add_argument("--upserted", type=int, default=10_000, help="rows of each upsert")
    merging.add_argument("--turns", type=int, default=10, help="upserts to measure")


def _add_api_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    reading = _add(commands, "api", api)
    reading.add_argument("--rows", type=int, default=5_000_000, help="rows of the table")
    reading.add_argument("--points", type=int, default=300, help="single rows to read")
    reading.add_argument("--turns", type=int, default=5, help="turns to measure")
    paging = _add(commands, "odata", odata)
    paging.add_argument("--rows", type=int, default=1_000_000, help="rows of the table")
    paging.add_argument("--page-rows", type=int, default=10_000, help="rows of a page")
    paging.add_argument("--turns", type=int, default=21, help="first pages to measure")
    for name, run, seconds in (("api-writes", api_writes, 20.0), ("api-load", api_load, 60.0)):
        command = _add(commands, name, run)
        command.add_argument("--clients", type=int, default=64, help="concurrent clients")
        command.add_argument("--seconds", type=float, default=seconds, help="seconds to measure")
        command.add_argument("--local", action="store_true", help="use local files only; save nothing")


if __name__ == "__main__":
    main()
