#!/usr/bin/env python3
"""Peer 2: pandas, rows by COPY through psycopg2: what an experienced engineer does when to_sql is too slow.

usage: peer_copy.py LANDING_ZONE      (server: PGHOST, PGPORT, PGUSER, PGDATABASE)
"""

import io

import numpy as np
import pandas as pd
import psycopg2
from peer import Store, main


class Copy(Store):
    def __init__(self) -> None:
        self.connection = psycopg2.connect("")
        self.cursor = self.connection.cursor()

    def append(self, frame: pd.DataFrame, schema: str, table: str) -> None:
        if "sensors" in frame:
            values = np.vstack(frame["sensors"].to_list()).tolist()
            arrays = ["{" + ",".join(map(repr, row)).replace("nan", "NULL") + "}" for row in values]
            frame = frame.assign(sensors=arrays)
        buffer = io.StringIO()
        frame.to_csv(buffer, index=False, header=False)
        buffer.seek(0)
        columns = ", ".join(frame.columns)
        self.cursor.copy_expert(f"copy {schema}.{table} ({columns}) from stdin with (format csv)", buffer)

    def execute(self, sql: str) -> list[tuple]:
        self.cursor.execute(sql)
        return self.cursor.fetchall() if self.cursor.description else []

    def commit(self) -> None:
        self.connection.commit()


if __name__ == "__main__":
    main(Copy())
