"""`doctor`: what is set and from where, which versions run, whether the database answers."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from oncall_gitops import __version__
from oncall_gitops.store.tables import SCHEMA_VERSION
from tests.commands.shell import Shell


def row(text: str, name: str) -> str:
    """What stands beside a name, with single spaces."""
    [found] = re.findall(rf"^ +{re.escape(name)} +(.*)$", text, re.MULTILINE)
    return " ".join(found.split())


def test_a_healthy_installation_is_told_with_its_versions(shell: Shell) -> None:
    told = shell.ok("doctor").out

    assert row(told, "oncall-gitops") == __version__
    assert row(told, "tzdata") == version("tzdata")
    assert row(told, "PostgreSQL").split(".")[0].isdigit()
    assert row(told, "schema") == f"{SCHEMA_VERSION} (this version needs {SCHEMA_VERSION})"
    assert row(told, "schedules") == "schedules found"


def test_every_setting_says_where_it_came_from(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / "oncall-gitops.yaml").write_text("safety:\n  mass-delete: {count: 10}\n")
    monkeypatch.setenv("ONCALL_GITOPS_HORIZON", "30d")
    told = shell.ok("doctor").out

    assert row(told, "horizon") == "30d environment variable ONCALL_GITOPS_HORIZON"
    assert row(told, "safety.mass-delete.count") == "10 oncall-gitops.yaml:2"
    assert row(told, "safety.mass-delete.percent") == "25 default"
    assert row(told, "database_url").endswith("environment variable DATABASE_URL")


def test_a_database_that_does_not_answer_is_exit_7_and_shows_no_password(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:s3cret-word@127.0.0.1:1/oncall")
    done = shell("doctor")

    assert done.code == 7
    assert row(done.out, "database_url").startswith('database "oncall" on 127.0.0.1:1 ')
    assert "cannot be reached" in row(done.out, "not reached")
    assert "s3cret-word" not in done.out + done.err


def test_settings_that_are_not_valid_are_exit_1(shell: Shell) -> None:
    (shell.folder / "oncall-gitops.yaml").write_text("horzon: 90d\n")
    done = shell("doctor")

    assert done.code == 1
    assert "did you mean 'horizon'?" in done.err


def test_without_a_database_none_is_made_to_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Shell(tmp_path, monkeypatch).ok("doctor").out

    assert row(told, "embedded").startswith("not created yet")
    assert not (tmp_path / ".oncall-gitops").exists()


def test_calendar_settings_are_told_with_their_origin_and_no_secret(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONCALL_GITOPS_GOOGLE_CLIENT_ID", "client-1")
    monkeypatch.setenv("ONCALL_GITOPS_GOOGLE_CLIENT_SECRET", "canary-secret")
    monkeypatch.setenv("ONCALL_GITOPS_TOKEN_KEYS", "k1:Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmE=")
    monkeypatch.setenv("ONCALL_GITOPS_GRAPH_URL", "http://127.0.0.1:1")
    told = shell.ok("doctor").out
    rows = {" ".join(line.split()) for line in told.splitlines()}

    assert "google_client_id client-1 environment variable ONCALL_GITOPS_GOOGLE_CLIENT_ID" in rows
    assert "google_client_secret set environment variable ONCALL_GITOPS_GOOGLE_CLIENT_SECRET" in rows
    assert "token_keys set environment variable ONCALL_GITOPS_TOKEN_KEYS" in rows
    assert "graph_url http://127.0.0.1:1 environment variable ONCALL_GITOPS_GRAPH_URL" in rows
    assert "microsoft_tenant common default" in rows
    assert "google_service_account_file not set" in rows
    assert "canary" not in told
    assert "Y2FuYXJ5" not in told


def test_every_calendar_setting_that_is_no_good_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONCALL_GITOPS_GOOGLE_API_URL", "http://example.com")
    monkeypatch.setenv("ONCALL_GITOPS_GRAPH_URL", "ftp://x")
    monkeypatch.setenv("ONCALL_GITOPS_TOKEN_KEYS", "k1:short")
    done = shell("doctor")

    assert done.code == 1
    assert "GOOGLE_API_URL must begin with https://" in done.err
    assert "GRAPH_URL is not a URL" in done.err
    assert "key 1 of ONCALL_GITOPS_TOKEN_KEYS" in done.err
