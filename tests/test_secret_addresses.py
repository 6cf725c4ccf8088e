"""Secrets in a source's own address: the operator's, never in what readers or terminals get."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import Newsroom, newsroom, text_of
from webserver import answer

SECRET = "hush-hush"
ITEMS = "".join(f'<li><a href="/{n}">Looms, part {n}</a></li>' for n in range(60))
ENTRIES = "".join(
    f"<item><title>Looms, part {n}</title><link>https://example.org/{n}</link></item>"
    for n in range(60)
)
PAGE = ("page", 'item = "li"\ntitle = "a"', f"<!DOCTYPE html><ul>{ITEMS}</ul>")
FEED = ("feed", "", f'<rss version="2.0"><channel><title>New</title>{ENTRIES}</channel></rss>')


def configured(room: Newsroom, kind: str, rest: str, url: str) -> None:
    url = url.format(host=room.web.host, secret=SECRET)
    room.configure(sources=f'[[sources]]\nkind = "{kind}"\nurl = "{url}"\nspacing = 0\n{rest}\n')


@pytest.mark.parametrize(
    "url",
    ["http://{host}/list?token={secret}", "http://ann:{secret}@{host}/list"],
    ids=["token", "login"],
)
@pytest.mark.parametrize(("kind", "rest", "body"), [PAGE, FEED], ids=["page", "feed"])
def test_the_secret_of_an_address_is_in_no_letter_and_on_no_terminal(
    tmp_path: Path, kind: str, rest: str, body: str, url: str
) -> None:
    with newsroom(tmp_path) as room:
        configured(room, kind, rest, url)
        room.web.answers["/list"] = answer(body.encode())
        ran = [room.once("2026-06-12"), room.run("check"), room.run("papers")]
        (mail,) = room.mails

    letter = text_of(mail) + text_of(mail, "html")
    assert f"{room.web.host}/" in letter  # Where all 60 can be seen.
    assert SECRET not in letter + "".join(each.out + each.err for each in ran)


def test_papers_of_a_page_behind_a_login_have_links_that_readers_can_follow(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        configured(room, *PAGE[:2], "http://ann:{secret}@{host}/list")
        room.web.answers["/list"] = answer(PAGE[2].encode())
        room.once("2026-06-12")
        (mail,) = room.mails

    assert f"http://{room.web.host}/1" in text_of(mail)
