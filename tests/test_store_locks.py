from __future__ import annotations

import os
import subprocess
import sys

import pytest
from databases import HOUR, NOW, a_letter, publish

from digest.errors import LockHeldError, StoreError
from digest.store import Store, open_store

pytest_plugins = ["databases"]

OTHER = "host:42:abc"


def _is_dead(_: str) -> bool:
    return False


def test_a_free_lock_is_taken(store: Store) -> None:
    with store.writing() as t:
        assert t.take_lock("run", "me", NOW, HOUR) == ""


def test_a_held_lock_says_by_whom_and_since_when(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", OTHER, NOW, HOUR)

    with (
        pytest.raises(LockHeldError, match=r"host:42:abc has held it since 2024-08-01 07:00 UTC"),
        store.writing() as t,
    ):
        t.take_lock("run", "me", NOW + HOUR / 2, HOUR)


def test_locks_of_different_names_are_apart(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", OTHER, NOW, HOUR)
        assert t.take_lock("mailbox", "me", NOW, HOUR) == ""


def test_a_released_lock_is_free(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", OTHER, NOW, HOUR)
        t.release_lock("run", OTHER)
        assert t.take_lock("run", "me", NOW, HOUR) == ""


def test_only_its_owner_releases_a_lock(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", OTHER, NOW, HOUR)
        t.release_lock("run", "me")

        with pytest.raises(LockHeldError):
            t.take_lock("run", "me", NOW, HOUR)


@pytest.mark.parametrize(
    ("now", "alive"),
    [
        pytest.param(NOW + HOUR, bool, id="its time is over"),
        pytest.param(NOW, _is_dead, id="its owner is dead"),
    ],
)
def test_a_lock_is_taken_over_with_what_its_owner_had_claimed(
    store: Store, now: object, alive: object
) -> None:
    publish(store, a_letter("Ann"))
    publish(store, a_letter("Bob"))
    with store.writing() as t:
        t.take_lock("run", OTHER, NOW, HOUR)
        first, _ = t.claim(OTHER, NOW, 2, 9 * HOUR)
        t.mark_in_doubt(first)

    with store.writing() as t:
        assert t.take_lock("run", "me", now, HOUR, alive) == OTHER  # type: ignore[arg-type]  # A time and a callable.
        assert t.counts() == {"in_doubt": 1, "ready": 1}


def test_taking_ones_own_lock_again_renews_it(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", "me", NOW, HOUR)
        assert t.take_lock("run", "me", NOW + HOUR / 2, HOUR) == ""

        with pytest.raises(LockHeldError):
            t.take_lock("run", OTHER, NOW + HOUR, HOUR)


def test_a_renewed_lock_is_held_for_longer(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", "me", NOW, HOUR)
        t.renew_lock("run", "me", NOW + HOUR / 2, HOUR)

        with pytest.raises(LockHeldError):
            t.take_lock("run", OTHER, NOW + HOUR, HOUR)


def test_a_lock_that_was_taken_over_cannot_be_renewed(store: Store) -> None:
    with store.writing() as t:
        t.take_lock("run", "me", NOW, HOUR)
        t.take_lock("run", OTHER, NOW + HOUR, HOUR)

        with pytest.raises(StoreError, match="another run took it over"):
            t.renew_lock("run", "me", NOW + HOUR, HOUR)


def test_of_two_processes_one_takes_the_lock(url: str) -> None:
    open_store(url).close()
    script = """
import sys
from databases import HOUR, NOW
from digest.errors import LockHeldError
from digest.store import open_store
with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        with store.writing() as t:
            t.take_lock("run", sys.argv[2], NOW, HOUR)
        print("taken")
    except LockHeldError:
        print("held")
"""
    runs = [
        subprocess.Popen(  # noqa: S603  # This interpreter, and a script of ours.
            [sys.executable, "-c", script, url, owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for owner in ("one", "two")
    ]
    for run in runs:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin
        run.stdin.write("go\n")
        run.stdin.flush()

    assert sorted(run.communicate(timeout=60)[0] for run in runs) == ["held\n", "taken\n"]
