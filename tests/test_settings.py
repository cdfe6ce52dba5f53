"""Where settings come from, and what is said about mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncall_gitops.core.errors import OncallError
from oncall_gitops.settings import InvalidSettings, load_settings, redact

DAY = 86_400


def repository(folder: Path, text: str | None = None) -> Path:
    """A schedules folder in a repository, with the settings file beside it; returns the schedules folder."""
    (folder / ".git").mkdir()
    (folder / "schedules").mkdir()
    if text is not None:
        (folder / "oncall-gitops.yaml").write_text(text)
    return folder / "schedules"


def test_without_file_and_environment_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(repository(tmp_path))

    assert settings.database_url is None
    assert settings.horizon == 90 * DAY
    assert settings.limits.mass_delete_percent == 25
    assert settings.limits.mass_delete_count == 3
    assert settings.limits.blocking == {"empty-source", "mass-delete", "new-gap", "unmanaged-clash"}
    assert settings.origins == {}


def test_the_file_beside_the_schedules_sets_and_is_named_as_the_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(
        repository(
            tmp_path,
            "horizon: 12w\nsafety:\n  mass-delete: {percent: 10}\n  new-gap: {verdict: warn}\n"
            "  on-call-now: {verdict: block}\n",
        )
    )

    assert settings.horizon == 84 * DAY
    assert settings.limits.mass_delete_percent == 10
    assert settings.limits.blocking == {"empty-source", "mass-delete", "on-call-now", "unmanaged-clash"}
    assert settings.origins["horizon"] == "oncall-gitops.yaml:1"
    assert settings.origins["safety.mass-delete.percent"] == "oncall-gitops.yaml:3"


def test_the_file_in_a_parent_counts_but_not_beyond_the_repository(tmp_path: Path) -> None:
    (tmp_path / "oncall-gitops.yaml").write_text("horizon: 1d\n")
    inner = tmp_path / "inner"
    (inner / "deep" / "schedules").mkdir(parents=True)
    assert load_settings(inner / "deep" / "schedules").horizon == DAY

    (inner / ".git").mkdir()
    assert load_settings(inner / "deep" / "schedules").horizon == 90 * DAY


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONCALL_GITOPS_HORIZON", "30d")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/oncall")
    settings = load_settings(repository(tmp_path, "horizon: 12w\n"))

    assert settings.horizon == 30 * DAY
    assert settings.database_url == "postgresql://db/oncall"
    assert settings.origins["horizon"] == "environment variable ONCALL_GITOPS_HORIZON"


def test_a_bad_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONCALL_GITOPS_HORIZON", "a while")

    with pytest.raises(OncallError, match="ONCALL_GITOPS_HORIZON: not a duration"):
        load_settings(repository(tmp_path))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("horzon: 90d\n", "1:1", "unknown setting 'horzon' (did you mean 'horizon'?)"),
        ("horizon: soon\n", "1:10", "not a duration"),
        ("horizon: 0d\n", "1:10", "the horizon lies between"),
        ("horizon: [90d]\n", "1:10", "expected a single value"),
        ("horizon: 1d\nhorizon: 2d\n", "2:1", "'horizon' is written twice"),
        ("safety:\n  mass-delete: {percent: 101}\n", "2:26", "expected a whole number from 0 to 100"),
        ("safety:\n  empty-source: {verdict: warn}\n", "2:18", "unknown setting"),
        ("safety: {new-gap: {verdict: ignore}}\n", "1:29", "expected block or warn"),
        ("horizon: &here 90d\n", "1:10", "anchors"),
        ("horizon: !!str 90d\n", "1:10", "tags"),
        ("[[[[[[[[[[[]]]]]]]]]]]\n", "1:9", "deep nesting"),
        ("horizon: {\n", "2:1", ""),
        ("\tx: 1\n", "1:1", ""),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, place: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidSettings) as caught:
        load_settings(repository(tmp_path, text))

    assert caught.value.exit_code == 1
    assert f"oncall-gitops.yaml:{place}: " in str(caught.value)
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(repository(tmp_path, "horizon: soon\nsafety: {mass-delete: {count: many}}\n"))

    assert [problem.origin.line for problem in caught.value.problems] == [1, 2]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    schedules = repository(tmp_path)
    (tmp_path / "oncall-gitops.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InvalidSettings, match="not YAML text in UTF-8"):
        load_settings(schedules)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://app:hunter2@db/oncall", "postgresql://app:***@db/oncall"),
        ("host=db password=hunter2 user=app", "host=db password=*** user=app"),
        ("host=db password='hunter 2' user=app", "host=db password=*** user=app"),
        ("postgresql://db/oncall?password=hunter2&user=app", "postgresql://db/oncall?password=***&user=app"),
        ("postgresql://db/oncall at 12:30", "postgresql://db/oncall at 12:30"),
    ],
)
def test_connection_strings_are_shown_without_their_passwords(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_secrets_of_the_environment_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONCALL_GITOPS_TOKEN_KEYS", "k1:c2VjcmV0c2VjcmV0")
    monkeypatch.setenv("PGPASSWORD", "correct horse")

    assert redact("keys k1:c2VjcmV0c2VjcmV0, password is correct horse") == "keys ***, password is ***"
