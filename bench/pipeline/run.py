#!/usr/bin/env python3
"""Times run_pipeline() beside the two peers: same files, same server, in turns; writes bench/RESULTS.md's section.

usage: bench/pipeline/run.py [--rounds 5] [--keep]

Ours is one psql process that runs `CALL stellantis.run_pipeline()`; a peer is one python process, start and imports
included (its work without them is reported too). Each run gets a fresh database in which create_warehouse(), for a
peer peer.sql, ran before the clock. One warm-up round is not counted. The maintenance and quality files are the public
ones where STELLANTIS_REAL_DATA has them, else generated; vehicles and production are generated. Peers run with this
interpreter (pandas, scikit-learn, SQLAlchemy and psycopg2 must be there).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
CLUSTER = ROOT / ".test" / "bench"
RESULTS = ROOT / "bench" / "RESULTS.md"
REAL = {"maintenance": "ai4i2020.csv", "quality": "uci-secom.csv"}
PEERS_NEED = {"pandas": "pandas", "sklearn": "scikit-learn", "sqlalchemy": "SQLAlchemy", "psycopg2": "psycopg2-binary"}
TITLE = "## The whole pipeline: run_pipeline() beside pandas and scikit-learn"


def cluster(*arguments: str) -> str:
    script = ROOT / "scripts" / "cluster.sh"
    return subprocess.run([script, *arguments], check=True, capture_output=True, text=True).stdout


def psql(database: str, *arguments: str) -> str:
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments]
    environment = dict(os.environ, PGOPTIONS="--client-min-messages=warning")
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"psql {' '.join(arguments)[:80]}: {done.stderr.strip()}")
    return done.stdout.strip()


def lay_files(landing: Path) -> list[str]:
    """The four files; which of them are the public ones."""
    real = Path(os.environ.get("STELLANTIS_REAL_DATA", "/nowhere"))
    owner = landing.stat()
    public = []
    for dataset, file in REAL.items():
        if (real / dataset / file).exists():
            (landing / dataset).mkdir(exist_ok=True)
            shutil.copyfile(real / dataset / file, landing / dataset / file)
            public.append(dataset)
            for path in (landing / dataset, landing / dataset / file):
                os.chown(path, owner.st_uid, owner.st_gid)
    psql("postgres", "-c", "create database generate")
    psql("generate", "-c", "create extension stellantis_analytics", "-c", "call stellantis.create_warehouse()")
    for dataset in ("maintenance", "quality", "vehicles", "production"):
        if dataset not in public:
            psql("generate", "-c", f"select stellantis.generate_dataset('{dataset}', null, null)")
    psql("postgres", "-c", "drop database generate")
    return public


def fresh(name: str) -> str:
    database = f"bench_{name}"
    psql("postgres", "-c", f"drop database if exists {database}", "-c", f"create database {database}")
    if name == "ours":
        psql(database, "-c", "create extension stellantis_analytics", "-c", "call stellantis.create_warehouse()")
    else:
        psql(database, "-f", str(HERE / "peer.sql"))
    psql(database, "-c", "checkpoint")
    return database


def timed(name: str, landing: Path) -> tuple[float, dict[str, float]]:
    """Wall seconds of the whole process, and by step."""
    database = fresh(name)
    if name == "ours":
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "call stellantis.run_pipeline()"]
    else:
        command = [sys.executable, str(HERE / f"peer_{name}.py"), str(landing)]
    environment = dict(os.environ, PGDATABASE=database)
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    wall = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    if name == "ours":
        query = "select json_object_agg(step_name, round(seconds::numeric, 3) order by step_no) from ops.pipeline_step_run"
        return wall, json.loads(psql(database, "-c", query))
    return wall, json.loads(done.stdout)


def same_job(databases: dict[str, str]) -> list[str]:
    """What each published, so that a ratio compares equal work; a difference ends the run."""
    counts = "(select count(*) from {0}.fact_production_metrics), (select count(*) from {0}.fact_machine_condition),"
    counts += " (select count(*) from {0}.fact_quality_inspection), (select count(*) from {0}.ml_maintenance_predictions),"
    counts += " (select round(sum(planned_busy_minutes)::numeric, 4) from {0}.fact_production_metrics)"
    answers = {
        name: psql(database, "-c", "select " + counts.format("warehouse" if name == "ours" else "peer"))
        for name, database in databases.items()
    }
    if len(set(answers.values())) != 1:
        sys.exit(f"the three did not do the same job: {answers}")
    return answers["ours"].split("|")


def processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def report(
    walls: dict[str, list[float]],
    steps: dict[str, list[dict[str, float]]],
    public: list[str],
    did: list[str],
    versions: str,
) -> str:
    names = {"ours": "`CALL stellantis.run_pipeline()`", "to_sql": "pandas, `to_sql`", "copy": "pandas, COPY"}
    kinds = f"public: {', '.join(public)}" if public else "all generated"
    lines = [
        TITLE, "",
        f"{date.today()}, {os.cpu_count()} cores ({processor()}), {psql('postgres', '-c', 'show server_version')}, {versions}.",
        f"Four files ({kinds}), {len(walls['ours'])} rounds in turns after one warm-up, a fresh database each; seconds of",
        "the whole process. The ratio is the median of the ratios round by round, with the least and the greatest.",
        f"All three published {did[0]} facts, {did[1]} machine conditions, {did[2]} inspections, {did[3]} predictions.", "",
        "| | median s | least | greatest | times ours | least | greatest | work without start and imports, times ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, label in names.items():
        wall = walls[name]
        cells = [f"{statistics.median(wall):.2f}", f"{min(wall):.2f}", f"{max(wall):.2f}"]
        ratios = [theirs / ours for theirs, ours in zip(wall, walls["ours"], strict=True)]
        work = [sum(s.values()) for s in steps[name]] if name != "ours" else wall
        bare = statistics.median(w / ours for w, ours in zip(work, walls["ours"], strict=True))
        cells += [f"{statistics.median(ratios):.1f}", f"{min(ratios):.1f}", f"{max(ratios):.1f}", f"{bare:.1f}"]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    lines.append("")
    for name, label in names.items():
        medians = {key: statistics.median(s[key] or 0 for s in steps[name]) for key in steps[name][0]}
        lines.append(f"- {label}, by step: " + ", ".join(f"{key} {value:.2f}" for key, value in medians.items()))
    return "\n".join(lines) + "\n"


def write(section: str) -> None:
    """Puts the section into RESULTS.md in the place of its predecessor."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Measurements\n"
    pattern = re.compile(re.escape(TITLE) + r"\n.*?(?=\n## |\Z)", re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section.rstrip("\n") + "\n", text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    RESULTS.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="leave the cluster for a look at it")
    options = parser.parse_args()
    if absent := [package for module, package in PEERS_NEED.items() if not importlib.util.find_spec(module)]:
        sys.exit(f"the peers need: python3 -m pip install {' '.join(absent)}")
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("pandas", "scikit-learn", "SQLAlchemy"))
    cluster("remove", str(CLUSTER))
    cluster("start", str(CLUSTER), "stellantis.landing_zone=@PLACE@/landing")
    try:
        for name, value in re.findall(r"(\w+)=(\S+)", cluster("env", str(CLUSTER))):
            os.environ[name] = value
        landing = Path(os.environ["SA_PLACE"]) / "landing"
        public = lay_files(landing)
        order = ["ours", "to_sql", "copy"]
        walls: dict[str, list[float]] = {name: [] for name in order}
        steps: dict[str, list[dict[str, float]]] = {name: [] for name in order}
        did: list[str] = []
        for turn in range(options.rounds + 1):
            # Another one begins in each round.
            for name in order[turn % 3 :] + order[: turn % 3]:
                wall, step = timed(name, landing)
                print(f"{'warm-up' if turn == 0 else f'round {turn}'}  {name:7} {wall:7.2f} s", flush=True)
                if turn:
                    walls[name].append(wall)
                    steps[name].append(step)
            if turn == 0:
                did = same_job({name: f"bench_{name}" for name in order})
        section = report(walls, steps, public, did, versions)
        write(section)
        print(section)
    finally:
        if not options.keep:
            cluster("remove", str(CLUSTER))


if __name__ == "__main__":
    main()
