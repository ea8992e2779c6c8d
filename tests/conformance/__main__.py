"""Print the number of statements by kind and by where their answers come from.

`--spark`: start Spark, ask it all statements, as the owner and as the role, and print by kind how many answers are the
same, how many statements it refuses, and each answer that differs. It ends with 1 where one does. `--spark 5`: every
fifth statement.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.conformance.cases import ORACLES
from tests.conformance.statements import CASES, KINDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--spark", nargs="?", type=int, const=1, metavar="ONE_IN", help="ask Spark the statements")
    parser.add_argument("--caller", choices=["owner", "role"], action="append", help="the callers (both)")
    options = parser.parse_args()
    if options.spark:
        from tests.conformance.on_spark import report

        return report(options.spark, options.caller or ["owner", "role"])
    _counts()
    return 0


def _counts() -> None:
    print(f"{'kind':<34}" + "".join(f"{oracle:>9}" for oracle in (*ORACLES, "all")))
    for kind, cases in {**KINDS, "all": CASES}.items():
        counts = Counter(case.oracle for case in cases)
        print(f"{kind:<34}" + "".join(f"{counts[oracle] or '':>9}" for oracle in ORACLES) + f"{len(cases):>9}")


if __name__ == "__main__":
    sys.exit(main())
