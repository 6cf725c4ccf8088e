from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import Config, decode, find, load
from digest.errors import ConfigError
from digest.outputs.directory import Directory
from digest.outputs.smtp import Smtp
from digest.sources.files import Files
from digest.subscribers import Subscriber

FILE = Path("/etc/papers/digest.toml")
WHOLE = """\
[newsletter]
title = "Papers"
timezone = "Europe/Berlin"
templates = "words"

[store]
url = "sqlite:///digest.db"

[schedule]
publish = "weekdays at 07:00"

[http]
retries = 1

[rank]
cap = 5

[rank.weights]
votes = 0.5

[letters]
days = 7

[[sources]]
kind = "huggingface"

[[sources]]
kind = "arxiv"
categories = ["cs.LG"]

[[sources]]
kind = "files"
path = "saved/*.html"

[[outputs]]
kind = "smtp"
host = "smtp.example.org"
sender = "Papers <papers@example.org>"

[[outputs]]
kind = "directory"
path = "letters"

[[subscribers]]
name = "Ann"
email = "ann@example.org"
keywords = ["world model^2", "-medical"]
"""


def slip(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        decode(text, Path("digest.toml"))
    return str(error.value)


def test_a_whole_config_is_read() -> None:
    config = decode(WHOLE, FILE)

    assert config.newsletter.timezone == "Europe/Berlin"
    assert (config.rank.cap, config.rank.weights.votes, config.letters.days) == (5, 0.5, 7)
    assert [each.name for each in config.sources] == ["huggingface", "arxiv", "files"]
    assert [each.name for each in config.outputs] == ["smtp", "directory"]
    assert config.subscribers[0].profile[0].weight == 2


def test_an_empty_config_has_a_default_for_everything() -> None:
    assert decode("", FILE).newsletter == Config().newsletter


def test_relative_paths_start_from_the_configs_folder() -> None:
    config = decode(WHOLE, FILE)

    assert config.store.url == "sqlite:////etc/papers/digest.db"
    assert config.newsletter.templates == "/etc/papers/words"
    assert [each.path for each in config.sources if isinstance(each, Files)] == [
        "/etc/papers/saved/*.html"
    ]
    assert [each.path for each in config.outputs if isinstance(each, Directory)] == [
        "/etc/papers/letters"
    ]


def test_absolute_paths_and_other_stores_stay() -> None:
    assert decode('[store]\nurl = "sqlite:////var/d.db"', FILE).store.url == "sqlite:////var/d.db"
    assert decode('[store]\nurl = "postgresql://db/d"', FILE).store.url == "postgresql://db/d"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("publish =", "pubish =", "unknown key `pubish` at `schedule` (did you mean `publish`?)"),
        ("[rank]", "[rnak]", "unknown key `rnak` (did you mean `rank`?)"),
        ("votes =", "vote =", "unknown key `vote` at `rank.weights` (did you mean `votes`?)"),
        (
            "categories",
            "categorys",
            "unknown key `categorys` at `sources[1]` (did you mean `categories`?)",
        ),
        ("host", "hots", "unknown key `hots` at `outputs[0]` (did you mean `host`?)"),
        (
            "keywords",
            "keyword",
            "unknown key `keyword` at `subscribers[0]` (did you mean `keywords`?)",
        ),
        ("retries", "zzz", "unknown key `zzz` at `http`"),
        ('host = "smtp.example.org"\n', "", "`host` is missing at `outputs[0]`"),
        ('name = "Ann"\n', "", "`name` is missing at `subscribers[0]`"),
        ('kind = "huggingface"\n', "", "`kind` is missing at `sources[0]`"),
    ],
)
def test_a_slip_in_a_key_says_where_and_what_was_meant(
    before: str, after: str, message: str
) -> None:
    assert before in WHOLE
    assert slip(WHOLE.replace(before, after, 1)) == f"digest.toml: {message}"


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("cap = 5", 'cap = "five"', ["`int`", "`str`", "at `rank.cap`"]),
        ("cap = 5", "cap = 0", ["`cap` must be at least 1", "at `rank`"]),
        ("votes = 0.5", "votes = nan", ["`votes` must be from 0 to 100", "at `rank.weights`"]),
        ("days = 7", "days = 1000000000000", ["`days` must be at most", "at `letters`"]),
        ('"Papers"', '""', ["`title`", "at `newsletter`"]),
        ("Europe/Berlin", "Europe/Berln", ["`Europe/Berln` is no zone", "at `newsletter`"]),
        ("Europe/Berlin", "../../etc/passwd", ["is no zone"]),
        ('kind = "arxiv"', 'kind = "arxive"', ["arxive", "at `sources[1]"]),
        ("world model^2", "world model^x", ["column 13", "at `subscribers[0]` (Ann)"]),
        ("world model^2", "titel: world", ["column 1", "did you mean `title:`?"]),
        ('path = "letters"', 'path = "x"\nname = "smtp"', ["two are called", "`outputs[1]`"]),
        ('kind = "files"', 'kind = "files"\nname = "arxiv"', ["two are called", "`sources[2]`"]),
        ('name = "Ann"', 'name = "Ann"\noutputs = ["smpt"]', ["`smpt`", "mean `smtp`?"]),
        ('name = "Ann"', 'name = "Ann"\ntimezone = "Mars"', ["`Mars` is no zone", "(Ann)"]),
        ('name = "Ann"', 'name = "public"', ["`public`", "at `subscribers[0]`"]),
        ("ann@example.org", "ann", ["`email` is no address", "at `subscribers[0]`"]),
        ("host =", 'password = "x"\nhost =', ["DIGEST_SMTP_PASSWORD", "at `outputs[0]`"]),
        ('templates = "words"', 'templates = "~nobody-is-called-so/x"', ["`~`", "in full"]),
    ],
)  # fmt: skip
def test_a_slip_in_a_value_says_what_is_wrong(before: str, after: str, parts: list[str]) -> None:
    assert before in WHOLE

    message = slip(WHOLE.replace(before, after, 1))

    assert message.startswith("digest.toml: ")
    assert all(part in message for part in parts), message


def test_two_readers_of_one_name_are_refused() -> None:
    twice = WHOLE + '[[subscribers]]\nname = "Ann"\n'

    assert "two are called `Ann` at `subscribers[1]`" in slip(twice)


def test_broken_toml_is_told_with_its_line() -> None:
    assert "line 2" in slip('[newsletter]\ntitle = "Papers\n')


@pytest.mark.parametrize(
    "text",
    [f"x = {'1' * 5000}", "x = " + "[" * 9000, "x = " + "{a=" * 9000, "\x00", "x = 1e999", "[[["],
    ids=["endless number", "nested lists", "nested tables", "nul", "infinite", "brackets"],
)
def test_no_text_gets_past_as_something_else(text: str) -> None:
    assert slip(text).startswith("digest.toml: ")


@given(
    st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 9), st.text(max_size=12))
    | st.tuples(
        st.integers(0, len(WHOLE)),
        st.integers(0, 9),
        st.sampled_from(['"', "[", "]", "\n", "=", "0", "~", "{}", "[[a]]\n", "nan", "1979-05-27"]),
    )
)
def test_any_text_is_a_config_or_an_error_that_names_the_file(edit: tuple[int, int, str]) -> None:
    at, length, text = edit
    changed = WHOLE[:at] + text + WHOLE[at + length :]

    try:
        config = decode(changed, FILE)
    except ConfigError as error:
        assert str(error).startswith(f"{FILE}: ")  # noqa: PT017 - either way is right.
    else:
        assert isinstance(config, Config)
        assert tomllib.loads(changed) is not None


values = st.recursive(
    st.none().map(lambda _: "")
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=9)
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from(sorted(Config.__struct_fields__)), st.text(max_size=9), values)
def test_any_value_in_any_table_is_taken_or_refused(table: str, key: str, value: object) -> None:
    many = table in ("sources", "outputs", "subscribers")
    head = f"[[{table}]]" if many else f"[{table}]"
    text = f"{head}\n{_quoted(key)} = {_toml(value)}\n"

    try:
        decode(text, FILE)
    except ConfigError as error:
        assert str(error).startswith(f"{FILE}: ")  # noqa: PT017 - either way is right.


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


def _toml(value: object) -> str:
    match value:
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            pairs = (f"{_quoted(str(key))} = {_toml(each)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def test_a_readers_zone_stands_before_the_newsletters() -> None:
    config = decode(WHOLE, FILE)

    assert config.zone_of(None) == "Europe/Berlin"
    assert config.zone_of(Subscriber(name="Bo", timezone="Asia/Tokyo")) == "Asia/Tokyo"


def test_a_password_is_never_shown_when_it_is_refused() -> None:
    text = WHOLE.replace("host =", 'password = "hunter2"\nhost =', 1)

    assert "hunter2" not in slip(text)
    assert any(isinstance(each, Smtp) for each in decode(WHOLE, FILE).outputs)


# Which file it is


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def test_the_config_is_looked_for_from_the_nearest_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path / "home")}
    assert find(None, environment) is None

    at_home = written(tmp_path / "xdg" / "digest" / "digest.toml")
    assert find(None, environment) == at_home
    here = written(tmp_path / "digest.toml")
    assert find(None, environment) == Path("digest.toml")
    named = written(tmp_path / "named.toml")
    environment["DIGEST_CONFIG"] = str(named)
    assert find(None, environment) == named
    assert find(str(here), environment) == here


def test_without_a_folder_for_configs_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    usual = written(tmp_path / ".config" / "digest" / "digest.toml")

    assert find(None, {"HOME": str(tmp_path)}) == usual


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; `digest init` writes one"):
        find(str(tmp_path / "none.toml"), {})
    with pytest.raises(ConfigError, match="no such file"):
        find(None, {"DIGEST_CONFIG": str(tmp_path)})


def test_a_file_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "digest.toml"
    path.write_bytes(b"title = \xff")

    with pytest.raises(ConfigError, match=r"digest\.toml: not UTF-8 at byte 8"):
        load(path)
    with pytest.raises(ConfigError, match="directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[sources]]\nkind = "hugingface"', "`hugingface` is not known at `sources[0].kind`"),
        ('[[subscribers]]\nname = "A"\ncadence = "dayly"', "(did you mean `daily`?)"),
        ('[[sources]]\nkind = "huggingface"\nlist = "xyz"', "(one of: daily, weekly, monthly, "),
        ('[[sources]]\nkind = "arxiv"\ncategories = ["cs.LG"]\nroute = "aton"', "mean `atom`?)"),
    ],
)
def test_another_word_than_those_known_gets_a_hint(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        decode(text, Path("digest.toml"))
    assert said in str(error.value)


def scheduled(text: str) -> Config:
    return decode(f'[newsletter]\ntimezone = "Asia/Tokyo"\n[schedule]\n{text}\n', FILE)


def test_a_schedule_has_a_line_or_several_in_the_newsletters_zone_or_their_own() -> None:
    config = scheduled('publish = ["weekdays at 07:00", "0 9 * * 6 Europe/Berlin"]')
    assert [line.zone for line in config.timetable.publish] == ["Asia/Tokyo", "Europe/Berlin"]
    assert [line.text for line in config.timetable.collect] == ["every hour"]


def test_letters_are_written_on_weekdays_where_nobody_says() -> None:
    assert scheduled("").timetable == scheduled('publish = "weekdays at 07:00"').timetable
    assert scheduled("").schedule.publish == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('collect = "every hor"', "(did you mean `hour`?) at `schedule.collect`"),
        ('publish = "0 25 * * *"', "`0 25 * * *`, column 3: hour `25` is not between 0 and 23"),
        ('publish = ["daily at 7", "daily at"]', "at the end at `schedule.publish[1]`"),
        ('publish = ["daily at 7 Europe/Berln"]', "no zone; name one like Europe/Berlin at `sched"),
        ("publish = []", "no line is here; leave it out, or write one at `sched"),
        ('publish = [""]', "nothing is here; write `weekdays at 07:00`, or a cron line at `sched"),
        ("publish = 7", "`schedule.publish`"),
    ],
)
def test_a_slip_in_a_schedule_names_its_place(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        scheduled(text)
