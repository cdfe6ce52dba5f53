"""The `shifts` table at T: history stays, running rows are kept or cut, only what changed is written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oncall_gitops.core.materialise import NewShift, ShiftEdit, edit_shifts
from oncall_gitops.core.model.live import StoredShift

T = 100


def a_row(
    start: int, end: int, user: str = "alice", *, id: str | None = None, layer: str | None = None
) -> StoredShift:
    source = "layer:top" if layer else "base"
    return StoredShift(id or f"{user}-{start}", start, end, user, source, layer_id=layer)


def a_shift(start: int, end: int, user: str = "alice", *, layer: str | None = None) -> NewShift:
    return NewShift(start, end, user, "layer:top" if layer else "base", layer, None)


def edit(
    stored: list[StoredShift], resolved: list[NewShift], missed: list[NewShift] | None = None
) -> ShiftEdit:
    return edit_shifts("payments/primary", stored=stored, resolved=resolved, at=T, missed=missed or [])


def test_a_first_run_writes_nothing_before_t() -> None:
    assert edit([], [a_shift(50, 150)]).insert == (a_shift(100, 150),)


def test_rows_that_did_not_change_are_not_written_again() -> None:
    stored = [a_row(50, 150), a_row(150, 250, "bob")]

    assert not edit(stored, [a_shift(50, 150), a_shift(150, 250, "bob")])


def test_a_running_row_is_kept_while_its_user_and_source_stay_and_only_its_end_moves() -> None:
    found = edit([a_row(50, 150, id="running")], [a_shift(80, 170)])

    assert found == ShiftEdit("payments/primary", cut=(("running", 170),))


def test_a_running_row_of_somebody_else_ends_at_t_and_a_new_row_begins_there() -> None:
    found = edit([a_row(50, 150, id="running")], [a_shift(50, 150, "bob")])

    assert found == ShiftEdit("payments/primary", cut=(("running", T),), insert=(a_shift(T, 150, "bob"),))


def test_a_running_row_from_another_source_ends_at_t_even_for_the_same_user() -> None:
    found = edit([a_row(50, 150, id="running")], [a_shift(50, 150, layer="l1")])

    assert found.cut == (("running", T),)
    assert found.insert == (a_shift(T, 150, layer="l1"),)


def test_a_running_row_that_nobody_continues_ends_at_t() -> None:
    assert edit([a_row(50, 150, id="running")], []).cut == (("running", T),)


def test_a_row_that_ends_at_t_is_history() -> None:
    assert not edit([a_row(50, T)], [a_shift(50, T)][:0])


def test_future_rows_that_are_no_longer_true_are_removed() -> None:
    found = edit([a_row(150, 250, "bob", id="gone")], [a_shift(150, 200, "bob")])

    assert found == ShiftEdit("payments/primary", delete=("gone",), insert=(a_shift(150, 200, "bob"),))


def test_missed_time_is_filled_and_grows_into_what_runs_at_t() -> None:
    found = edit([], [a_shift(90, 150, "bob")], missed=[a_shift(60, 90), a_shift(90, T, "bob")])

    assert found.insert == (a_shift(60, 90), a_shift(90, 150, "bob"))


def test_missed_time_of_somebody_else_ends_at_t() -> None:
    found = edit([], [a_shift(90, 150, "carol")], missed=[a_shift(60, T, "bob")])

    assert found.insert == (a_shift(60, T, "bob"), a_shift(T, 150, "carol"))


runs = st.lists(
    st.tuples(
        st.integers(1, 30), st.integers(0, 3).filter(bool), st.sampled_from(["alice", "bob", "carol", ""])
    ),
    max_size=12,
)


def laid_out(pieces: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Consecutive spans from 10 on, the nameless ones left out; neighbours of one user stay two rows."""
    spans, start = [], 10
    for length, _, user in pieces:
        if user:
            spans.append((start, start + length, user))
        start += length
    return spans


@given(runs, runs)
def test_the_table_tells_the_old_story_before_t_and_the_new_one_from_t_on(
    old: list[tuple[int, int, str]], new: list[tuple[int, int, str]]
) -> None:
    stored = [a_row(*span) for span in laid_out(old)]
    resolved = [a_shift(*span) for span in laid_out(new) if span[1] > T]

    found = edit(stored, resolved)
    table = applied(stored, found)

    for moment in range(400):
        expected = holder(laid_out(old) if moment < T else laid_out(new), moment)
        assert holder([(row.start, row.end, row.user) for row in table], moment) == expected
    assert not edit(table, resolved), "the same again changes nothing"
    kept = {row.id: row for row in table}
    for row in stored:
        if row.end <= T:
            assert kept[row.id] == row
        if row.start < T:
            assert kept[row.id].start == row.start


def applied(stored: list[StoredShift], found: ShiftEdit) -> list[StoredShift]:
    ends = dict(found.cut)
    rows = [
        a_row(row.start, ends.get(row.id, row.end), row.user, id=row.id)
        for row in stored
        if row.id not in found.delete
    ]
    rows += [a_row(*shift[:3], id=f"new-{shift.user}-{shift.start}") for shift in found.insert]
    return sorted(rows, key=lambda row: row.start)


def holder(spans: list[tuple[int, int, str]], moment: int) -> str | None:
    return next((user for start, end, user in spans if start <= moment < end), None)
