"""SQL for whole sets of rows, made from the tables: how each kind of column is read, and how it is written.

Reading gives the values of `row.py` (epoch seconds, ids as text, ranges as pairs). Writing hands all rows
of a table to the server as one JSON document and converts there: the number of statements does not grow
with the rows. Names of tables and columns are ours, every value is a parameter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Column, DateTime, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, UUID, dialect

from oncall_gitops.store.row import Row

_POSTGRES = dialect()  # type: ignore[no-untyped-call]


def select_rows(
    driver: psycopg.Connection[Any], table: Table, *, where: str = "true", parameters: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """All columns of the rows that meet a condition."""
    shown = ", ".join(f"{_read(column)} AS {column.name}" for column in table.columns)
    with driver.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"SELECT {shown} FROM {table.name} WHERE {where}".encode(), parameters)  # noqa: S608
        return cursor.fetchall()


def insert_rows(driver: psycopg.Connection[Any], table: Table, rows: Iterable[Row]) -> None:
    """Insert rows that all have the same columns, `id` among them."""
    rows = list(rows)
    if not rows:
        return
    columns = [table.c[name] for name in rows[0]]
    names = ", ".join(column.name for column in columns)
    written = ", ".join(_write(column) for column in columns)
    driver.execute(
        f"INSERT INTO {table.name} ({names}) SELECT {written} FROM {_records(columns)}".encode(),  # noqa: S608
        [_document(rows)],
    )


def update_rows(driver: psycopg.Connection[Any], table: Table, rows: Iterable[Row]) -> None:
    """Update rows by `id`; all have the same columns."""
    rows = list(rows)
    if not rows:
        return
    columns = [table.c[name] for name in rows[0]]
    changes = ", ".join(f"{column.name} = {_write(column)}" for column in columns if column.name != "id")
    driver.execute(
        f"UPDATE {table.name} SET {changes} FROM {_records(columns)} WHERE {table.name}.id = r.id".encode(),  # noqa: S608
        [_document(rows)],
    )


def _records(columns: Iterable[Column[Any]]) -> str:
    shape = ", ".join(f"{column.name} {_transport(column)}" for column in columns)
    return f"jsonb_to_recordset(%s::jsonb) AS r({shape})"


def _document(rows: Sequence[Row]) -> str:
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


_READ_PLACES = """(SELECT coalesce(jsonb_agg(
        CASE WHEN isempty(place) THEN '[]' ELSE jsonb_build_array(
            floor(extract(epoch FROM lower(place)))::bigint,
            floor(extract(epoch FROM upper(place)))::bigint
        ) END ORDER BY number
    ), '[]') FROM unnest({name}) WITH ORDINALITY AS places(place, number))"""

_WRITE_PLACES = """ARRAY(SELECT
        CASE WHEN place = '[]' THEN 'empty' ELSE tstzrange(
            to_timestamp((place->>0)::bigint), to_timestamp((place->>1)::bigint)
        ) END
    FROM jsonb_array_elements({name}) WITH ORDINALITY AS places(place, number) ORDER BY number)"""


def _read(column: Column[Any]) -> str:
    name = column.name
    match column.type:
        case DateTime():
            return f"floor(extract(epoch FROM {name}))::bigint"
        case UUID():
            return f"{name}::text"
        case ARRAY(item_type=UUID()):
            return f"{name}::text[]"
        case ARRAY(item_type=TSTZRANGE()):
            return _READ_PLACES.format(name=name)
        case _:
            return name


def _write(column: Column[Any]) -> str:
    name = f"r.{column.name}"
    match column.type:
        case DateTime():
            return f"to_timestamp({name})"
        case ARRAY(item_type=TSTZRANGE()):
            return _WRITE_PLACES.format(name=name)
        case _:
            return name


def _transport(column: Column[Any]) -> str:
    """The type in which a value travels inside the document."""
    match column.type:
        case DateTime():
            return "bigint"
        case ARRAY(item_type=TSTZRANGE()) | JSONB():
            return "jsonb"
        case _:
            return str(column.type.compile(dialect=_POSTGRES))
