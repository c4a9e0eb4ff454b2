#!/usr/bin/env python3
"""Fetches the three public data files into data/real/, from Kaggle, else (maintenance and quality) from UCI.

usage: scripts/fetch_data.py [--to DIR] [maintenance|quality|vehicles]...

Keys: KAGGLE_USERNAME and KAGGLE_KEY from the environment or from .env beside the Makefile (see .env.example).
A file that is there is kept; one that arrives is checked before it gets its name. Standard library only.
For tests, STELLANTIS_KAGGLE_URL and STELLANTIS_UCI_URL name other servers.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import os
import re
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
KAGGLE = "https://www.kaggle.com/api/v1"
UCI = "https://archive.ics.uci.edu/static/public"
MAX_BYTES = 64 << 20
TIMEOUT_SECONDS = 60


class Refused(Exception):
    """A source did not give the file, or gave something else; the text says which and why."""


@dataclass(frozen=True)
class Source:
    dataset: str
    file: str
    kaggle: str
    uci: str | None
    # SHA-256 of the bytes as Kaggle has them, and of the content whatever its line ends and spelling of numbers.
    sha256: str | None
    content: str | None
    first_columns: tuple[str, ...]
    columns: int
    licence: str


SOURCES = (
    Source(
        "maintenance", "ai4i2020.csv", "stephanmatzka/predictive-maintenance-dataset-ai4i-2020",
        "601/ai4i+2020+predictive+maintenance+dataset.zip",
        "dc6630cd9b1f0f853922fad78a1b6436570d3f1ec863f1dd5c4340ac56bc8a8e",
        "fd0c74059dff863fbb8aa26b831c5c9a30cea236ff46a69db978b8a412428864",
        ("UDI", "Product ID", "Type"), 14,
        "CC BY 4.0. S. Matzka (2020), AI4I 2020 Predictive Maintenance Dataset, UCI, doi 10.24432/C5HS5C",
    ),
    Source(
        "quality", "uci-secom.csv", "paresh2047/uci-semcom", "179/secom.zip",
        "e8b8187ce276db148707b5103463aa0f35cb8e521da2bc697c0fd45a6b06ad0f",
        "3904cc3902dd1b5e071e3ebe206068127fefc5b7636915a647475a727d2aee9b",
        ("Time", "0", "1"), 592,
        "CC BY 4.0. M. McCann, A. Johnston (2008), SECOM, UCI, doi 10.24432/C54305",
    ),
    Source(
        "vehicles", "data.csv", "CooperUnion/cardataset", None, None, None, ("Make", "Model", "Year"), 16,
        "its publisher states no licence that allows redistribution: use it yourself, do not pass it on",
    ),
)


def keys(path: Path) -> tuple[str, str] | None:
    """Name and key for Kaggle, from the environment or from a .env file."""
    found = dict(os.environ)
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                found.setdefault(name.strip(), value.strip().strip("'\""))
    name, key = found.get("KAGGLE_USERNAME", ""), found.get("KAGGLE_KEY", "")
    return (name, key) if name and key else None


def get(url: str, login: tuple[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "stellantis_analytics make data"})
    if login:
        # Not sent on to the storage host that Kaggle redirects to.
        token = base64.b64encode(":".join(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            body = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        reason = {401: "the keys are not accepted", 403: "not allowed", 404: "no such file there"}.get(error.code, "")
        raise Refused(f"{url}: HTTP {error.code} {reason or error.reason}") from error
    except OSError as error:
        raise Refused(f"{url}: {getattr(error, 'reason', error)}") from error
    if len(body) > MAX_BYTES:
        raise Refused(f"{url}: more than {MAX_BYTES} bytes")
    return body


def member(archive: bytes, name: str) -> bytes:
    """One file out of a zip, wherever in it it lies."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            for info in zipped.infolist():
                if PurePosixPath(info.filename).name == name and info.file_size <= MAX_BYTES:
                    return zipped.read(info)
    except zipfile.BadZipFile as error:
        raise Refused(f"not a readable zip: {error}") from error
    raise Refused(f"no {name} in the zip")


def secom_csv(archive: bytes) -> bytes:
    """UCI's two SECOM files (values, labels with times) as one file of the form of uci-secom.csv.

    The times are written as they are, year first. In Kaggle's file 582 of them have day and month swapped.
    """
    values = member(archive, "secom.data").decode("ascii").split("\n")
    labels = member(archive, "secom_labels.data").decode("ascii").split("\n")
    values, labels = [v.split() for v in values if v.strip()], [s for s in labels if s.strip()]
    if len(values) != len(labels):
        raise Refused(f"{len(values)} rows of values, {len(labels)} labels")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["Time", *range(len(values[0])), "Pass/Fail"])
    for row, label in zip(values, labels, strict=True):
        verdict, time = label.split(None, 1)
        taken = datetime.strptime(time.strip().strip('"'), "%d/%m/%Y %H:%M:%S")
        writer.writerow([taken, *("" if v == "NaN" else repr(float(v)) for v in row), verdict])
    return out.getvalue().encode("ascii")


def straightened(time: str) -> str:
    """The time of Kaggle's SECOM file with day and month in their places: where both could be either, they were swapped."""
    parts = re.match(r"(\d{4})-(\d\d)-(0\d|1[0-2]) ", time)
    return f"{parts[1]}-{parts[3]}-{parts[2]}{time[10:]}" if parts else time


def content_digest(rows: list[list[str]], time: Callable[[str], str] = str) -> str:
    """SHA-256 of the cells, numbers with four decimals, so that line ends and spelling do not matter."""

    def plain(cell: str) -> str:
        try:
            return f"{float(cell) + 0.0:.4f}".replace("-0.0000", "0.0000")
        except ValueError:
            return cell.strip()

    digest = hashlib.sha256()
    for row in rows:
        digest.update("\x1f".join([time(plain(row[0])), *map(plain, row[1:])]).encode() + b"\n")
    return digest.hexdigest()


def check(source: Source, body: bytes) -> str:
    """What the file is, or Refused. Never trusts a name or a length."""
    digest = hashlib.sha256(body).hexdigest()
    if digest == source.sha256:
        return f"sha256 {digest} as known"
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"not a CSV file: {error}") from error
    header = tuple(rows[0]) if rows else ()
    if header[:3] != source.first_columns or len(header) != source.columns:
        raise Refused(f"not the file expected: {len(header)} columns beginning {', '.join(header[:3])[:80]!r}")
    if source.content is None:
        return f"sha256 {digest}, {len(rows) - 1} rows (no digest is known for this file)"
    if source.content not in (content_digest(rows[1:]), content_digest(rows[1:], straightened)):
        raise Refused(f"sha256 {digest} is not {source.sha256}, and the content differs too")
    return f"sha256 {digest}, the known content in another spelling"


def from_kaggle(source: Source, login: tuple[str, str]) -> bytes:
    base = os.environ.get("STELLANTIS_KAGGLE_URL", KAGGLE)
    body = get(f"{base}/datasets/download/{source.kaggle}/{source.file}", login)
    return member(body, source.file) if body[:2] == b"PK" else body


def from_uci(source: Source) -> bytes:
    archive = get(f"{os.environ.get('STELLANTIS_UCI_URL', UCI)}/{source.uci}")
    return secom_csv(archive) if source.dataset == "quality" else member(archive, source.file)


def store(body: bytes, target: Path) -> None:
    """Under its name only when complete, and never over a file that is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".fetching-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.link(temporary, target)
    finally:
        os.unlink(temporary)


def fetch(source: Source, folder: Path, login: tuple[str, str] | None) -> bool:
    target = folder / source.dataset / source.file
    if target.exists():
        print(f"{source.dataset}: kept, {target} is there")
        return True
    ways: list[tuple[str, Callable[[], bytes]]] = []
    if login:
        ways.append(("Kaggle", lambda: from_kaggle(source, login)))
    if source.uci:
        ways.append(("UCI", lambda: from_uci(source)))
    if not ways:
        print(f"{source.dataset}: not fetched. Kaggle alone has it; put KAGGLE_USERNAME and KAGGLE_KEY into .env")
    for name, way in ways:
        try:
            body = way()
            what = check(source, body)
        except Refused as error:
            print(f"{source.dataset}: not from {name}: {error}")
            continue
        store(body, target)
        print(f"{source.dataset}: {target}, {len(body)} bytes from {name}, {what}")
        print(f"{source.dataset}: licence {source.licence}")
        return True
    return False


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--to", type=Path, default=ROOT / "data" / "real", help="folder to put the files in")
    parser.add_argument("dataset", nargs="*", help="only these: maintenance, quality, vehicles")
    options = parser.parse_args(arguments)
    if unknown := set(options.dataset) - {s.dataset for s in SOURCES}:
        parser.error(f"no data set {', '.join(sorted(unknown))}")
    login = keys(ROOT / ".env")
    wanted = [s for s in SOURCES if not options.dataset or s.dataset in options.dataset]
    return 0 if all([fetch(source, options.to, login) for source in wanted]) else 1


if __name__ == "__main__":
    sys.exit(main())
