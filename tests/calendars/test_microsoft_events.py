"""What the service made of an event's text is read as a person reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.calendars.microsoft_events import KEY_PROPERTY, changed_event, new_event, owned, plain_text
from tests.calendars.contract import a_wanted

TWO_LINES = "Team: Payments\nSource: primary"


@pytest.mark.parametrize(
    "body",
    [
        {"contentType": "text", "content": TWO_LINES},
        {"contentType": "text", "content": "Team: Payments\r\nSource: primary\r\n"},
        {"contentType": "Text", "content": f"\n{TWO_LINES}\n\n"},
        {"content": TWO_LINES},
        {"contentType": "html", "content": TWO_LINES},
        {"contentType": "html", "content": f"<html><body>\r\n{TWO_LINES}\r\n</body></html>"},
        {"contentType": "HTML", "content": "Team: Payments<br>Source: primary"},
        {"contentType": "html", "content": "Team: Payments<br/>\r\nSource:\r\nprimary<br>"},
        {"contentType": "html", "content": "<div>Team: Payments</div><div>Source: primary</div>"},
        {"contentType": "html", "content": "<p>Team:&nbsp;Payments</p>\n\n<p>Source: <b>primary</b></p>"},
        {"contentType": "html", "content": "<pre>Team: Payments\nSource: primary</pre>"},
        {
            "contentType": "html",
            "content": "<html><head><title>x</title><style>p {a: b}</style><script>1 < 2</script></head>"
            "<body><div><!-- a comment --> Team: Payments <br> Source: primary</div></body></html>",
        },
        {"contentType": "html", "content": "<ul><li>Team: Payments<li>Source: primary</ul>"},
    ],
)
def test_two_lines_are_two_lines_however_they_are_written(body: dict[str, str]) -> None:
    assert plain_text(body) == TWO_LINES


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        ("<html><body></body></html>", ""),
        ("a &lt;b&gt; &amp;amp; &#x1F388; &quot;c&quot;", 'a <b> &amp; 🎈 "c"'),
        ("a&nbsp; b", "a  b"),
        ("one<br><br>two", "one\n\ntwo"),
        ("a < b", "a < b"),
        ("<div>one</div><div><br></div><div>two</div>", "one\ntwo"),
    ],
)
def test_markup_becomes_the_text_that_it_shows(content: str, text: str) -> None:
    assert plain_text({"contentType": "html", "content": content}) == text


@given(st.text(), st.sampled_from(["text", "html", "", "?"]))
def test_no_text_is_too_strange_to_be_read(content: str, kind: str) -> None:
    assert isinstance(plain_text({"contentType": kind, "content": content}), str)


def test_properties_stay_short_enough_for_listings_that_cut_them() -> None:
    """Identifiers of 36 characters, the longest name of a zone, and a marker."""
    key = f"{'s' * 36}|layer:{'l' * 36}|4102444800"
    wanted = a_wanted(key, timezone="America/Argentina/ComodRivadavia")

    properties = changed_event(wanted, marker="m" * 33, generation=100)["singleValueExtendedProperties"]

    assert max(len(one["value"]) for one in properties) < 255


@pytest.mark.parametrize("told", [True, False])
def test_of_several_events_of_a_name_the_oldest_is_ours(told: bool) -> None:
    """Of equally old ones the first by id, so that every run chooses the same."""
    body = new_event(a_wanted(), marker="m", generation=0)
    if not told:
        del body["transactionId"]
    ages = [("c", "2026-11-01T00:00:01Z"), ("b", "2026-11-01T00:00:00Z"), ("a", "2026-11-02T00:00:00Z")]
    ages.append(("d", "2026-11-01T00:00:00Z"))

    listed = owned([{**body, "id": name, "createdDateTime": age} for name, age in ages], marker="m")

    assert [event.remote_id for event in listed] == ["b"]


def test_an_event_of_another_marker_is_not_ours_whatever_the_listing_says() -> None:
    body = new_event(a_wanted(), marker="m", generation=0)

    assert owned([{**body, "id": "a"}], marker="n") == []
    assert len(owned([{**body, "id": "a"}], marker="m")) == 1


def test_the_property_is_found_whatever_the_letters_of_its_set() -> None:
    body = new_event(a_wanted(), marker="m", generation=0)
    for one in body["singleValueExtendedProperties"]:
        if one["id"] == KEY_PROPERTY:
            one["id"] = KEY_PROPERTY.upper().replace("STRING", "String").replace("NAME", "Name")

    assert len(owned([{**body, "id": "a"}], marker="m")) == 1
