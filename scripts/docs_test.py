#!/usr/bin/env python3
"""Runs every SQL block of README.md and docs/*.md, in order, and prints a TAP line for each.

usage: scripts/docs_test.py [file...]

Each file gets a database of its own in which the demo's steps have been done, on a throw-away cluster. Comments before
a ```sql block say otherwise:
  <!-- no test: reason -->       the block is skipped, and counted
  <!-- fresh database -->        from here on an empty database; the landing zone keeps the four files
  <!-- fresh database, empty landing zone -->
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = ROOT / ".test" / "docs"
DATASETS = ("maintenance", "quality", "vehicles", "production")


@dataclass
class Block:
    file: Path
    line: int
    sql: str
    skip: str | None
    fresh: bool
    empty: bool


def blocks(file: Path) -> list[Block]:
    found, sql, start, skip, fresh, empty = [], None, 0, None, False, False
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if sql is not None:
            if line.strip() == "```":
                found.append(Block(file, start, "\n".join(sql), skip, fresh, empty))
                sql, skip, fresh, empty = None, None, False, False
            else:
                sql.append(line)
        elif re.fullmatch(r"\s*```sql\s*", line):
            sql, start = [], number
        elif comment := re.fullmatch(r"\s*<!-- no test: (.+) -->\s*", line):
            skip = comment[1]
        elif comment := re.fullmatch(r"\s*<!-- fresh database(, empty landing zone)? -->\s*", line):
            fresh, empty = True, bool(comment[1])
        elif line.strip():
            skip, fresh, empty = None, False, False
    return found


def cluster(*arguments: str) -> str:
    return subprocess.run(
        [ROOT / "scripts" / "cluster.sh", *arguments], check=True, capture_output=True, text=True
    ).stdout


def psql(database: str, sql: str, environment: dict[str, str]) -> tuple[bool, str]:
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
        input=sql, env=environment, capture_output=True, text=True, timeout=600,
    )
    return done.returncode == 0, done.stderr


def must(database: str, sql: str, environment: dict[str, str]) -> None:
    ok, said = psql(database, sql, environment)
    if not ok:
        sys.exit(f"not ok 1 - the demo's steps\n{said}")


def generate(database: str, environment: dict[str, str]) -> None:
    for dataset in DATASETS:
        must(database, f"select stellantis.generate_dataset('{dataset}', null, null);", environment)


def main() -> int:
    files = [Path(a) for a in sys.argv[1:]] or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    todo = [(file, blocks(file)) for file in files if file.exists()]
    if not any(not block.skip for _, found in todo for block in found):
        print("1..0")
        return 0
    cluster("remove", str(CLUSTER))
    zone = "stellantis.landing_zone=@PLACE@/landing"
    cluster("start", str(CLUSTER), "fsync=off", zone, "stellantis.export_zone=@PLACE@/export")
    environment = dict(os.environ, PGOPTIONS="--client-min-messages=warning")
    for name, value in re.findall(r"(\w+)=(\S+)", cluster("env", str(CLUSTER))):
        environment[name] = value
    landing = Path(environment["SA_PLACE"]) / "landing"
    number = failed = skipped = 0
    try:
        must("postgres", "create database ready;", environment)
        must("ready", "create extension stellantis_analytics;\ncall stellantis.create_warehouse();", environment)
        generate("ready", environment)
        must("ready", "call stellantis.run_pipeline();", environment)
        for index, (file, found) in enumerate(todo):
            database = f"docs_{index}"
            must("postgres", f"create database {database} template ready;", environment)
            for block in found:
                if block.skip:
                    skipped += 1
                    continue
                if block.fresh:
                    database += "_fresh"
                    must("postgres", f"create database {database};", environment)
                if block.empty:
                    for path in landing.rglob("*.*"):
                        path.unlink()
                number += 1
                ok, said = psql(database, block.sql, environment)
                failed += not ok
                name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
                print(f"{'ok' if ok else 'not ok'} {number} - {name}:{block.line}", flush=True)
                if not ok:
                    print("\n".join(f"# {line}" for line in said.strip().split("\n")))
        print(f"1..{number}")
        print(f"skipped {skipped} of {number + skipped} blocks")
    finally:
        cluster("remove", str(CLUSTER))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
