"""Print the number of statements by kind and by where their answers come from."""

from __future__ import annotations

from collections import Counter

from tests.conformance.cases import ORACLES
from tests.conformance.statements import CASES, KINDS


def main() -> None:
    print(f"{'kind':<34}" + "".join(f"{oracle:>9}" for oracle in (*ORACLES, "all")))
    for kind, cases in {**KINDS, "all": CASES}.items():
        counts = Counter(case.oracle for case in cases)
        print(f"{kind:<34}" + "".join(f"{counts[oracle] or '':>9}" for oracle in ORACLES) + f"{len(cases):>9}")


if __name__ == "__main__":
    main()
