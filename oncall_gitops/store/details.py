"""Rows that belong to a user or team: time off and memberships, of which only what differs is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from oncall_gitops.store.row import Row

_TIME_OFF = """jsonb_to_recordset(%(document)s::jsonb)
    AS r(user_id uuid, start_time bigint, end_time bigint, reason text, spec jsonb)"""

_SAME_TIME_OFF = """r.user_id = off.user_id AND r.reason = off.reason
    AND to_timestamp(r.start_time) = off.start_time AND to_timestamp(r.end_time) = off.end_time
    AND r.spec IS NOT DISTINCT FROM off.spec"""

_DELETE_TIME_OFF = f"""DELETE FROM user_time_off AS off WHERE user_id = ANY(%(changed)s::uuid[])
    AND NOT EXISTS (SELECT FROM {_TIME_OFF} WHERE {_SAME_TIME_OFF})"""  # noqa: S608 (our own text)

_INSERT_TIME_OFF = f"""INSERT INTO user_time_off (user_id, start_time, end_time, reason, spec)
    SELECT user_id, to_timestamp(start_time), to_timestamp(end_time), reason, spec FROM {_TIME_OFF}
    WHERE NOT EXISTS (SELECT FROM user_time_off AS off WHERE {_SAME_TIME_OFF})"""  # noqa: S608 (our own text)

_MEMBERS = "unnest(%(teams)s::uuid[], %(users)s::uuid[]) AS written(team_id, user_id)"

_DELETE_MEMBERS = f"""DELETE FROM team_members WHERE team_id = ANY(%(changed)s::uuid[])
    AND (team_id, user_id) NOT IN (SELECT team_id, user_id FROM {_MEMBERS})"""  # noqa: S608 (our own text)

_INSERT_MEMBERS = f"""INSERT INTO team_members (team_id, user_id)
    SELECT team_id, user_id FROM {_MEMBERS} ON CONFLICT DO NOTHING"""  # noqa: S608 (our own text)


def write_time_off(driver: psycopg.Connection[Any], time_off: Mapping[str, Sequence[Row]]) -> None:
    """Make the time off of these users, by id, what is given."""
    if not time_off:
        return
    rows = [{"user_id": user_id, **row} for user_id, off in time_off.items() for row in off]
    values = {"changed": list(time_off), "document": json.dumps(rows, ensure_ascii=False)}
    driver.execute(_DELETE_TIME_OFF.encode(), values)
    driver.execute(_INSERT_TIME_OFF.encode(), values)


def write_members(driver: psycopg.Connection[Any], members: Mapping[str, Sequence[str]]) -> None:
    """Make the members of these teams, by id, what is given."""
    if not members:
        return
    pairs = [(team_id, user_id) for team_id, user_ids in members.items() for user_id in user_ids]
    values = {
        "changed": list(members),
        "teams": [team_id for team_id, _ in pairs],
        "users": [user_id for _, user_id in pairs],
    }
    driver.execute(_DELETE_MEMBERS.encode(), values)
    driver.execute(_INSERT_MEMBERS.encode(), values)
