#!/usr/bin/env python3
"""Peer 1: pandas + SQLAlchemy, rows by DataFrame.to_sql with its defaults, as most scripts have it.

usage: peer_to_sql.py LANDING_ZONE      (server: PGHOST, PGPORT, PGUSER, PGDATABASE)
"""

import numpy as np
import pandas as pd
from peer import Store, main
from sqlalchemy import ARRAY, Float, create_engine, text


class ToSql(Store):
    def __init__(self) -> None:
        self.connection = create_engine("postgresql+psycopg2://").connect()

    def append(self, frame: pd.DataFrame, schema: str, table: str) -> None:
        types = {}
        if "sensors" in frame:
            # As an array column: 590 columns of their own take longer.
            values = np.vstack(frame["sensors"].to_list()).astype(object)
            values[pd.isna(values)] = None
            frame = frame.assign(sensors=values.tolist())
            types = {"sensors": ARRAY(Float)}
        frame.to_sql(table, self.connection, schema=schema, if_exists="append", index=False, dtype=types)

    def execute(self, sql: str) -> list[tuple]:
        result = self.connection.execute(text(sql.replace(":", r"\:")))
        return [tuple(row) for row in result] if result.returns_rows else []

    def commit(self) -> None:
        self.connection.commit()


if __name__ == "__main__":
    main(ToSql())
