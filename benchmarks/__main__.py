"""`make bench`: SuperTable beside its peers in one run. `scale`: very many versions and files. `access`: row filters.
`profile`: one case.

`make bench-servers`, on servers that the tests bring: `failures`, `writers`; on the REST API: `api`, `api-load`,
`api-writes`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from benchmarks.cases import KEYS, QUICK, Bench, Sizes

_ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).parent / "results"
_CHART = _ROOT / "docs" / "images" / "benchmarks.png"


def compare(arguments: argparse.Namespace) -> None:
    """All cases; a full run makes the chart anew."""
    from benchmarks import chart, report
    from benchmarks.systems.everyone import EVERYONE
    from benchmarks.targets import verdicts

    sizes = QUICK if arguments.quick else Sizes()
    started = time.monotonic()
    found = []
    print(report.heading(EVERYONE))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for measured in Bench(Path(folder), EVERYONE, sizes).run(lambda key: key.startswith(arguments.only)):
            found.append(measured)
            print(report.row(measured, EVERYONE), flush=True)
    judged = verdicts({measured.case.key: measured for measured in found})
    if not arguments.quick:
        print(f"\n{report.judgement(judged)}")
    print(f"\n{report.notes(EVERYONE)}")
    print(f"\nAll answers, and all tables at their end, were equal. {time.monotonic() - started:.0f} s in all.")
    if arguments.only:
        return
    document = report.as_document(found, judged, EVERYONE, sizes)
    report.save(document, _RESULTS / ("quick.json" if arguments.quick else "peers.json"))
    if not arguments.quick:
        chart.draw(document, _CHART)


def redraw(arguments: argparse.Namespace) -> None:
    """The chart of the last full run."""
    from benchmarks import chart

    chart.redraw(_RESULTS / "peers.json", _CHART)


def scale(arguments: argparse.Namespace) -> None:
    """Open and query a table of many versions and one of many files."""
    from benchmarks import report
    from benchmarks.scale import measured

    report.save(measured(arguments.versions, arguments.files), _RESULTS / "scale.json")


def failures(_: argparse.Namespace) -> None:
    """Inject every fault into lakes on servers: what was lost, doubled or stale, and how soon it went on."""
    from benchmarks import report
    from benchmarks.failures import measured

    report.save(measured(), _RESULTS / "failures.json")


def writers(arguments: argparse.Namespace) -> None:
    """Small commits to one table by many writers, and queries beside many other tables, on SeaweedFS and Valkey."""
    from benchmarks import report
    from benchmarks.writers import measured

    few, many = arguments.tables
    report.save(measured(arguments.writers, arguments.seconds, (few, many)), _RESULTS / "writers.json")


def api(arguments: argparse.Namespace) -> None:
    """Large results, first bytes and single rows through the REST API, beside Python."""
    from benchmarks import report
    from benchmarks.api_reads import measured

    report.save(measured(arguments.rows, arguments.points, arguments.turns), _RESULTS / "api_reads.json")


def api_writes(arguments: argparse.Namespace) -> None:
    """Rows written one at a time through the API by many clients, on local files and on SeaweedFS and Valkey."""
    from benchmarks import report
    from benchmarks.api_writes import measured

    found = measured(arguments.clients, arguments.seconds, not arguments.local)
    if not arguments.local:
        report.save(found, _RESULTS / "api_writes.json")


def api_load(arguments: argparse.Namespace) -> None:
    """Rows written and read back through the API by many clients at once: no error, none lost; how long each took."""
    from benchmarks import report
    from benchmarks.api_load import measured

    found = measured(arguments.clients, arguments.seconds, not arguments.local)
    if not arguments.local:
        report.save(found, _RESULTS / "api_load.json")


def access(_: argparse.Namespace) -> None:
    """What row filters cost, beside a table that holds only what they show."""
    from benchmarks import report
    from benchmarks.access import measured

    report.save(measured(), _RESULTS / "access.json")


def visit(arguments: argparse.Namespace) -> None:
    """What `scale` does in a fresh process, as JSON."""
    from benchmarks.scale import visit

    print(json.dumps(visit(arguments.home, arguments.rows)))


def profile(arguments: argparse.Namespace) -> None:
    """Where SuperTable spends the time of one case."""
    from benchmarks.profiling import profiled

    print(profiled(arguments.case, QUICK if arguments.quick else Sizes(), arguments.lines))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller tables, fewer turns; the chart stays as it is")
    parser.add_argument("--only", default="", metavar="CASE", help="cases whose name begins so; nothing is saved")
    parser.add_argument("--folder", type=Path, help="where the tables are made for the time of the run")
    parser.set_defaults(run=compare)
    commands = parser.add_subparsers(title="commands", metavar="")
    scaling = commands.add_parser("scale", help=scale.__doc__)
    scaling.add_argument("--versions", type=int, default=10_000)
    scaling.add_argument("--files", type=int, default=100_000)
    scaling.set_defaults(run=scale)
    profiling = commands.add_parser("profile", help=profile.__doc__)
    profiling.add_argument("case", choices=KEYS)
    profiling.add_argument("--quick", action="store_true")
    profiling.add_argument("--lines", type=int, default=30)
    profiling.set_defaults(run=profile)
    commands.add_parser("access", help=access.__doc__).set_defaults(run=access)
    writing = commands.add_parser("writers", help=writers.__doc__)
    writing.add_argument("--writers", type=int, nargs="+", default=[1, 8, 32])
    writing.add_argument("--seconds", type=float, default=20)
    writing.add_argument("--tables", type=int, nargs=2, default=[10, 1_000])
    writing.set_defaults(run=writers)
    reading = commands.add_parser("api", help=api.__doc__)
    reading.add_argument("--rows", type=int, default=5_000_000)
    reading.add_argument("--points", type=int, default=300)
    reading.add_argument("--turns", type=int, default=5)
    reading.set_defaults(run=api)
    through_api = commands.add_parser("api-writes", help=api_writes.__doc__)
    through_api.add_argument("--clients", type=int, default=64)
    through_api.add_argument("--seconds", type=float, default=20)
    through_api.add_argument("--local", action="store_true", help="on local files only; nothing is saved")
    through_api.set_defaults(run=api_writes)
    load = commands.add_parser("api-load", help=api_load.__doc__)
    load.add_argument("--clients", type=int, default=64)
    load.add_argument("--seconds", type=float, default=60)
    load.add_argument("--local", action="store_true", help="on local files only; nothing is saved")
    load.set_defaults(run=api_load)
    commands.add_parser("failures", help=failures.__doc__).set_defaults(run=failures)
    visiting = commands.add_parser("visit", help=visit.__doc__)
    visiting.add_argument("home", type=Path)
    visiting.add_argument("rows", type=int)
    visiting.set_defaults(run=visit)
    commands.add_parser("chart", help=redraw.__doc__).set_defaults(run=redraw)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
