"""The canonical form: one text for one meaning, whatever it looked like, and never another meaning."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from random import Random
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncall_gitops.source.document import read_document
from oncall_gitops.source.formatting.canonical import canonical, meaning
from oncall_gitops.source.formatting.tree import formatting
from oncall_gitops.source.formatting.trivia import Comment, read_gap
from oncall_gitops.source.read import load
from tests.source.messy import Untidy
from tests.source.reading import GOOD
from tests.source.test_corpus import RECORDS, SECONDS, write

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "schedules").glob("*.y*ml"))
REAL = sorted((ROOT / "tests" / "data" / "real-inputs").glob("*.yaml"))


def formatted(text: str) -> str:
    """The canonical form of a text that is good YAML."""
    document = read_document(dedent(text), "a.yaml")
    assert document.problems == []
    return canonical(document)


def form_of(content: str | bytes) -> str:
    """What `fmt` would make of a file's bytes; the file must be one that it touches."""
    data = content.encode() if isinstance(content, str) else content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_bytes(data)
        found = formatting([path])
        assert found.problems == []
        [after] = [rewriting.after for rewriting in found.rewritings] or [data]
    return after.decode()


def state_of(content: str | bytes) -> Any:
    """The desired state of a file's bytes, as far as it can be read, and its errors without their places."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        loaded = load(Path(folder))
    errors = sorted((problem.code, problem.message) for problem in loaded.problems if problem.is_error)
    return loaded.readable.state, loaded.readable.renamed_from, [code for code, _ in errors]


# What it does ------------------------------------------------------------------------------------------


def test_wall_times_are_always_in_double_quotes() -> None:
    text = """\
        teams:
          t:
            schedules:
              s:
                handoff_time: 09:00
                coverage:
                  - {days: [MON], from: '17:00', to: 24:00}
                  - {from: FRI 17:00, to: 'MON 09:00'}
                layers:
                  l:
                    handoff_time: '10:30'
                    restrictions: [{from: 09:00, to: 17:00}]
        """
    out = formatted(text)

    assert 'handoff_time: "09:00"' in out
    assert '{days: [MON], from: "17:00", to: "24:00"}' in out
    assert '{from: "FRI 17:00", to: "MON 09:00"}' in out
    assert 'handoff_time: "10:30"' in out
    assert 'restrictions: [{from: "09:00", to: "17:00"}]' in out


def test_dates_and_texts_that_look_like_times_are_left_alone() -> None:
    text = """\
        users:
          a: {name: 09:00, email: a@example.com, external: {from: 09:00, rrule: freq=daily}}
        teams:
          days:
            labels: {handoff_time: 09:00, days: mon}
            schedules:
              s:
                start_date: 2026-01-05
                rotation:
                  users:
                    - {user: a, from: 2026-01-05}
        """
    assert formatted(text) == dedent(text)


def test_rules_and_days_are_in_upper_case() -> None:
    text = """\
        teams:
          t:
            schedules:
              s:
                rotation: {type: custom, rrule: 'RRULE:freq=weekly;byday=mo,fr', users: [a]}
                layers:
                  l:
                    rotation: {type: weekly, handoff_day: mon}
                    restrictions: {days_of_week: [sat, 'sun']}
        """
    out = formatted(text)

    assert 'rrule: "FREQ=WEEKLY;BYDAY=MO,FR"' in out
    assert "handoff_day: MON" in out
    assert 'days_of_week: [SAT, "SUN"]' in out


def test_a_rule_or_a_day_that_is_wrong_is_left_to_people() -> None:
    text = """\
        teams:
          t:
            schedules:
              s:
                handoff_time: 9am
                timezone: US/Eastern
                rotation: {type: custom, rrule: freq=weakly, users: [a]}
                layers: {l: {rotation: {handoff_day: monday}}}
        """
    assert formatted(text) == dedent(text)


def test_blocks_are_indented_by_two_and_lists_below_their_key() -> None:
    text = """\
        teams:
            a:
                  members:
                  - x
                  -   y
                  - - p
                    -    q
                  -
                        k: 1
                        l:
                        - 2
        """
    assert formatted(text) == dedent("""\
        teams:
          a:
            members:
              - x
              - y
              - - p
                - q
              - k: 1
                l:
                  - 2
        """)


def test_flow_collections_stay_and_have_their_spaces_in_one_way() -> None:
    text = "users: { a : {name:   x,email: 'y', } , b: {}, c: [ ] }\nteams: [ {k: 1},[2 ,3], a: b ]\n"

    assert (
        formatted(text)
        == 'users: {a: {name: x, email: "y"}, b: {}, c: []}\nteams: [{k: 1}, [2, 3], {a: b}]\n'
    )


def test_flow_collections_break_their_lines_where_they_did() -> None:
    text = """\
        members: [
            alice,   # first
                bob

            # then
            , carol, ]
        labels: {a: b,
             c: d}
        users: [
          alice,
        ]
        """
    assert formatted(text) == dedent("""\
        members: [
          alice,   # first
          bob,

          # then
          carol]
        labels: {a: b,
          c: d}
        users: [
          alice,
        ]
        """)


def test_comments_stay_with_what_they_are_about() -> None:
    text = """\

        # the file

        users:   # people
            # about alice
            alice:
                name: Alice   # her name
                # more of alice
            # more of the users
        # about the teams
        teams:
            t:
                members:
                # first
                - alice
                # second
                -   # bob, that is
                    bob
                # after the list
                # - carol
                name:
                    # a reason
                    Team
                # the end of t
        # the end"""
    assert formatted(text) == dedent("""\
        # the file

        users:   # people
          # about alice
          alice:
            name: Alice   # her name
            # more of alice
          # more of the users
        # about the teams
        teams:
          t:
            members:
              # first
              - alice
              # second
              - # bob, that is
                bob
            # after the list
            # - carol
            name:
              # a reason
              Team
            # the end of t
        # the end
        """).replace("- # bob", "-   # bob")


def test_comments_in_one_column_stay_in_one_column() -> None:
    text = """\
        teams:
          t:
            schedules:
              s:
                timezone: UTC           # the first
                handoff_time: 09:00     # gets longer
                start_date: 2026-01-05  # the last
                active: true # alone
        """
    assert formatted(text) == dedent("""\
        teams:
          t:
            schedules:
              s:
                timezone: UTC           # the first
                handoff_time: "09:00"   # gets longer
                start_date: 2026-01-05  # the last
                active: true # alone
        """)


def test_texts_of_several_lines_are_moved_and_not_wrapped() -> None:
    long = "word " * 60 + "end"
    text = f"""\
        users:
              a:
                    name: {long}
                    b: |
                       one
                         two

                       three

                    c: >2-
                          folded
                    d: "double \\
                       quoted
                       text"
                    e: plain
                        text
        """
    assert formatted(text) == dedent(f"""\
        users:
          a:
            name: {long}
            b: |
              one
                two

              three

            c: >2-
                folded
            d: "double \\
              quoted
              text"
            e: plain
              text
        """).replace(">2-\n        folded", ">2-\n          folded")


def test_white_space_and_line_ends() -> None:
    assert formatted("\n\nusers:   {}   \n\n\n") == "users: {}\n"
    assert form_of(b"\xef\xbb\xbfusers: {}\r\nteams:  {}") == "users: {}\nteams: {}\n"
    assert form_of("---\nusers: {}\n...\n") == "---\nusers: {}\n"


def test_a_block_without_a_last_line_break_does_not_gain_one_in_meaning() -> None:
    text = "teams: {t: {}}\nusers:\n  a:\n    b: |\n      x"

    assert formatted(text).endswith("b: |-\n      x\n")
    assert formatted("k: |+\n  x\n\n\n") == "k: |+\n  x\n\n\n"


def test_quotes_are_double_where_these_mean_the_same() -> None:
    assert formatted("""k: ['a', 'it''s', 'say "x"', 'c:\\d', "e"]\n""") == (
        """k: ["a", "it's", 'say "x"', 'c:\\d', "e"]\n"""
    )


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_samples_are_canonical(path: Path) -> None:
    assert formatted(path.read_text("utf-8")) == path.read_text("utf-8")


def test_gaps_between_values_are_read() -> None:
    gap = read_gap("a: # b\n\n  # c\n  - d", 1, 18)

    assert gap.trailing == Comment("# b", 3)
    assert gap.lines == [None, Comment("# c", 2, 2)]
    assert gap.marks == ":-"


# What it never does ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*SAMPLES, *REAL], ids=lambda path: path.name)
def test_formatting_a_real_file_changes_nothing_that_it_says(path: Path) -> None:
    before = path.read_text("utf-8")
    after = form_of(before)

    assert state_of(after) == state_of(before)
    assert comments(after) == comments(before)
    assert form_of(after) == after


GOOD_RECORDS = [
    record
    for record in RECORDS
    if record["expect"] != "error" and "files" not in record and "setup" not in record
]


@pytest.mark.parametrize("record", GOOD_RECORDS, ids=[record["id"] for record in GOOD_RECORDS])
def test_formatting_a_good_record_changes_nothing_that_it_says(
    record: dict[str, Any], tmp_path: Path
) -> None:
    write(record, tmp_path)
    for rewriting in formatting([tmp_path]).rewritings:
        after = rewriting.after.decode()

        assert state_of(after) == state_of(rewriting.before)
        assert form_of(after) == after


def comments(text: str) -> list[str]:
    """The comments of a text in which no value holds a `#`."""
    return [line[line.index("#") :].rstrip() for line in text.splitlines() if "#" in line]


PEOPLE = ("alice", "bob", "no", "0x1f", "1e3", "y")
NAMES = (
    "Alice Ng",
    "王 小明",
    "O'Neil",
    'Say "x"',
    "🙂",
    "NO",
    "a # b",
    "x: y",
    "09:00",
    "back\\slash \\ here",
    "- dash",
)


@st.composite
def organisations(draw: st.DrawFn) -> dict[str, Any]:
    """Users and one schedule, with every kind of value that the canonical form touches."""
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True))
    clocks = st.sampled_from(["09:00", "17:00", "00:00", "23:59"])
    rules = st.sampled_from(["FREQ=WEEKLY;BYDAY=MO,FR", "rrule:freq=daily;byhour=1,9", "freq=monthly"])
    days = st.lists(st.sampled_from(["MON", "TUE", "SAT"]), min_size=1, unique=True)
    windows = st.lists(
        st.one_of(
            st.fixed_dictionaries({"from": clocks, "to": clocks}, optional={"days": days}),
            st.just({"from": "FRI 17:00", "to": "MON 09:00"}),
        ),
        min_size=1,
        max_size=2,
    )
    rotation = st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("weekly"), "users": st.just(people)}, optional={"handoff_day": st.just("TUE")}
        ),
        st.fixed_dictionaries(
            {"type": st.just("custom"), "rrule": rules, "users": st.just([{"user": people[0]}])}
        ),
    )
    layer = st.fixed_dictionaries(
        {"priority": st.just("7"), "rotation": rotation},
        optional={
            "restrictions": st.one_of(windows, days.map(lambda d: {"days_of_week": d})),
            "handoff_time": clocks,
        },
    )
    schedule = draw(
        st.fixed_dictionaries(
            {"timezone": st.just("Europe/Berlin"), "start_date": st.just("2026-01-05"), "rotation": rotation},
            optional={
                "handoff_time": clocks,
                "description": st.sampled_from(NAMES),
                "coverage": st.just("none"),
                "labels": st.dictionaries(st.sampled_from(["a", "from"]), st.sampled_from(NAMES)),
                "layers": st.fixed_dictionaries({}, optional={"days": layer}),
                "overrides": st.just([{"user": people[0], "start": "2026-12-24", "end": "2026-12-25T09:00"}]),
            },
        )
    )
    names = {slug: {"name": draw(st.sampled_from(NAMES)), "email": f"{slug}@example.com"} for slug in people}
    return {"users": names, "teams": {"t": {"members": people, "schedules": {"s": schedule}}}}


@settings(deadline=None, max_examples=120)
@given(organisations(), st.integers(0, 2**32))
def test_formatting_an_untidy_file_changes_nothing_that_it_says(tree: dict[str, Any], seed: int) -> None:
    untidy = Untidy(Random(seed))
    before = untidy.file(tree)
    after = form_of(before)

    assert state_of(after) == state_of(before)
    assert comments_of(after) == sorted(untidy.comments, key=before.index)
    assert form_of(after) == after
    assert not [line for line in after.splitlines() if line != line.rstrip()]
    assert after.endswith("\n")
    assert "\r" not in after
    assert "\ufeff" not in after


def comments_of(text: str) -> list[str]:
    """The comments that our own reading of gaps finds: those of block headers too."""
    from oncall_gitops.source.formatting.printer import printed

    return printed(read_document(text, "a.yaml")).comments


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_one_content_written_in_two_ways_has_one_canonical_content(seed: int) -> None:
    tree = values(meaning(read_document(GOOD, "a.yaml")))
    random = Random(seed)
    one, other = (read_document(form_of(Untidy(random).file(tree)), "a.yaml") for _ in range(2))

    assert json.dumps(values(meaning(one))) == json.dumps(values(meaning(other)))


def values(said: Any) -> Any:
    """A meaning without whether quotes were written."""
    match said:
        case tuple():
            return said[0]
        case dict():
            return {key: values(value) for key, value in said.items()}
        case list():
            return [values(value) for value in said]
        case _:
            return said


PIECES = (
    *("a", "b c", ": ", ":", ", ", "[", "]", "{", "}", "- ", "? ", "\n", "\n", "\n  ", "\n    ", "\n\n", " "),
    *(
        "# c",
        " # e\n",
        "'q'",
        '"d"',
        '"e\\ \\\n"',
        "|",
        "|+\n",
        ">\n",
        "|2\n",
        ">-2 # h\n",
        "\n   t",
        "🙂",
        "漢",
    ),
    *("k: v", "\n- x", "\n- k: v", "---\n", "...\n", "\n  k2: ", "from: 09:00", "\\", "\t", "'", '"'),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_whatever_is_yaml_is_formatted_or_refused_but_never_changed(pieces: list[str]) -> None:
    document = read_document("k: " + "".join(pieces), "a.yaml")
    if document.root is not None and not document.problems and not _has_nothing(document.root):
        canonical(document)  # proves by itself that meaning and comments stay, and that it is stable


def _has_nothing(node: Any) -> bool:
    if isinstance(node, str):
        return node == ""
    return any(map(_has_nothing, node.values() if isinstance(node, dict) else node))


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("record", RECORDS, ids=[record["id"] for record in RECORDS])
def test_a_bad_input_is_formatted_soon_or_left_with_its_problems(
    record: dict[str, Any], tmp_path: Path
) -> None:
    write(record, tmp_path)
    started = time.process_time()
    found = formatting([tmp_path])

    wrong = {problem.origin.file for problem in found.problems}
    assert not [rewriting for rewriting in found.rewritings if rewriting.file.name in wrong]
    assert time.process_time() - started < SECONDS * (10 if record["id"] == "fs-10000-files" else 1)


def test_a_file_of_one_long_line_and_a_file_of_comments_take_no_long_time() -> None:
    users = ", ".join(f"u{number}: {{name: N, email: 'u{number}@example.com'}}" for number in range(4000))
    started = time.process_time()

    assert form_of("users: {" + users + "}\n").count('"') == 8000
    assert form_of("users:\n" + "# c\n" * 50_000 + " a: {name: N, email: a@example.com} # d\n").endswith(
        "# d\n"
    )
    assert time.process_time() - started < 5
