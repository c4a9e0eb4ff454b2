#!/usr/bin/env python3
"""OEE and its factors of each line and in total, from a production CSV alone: knows nothing of the database.

usage: oee_from_csv.py FILE    prints line,availability,performance,quality_ratio,oee,teep; the total's line is *
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from fractions import Fraction

MINUTES = ("calendar_minutes", "planned_busy_minutes", "run_minutes")


def main() -> None:
    sums: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cycle = Fraction(row["ideal_cycle_minutes"])
            values = {name: Fraction(row[name]) for name in MINUTES}
            values["ideal_run"] = cycle * int(row["produced_units"])
            values["ideal_good"] = cycle * int(row["good_units"])
            for line in (row["line_code"].strip().upper(), "*"):
                for name, value in values.items():
                    sums[line][name] += value
    for line, s in sorted(sums.items()):
        ratios = (
            s["run_minutes"] / s["planned_busy_minutes"],
            s["ideal_run"] / s["run_minutes"],
            s["ideal_good"] / s["ideal_run"],
            s["ideal_good"] / s["planned_busy_minutes"],
            s["ideal_good"] / s["calendar_minutes"],
        )
        print(line, *(repr(float(ratio)) for ratio in ratios), sep=",")


if __name__ == "__main__":
    main()
