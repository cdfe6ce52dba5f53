"""Places and anchors written into the text: what is asked for is there, and every other byte is where it was."""

from __future__ import annotations

import re
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.model.rotation import Place, Rotation
from oncall_gitops.source.desired import assemble
from oncall_gitops.source.document import read_document
from oncall_gitops.source.edit import edited
from tests.builders import PlaceLike, a_rotation, an_anchor, when

PATH = ("teams", "payments", "schedules", "primary", "rotation")
BEFORE = """\
# Ünïcode before everything: 世界 🎉
users:
  alice: {name: Alice, email: alice@example.com}
  bob: {name: Bob, email: bob@example.com}
  carol: {name: Carol, email: carol@example.com}
  dave: {name: Dave, email: dave@example.com}
  "on": {name: Ona, email: ona@example.com}
teams:
  payments:
    schedules:
      primary:
        timezone:   UTC   # odd spaces stay
        start_date: 2026-01-05
"""
AFTER = "        # the end of the schedule\n        active: true\n"


def whole(rotation: str) -> str:
    """A file around the lines of a rotation."""
    return BEFORE + indent(dedent(rotation).lstrip("\n"), " " * 8, lambda line: line != "\n") + AFTER


def read(text: str) -> Rotation:
    assembled = assemble([read_document(text, "a.yaml")])
    assert not assembled.problems, assembled.problems
    rotation = assembled.desired.state.schedules["payments/primary"].rotation
    assert isinstance(rotation, Rotation)
    return rotation


def written(text: str, rotation: Rotation) -> str:
    """The text after the edit, which reads as the rotation that was asked for."""
    found = edited(read_document(text, "a.yaml"), PATH, rotation)
    assert read(found).places == rotation.places
    assert read(found).anchor == rotation.anchor
    return found


def assert_written(before: str, places: list[PlaceLike], after: str, *, anchor: str | None = None) -> None:
    """Also with the line breaks of Windows, and for the last thing in a file that ends without one."""
    rotation = a_rotation(places, anchor=an_anchor("2026-11-16", anchor) if anchor else None)
    assert written(whole(before), rotation) == whole(after)
    windows = written(whole(before).replace("\n", "\r\n"), rotation)
    assert windows == whole(after).replace("\n", "\r\n")
    bare = written(whole(before).removesuffix(AFTER).rstrip("\n"), rotation)
    assert bare == whole(after).removesuffix(AFTER).rstrip("\n")


FROM, UNTIL = "2026-11-23", "2026-12-07"


def test_a_block_list_keeps_its_comments_and_gets_a_line() -> None:
    assert_written(
        """
        rotation:
          type: weekly
          users:
            # the founders
            - alice   # on holiday in June
            -   bob

            # who joined later
            - {user: carol, from: 2026-09-07}  # joins
        """,
        ["alice", ("dave", FROM, None), "bob", ("carol", "2026-09-07", UNTIL)],
        """
        rotation:
          type: weekly
          users:
            # the founders
            - alice   # on holiday in June
            - {user: dave, from: 2026-11-23}
            -   bob

            # who joined later
            - {user: carol, from: 2026-09-07, until: 2026-12-07}  # joins
        """,
    )


def test_a_block_list_that_is_not_indented_stays_so_and_is_anchored_after_its_last_place() -> None:
    assert_written(
        """
        rotation:
          users:
          - 'alice'
          - "bob"  # leaves
          type: weekly
        """,
        ["alice", ("bob", None, UNTIL), ("dave", FROM, None)],
        """
        rotation:
          users:
          - 'alice'
          - {user: "bob", until: 2026-12-07}  # leaves
          - {user: dave, from: 2026-11-23}
          anchor: {at: 2026-11-16, user: alice}
          type: weekly
        """,
        anchor="alice",
    )


def test_places_that_are_block_mappings_get_and_lose_lines() -> None:
    assert_written(
        """
        rotation:
          type: weekly
          users:
            - user: alice
              from: '2026-03-02'  # joined
            - from: 2026-04-06
              user: bob
            - user: carol  # the third
              until: 2026-10-05
        """,
        ["alice", ("bob", None, UNTIL), ("carol", FROM, "2026-12-14")],
        """
        rotation:
          type: weekly
          users:
            - user: alice
            - user: bob
              until: 2026-12-07
            - user: carol  # the third
              until: 2026-12-14
              from: 2026-11-23
        """,
    )


def test_a_line_that_goes_takes_its_comment_and_leaves_those_above_it() -> None:
    assert_written(
        """
        rotation:
          type: weekly
          users:
            # first
            - {user: alice, until: 2026-06-01} # gone
            # second
            - {user: bob, from: 2026-03-02} # stays
            # third
            - {user: carol, until: 2026-06-01} # gone too
            # last
        """,
        ["bob"],
        """
        rotation:
          type: weekly
          users:
            # first
            # second
            - bob # stays
            # third
          anchor: {at: 2026-11-16, user: bob}
            # last
        """,
        anchor="bob",
    )


def test_a_flow_list_on_one_line() -> None:
    assert_written(
        """
        rotation: {type: weekly, users: [ alice, bob,carol ], interval: 2} # two weeks
        """,
        ["alice", ("dave", FROM, None), "bob", ("carol", None, UNTIL)],
        """
        rotation: {type: weekly, users: [ alice, {user: dave, from: 2026-11-23}, bob,{user: carol, until: 2026-12-07} ], anchor: {at: 2026-11-16, user: alice}, interval: 2} # two weeks
        """,  # noqa: E501
        anchor="alice",
    )


def test_a_flow_list_with_an_entry_a_line_gets_a_line() -> None:
    assert_written(
        """
        rotation:
          users: [
            alice, # first
            # of the north, and the sea
            bob # last, not least
          ]
          type: weekly
        """,
        ["alice", ("dave", FROM, None), "bob", ("carol", FROM, None)],
        """
        rotation:
          users: [
            alice, # first
            {user: dave, from: 2026-11-23},
            # of the north, and the sea
            bob, # last, not least
            {user: carol, from: 2026-11-23}
          ]
          type: weekly
        """,
    )


def test_a_flow_list_that_ends_with_a_comma_still_does() -> None:
    assert_written(
        """
        rotation:
          users: [
            alice,
            bob,
          ]
          type: weekly
        """,
        ["alice", "bob", ("carol", FROM, None)],
        """
        rotation:
          users: [
            alice,
            bob,
            {user: carol, from: 2026-11-23},
          ]
          type: weekly
        """,
    )


@pytest.mark.parametrize(
    ("before", "kept", "after"),
    [
        ("[alice, bob, carol]", "alice", "[alice]"),
        ("[alice, bob, carol]", "bob", "[bob]"),
        ("[ alice, bob, carol, ]", "carol", "[ carol, ]"),
        ("[alice,bob,carol]", "alice carol", "[alice,carol]"),
        ("[{user: alice, from: 2026-03-02}, bob]", "alice", "[alice]"),
        ("[alice, {user: bob, from: 2026-03-02}]", "alice bob", "[alice, bob]"),
    ],
)
def test_entries_of_a_flow_list_go(before: str, kept: str, after: str) -> None:
    rotation = a_rotation(kept.split())

    assert written(whole(f"rotation: {{type: weekly, users: {before}}}\n"), rotation) == whole(
        f"rotation: {{type: weekly, users: {after}}}\n"
    )


def test_an_entry_of_a_flow_list_that_goes_leaves_the_others_comments() -> None:
    assert_written(
        """
        rotation:
          users: [
            alice, # first
            bob, # second
            carol # third
          ]
          type: weekly
        """,
        ["alice", "carol"],
        """
        rotation:
          users: [
            alice, # first
            carol # third
          ]
          type: weekly
        """,
    )


def test_the_last_entry_of_a_flow_list_that_goes_takes_its_comment() -> None:
    assert_written(
        """
        rotation:
          users: [
            alice, # first, and only
            bob # second
            # nobody else
          ]
          type: weekly
        """,
        ["alice"],
        """
        rotation:
          users: [
            alice # first, and only
            # nobody else
          ]
          type: weekly
        """,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "anchor: {at: 2026-03-02, user: bob} # how it was",
            "anchor: {at: 2026-11-16, user: alice} # how it was",
        ),
        ("anchor: {user: 'bob', at: '2026-03-02'}", "anchor: {user: alice, at: '2026-11-16'}"),
        (
            "anchor:\n    at: 2026-03-02 # when\n    user: bob",
            "anchor:\n    at: 2026-11-16 # when\n    user: alice",
        ),
    ],
)
def test_an_anchor_is_replaced_where_it_stands(before: str, after: str) -> None:
    text = "rotation:\n  type: weekly\n  {}\n  users: [alice, bob]\n"
    rotation = a_rotation(["alice", "bob"], anchor=an_anchor("2026-11-16", "alice"))

    assert written(whole(text.format(before)), rotation) == whole(text.format(after))


def test_a_slug_that_reads_as_something_else_is_quoted() -> None:
    text = whole("rotation: {type: weekly, users: [alice]}\n")

    found = written(text, a_rotation(["alice", ("on", FROM, None)], anchor=an_anchor("2026-11-16", "on")))

    assert '{user: "on", from: 2026-11-23}' in found
    assert 'anchor: {at: 2026-11-16, user: "on"}' in found


def test_the_same_rotation_is_the_same_text_however_its_times_are_written() -> None:
    text = whole(
        """
        rotation:
          type: weekly
          users: [{user: alice, from: "2026-03-02T09:00:00"}, {user: bob, until: 2026-12-01T09:00+00:00}]
          anchor: {at: 2026-03-02T10:00Z, user: alice}
        """
    )
    assert written(text, read(text)) == text


# Laws --------------------------------------------------------------------------------------------------

users = st.sampled_from(["alice", "bob", "carol", "dave", "on"])
dates = st.none() | st.sampled_from(["2026-03-02", "2026-11-23T13:30", "2026-11-23T08:00:00Z"]).map(when)
places = st.lists(
    st.builds(Place, users, dates, st.none() | st.just(when("2027-06-28"))), min_size=1, max_size=6
)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A rotation's text in some style, and the comments in it that no edit of the places may touch."""
    listed = draw(places)
    comments = [f"# about {number}" for number in range(len(listed))]
    if draw(st.booleans()):
        dash = draw(st.sampled_from(["  - ", "    - ", "    -   "]))
        lines = [
            line
            for place, comment in zip(listed, comments, strict=True)
            for line in (dash.replace("-", " ").rstrip() + comment, *item(draw, dash, place))
        ]
        return "rotation:\n  type: weekly\n  users:\n" + "\n".join(lines) + "\n", comments
    separator = draw(st.sampled_from([", ", ",", ",\n    "]))
    close = draw(st.sampled_from(["", " ", ",", "\n  "]))
    inner = separator.join(quoted(place) for place in listed)
    head = (
        "rotation:\n  type: weekly\n  users: " if draw(st.booleans()) else "rotation: {type: weekly, users: "
    )
    return f"{head}[{inner}{close}]" + ("}\n" if head.endswith(", users: ") else "\n"), []


def item(draw: st.DrawFn, dash: str, place: Place) -> list[str]:
    """An entry of a block list: on one line, or a block mapping with its keys in some order."""
    pairs = [f"user: {slug(place)}"]
    pairs += [f"from: {place.start.text}"] if place.start else []
    pairs += [f"until: '{place.until.text}'"] if place.until else []
    if draw(st.booleans()):
        pairs = draw(st.permutations(pairs))
        return [f"{dash if number == 0 else ' ' * len(dash)}{pair}" for number, pair in enumerate(pairs)]
    return [f"{dash}{quoted(place)}"]


def quoted(place: Place) -> str:
    return place.text.replace(place.user, slug(place), 1)


def slug(place: Place) -> str:
    return f'"{place.user}"' if place.user == "on" else place.user


@given(layouts(), places, st.booleans(), st.booleans())
def test_what_is_asked_for_is_read_back_and_nothing_else_moves(
    layout: tuple[str, list[str]], wanted: list[Place], anchored: bool, windows: bool
) -> None:
    text, comments = layout
    before = whole(text)
    before = before.replace("\n", "\r\n") if windows else before
    rotation = a_rotation(wanted, anchor=an_anchor("2026-11-16", wanted[0].user) if anchored else None)

    after = written(before, rotation)

    head = before.index("users:", before.index("rotation:"))
    assert after[:head] == before[:head]
    tail = AFTER.replace("\n", "\r\n") if windows else AFTER
    assert after.endswith(tail)
    assert re.findall("# about .", after) == comments
    assert not re.search(r"(?<!\r)\n", after) if windows else "\r" not in after
    assert written(after, rotation) == after, "once is enough"
