"""`rotation` as somebody runs it: the file afterwards, what is printed, how it ends. No database is near."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from oncall_gitops.core.model.rotation import Rotation
from oncall_gitops.core.rotate import rotate
from tests.commands.shell import Done, Shell

ROOT = Path(__file__).parents[2]
T = ("--as-of", "2026-11-22T18:30Z")
"""A Sunday; alice has the turn until Monday at 09:00, then bob."""

ROTA = """\
users:
  alice: {name: Alice, email: alice@example.com}
  bob: {name: Bob, email: bob@example.com}
  carol: {name: Carol, email: carol@example.com}
  dave: {name: Dave, email: dave@example.com}
teams:
  payments:
    schedules:
      primary:
        timezone: UTC
        start_date: 2026-01-05
        rotation:
          type: weekly
          users:
            - alice # the founder
            # on the coast
            - bob
            - {user: carol, from: 2026-01-12}
        layers:
          weekend:
            priority: 10
            timezone: America/New_York
            rotation: {type: weekly, users: [carol, dave]}
            restrictions: {days_of_week: [SAT, SUN]}
      secondary:
        timezone: UTC
        start_date: 2026-01-05
        rotation: {follows: primary, offset: -1}
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands in a folder with one good file, without a database."""
    shell = Shell(tmp_path, monkeypatch)
    shell.write(ROTA)
    return shell


def text(shell: Shell) -> str:
    return (shell.schedules / "rota.yaml").read_text()


def changed(shell: Shell) -> list[str]:
    """The lines that are not in the file as it was, and (with a -) those of it that are gone."""
    before, after = ROTA.splitlines(), text(shell).splitlines()
    return [
        *(f"-{line.strip()}" for line in before if line not in after),
        *(f"+{line.strip()}" for line in after if line not in before),
    ]


def shifts(shell: Shell, schedule: str = "payments/primary") -> list[dict[str, str]]:
    found = shell.ok(
        "shifts", schedule, "--offline", "schedules", "--from", "2026-11-22T18:30Z", "--to",
        "2027-02-22", "--format", "json",
    ).json  # fmt: skip
    return [dict(shift) for shift in found]


def test_who_joins_is_written_and_the_shifts_that_change_are_shown(shell: Shell) -> None:
    done = shell.ok("rotation", "add", "payments/primary", "dave", *T)

    assert changed(shell) == ["+- {user: dave, from: 2026-11-23}"]
    assert done.err == "Wrote schedules/rota.yaml:12.\n"
    assert "Plan for payments/primary" in done.out
    assert "Mon 2026-12-07 09:00 .. Sat 2026-12-12 05:00  alice -> dave" in done.out, "below the weekend"
    assert shell.ok("validate", *T).code == 0


def test_where_and_when_may_be_said(shell: Shell) -> None:
    shell.ok(
        *("rotation", "add", "payments/primary", "dave", "--after", "alice"),
        *("--from", "2026-12-03T12:00", "--until", "2027-03-01T08:00Z", *T),
    )
    lines = [line.strip() for line in text(shell).splitlines()]

    place = "- {user: dave, from: 2026-12-03T12:00, until: 2027-03-01T08:00:00Z}"
    assert lines[lines.index("- alice # the founder") + 1] == place


def test_who_leaves_stays_in_the_file_with_a_date(shell: Shell) -> None:
    shell.ok("rotation", "remove", "payments/primary", "alice", *T)

    assert changed(shell) == ["-- alice # the founder", "+- {user: alice, until: 2026-11-23} # the founder"]


def test_a_layers_rotation_is_read_in_its_zone(shell: Shell) -> None:
    shell.ok("rotation", "add", "payments/primary/weekend", "bob", "--from", "2026-12-05", *T)

    assert changed(shell) == [
        "-rotation: {type: weekly, users: [carol, dave]}",
        "+rotation: {type: weekly, users: [carol, dave, {user: bob, from: 2026-12-05}]}",
    ]


def test_who_moves_is_written_twice_with_one_date(shell: Shell) -> None:
    shell.ok("rotation", "move", "payments/primary", "alice", "--after", "bob", *T)

    assert changed(shell) == [
        "-- alice # the founder",
        "+- {user: alice, until: 2026-11-23} # the founder",
        "+- {user: alice, from: 2026-11-23}",
    ]


def test_tidying_forgets_dates_and_no_shift_changes(shell: Shell) -> None:
    before = shifts(shell), shifts(shell, "payments/secondary")
    done = shell.ok("rotation", "tidy", "payments/primary", *T)

    assert changed(shell) == [
        "-- {user: carol, from: 2026-01-12}",
        "+- carol",
        "+anchor: {at: 2026-11-16, user: alice}",
    ]
    assert "Nobody's hours change." in done.out
    assert (shifts(shell), shifts(shell, "payments/secondary")) == before


def test_where_nothing_can_be_tidied_nothing_is_written(shell: Shell) -> None:
    done = shell.ok("rotation", "tidy", "payments/primary/weekend", *T)

    assert done.err == "Nothing to tidy in payments/primary/weekend: it is kept as it is.\n"
    assert text(shell) == ROTA


def test_a_dry_run_shows_the_new_yaml_and_writes_nothing(shell: Shell) -> None:
    done = shell.ok("rotation", "add", "payments/primary", "dave", "--dry-run", *T)

    assert text(shell) == ROTA
    assert done.out.startswith(
        "# schedules/rota.yaml:12\n"
        "        rotation:\n"
        "          type: weekly\n"
        "          users:\n"
        "            - alice # the founder\n"
        "            # on the coast\n"
        "            - bob\n"
        "            - {user: carol, from: 2026-01-12}\n"
        "            - {user: dave, from: 2026-11-23}\n"
        "\n"
        "Plan for payments/primary\n"
    )
    assert done.err == ""


def test_a_second_place_is_told(shell: Shell) -> None:
    done = shell.ok("rotation", "add", "payments/primary", "bob", "--after", "carol", "--dry-run", *T)

    assert done.err == "warning: bob holds a place already; this is another one\n"


def test_a_file_that_changed_meanwhile_is_not_written_over(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody saves the file while the shifts are worked out."""
    from oncall_gitops.commands import rotation

    theirs = ROTA + "# a line of somebody else's\n"

    def slowly(*arguments: object, **more: object) -> Rotation:
        shell.write(theirs)
        return rotate(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "rotate", slowly)
    done = shell("rotation", "add", "payments/primary", "dave", *T)

    assert (done.code, text(shell)) == (1, theirs)
    assert "schedules/rota.yaml was changed meanwhile; run it again" in done.err


def test_those_who_follow_show_what_it_does_to_them(shell: Shell) -> None:
    done = shell.ok("rotation", "remove", "payments/primary", "bob", *T)

    assert "payments/secondary (UTC)" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["add", "payments/primary", "zed"], 1, "there is no user zed"),
        (["add", "payments/primary", "davey"], 1, "did you mean dave?"),
        (["add", "payments/primry", "dave"], 1, "did you mean payments/primary?"),
        (["add", "payments/primary/weekends", "dave"], 1, "did you mean weekend?"),
        (["add", "payments/secondary", "dave"], 1, "payments/secondary follows payments/primary"),
        (["add", "payments/primary", "dave", "--after", "dave"], 1, "dave holds no place in the rotation"),
        (["remove", "payments/primary", "dave"], 1, "dave holds no place in the rotation"),
        (["remove", "payments/primary", "alice", "--from", "2026-12-01"], 64, "No such option"),
        (["move", "payments/primary", "alice"], 64, "--after"),
        (["add", "primary", "dave"], 64, "is not TEAM/SCHEDULE"),
        (["add", "payments/primary", "dave", "--from", "soon"], 64, "soon"),
        (["add", "payments/primary", "dave", "--path", "nowhere"], 1, "cannot read nowhere"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    shell: Shell, arguments: list[str], code: int, why: str
) -> None:
    done = shell("rotation", *arguments, *T)

    assert done.code == code
    assert why in done.err
    assert text(shell) == ROTA


def test_a_tree_with_mistakes_is_not_edited(shell: Shell) -> None:
    shell.write("users: {eve: {name: Eve}}\n", "broken.yaml")
    done = shell("rotation", "add", "payments/primary", "dave", *T)

    assert_unchanged(shell, done, "the files are not valid; nothing was changed")


def test_an_edit_that_would_not_be_valid_is_shown_and_not_written(shell: Shell) -> None:
    done = shell("rotation", "add", "payments/primary", "dave", "--as-of", "2099-12-30T00:00Z")

    assert_unchanged(shell, done, "the files would not be valid with this edit; nothing was changed")
    assert "OG405" in done.err, "dates lie in 1970 to 2099"


def assert_unchanged(shell: Shell, done: Done, why: str) -> None:
    assert done.code == 1
    assert why in done.err
    assert text(shell) == ROTA


def test_bytes_mode_and_links_are_kept(shell: Shell) -> None:
    real = shell.schedules / "deep" / "real.yaml"
    real.parent.mkdir()
    windows = b"\xef\xbb\xbf" + ROTA.replace("\n", "\r\n").encode()
    (shell.schedules / "rota.yaml").unlink()
    hidden = real.with_name(".real")
    hidden.write_bytes(windows)
    hidden.chmod(0o640)
    real.symlink_to(".real")

    shell.ok("rotation", "add", "payments/primary", "dave", *T)

    assert real.is_symlink()
    assert stat.S_IMODE(hidden.stat().st_mode) == 0o640
    joined = b"            - {user: dave, from: 2026-11-23}\r\n"
    after = windows.replace(b"2026-01-12}\r\n", b"2026-01-12}\r\n" + joined)
    assert hidden.read_bytes() == after
    assert sorted(os.listdir(real.parent)) == [".real", "real.yaml"], "nothing is left over"


def test_the_samples_are_edited_from_end_to_end(shell: Shell) -> None:
    """A year in the life of a rota: each step is valid, and tidying at its end moves nothing."""
    shutil.rmtree(shell.schedules)
    shutil.copytree(ROOT / "schedules", shell.schedules)
    others = {path: path.read_bytes() for path in shell.schedules.iterdir() if path.name != "payments.yaml"}

    for arguments, day in (
        (["add", "payments/primary", "wen"], "2026-11-22"),
        (["remove", "payments/primary", "elias"], "2027-01-20"),
        (["move", "payments/primary", "noah", "--after", "dana"], "2027-03-03"),
        (["remove", "payments/primary/weekend", "oscar", "--until", "2027-08-07"], "2027-05-01"),
    ):
        shell.ok("rotation", *arguments, "--as-of", f"{day}T12:00Z")
        assert shell.ok("validate", "--as-of", f"{day}T12:00Z").code == 0

    def asked() -> list[dict[str, str]]:
        names = ("payments/primary", "payments/secondary")
        window = ("--from", "2027-09-01T12:00Z", "--to", "2028-09-01")
        return [
            dict(s)
            for s in shell.ok("shifts", *names, "--offline", "schedules", *window, "--format", "json").json
        ]

    before = asked()
    for target in ("payments/primary", "payments/primary/weekend"):
        done = shell.ok("rotation", "tidy", target, "--as-of", "2027-09-01T12:00Z")
        assert "Nobody's hours change." in done.out
    assert [{**s, "start": max(s["start"], "2027-09-01T12:00:00Z")} for s in asked()] == [
        {**s, "start": max(s["start"], "2027-09-01T12:00:00Z")} for s in before
    ]
    rota = (shell.schedules / "payments.yaml").read_text()
    assert "until:" not in rota
    assert "coverage: always # an hour that nobody covers is an error" in rota
    assert {path: path.read_bytes() for path in others} == others
