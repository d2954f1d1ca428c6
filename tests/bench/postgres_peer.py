"""Reads one table of Postgres as a person with Python would: adbc into Arrow, or pandas.

    postgres_peer.py adbc|pandas URL QUERY      prints rows and seconds
"""

import sys
import time

kind, url, query = sys.argv[1:]
started = time.perf_counter()
if kind == "adbc":
    import adbc_driver_postgresql.dbapi

    with adbc_driver_postgresql.dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        rows = cursor.fetch_arrow_table().num_rows
else:
    import warnings

    import pandas
    import psycopg2

    # It asks for SQLAlchemy, and reads all the same.
    warnings.simplefilter("ignore")
    rows = len(pandas.read_sql(query, psycopg2.connect(url)))
print(rows, time.perf_counter() - started)
