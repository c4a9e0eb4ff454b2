#!/usr/bin/env python3
"""Copies a CSV with a fault of one quality dimension in it.

usage: faults.py maintenance|production FAULT FROM TO

FAULT: completeness, uniqueness, validity, consistency or accuracy (a late file is the caller's: its time, not its bytes).
Rows 100 to 199 are hit, every one, in one column. The rest of the file stays as it is, byte for byte.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

Row = dict[str, str]


def set_to(column: str, value: str | Callable[[Row], str]) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        row[column] = value if isinstance(value, str) else value(row)

    return change


def flag_power_failure(row: Row) -> None:
    """A power failure where the power was as it should be, on a machine that failed anyway or did not: the flag is wrong."""
    row["PWF"] = str(1 - int(row["PWF"]))


CHANGES: dict[str, dict[str, Callable[[Row], None]]] = {
    "maintenance": {
        "completeness": set_to("Air temperature [K]", ""),
        "validity": set_to("Process temperature [K]", "900"),
        "consistency": set_to("Process temperature [K]", lambda r: str(float(r["Air temperature [K]"]) - 1)),
        "accuracy": flag_power_failure,
    },
    "production": {
        "completeness": set_to("energy_kwh", ""),
        "validity": set_to("energy_kwh", "-5"),
        "consistency": set_to("calendar_minutes", "60.0"),
        "accuracy": set_to("good_units", lambda r: str(int(r["good_units"]) + 1)),
    },
}


def main() -> None:
    dataset, fault, source, target = sys.argv[1:]
    raw = Path(source).read_bytes().decode("utf-8-sig")
    newline = "\r\n" if "\r\n" in raw else "\n"
    lines = raw.rstrip("\r\n").split(newline)
    names = lines[0].split(",")
    if fault == "uniqueness":
        lines += lines[100:200]
    else:
        change = CHANGES[dataset][fault]
        for number in range(100, 200):
            row = dict(zip(names, lines[number].split(","), strict=True))
            change(row)
            lines[number] = ",".join(row.values())
    Path(target).write_bytes((newline.join(lines) + newline).encode())


if __name__ == "__main__":
    main()
