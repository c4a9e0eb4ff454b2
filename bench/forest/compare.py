#!/usr/bin/env python3
"""Accuracy of train_forest() and predict() beside scikit-learn on ten seeded splits; writes bench/RESULTS.md's section.

usage: bench/forest/compare.py [--splits 10] [--keep]

The public AI4I file (STELLANTIS_REAL_DATA) goes through ingest() and clean(); split i is
StratifiedShuffleSplit(test_size=0.2, random_state=i). Ours trains in SQL on the training rows alone and SQL `predict`
answers for the held-out rows; scikit-learn's RandomForestClassifier with its defaults gets the same rows, columns and
random_state. scikit-learn computes both scores from both answers: F1 of probability >= 0.5, and average precision.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
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

import numpy
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedShuffleSplit

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / ".test" / "bench_forest"
RESULTS = ROOT / "bench" / "RESULTS.md"
TITLE = "## Forest accuracy"
DATABASE = "bench_forest"
FEATURES = [
    "product_type", "air_temperature_k", "temperature_delta_k", "rotational_speed_rpm",
    "torque_nm", "tool_wear_min", "power_w", "strain_min_nm",
]
GOALS = {"F1": 0.87, "PR-AUC": 0.88}


def cluster(*arguments: str) -> str:
    script = ROOT / "scripts" / "cluster.sh"
    return subprocess.run([script, *arguments], check=True, capture_output=True, text=True).stdout


def psql(sql: str, database: str = DATABASE, csv_out: bool = False, stdin: str = "") -> str:
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]
    command.insert(1, "--csv" if csv_out else "-At")
    environment = dict(os.environ, PGOPTIONS="--client-min-messages=warning")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, input=stdin)
    if done.returncode:
        sys.exit(f"psql {sql[:80]}: {done.stderr.strip()}")
    return done.stdout


def load_readings(landing: Path) -> None:
    """The public file as clean readings, and all of them in a numbered table."""
    real = Path(os.environ.get("STELLANTIS_REAL_DATA", "/nowhere")) / "maintenance" / "ai4i2020.csv"
    if not real.exists():
        sys.exit("STELLANTIS_REAL_DATA names no folder with maintenance/ai4i2020.csv (make data fetches it)")
    owner = landing.stat()
    (landing / "maintenance").mkdir()
    shutil.copyfile(real, landing / "maintenance" / real.name)
    for path in (landing / "maintenance", landing / "maintenance" / real.name):
        os.chown(path, owner.st_uid, owner.st_gid)
    psql(f"create database {DATABASE}", "postgres")
    psql("create extension stellantis_analytics")
    psql("call stellantis.create_warehouse()")
    psql("select * from stellantis.ingest('maintenance')")
    psql("select * from stellantis.clean('maintenance')")
    psql(
        "create table reading as select row_number() over (order by file_id, line_number) - 1 as row_no, "
        "v.* from staging.features_maintenance v"
    )


def answers_of_sql(split: int, train: numpy.ndarray, test: numpy.ndarray) -> tuple[numpy.ndarray, float]:
    """Trains a model on the training rows in SQL; its probabilities of the held-out rows, in their order, and seconds."""
    psql("drop table if exists training, held_out_no; create table held_out_no (row_no bigint)")
    psql("copy held_out_no from stdin", stdin="\n".join(map(str, test)) + "\n")
    psql(
        "create table training as select r.* from reading r "
        "where not exists (select from held_out_no h where h.row_no = r.row_no)"
    )
    # Nothing of the held-out rows is in reach of the training.
    params = json.dumps({"test_size": 0, "random_state": split})
    features = "{" + ",".join(FEATURES) + "}"
    trained = psql(
        f"select rows_trained, rows_tested, seconds from stellantis.train_forest("
        f"'split_{split}', 'public.training', 'machine_failure', '{features}', '{params}')"
    ).strip().split("|")
    if [int(trained[0]), int(trained[1])] != [len(train), 0]:
        sys.exit(f"split {split}: trained on {trained[0]} rows and tested on {trained[1]}, wanted {len(train)} and 0")
    columns = ", ".join(f"r.{name}" for name in FEATURES)
    text = psql(
        f"select r.row_no, stellantis.predict('split_{split}', array[{columns}]::float8[]) as probability "
        "from reading r join held_out_no h using (row_no)",
        csv_out=True,
    )
    found = {int(row["row_no"]): float(row["probability"]) for row in csv.DictReader(io.StringIO(text))}
    return numpy.array([found[row] for row in test]), float(trained[2])


def spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


def report(scores: dict[str, dict[str, list[float]]], seconds: dict[str, list[float]]) -> tuple[str, bool]:
    """The section, and whether every goal was reached."""
    splits = len(seconds["ours"])
    lines = [
        TITLE, "",
        f"{date.today()}, {os.cpu_count()} cores ({platform.machine()}), PostgreSQL "
        f"{psql('show server_version').strip()}, scikit-learn {sklearn.__version__}. Public AI4I file, {splits} stratified",
        "80/20 splits (random_state 0 and up), 8,000 rows to train and 2,000 held out. Ours: `train_forest` on the training rows",
        "and SQL `predict` on the held-out rows; beside it `RandomForestClassifier`, defaults, same rows, columns and seeds.",
        "Both scored by scikit-learn. Mean ± standard deviation over the splits; the difference is paired, ± its standard error.",
        "",
        "| | ours | scikit-learn | difference | goal | reached | within one standard error or better |",
        "|---|---|---|---|---|---|---|",
    ]
    reached = True
    for metric, goal in GOALS.items():
        ours, theirs = scores[metric]["ours"], scores[metric]["sklearn"]
        differences = [a - b for a, b in zip(ours, theirs, strict=True)]
        difference = statistics.mean(differences)
        error = statistics.stdev(differences) / math.sqrt(splits)
        enough, beside = statistics.mean(ours) >= goal, difference >= -error
        reached = reached and enough and beside
        words = "yes" if enough else "NO", "yes" if beside else "NO"
        lines.append(
            f"| {metric}{' at 0.5' if metric == 'F1' else ''} | {spread(ours)} | {spread(theirs)} | "
            f"{difference:+.4f} ± {error:.4f} | ≥ {goal} | {words[0]} | {words[1]} |"
        )
    lines += ["", "| split | F1 ours | F1 scikit-learn | PR-AUC ours | PR-AUC scikit-learn |", "|---|---|---|---|---|"]
    for split in range(splits):
        cells = [f"{scores[m][who][split]:.4f}" for m in GOALS for who in ("ours", "sklearn")]
        lines.append(f"| {split} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Seconds to train 100 trees, median: ours {statistics.median(seconds['ours']):.1f}, "
        f"scikit-learn (n_jobs=-1) {statistics.median(seconds['sklearn']):.1f}.",
    ]
    return "\n".join(lines) + "\n", reached


def write(section: str) -> None:
    """Puts the section into RESULTS.md in the place of its predecessor; the other sections stay."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Measurements\n"
    pattern = re.compile(re.escape(TITLE) + r"\n.*?(?=\n## |\Z)", re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section.rstrip("\n") + "\n", text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    RESULTS.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--keep", action="store_true", help="leave the cluster for a look at it")
    options = parser.parse_args()
    cluster("remove", str(CLUSTER))
    cluster("start", str(CLUSTER), "fsync=off", "stellantis.landing_zone=@PLACE@/landing")
    try:
        for name, value in re.findall(r"(\w+)=(\S+)", cluster("env", str(CLUSTER))):
            os.environ[name] = value
        load_readings(Path(os.environ["SA_PLACE"]) / "landing")
        text = psql(f"select {', '.join(FEATURES)}, machine_failure::integer from reading order by row_no", csv_out=True)
        table = numpy.array(list(csv.reader(io.StringIO(text)))[1:], dtype=float)
        x, y = table[:, :-1], table[:, -1].astype(int)
        scores: dict[str, dict[str, list[float]]] = {metric: {"ours": [], "sklearn": []} for metric in GOALS}
        seconds: dict[str, list[float]] = {"ours": [], "sklearn": []}
        for split in range(options.splits):
            splitter = StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=split)
            train, test = next(splitter.split(x, y))
            ours, took = answers_of_sql(split, train, test)
            began = time.perf_counter()
            forest = RandomForestClassifier(n_estimators=100, random_state=split, n_jobs=-1).fit(x[train], y[train])
            seconds["sklearn"].append(time.perf_counter() - began)
            seconds["ours"].append(took)
            for who, probability in (("ours", ours), ("sklearn", forest.predict_proba(x[test])[:, 1])):
                scores["F1"][who].append(f1_score(y[test], probability >= 0.5))
                scores["PR-AUC"][who].append(average_precision_score(y[test], probability))
            latest = "  ".join(f"{m} {scores[m]['ours'][-1]:.4f} / {scores[m]['sklearn'][-1]:.4f}" for m in GOALS)
            print(f"split {split}  ours / scikit-learn: {latest}  ({took:.1f} s / {seconds['sklearn'][-1]:.1f} s)", flush=True)
        section, reached = report(scores, seconds)
        write(section)
        print(section)
    finally:
        if not options.keep:
            cluster("remove", str(CLUSTER))
    if not reached:
        sys.exit("a goal was missed")


if __name__ == "__main__":
    main()
