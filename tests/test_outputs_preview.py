from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from outgoing import a_message, never

from digest.errors import TemporaryDeliveryError
from digest.outputs.preview import Preview


def test_a_preview_shows_markdown_and_writes_html(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Preview(path=str(tmp_path / "look"))

    place = output.deliver(a_message("Käthe"), never)

    assert place == str(tmp_path / "look/2026-06-12-kathe.html")
    assert "<h1>Papers</h1>" in Path(place).read_text()
    assert capsys.readouterr().out == "# Papers\n"


def test_no_control_code_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = a_message(markdown="a\x1b[2J\x07\x9b\r\tb\nGrüße \ud800")

    Preview(path=str(tmp_path)).deliver(message, never)

    assert capsys.readouterr().out == "a[2Jb\nGrüße ?\n"


def test_no_reader_s_preview_hides_another_s(tmp_path: Path) -> None:
    output = Preview(path=str(tmp_path))

    places = {output.deliver(a_message(name), never) for name in ("Ann", "ann", "Public", "")}

    assert len(places) == 4
    assert str(tmp_path / "2026-06-12-public.html") in places


def test_a_preview_is_of_the_last_letter(tmp_path: Path) -> None:
    output = Preview(path=str(tmp_path))

    for html in ("<p>old</p>", "<p>new</p>"):
        place = output.deliver(a_message(html=html), never)

    assert Path(place).read_text() == "<p>new</p>"


def test_everybody_s_letter_can_be_looked_at() -> None:
    assert Preview().reaches(None)
    assert Preview().reaches(a_message(email="").subscriber)
    assert Preview().check() == "digest-preview: HTML to look at"


def test_a_folder_that_cannot_be_made_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(TemporaryDeliveryError, match="file"):
        Preview(path=str(tmp_path / "file")).deliver(a_message(), never)


def test_a_table_without_a_path_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="`path` must name"):
        msgspec.convert({"kind": "preview", "path": ""}, Preview)


def test_a_path_is_relative_to_the_config() -> None:
    assert Preview().within("/etc/digest").path == "/etc/digest/digest-preview"
