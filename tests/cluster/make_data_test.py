#!/usr/bin/env python3
"""`make data` against a server on loopback that plays Kaggle, its storage host and UCI. Prints TAP lines.

The small files made here always run; the public files themselves are served too where STELLANTIS_REAL_DATA has them.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import dataclasses
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True
import fetch_data  # noqa: E402

LOGIN = "Basic " + base64.b64encode(b"anna:secret").decode()
tests = failures = 0


def ok(condition: bool, name: str, note: str = "") -> None:
    global tests, failures
    tests += 1
    failures += not condition
    print(f"{'ok' if condition else 'not ok'} {tests} - {name}", flush=True)
    if not condition and note:
        print("\n".join(f"# {line}" for line in note.strip().split("\n")))


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(f"folder/{name}", body)
    return out.getvalue()


@contextlib.contextmanager
def server(routes: dict[str, bytes], need_login: bool = True) -> Iterator[list[tuple[str, str | None]]]:
    """Serves the routes. /kaggle/... asks for the login and redirects to a second host, as Kaggle does."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            login = self.headers.get("Authorization")
            seen.append((self.path, login))
            if self.path.startswith("/kaggle/") and need_login and login != LOGIN:
                self.send_error(401)
            elif self.path not in routes and "/storage" + self.path not in routes:
                self.send_error(404)
            elif "/storage" + self.path in routes:
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/storage{self.path}")
                self.end_headers()
            else:
                body = routes[self.path]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{http.server_address[1]}"
    os.environ.update(STELLANTIS_KAGGLE_URL=f"{base}/kaggle", STELLANTIS_UCI_URL=f"{base}/uci")
    try:
        yield seen
    finally:
        http.shutdown()
        http.server_close()


def run(folder: Path, *datasets: str, login: bool = True) -> tuple[int, str]:
    os.environ.update(KAGGLE_USERNAME="anna" if login else "", KAGGLE_KEY="secret" if login else "")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        rc = fetch_data.main(["--to", str(folder), *datasets])
    return rc, said.getvalue()


def csv_bytes(rows: list[list[object]], end: str = "\r\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue().encode()


def kaggle_route(source: fetch_data.Source, stored: bool = True) -> str:
    path = f"/kaggle/datasets/download/{source.kaggle}/{source.file}"
    return "/storage" + path if stored else path


def small_files() -> tuple[bytes, bytes, bytes, bytes]:
    """A maintenance, a quality (Kaggle's form), a vehicles file and UCI's zip of the same quality rows."""
    maintenance = b"\xef\xbb\xbf" + csv_bytes(
        [["UDI", "Product ID", "Type", *map(str, range(11))], [1, "M14860", "M", 298.1, *range(10)]]
    )
    cells = ["0.3330", "NaN", *["1.7730"] * 588]
    times = {"2008-01-08 02:02:00": "01/08/2008 02:02:00", "2008-08-22 02:52:00": "22/08/2008 02:52:00"}
    ours = ["0.33299999999999996", "", *["1.7730000000000001"] * 588]
    quality = csv_bytes([["Time", *range(590), "Pass/Fail"], *([time, *ours, -1] for time in times)])
    uci = zipped(**{
        "secom.data": "".join(" ".join(cells) + "\n" for _ in times).encode(),
        "secom_labels.data": "".join(f'-1 "{time}"\n' for time in times.values()).encode(),
    })
    names = "Make,Model,Year,Engine Fuel Type,Engine HP,Engine Cylinders,Transmission Type,Driven_Wheels"
    names += ",Number of Doors,Market Category,Vehicle Size,Vehicle Style,highway MPG,city mpg,Popularity,MSRP"
    vehicles = (names + "\nFIAT,500,2015,regular,101,4,MANUAL,front,2,N/A,Compact,Hatchback,40,31,819,16345\n").encode()
    return maintenance, quality, vehicles, uci


def digests(body: bytes, straight: bool) -> dict[str, str]:
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))[1:]
    time = fetch_data.straightened if straight else str
    return {"sha256": hashlib.sha256(body).hexdigest(), "content": fetch_data.content_digest(rows, time)}


def with_small_files(folder: Path) -> None:
    maintenance, quality, vehicles, uci_quality = small_files()
    m, q, v = fetch_data.SOURCES
    m, q = dataclasses.replace(m, **digests(maintenance, False)), dataclasses.replace(q, **digests(quality, True))
    fetch_data.SOURCES = (m, q, v)
    uci = {f"/uci/{m.uci}": zipped(**{m.file: maintenance}), f"/uci/{q.uci}": uci_quality}
    kaggle = {kaggle_route(m): maintenance, kaggle_route(q): zipped(**{q.file: quality}), kaggle_route(v): vehicles}

    with server({**kaggle, **uci}) as seen:
        rc, said = run(folder / "a")
        a = folder / "a"
        ok(rc == 0 and said.count("from Kaggle") == 3, "three files come from Kaggle", said)
        ok((a / "maintenance/ai4i2020.csv").read_bytes() == maintenance, "a plain file is stored byte for byte")
        ok((a / "quality/uci-secom.csv").read_bytes() == quality, "a zipped file is unpacked")
        ok("CC BY 4.0" in said and "do not pass it on" in said, "each licence is printed", said)
        storage = [login for path, login in seen if path.startswith("/storage")]
        ok(len(storage) == 3 and not any(storage), "the keys do not follow a redirect to another host")
        (a / "vehicles/data.csv").write_bytes(b"mine")
        before = len(seen)
        rc, said = run(a)
        ok(rc == 0 and said.count("kept") == 3 and len(seen) == before, "a second run asks for nothing", said)
        ok((a / "vehicles/data.csv").read_bytes() == b"mine", "a file that is there is never overwritten")
        ok(not list(a.rglob(".fetching-*")), "no temporary file is left")

    with server({**kaggle, **uci}) as seen:
        rc, said = run(folder / "b", login=False)
        ok(rc == 1 and said.count("from UCI") == 2, "without keys two files come from UCI", said)
        ok("KAGGLE_USERNAME" in said and not (folder / "b/vehicles/data.csv").exists(), "and the third says what it needs")
        secom = (folder / "b/quality/uci-secom.csv").read_bytes().decode("ascii")
        ok("2008-08-01 02:02:00,0.333,," in secom and "\r\n" in secom, "UCI's SECOM becomes the CSV form, true times")
        ok(secom.split("\r\n")[0].endswith(",589,Pass/Fail"), "with its header")
        ok("the known content" in said, "its content is checked although its bytes differ", said)

    with server(uci) as seen:
        rc, said = run(folder / "c", "maintenance", "quality")
        ok(rc == 0 and "HTTP 404" in said and said.count("from UCI") == 2, "Kaggle has it not: UCI is asked", said)
    with server({**kaggle, **uci}) as seen:
        os.environ["KAGGLE_KEY"] = "wrong"
        said = io.StringIO()
        os.environ["KAGGLE_USERNAME"] = "anna"
        with contextlib.redirect_stdout(said):
            rc = fetch_data.main(["--to", str(folder / "d")])
        ok(rc == 1 and "HTTP 401 the keys are not accepted" in said.getvalue(), "wrong keys are named", said.getvalue())
        ok((folder / "d/quality/uci-secom.csv").exists(), "and UCI gives what it has")
        ok("wrong" not in said.getvalue() and "secret" not in said.getvalue(), "no key is printed")

    bad = maintenance.replace(b"M14860", b"M14861")
    with server({**kaggle, kaggle_route(m): bad, **uci}) as seen:
        rc, said = run(folder / "e", "maintenance")
        ok(rc == 0 and "content differs" in said and "from UCI" in said, "a wrong digest is refused, UCI is asked", said)
    with server({kaggle_route(m): bad, f"/uci/{m.uci}": zipped(**{m.file: bad})}) as seen:
        rc, said = run(folder / "f", "maintenance")
        ok(rc == 1 and not list((folder / "f").rglob("*.csv")), "wrong twice: nothing is stored", said)
    with server({kaggle_route(m): maintenance.replace(b"\r\n", b"\n"), **uci}) as seen:
        rc, said = run(folder / "g", "maintenance")
        ok(rc == 0 and "another spelling" in said, "other line ends are the same content", said)
    with server({kaggle_route(v): b"<html>log in</html>", f"/uci/{m.uci}": b"PK\x03\x04 cut off"}) as seen:
        rc, said = run(folder / "h", "vehicles")
        ok(rc == 1 and "not the file expected" in said, "a page instead of a file is refused", said)
        rc, said = run(folder / "h", "maintenance", login=False)
        ok(rc == 1 and "not a readable zip" in said, "a broken zip is refused", said)
    rc, said = run(folder / "i", "maintenance")
    ok(rc == 1 and "refused" in said.lower(), "no server: the reason is printed", said)


def with_public_files(folder: Path) -> None:
    real = os.environ.get("STELLANTIS_REAL_DATA")
    if not real or not (Path(real) / "quality/uci-secom.csv").exists():
        print("# skipped: the public files (STELLANTIS_REAL_DATA is not set)")
        return
    maintenance = (Path(real) / "maintenance/ai4i2020.csv").read_bytes()
    quality = (Path(real) / "quality/uci-secom.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(quality.decode("ascii"), newline="")))[1:]
    values = "".join(" ".join(f"{float(c):.4f}" if c else "NaN" for c in row[1:-1]) + "\n" for row in rows)
    labels = []
    for row in rows:
        time = fetch_data.straightened(row[0])
        labels.append(f'{row[-1]} "{time[8:10]}/{time[5:7]}/{time[:4]} {time[11:]}"\n')
    archive = zipped(**{"secom.data": values.encode(), "secom_labels.data": "".join(labels).encode()})
    m, q, _ = fetch_data.SOURCES
    routes = {
        kaggle_route(m): zipped(**{m.file: maintenance}), kaggle_route(q): zipped(**{q.file: quality}),
        f"/uci/{m.uci}": zipped(**{m.file: maintenance}), f"/uci/{q.uci}": archive,
    }
    command = [sys.executable, str(ROOT / "scripts/fetch_data.py"), "maintenance", "quality", "--to"]
    with server(routes):
        for keys, where in (("anna", "Kaggle"), ("", "UCI")):
            target = folder / where
            environment = dict(os.environ, KAGGLE_USERNAME=keys, KAGGLE_KEY="secret")
            done = subprocess.run([*command, str(target)], env=environment, capture_output=True, text=True)
            ok(done.returncode == 0 and done.stdout.count(f"from {where}") == 2, f"the public files, from {where}",
               done.stdout + done.stderr)
        same = (folder / "Kaggle/maintenance/ai4i2020.csv").read_bytes() == maintenance
        ok(same and (folder / "Kaggle/quality/uci-secom.csv").read_bytes() == quality, "are the known bytes")


def main() -> int:
    os.environ["no_proxy"] = "*"
    with tempfile.TemporaryDirectory() as folder:
        known = fetch_data.SOURCES
        with_small_files(Path(folder) / "small")
        fetch_data.SOURCES = known
        with_public_files(Path(folder) / "public")
    print(f"1..{tests}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
