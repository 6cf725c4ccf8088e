from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from databases import HOUR, NOW, a_letter, a_mail, post, publish
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from digest.errors import StoreError
from digest.store import Store, TrackedDelivery, open_store
from digest.store.files import marker

pytest_plugins = ["databases"]


def _claim(
    store: Store, owner: str = "me", now: datetime = NOW, limit: int = 9, *, impatient: bool = False
) -> tuple[TrackedDelivery, ...]:
    with store.writing() as t:
        return t.claim(owner, now, limit, HOUR, impatient=impatient)


def test_a_claimed_delivery_says_all_that_sending_needs(store: Store) -> None:
    publish(store, a_letter())

    (delivery,) = _claim(store)

    assert delivery == TrackedDelivery(
        id=1,
        key="letter/2024-08-01/Ann",
        output="mail",
        letter=1,
        state="leased",
        attempts=1,
        message_id="<letter/2024-08-01/Ann/mail@test>",
        owner="me",
        fence=1,
        not_before=NOW,
        claimed_at=NOW,
        sent_at=None,
    )


def test_the_oldest_deliveries_are_claimed_first_up_to_the_limit(store: Store) -> None:
    for name in ("Ann", "Bob", "Cleo"):
        publish(store, a_letter(name))

    assert [d.id for d in _claim(store, limit=2)] == [1, 2]
    assert [d.id for d in _claim(store, "other", limit=2)] == [3]


def test_what_is_claimed_is_not_claimed_by_another(store: Store) -> None:
    publish(store, a_letter())
    _claim(store)

    assert _claim(store, "other") == ()


def test_a_lease_that_ended_makes_it_ready_for_others(store: Store) -> None:
    publish(store, a_letter())
    (slow,) = _claim(store)

    (taken,) = _claim(store, "other", NOW + HOUR)

    assert (taken.fence, taken.attempts) == (2, 2)
    with pytest.raises(StoreError, match="its lease ended"), store.writing() as t:
        t.mark_in_doubt(slow)


def test_an_owner_who_claims_again_cannot_mark_by_the_claim_before(store: Store) -> None:
    publish(store, a_letter())
    (before,) = _claim(store)
    _claim(store, now=NOW + HOUR)

    with pytest.raises(StoreError, match="its lease ended"), store.writing() as t:
        t.mark_sent(before, "250 ok", NOW + HOUR)


def test_a_lease_that_ended_is_still_the_owners_until_another_claims(store: Store) -> None:
    publish(store, a_letter())
    (slow,) = _claim(store)

    with store.writing() as t:
        t.mark_sent(slow, "250 ok", NOW + 2 * HOUR)
        assert t.counts() == {"sent": 1}


def test_what_is_in_doubt_is_never_claimed(store: Store) -> None:
    publish(store, a_letter())
    (delivery,) = _claim(store)
    with store.writing() as t:
        t.mark_in_doubt(delivery, "lost after the final dot")

    assert _claim(store, "other", NOW + 1000 * HOUR, impatient=True) == ()
    with store.reading() as t:
        assert [(d.state, d.answer) for d in t.deliveries(1)] == [
            ("in_doubt", "lost after the final dot")
        ]


def test_what_is_sent_is_settled(store: Store) -> None:
    publish(store, a_letter())
    (delivery,) = _claim(store)
    with store.writing() as t:
        t.mark_in_doubt(delivery)
        t.mark_sent(delivery, "250 ok", NOW)

    with pytest.raises(StoreError, match="settled before"), store.writing() as t:
        t.retry(delivery, "again", NOW)
    with store.reading() as t:
        (sent,) = t.deliveries(1)
    assert (sent.state, sent.answer, sent.sent_at) == ("sent", "250 ok", NOW)


def test_a_retry_waits_for_its_time_and_keeps_its_message_id(store: Store) -> None:
    publish(store, a_letter())
    (first,) = _claim(store)
    with store.writing() as t:
        t.retry(first, "450 busy", NOW + HOUR)

    assert _claim(store, "other", NOW + HOUR / 2) == ()
    (second,) = _claim(store, "other", NOW + HOUR)
    assert (second.attempts, second.answer) == (2, "450 busy")
    assert second.message_id == first.message_id


def test_the_impatient_wait_for_nothing_but_their_own_tries(store: Store) -> None:
    publish(store, a_letter())
    (first,) = _claim(store)
    with store.writing() as t:
        t.retry(first, "450 busy", NOW + HOUR)

    assert _claim(store, "me", impatient=True) == ()
    (second,) = _claim(store, "other", impatient=True)
    assert second.attempts == 2


def test_what_is_given_back_was_not_tried(store: Store) -> None:
    publish(store, a_letter())
    publish(store, a_letter("Bob"))
    first, _ = _claim(store)
    with store.writing() as t:
        t.mark_in_doubt(first)
        assert t.give_back("me") == 1

    (again,) = _claim(store, "other")
    assert (again.id, again.attempts) == (2, 1)


def test_an_answer_that_no_database_can_keep_is_kept_with_signs_for_it(store: Store) -> None:
    publish(store, a_letter())
    (delivery,) = _claim(store)
    with store.writing() as t:
        t.fail(delivery, "550 \0 \ud800 n\u00f6")

    with store.reading() as t:
        assert [each.answer for each in t.deliveries(1)] == ["550 \ufffd \ufffd n\u00f6"]


def test_counts_are_of_all_or_of_those_asked_for(store: Store) -> None:
    publish(store, a_letter(), "mail", "folder")
    _claim(store, limit=1)

    with store.reading() as t:
        assert t.counts() == {"leased": 1, "ready": 1}
        assert t.counts([2, 99]) == {"ready": 1}
        assert t.counts([]) == {}


def test_a_marker_tells_that_the_first_letter_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    with open_store(f"sqlite:///{path}") as store:
        publish(store, a_letter())
        (delivery,) = _claim(store)
        with store.writing() as t:
            t.mark_in_doubt(delivery)
        before = marker(path).exists()
        with store.writing() as t:
            t.mark_sent(delivery, "250 ok", NOW)

    assert not before
    assert "--start-afresh" in marker(path).read_text(encoding="utf-8")


def test_two_processes_never_claim_the_same(url: str) -> None:
    with open_store(url) as store:
        for number in range(60):
            publish(store, a_letter(f"reader {number}"))
    script = """
import sys
from databases import HOUR, NOW
from digest.store import open_store
with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        with store.writing() as t:
            claimed = t.claim(sys.argv[2], NOW, 3, HOUR)
        if not claimed:
            break
        print(*(delivery.id for delivery in claimed), flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    senders = [
        subprocess.Popen(  # noqa: S603  # This interpreter, and a script of ours.
            [sys.executable, "-c", script, url, owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for owner in ("one", "two")
    ]
    for sender in senders:
        assert sender.stdout
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:
        assert sender.stdin
        sender.stdin.write("go\n")
        sender.stdin.flush()
    claimed = [
        int(word) for sender in senders for word in sender.communicate(timeout=60)[0].split()
    ]

    assert sorted(claimed) == list(range(1, 61))


class AnyOrder(RuleBasedStateMachine):
    """Two senders claim, hand over, mark, die and are overtaken, in any order."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.store = open_store(url)
        self.now = NOW
        self.held: list[TrackedDelivery] = []
        self.handing: list[TrackedDelivery] = []
        self.taken: Counter[int] = Counter()
        self.failed: set[int] = set()
        self.letters = 0
        self.posted: set[int] = set()

    @initialize(letters=st.integers(1, 3), mails=st.integers(0, 2))
    def publish(self, letters: int, mails: int) -> None:
        for name in range(letters):
            publish(self.store, a_letter(f"reader {name}"))
        for number in range(mails):
            post(self.store, a_mail(), f"alarm/{number}")
        self.letters, self.posted = letters, set(range(mails))

    @rule(owner=st.sampled_from(["one", "two"]), limit=st.integers(1, 3), impatient=st.booleans())
    def claim(self, owner: str, limit: int, *, impatient: bool) -> None:
        self.held += _claim(self.store, owner, self.now, limit, impatient=impatient)

    @rule(owner=st.sampled_from(["one", "two"]))
    def claim_mails(self, owner: str) -> None:
        with self.store.writing() as t:
            claimed = t.claim(owner, self.now, 9, HOUR, no_letters=True)
        assert all(each.letter is None for each in claimed)
        self.held += claimed

    @rule(number=st.integers(0, 1))
    def post_again(self, number: int) -> None:
        posted = post(self.store, a_mail(), f"alarm/{number}")
        assert (posted is None) == (number in self.posted)
        self.posted.add(number)

    @rule(minutes=st.sampled_from([30, 61]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(owner=st.sampled_from(["one", "two"]))
    def give_back(self, owner: str) -> None:
        with self.store.writing() as t:
            t.give_back(owner)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def begin_to_hand_over(self, data: st.DataObject) -> None:
        delivery = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        try:
            with self.store.writing() as t:
                t.mark_in_doubt(delivery)
        except StoreError:
            return  # It was too slow, and sends nothing.
        self.handing.append(delivery)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def fail_before_handing_over(self, data: st.DataObject) -> None:
        delivery = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        try:
            with self.store.writing() as t:
                t.retry(delivery, "no connection", self.now + HOUR)
        except StoreError:
            return

    @precondition(lambda self: self.handing)
    @rule(end=st.sampled_from(["taken", "later", "never", "killed", "taken, then killed"]))
    def hand_over(self, end: str) -> None:
        delivery = self.handing.pop()
        self.taken[delivery.id] += end.startswith("taken")
        with self.store.writing() as t:
            if end == "taken":
                t.mark_sent(delivery, "250 ok", self.now)
            elif end == "later":
                t.retry(delivery, "450 later", self.now + HOUR)
            elif end == "never":
                t.fail(delivery, "550 never")
                self.failed.add(delivery.id)

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        assert all(times <= 1 for times in self.taken.values())

    @invariant()
    def what_was_taken_is_sent_or_in_doubt(self) -> None:
        with self.store.reading() as t:
            taken = t.counts([id_ for id_, times in self.taken.items() if times])
        assert set(taken) <= {"sent", "in_doubt"}

    def teardown(self) -> None:
        try:
            self.nothing_is_lost()
        finally:
            self.store.close()

    def nothing_is_lost(self) -> None:
        """A sender that comes when all leases have ended gets all that is not settled."""
        claimed = {d.id for d in _claim(self.store, "last", self.now + 3 * HOUR, 99)}
        with self.store.reading() as t:
            counts = t.counts()
        assert counts.pop("leased", 0) == len(claimed)
        assert not claimed & {id_ for id_, times in self.taken.items() if times}
        assert counts.get("failed", 0) == len(self.failed)
        assert set(counts) <= {"sent", "in_doubt", "failed"}
        assert len(claimed) + sum(counts.values()) == self.letters + len(self.posted)


def test_in_any_order_nothing_is_lost_and_nothing_sent_twice(new_url: Callable[[], str]) -> None:
    most = 40 if new_url().startswith("sqlite") else 15  # A server takes its time to make each.
    run_state_machine_as_test(
        lambda: AnyOrder(new_url()),  # type: ignore[arg-type]  # It takes what makes one.
        settings=settings(max_examples=most, stateful_step_count=25),
    )


def test_what_is_said_of_an_abandoned_delivery_is_all_there_is(store: Store) -> None:
    letter = publish(store, a_letter())
    with store.writing() as t:
        (delivery,) = t.claim("me", NOW, 1, HOUR)
        t.mark_in_doubt(delivery)
        t.settle(letter, "failed", NOW)
        t.send_again(letter, ["mail"], lambda key, output: f"<{key}@{output}>", NOW)
        (first, _) = t.deliveries(letter)

    assert first.answer == (
        "said to be failed on 2024-08-01 07:00 UTC; "
        "sent again on 2024-08-01 07:00 UTC as letter/2024-08-01/Ann/again/1"
    )
