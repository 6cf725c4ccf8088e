"""The archive that a backup is: what is written is read, and nothing else is."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import archive
from digest.archive import MANIFEST, Manifest, Member, Reader
from digest.errors import StoreError

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
FILES = {"digest.toml": b"title\n", "store.db": b"\0" * 5000, "templates/a.txt": b""}


def manifest(files: Mapping[str, bytes]) -> Manifest:
    members = [archive.measured(name, io.BytesIO(body)) for name, body in files.items()]
    return archive.manifest_of(
        members, digest="1", schema="0003", made_at=NOW, rows={"papers": 7}, left_out=["a key"]
    )


def written(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    archive.write(target, manifest(files), lambda member: io.BytesIO(files[member.name]))
    return target.getvalue()


class Kept(io.BytesIO):
    def __init__(self, name: str, into: dict[str, bytes]) -> None:
        super().__init__()
        self._name = name
        self._into = into

    def close(self) -> None:
        self._into[self._name] = self.getvalue()
        super().close()


def read(packed: bytes) -> tuple[Manifest, dict[str, bytes]]:
    found: dict[str, bytes] = {}
    reader = Reader(io.BytesIO(packed), len(packed), "the file")
    reader.read(lambda member: Kept(member.name, found))
    return reader.manifest, found


def forged(
    *members: tuple[tarfile.TarInfo, bytes],
    said: Manifest | bytes | None = None,
    form: int = tarfile.USTAR_FORMAT,
) -> bytes:
    """Pack an archive as an enemy would: its manifest may say anything, and so may its headers."""
    made = said or manifest({header.name: body for header, body in members})
    encoded = made if isinstance(made, bytes) else msgspec.json.encode(made)
    target = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=target, mode="wb") as packed,
        tarfile.open(fileobj=packed, mode="w", format=form) as tar,
    ):
        for header, body in ((a_header(MANIFEST, encoded), encoded), *members):
            tar.addfile(header, io.BytesIO(body))
    return target.getvalue()


def a_header(name: str, body: bytes = b"", **more: object) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size = len(body)
    for key, value in more.items():
        setattr(header, key, value)
    return header


NAMES = st.lists(
    st.from_regex(r"[a-z0-9_-]{1,20}(/[a-z]{1,9})?\.[a-z]{1,4}", fullmatch=True),
    unique=True,
    max_size=5,
)


@given(names=NAMES, bodies=st.lists(st.binary(max_size=2000), min_size=5, max_size=5))
def test_what_is_written_is_read(names: list[str], bodies: list[bytes]) -> None:
    files = dict(zip(names, bodies, strict=False))
    assert read(written(files)) == (manifest(files), files)


def test_the_same_files_give_the_same_bytes() -> None:
    assert written(FILES) == written(FILES)


def test_any_tar_program_reads_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(written(FILES)), mode="r:gz") as tar:
        assert tar.getnames() == [MANIFEST, *FILES]
        assert {each.mode for each in tar} == {0o600}


@given(st.data())
def test_one_that_is_cut_short_is_refused(data: st.DataObject) -> None:
    packed = written(FILES)
    cut = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(StoreError, match=r"the file: .*Nothing was changed"):
        read(packed[:cut])


@given(st.data())
def test_one_with_a_bit_flipped_is_refused_or_the_same(data: st.DataObject) -> None:
    packed = bytearray(written(FILES))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read(bytes(packed))
    except StoreError:
        return
    assert found == (manifest(FILES), FILES)  # A bit of gzip's header that nobody reads.


@given(st.binary(max_size=3000))
def test_anything_else_is_refused(junk: bytes) -> None:
    for packed in (junk, gzip.compress(junk)):
        with pytest.raises(StoreError, match=r"the file: .*Nothing was changed"):
            read(packed)


@pytest.mark.parametrize(
    "name",
    ["../a", "/a", "a/../b", "a//b", "./a", "..", "", "a\\b", "c:a", "a\nb", "a\0b"],
    ids=repr,
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    said = msgspec.structs.replace(
        manifest({}), members=(Member(name=name, size=0, sha256="0" * 64),)
    )
    with pytest.raises(StoreError, match="is no name for a file"):
        read(forged(said=said))


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (tarfile.SYMTYPE, {"linkname": "/etc/passwd"}),
        (tarfile.LNKTYPE, {"linkname": "digest.toml"}),
        (tarfile.DIRTYPE, {}),
        (tarfile.CHRTYPE, {}),
        (tarfile.BLKTYPE, {}),
        (tarfile.FIFOTYPE, {}),
        (tarfile.GNUTYPE_SPARSE, {}),
        (tarfile.CONTTYPE, {}),
    ],
    ids=repr,
)
def test_what_is_no_plain_file_is_refused(kind: bytes, more: dict[str, object]) -> None:
    with pytest.raises(StoreError, match="no plain file"):
        read(forged((a_header("store.db", b"", type=kind, **more), b"")))


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_their_headers_are_refused(form: int) -> None:
    with pytest.raises(StoreError, match="no plain file"):
        read(forged((a_header("é" * 200), b""), form=form))


def _other_size(said: Manifest) -> Manifest:
    (one,) = said.members
    return msgspec.structs.replace(said, members=(msgspec.structs.replace(one, size=2),))


def _twice(said: Manifest) -> Manifest:
    return msgspec.structs.replace(said, members=said.members * 2)


def _of_a_later_form(said: Manifest) -> Manifest:
    return msgspec.structs.replace(said, format=2)


def _vast(said: Manifest) -> Manifest:
    (one,) = said.members
    return msgspec.structs.replace(said, members=(msgspec.structs.replace(one, size=2**40),))


def _negative(said: Manifest) -> Manifest:
    (one,) = said.members
    return msgspec.structs.replace(said, members=(msgspec.structs.replace(one, size=-1),))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_other_size, "not where its manifest says"),
        (_twice, "twice"),
        (_of_a_later_form, "Update digest"),
        (_vast, "far more than its size can"),
        (_negative, "far more than its size can"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    change: Callable[[Manifest], Manifest], reason: str
) -> None:
    one = (a_header("a", b"1"), b"1")
    with pytest.raises(StoreError, match=reason):
        read(forged(one, said=change(manifest({"a": b"1"}))))


def test_a_file_that_is_not_what_its_manifest_says_is_refused() -> None:
    with pytest.raises(StoreError, match="`a` is not what was backed up"):
        read(forged((a_header("a", b"1"), b"1"), said=manifest({"a": b"2"})))


def test_a_file_that_is_too_many_or_missing_is_refused() -> None:
    one = (a_header("a", b"1"), b"1")
    with pytest.raises(StoreError, match="something after its end"):
        read(forged(one, said=manifest({})))
    with pytest.raises(StoreError, match="end of file header"):
        read(forged(one, said=manifest({"a": b"1", "b": b""})))


def test_a_manifest_of_endless_length_is_not_read() -> None:
    with pytest.raises(StoreError, match="no backup"):
        read(forged(said=b" " * (archive.MOST_MANIFEST + 1)))


def test_what_unpacks_to_more_than_it_says_is_not_read_on() -> None:
    bomb = (a_header("b", b"\0" * 10_000_000), b"\0" * 10_000_000)
    packed = forged((a_header("a", b"1"), b"1"), bomb, said=manifest({"a": b"1"}))
    with pytest.raises(StoreError, match="something after its end"):
        read(packed)
