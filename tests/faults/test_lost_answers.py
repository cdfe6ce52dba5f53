"""The answer to COMMIT does not arrive: whether it was one is found out, or said to be unknown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from oncall_gitops.core.errors import DatabaseUnreachable, OutcomeUnknown
from oncall_gitops.store import transaction
from oncall_gitops.store.database import Database
from tests.faults.rota import AFTER, BEFORE, applied_runs, assert_holds, content, reconcile
from tests.faults.wire import Message, Verdict, Wire


@pytest.fixture
def standing(database: Database) -> Database:
    reconcile(database, BEFORE)
    return database


def commits(message: Message) -> bool:
    return message.sender == "client" and message.data[5:] == b"COMMIT\0"


class AnswerToCommit:
    """Strikes what the server says once COMMIT has passed."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.is_asked = False

    def __call__(self, message: Message) -> Verdict:
        if self.is_asked and message.sender == "server":
            self.is_asked = False
            return self.verdict
        self.is_asked = self.is_asked or commits(message)
        return "pass"


def before_commit(verdict: Verdict) -> Callable[[Message], Verdict]:
    return lambda message: verdict if commits(message) else "pass"


@pytest.mark.parametrize("verdict", ["lose", "truncate", "cut"])
def test_a_lost_answer_to_commit_is_looked_up_and_the_apply_is_reported_as_done(
    standing: Database, verdict: Verdict, caplog: pytest.LogCaptureFixture
) -> None:
    with Wire(standing, AnswerToCommit(verdict)) as wire:
        reconcile(wire.through, AFTER)

    assert wire.struck.is_set()
    assert len(applied_runs(standing)) == 2
    assert_holds(standing, AFTER)
    assert not caplog.records


def test_a_commit_that_never_left_is_reported_as_nothing_changed(standing: Database) -> None:
    before = content(standing)
    with (
        Wire(standing, before_commit("lose")) as wire,
        pytest.raises(DatabaseUnreachable, match="nothing was changed"),
    ):
        reconcile(wire.through, AFTER)

    assert content(standing) == before


def test_a_server_that_waits_for_a_commit_that_never_comes_is_waited_for(
    standing: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's side breaks, the server's does not: the transaction lives on until it has idled too long."""
    monkeypatch.setattr(transaction, "IDLE_SECONDS", 1)
    before = content(standing)
    with (
        Wire(standing, before_commit("strand")) as wire,
        pytest.raises(DatabaseUnreachable, match="nothing was changed"),
    ):
        reconcile(wire.through, AFTER)

    assert content(standing) == before


def test_a_commit_that_arrives_after_we_have_asked_is_waited_for(standing: Database) -> None:
    with Wire(standing, before_commit("strand")) as wire:

        def arrive_late() -> None:
            wire.struck.wait(30)
            time.sleep(0.3)
            wire.thaw()

        late = threading.Thread(target=arrive_late)
        late.start()
        reconcile(wire.through, AFTER)
        late.join()

    assert_holds(standing, AFTER)


def test_the_wait_for_an_answer_outlasts_a_transaction_that_idles() -> None:
    assert transaction.PATIENCE > transaction.IDLE_SECONDS


@pytest.mark.parametrize("is_asked", [True, False])
def test_with_nobody_left_to_ask_the_outcome_is_unknown_and_the_run_says_it_later(
    standing: Database, monkeypatch: pytest.MonkeyPatch, is_asked: bool
) -> None:
    monkeypatch.setattr(transaction, "PATIENCE", 0.2)
    strike = AnswerToCommit("lose") if is_asked else before_commit("lose")
    with Wire(standing) as wire:

        def fault(message: Message) -> Verdict:
            verdict = strike(message)
            wire.is_down = wire.is_down or verdict != "pass"
            return verdict

        wire.fault = fault
        with pytest.raises(OutcomeUnknown) as unknown:
            reconcile(wire.through, AFTER)

    assert unknown.value.exit_code == 7
    named = [run for run in applied_runs(standing) if run in unknown.value.help]
    assert len(named) == is_asked, (
        "the run that the message names is on record if, and only if, all was applied"
    )
    assert_holds(standing, AFTER if is_asked else BEFORE)


def test_a_network_that_comes_back_in_time_still_gives_the_answer(standing: Database) -> None:
    with Wire(standing) as wire:
        strike = AnswerToCommit("lose")

        def fault(message: Message) -> Verdict:
            verdict = strike(message)
            if verdict != "pass":
                wire.is_down = True
                threading.Timer(0.3, lambda: setattr(wire, "is_down", False)).start()
            return verdict

        wire.fault = fault
        reconcile(wire.through, AFTER)

    assert_holds(standing, AFTER)
