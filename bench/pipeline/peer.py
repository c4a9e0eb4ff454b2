"""The job of run_pipeline() with pandas and scikit-learn, written the way a careful data engineer writes it.

Four CSV files become typed staging tables, six quality scores, cleaned tables, a random forest with predictions for
every machine, a star schema, a roll-up and 28 tests, in the tables of peer.sql. How rows reach the server is left to a
`Store`: that is the one difference between the two peers.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from abc import ABC, abstractmethod
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split

FILES = {
    "maintenance": "maintenance/ai4i2020.csv",
    "quality": "quality/uci-secom.csv",
    "vehicle": "vehicles/data.csv",
    "production": "production/production_metrics.csv",
}
MAINTENANCE_COLUMNS = [
    "udi", "product_id", "type", "air_temperature_k", "process_temperature_k", "rotational_speed_rpm", "torque_nm",
    "tool_wear_min", "machine_failure", "twf", "hdf", "pwf", "osf", "rnf",
]
VEHICLE_COLUMNS = [
    "make", "model", "model_year", "engine_fuel_type", "engine_hp", "engine_cylinders", "transmission_type",
    "driven_wheels", "number_of_doors", "market_category", "vehicle_size", "vehicle_style", "highway_mpg", "city_mpg",
    "popularity", "msrp",
]
MEASURES = ["air_temperature_k", "process_temperature_k", "rotational_speed_rpm", "torque_nm", "tool_wear_min"]
MODES = ["twf", "hdf", "pwf", "osf", "rnf"]
FEATURES = [
    "product_type", "air_temperature_k", "temperature_delta_k", "rotational_speed_rpm", "torque_nm", "tool_wear_min",
    "power_w", "strain_min_nm",
]
STELLANTIS = {
    "ABARTH", "ALFA ROMEO", "CHRYSLER", "CITROEN", "DODGE", "DS", "FIAT", "JEEP", "LANCIA", "MASERATI", "OPEL",
    "PEUGEOT", "RAM", "VAUXHALL",
}
DIMENSIONS = ("completeness", "uniqueness", "validity", "consistency", "accuracy", "timeliness")
THRESHOLD = 0.5
SEED = 42


class Store(ABC):
    """One transaction on the server."""

    @abstractmethod
    def append(self, frame: pd.DataFrame, schema: str, table: str) -> None:
        """Adds the rows to a table that is there."""

    @abstractmethod
    def execute(self, sql: str) -> list[tuple]:
        """Runs a statement; its rows, if it has any."""

    @abstractmethod
    def commit(self) -> None:
        """Makes everything so far visible."""


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def numbered(frame: pd.DataFrame, file_id: int) -> pd.DataFrame:
    """Where each row came from: its file and line (the header is line 1)."""
    frame.insert(0, "file_id", file_id)
    frame.insert(1, "line_number", np.arange(2, len(frame) + 2))
    return frame


def read(dataset: str, path: Path, file_id: int) -> pd.DataFrame:
    if dataset == "maintenance":
        frame = pd.read_csv(path, encoding="utf-8-sig")
        frame.columns = MAINTENANCE_COLUMNS
        frame[["machine_failure", *MODES]] = frame[["machine_failure", *MODES]].astype(bool)
    elif dataset == "quality":
        raw = pd.read_csv(path)
        sensors = raw.iloc[:, 1:-1].to_numpy(dtype=float)
        frame = pd.DataFrame({"inspected_at": pd.to_datetime(raw["Time"]), "passed": raw["Pass/Fail"] == -1})
        frame["sensors"] = list(sensors)
    elif dataset == "vehicle":
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        frame.columns = VEHICLE_COLUMNS
    else:
        frame = pd.read_csv(path, parse_dates=["production_date"])
        frame["production_date"] = frame["production_date"].dt.date
    return numbered(frame, file_id)


def score(log: list[dict], table: str, dimension: str, checked: int, failed: int) -> None:
    value = 100 * (1 - failed / checked) if checked else None
    log.append({
        "table_name": table, "dimension": dimension, "rows_checked": int(checked), "rows_failed": int(failed),
        "score": value,
    })


def matrix(frame: pd.DataFrame) -> np.ndarray:
    return np.vstack(frame["sensors"].to_list())


def quality_scores(frames: dict[str, pd.DataFrame], paths: dict[str, Path]) -> pd.DataFrame:
    """Six dimensions for each of the four tables, from rules of the same kind as ours."""
    log: list[dict] = []
    now = time.time()
    for table, frame in frames.items():
        rows = len(frame)
        values = frame.drop(columns=["file_id", "line_number", "sensors"], errors="ignore")
        cells, missing = values.size, int(values.isna().to_numpy().sum())
        if table == "maintenance":
            duplicates = frame.duplicated("product_id").sum()
            limits = {
                "air_temperature_k": (285, 315), "process_temperature_k": (295, 325),
                "rotational_speed_rpm": (0, 5000), "torque_nm": (0, 150), "tool_wear_min": (0, 400),
            }
            invalid = sum((~frame[c].between(*limit)).sum() for c, limit in limits.items())
            invalid += (~frame["type"].isin(["L", "M", "H"])).sum()
            checked_validity = rows * (len(limits) + 1)
            inconsistent = (frame["process_temperature_k"] <= frame["air_temperature_k"]).sum()
            inconsistent += (frame["product_id"].str[0] != frame["type"]).sum()
            checked_consistency = 2 * rows
            any_mode = frame[["twf", "hdf", "pwf", "osf"]].any(axis=1)
            inaccurate = (frame["machine_failure"] != any_mode).sum()
        elif table == "quality":
            sensors = matrix(frame)
            cells, missing = cells + sensors.size, missing + int(np.isnan(sensors).sum())
            duplicates = pd.DataFrame(sensors).duplicated().sum()
            invalid, checked_validity = np.isinf(sensors).sum(), sensors.size
            inconsistent, checked_consistency = (frame["inspected_at"].diff() < pd.Timedelta(0)).sum(), rows
            with np.errstate(invalid="ignore"):
                deviation = np.abs(sensors - np.nanmean(sensors, axis=0)) > 6 * np.nanstd(sensors, axis=0)
            inaccurate = deviation.any(axis=1).sum()
        elif table == "vehicle":
            text = values.select_dtypes(exclude="number")
            missing += int(text.isin(["N/A", "UNKNOWN"]).to_numpy().sum())
            duplicates = values.duplicated().sum()
            invalid = (~frame["model_year"].between(1900, 2100)).sum() + (frame["highway_mpg"] > 120).sum()
            checked_validity = 2 * rows
            inconsistent, checked_consistency = (frame["highway_mpg"] < frame["city_mpg"]).sum(), rows
            inaccurate = (frame["msrp"] == 2000).sum()
        else:
            grain = ["production_date", "line_code", "shift_code", "equipment_code", "vehicle_code"]
            duplicates = frame.duplicated(grain).sum()
            numbers = frame.select_dtypes("number").drop(columns=["file_id", "line_number"])
            invalid, checked_validity = (numbers < 0).to_numpy().sum(), numbers.size
            parts = frame[["run_minutes", "setup_minutes", "delay_minutes", "down_minutes"]].sum(axis=1)
            inconsistent = ((parts - frame["planned_busy_minutes"]).abs() > 1e-6).sum()
            checked_consistency = rows
            units = frame["good_units"] + frame["scrap_units"] + frame["rework_units"]
            ideal = frame["ideal_cycle_minutes"] * frame["produced_units"]
            inaccurate = ((units != frame["produced_units"]) | (ideal > frame["run_minutes"] + 1e-6)).sum()
        stale = int(now - paths[table].stat().st_mtime > 48 * 3600)
        score(log, table, "completeness", cells, missing)
        score(log, table, "uniqueness", rows, duplicates)
        score(log, table, "validity", checked_validity, invalid)
        score(log, table, "consistency", checked_consistency, inconsistent)
        score(log, table, "accuracy", rows, inaccurate)
        score(log, table, "timeliness", 1, stale)
    return pd.DataFrame(log)


def outliers(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    low, high = frame[columns].quantile(0.25), frame[columns].quantile(0.75)
    spread = 3 * (high - low)
    return ((frame[columns] < low - spread) | (frame[columns] > high + spread)).any(axis=1)


def repaired_times(times: pd.Series) -> tuple[list[pd.Timestamp], list[bool]]:
    """The rows are in time order: of a time and the same with day and month swapped, the earlier that is not before the last."""
    fixed, changed = [], []
    last = pd.Timestamp.min
    for stamp in times:
        choices = [stamp]
        if stamp.day <= 12 and stamp.day != stamp.month:
            choices.append(stamp.replace(month=stamp.day, day=stamp.month))
        later = [choice for choice in choices if choice >= last]
        best = min(later) if later else stamp
        fixed.append(best)
        changed.append(best != stamp)
        last = best
    return fixed, changed


def short(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def vehicle_codes(frame: pd.DataFrame) -> list[str]:
    codes = []
    for row in frame[VEHICLE_COLUMNS[:12]].itertuples(index=False):
        texts = [short(value) for value in row]
        digest = hashlib.md5("|".join(texts).encode(), usedforsecurity=False).hexdigest()[:8]
        name = [re.sub("[^A-Z0-9]+", "_", text.upper()) for text in texts[:2]]
        codes.append(f"{name[0]}-{name[1]}-{texts[2]}-{digest}")
    return codes


def clean(frames: dict[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The cleaned twin of each table, and how many rows each rule changed."""
    log: list[tuple[str, str, int]] = []
    cleaned = {}

    machines = frames["maintenance"].drop_duplicates("product_id", keep="last").copy()
    log.append(("maintenance", "duplicate product", len(frames["maintenance"]) - len(machines)))
    machines["is_outlier"] = outliers(machines, MEASURES)
    log.append(("maintenance", "outlier marked", int(machines["is_outlier"].sum())))
    cleaned["maintenance"] = machines

    inspections = frames["quality"].copy()
    inspections["inspected_at"], inspections["inspected_at_repaired"] = repaired_times(inspections["inspected_at"])
    inspections["missing_sensors"] = np.isnan(matrix(inspections)).sum(axis=1)
    log.append(("quality", "day and month swapped", int(inspections["inspected_at_repaired"].sum())))
    log.append(("quality", "missing sensors counted", int((inspections["missing_sensors"] > 0).sum())))
    cleaned["quality"] = inspections

    vehicles = frames["vehicle"].copy()
    for column in vehicles.select_dtypes(exclude="number").columns:
        text = vehicles[column].astype("string").str.strip()
        absent = text.isin(["N/A", "UNKNOWN", ""])
        log.append(("vehicle", f"{column} missing", int(absent.sum())))
        vehicles[column] = text.mask(absent).astype(object).where(lambda s: s.notna(), None)
    before = len(vehicles)
    vehicles["vehicle_code"] = vehicle_codes(vehicles)
    vehicles = vehicles.drop_duplicates(VEHICLE_COLUMNS).copy()
    log.append(("vehicle", "duplicate row", before - len(vehicles)))
    vehicles["market_category"] = vehicles["market_category"].fillna("Unknown")
    vehicles["is_placeholder_price"] = vehicles["msrp"] == 2000
    vehicles["is_outlier"] = vehicles["highway_mpg"] > 120
    log.append(("vehicle", "placeholder price marked", int(vehicles["is_placeholder_price"].sum())))
    cleaned["vehicle"] = vehicles

    grain = ["production_date", "line_code", "shift_code", "equipment_code", "vehicle_code"]
    production = frames["production"].copy()
    production["vehicle_code"] = production["vehicle_code"].str.strip()
    for column in ("line_code", "shift_code", "equipment_code", "downtime_reason"):
        plain = production[column].str.strip().str.upper()
        log.append(("production", f"{column} padded or lower case", int((plain != production[column]).sum())))
        production[column] = plain
    production["downtime_reason"] = production["downtime_reason"].fillna("NONE")
    before = len(production)
    production = production.drop_duplicates(grain, keep="last")
    log.append(("production", "duplicate grain", before - len(production)))
    cleaned["production"] = production
    return cleaned, pd.DataFrame(log, columns=["dataset", "rule_id", "rows_changed"])


def features(machines: pd.DataFrame) -> np.ndarray:
    out = machines.assign(
        product_type=machines["type"].map({"L": 0, "M": 1, "H": 2}),
        temperature_delta_k=machines["process_temperature_k"] - machines["air_temperature_k"],
        power_w=machines["torque_nm"] * 2 * np.pi * machines["rotational_speed_rpm"] / 60,
        strain_min_nm=machines["tool_wear_min"] * machines["torque_nm"],
    )
    return out[FEATURES].to_numpy(dtype=float)


def forest(machines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trains and scores: rows that the forest saw by their out-of-bag trees, the others by all."""
    values, labels = features(machines), machines["machine_failure"].to_numpy()
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=SEED)
    model = RandomForestClassifier(n_estimators=100, n_jobs=-1, oob_score=True, random_state=SEED)
    model.fit(values[train], labels[train])
    tested = model.predict_proba(values[test])[:, 1]
    truth, said = labels[test], tested >= THRESHOLD
    metrics = pd.DataFrame([{
        "version": 1, "f1": f1_score(truth, said), "precision_score": precision_score(truth, said),
        "recall": recall_score(truth, said), "roc_auc": roc_auc_score(truth, tested),
        "pr_auc": average_precision_score(truth, tested), "brier": brier_score_loss(truth, tested),
        "threshold": THRESHOLD, "rows_trained": len(train), "rows_tested": len(test),
    }])
    probability = np.empty(len(labels))
    probability[test] = tested
    probability[train] = np.nan_to_num(model.oob_decision_function_[:, 1])
    basis = np.full(len(labels), "unseen", dtype=object)
    basis[train] = "oob"
    predictions = pd.DataFrame({
        "product_id": machines["product_id"].to_numpy(), "model_version": 1, "score_basis": basis,
        "failure_probability_pct": 100 * probability, "threshold_pct": 100 * THRESHOLD,
        "predicted_failure": 100 * probability >= 100 * THRESHOLD, "failure_recorded": labels,
        "health_score": 100 * (1 - probability),
    })
    return metrics, predictions


def keys_of(store: Store, table: str, key: str, code: str) -> dict[str, int]:
    return dict(store.execute(f"select {code}, {key} from peer.{table}"))


def date_keys(dates: pd.Series) -> pd.Series:
    return pd.to_datetime(dates).dt.strftime("%Y%m%d").astype(int)


def dimensions(store: Store, cleaned: dict[str, pd.DataFrame]) -> tuple[dict[str, int], dict[str, int]]:
    """Equipment and vehicles, with their keys by code."""
    lines = keys_of(store, "dim_production_line", "line_key", "line_code")
    machines = cleaned["maintenance"]
    seen = dict(zip(cleaned["production"]["equipment_code"], cleaned["production"]["line_code"], strict=True))
    numbers = machines["product_id"].str[1:].astype(int) % 5 + 1
    assumed = "L" + numbers.astype(str)
    line = machines["product_id"].map(seen)
    equipment = pd.DataFrame({
        "equipment_key": np.arange(1, len(machines) + 1), "equipment_code": machines["product_id"].to_numpy(),
        "equipment_type": machines["type"].to_numpy(), "line_key": line.fillna(assumed).map(lines).to_numpy(),
        "is_line_assumed": line.isna().to_numpy(),
    })
    store.append(equipment, "peer", "dim_equipment")

    vehicles = cleaned["vehicle"].drop_duplicates("vehicle_code").copy()
    vehicles.insert(0, "vehicle_key", np.arange(1, len(vehicles) + 1))
    vehicles["is_stellantis_brand"] = vehicles["make"].str.upper().isin(STELLANTIS)
    columns = ["vehicle_key", "vehicle_code", *VEHICLE_COLUMNS, "is_placeholder_price", "is_stellantis_brand"]
    store.append(vehicles[columns], "peer", "dim_vehicle")
    return (
        dict(zip(equipment["equipment_code"], equipment["equipment_key"].tolist(), strict=True)),
        dict(zip(vehicles["vehicle_code"], vehicles["vehicle_key"].tolist(), strict=True)),
    )


def facts(store: Store, cleaned: dict[str, pd.DataFrame], equipment: dict[str, int], vehicle: dict[str, int]) -> None:
    lines = keys_of(store, "dim_production_line", "line_key", "line_code")
    shifts = keys_of(store, "dim_shift", "shift_key", "shift_code")
    starts = {"EARLY": 6, "LATE": 14, "NIGHT": 22}

    rows = cleaned["production"]
    same = [
        "calendar_minutes", "planned_busy_minutes", "run_minutes", "setup_minutes", "delay_minutes", "down_minutes",
        "repair_minutes", "produced_units", "good_units", "scrap_units", "rework_units", "failure_count",
        "downtime_reason", "energy_kwh", "material_cost", "scrap_cost",
    ]
    fact = rows[same].assign(
        date_key=date_keys(rows["production_date"]), line_key=rows["line_code"].map(lines),
        equipment_key=rows["equipment_code"].map(equipment), vehicle_key=rows["vehicle_code"].map(vehicle),
        shift_key=rows["shift_code"].map(shifts),
        shift_start=pd.to_datetime(rows["production_date"]) + pd.to_timedelta(rows["shift_code"].map(starts), unit="h"),
        ideal_run_minutes=rows["ideal_cycle_minutes"] * rows["produced_units"],
        ideal_good_minutes=rows["ideal_cycle_minutes"] * rows["good_units"],
        revenue=rows["unit_price"] * rows["good_units"],
    )
    store.append(fact, "peer", "fact_production_metrics")

    machines = cleaned["maintenance"]
    today = int(date.today().strftime("%Y%m%d"))
    line_of = dict(store.execute("select equipment_code, line_key from peer.dim_equipment"))
    condition = machines[["file_id", "line_number", *MEASURES, "machine_failure", *MODES, "is_outlier"]].assign(
        equipment_key=machines["product_id"].map(equipment), date_key=today,
        line_key=machines["product_id"].map(line_of), product_type=machines["type"].map({"L": 0, "M": 1, "H": 2}),
    )
    store.append(condition, "peer", "fact_machine_condition")

    inspections = cleaned["quality"]
    sensors = matrix(inspections)
    spread = np.nanstd(sensors, axis=0)
    spread[spread == 0] = np.nan
    distance = np.nan_to_num(np.abs((sensors - np.nanmean(sensors, axis=0)) / spread))
    leading, failed = distance.argmax(axis=1), ~inspections["passed"].to_numpy()
    inspection = inspections[["file_id", "line_number", "inspected_at", "inspected_at_repaired"]].assign(
        date_key=date_keys(inspections["inspected_at"]), defect_key=np.where(failed, 2 + leading, 0),
        sensors_measured=sensors.shape[1] - inspections["missing_sensors"],
        sensors_missing=inspections["missing_sensors"], is_passed=inspections["passed"],
        leading_sensor_z=np.where(failed, distance.max(axis=1), np.nan),
    )
    store.append(inspection, "peer", "fact_quality_inspection")


ROLL_UP = """
insert into peer.agg_line_day
select date_key, line_key, sum(planned_busy_minutes), sum(run_minutes), sum(ideal_run_minutes),
    sum(ideal_good_minutes), sum(produced_units), sum(good_units), sum(scrap_units), sum(revenue)
from peer.fact_production_metrics group by date_key, line_key
"""


def run_tests(store: Store) -> None:
    """All 28; a failure rolls the publication back."""
    failed = []
    for number, name, query in store.execute("select test_no, test_name, failing_rows from peer.data_test order by 1"):
        began = time.perf_counter()
        rows = store.execute(f"select count(*) from ({query}) as q")[0][0]
        seconds = time.perf_counter() - began
        store.execute(f"insert into peer.data_test_result values ({number}, {rows}, {seconds})")
        if rows:
            failed.append(f"{number} {name}: {rows} rows")
    if failed:
        raise SystemExit("tests failed, nothing is published:\n" + "\n".join(failed))


def pipeline(store: Store, landing: Path) -> dict[str, float]:
    """The whole job; seconds by step."""
    seconds: dict[str, float] = {}
    began = time.perf_counter()

    def step(name: str) -> None:
        nonlocal began
        now = time.perf_counter()
        seconds[name] = round(now - began, 3)
        began = now

    loaded = {row[0] for row in store.execute("select sha256 from peer_staging.source_file")}
    paths = {dataset: landing / file for dataset, file in FILES.items()}
    digests = {dataset: sha256(path) for dataset, path in paths.items()}
    if loaded.intersection(digests.values()):
        raise SystemExit("loaded already")
    frames = {dataset: read(dataset, path, i) for i, (dataset, path) in enumerate(paths.items(), 1)}
    step("read")

    for dataset, frame in frames.items():
        store.append(frame, "peer_staging", dataset)
    ledger = [
        {"file_id": i, "dataset": d, "path": FILES[d], "sha256": digests[d], "rows_read": len(frames[d])}
        for i, d in enumerate(FILES, 1)
    ]
    store.append(pd.DataFrame(ledger), "peer_staging", "source_file")
    store.commit()
    step("stage")

    store.append(quality_scores(frames, paths), "peer", "quality_metrics_log")
    store.commit()
    step("quality")

    cleaned, log = clean(frames)
    for dataset, frame in cleaned.items():
        store.append(frame, "peer_staging", f"clean_{dataset}")
    store.append(log, "peer_staging", "cleaning_log")
    store.commit()
    step("clean")

    metrics, predictions = forest(cleaned["maintenance"])
    step("forest")

    equipment, vehicle = dimensions(store, cleaned)
    facts(store, cleaned, equipment, vehicle)
    store.append(metrics, "peer", "model_version")
    published = predictions.assign(
        equipment_key=predictions["product_id"].map(equipment), date_key=int(date.today().strftime("%Y%m%d"))
    )
    store.append(published.drop(columns="product_id"), "peer", "ml_maintenance_predictions")
    store.execute(ROLL_UP)
    step("publish")
    run_tests(store)
    store.commit()
    step("test")
    return seconds


def main(store: Store) -> None:
    """usage: peer_*.py LANDING_ZONE, the server by PGHOST, PGPORT, PGUSER, PGDATABASE"""
    print(json.dumps(pipeline(store, Path(sys.argv[1]))))
