"""Archives and packed files from elsewhere: read as they are meant, refused where they lie."""

import gzip
import hashlib
import io
import struct
import tarfile
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlab.datasets import _formats

DATA = {"train/1.txt": b"one\n", "train/2.txt": b"two\n", "labels.csv": b"1,2\n"}
PATTERNS = ("train/*.txt", "labels.csv")
MAX_BYTES = 1000
NOTES = {
    "README": b"notes",
    "train/notes.md": b"more",
    "__MACOSX/train/._1.txt": b"\0\5",
    "__MACOSX/._data.tar": b"\0\5",  # beside a tar in a zip; it is none itself
}
KINDS = ("tar", "tar.gz", "zip", "tar in zip", "tar.gz in zip")


def member(name, **fields):
    """Return the header of a tar member."""
    header = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(header, field, value)
    return header


def tar_of(members, headers=()):
    """Return a tar of {path: bytes}, and of headers without content behind it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
        for header in headers:
            archive.addfile(header)
    return buffer.getvalue()


def zip_of(members, packing=zipfile.ZIP_DEFLATED):
    """Return a zip of {path, or a header: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def packed(kind, members):
    """Return an archive of {path: bytes}, of one of the KINDS."""
    if kind == "zip":
        return zip_of(members)
    content = tar_of(members)
    if "tar.gz" in kind:
        content = gzip.compress(content)
    if "zip" in kind:
        content = zip_of(
            {f"deep/data.{kind.split()[0]}": content, "README": b"the data are inside"}
        )
    return content


@pytest.fixture
def path(tmp_path):
    return tmp_path / "archive"


@pytest.fixture
def read(path):
    """Return a function that writes bytes to a file and reads the data members out of it."""

    def write_and_read(content, max_bytes=MAX_BYTES):
        path.write_bytes(content)
        return _formats.read_members(path, PATTERNS, max_bytes)

    return write_and_read


# ---- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize("top", ["", "./", "data-1.0/", "copies/of/data/"])
@pytest.mark.parametrize("kind", KINDS)
def test_data_members_are_found_under_any_top_folder_beside_notes_in_any_packing(read, kind, top):
    members = {top + name: content for name, content in (DATA | NOTES).items()}
    assert read(packed(kind, members)) == DATA


@pytest.mark.parametrize("kind", KINDS)
def test_of_more_data_members_only_those_with_a_beginning_asked_for_are_read(path, kind):
    path.write_bytes(packed(kind, {f"top/{name}": content for name, content in DATA.items()}))
    for beginnings, expected in {
        ("train/1",): ["train/1.txt"],
        ("labels.", "train/2"): ["labels.csv", "train/2.txt"],
        ("nothing",): [],
        (): sorted(DATA),
    }.items():
        found = _formats.read_members(path, PATTERNS, MAX_BYTES, beginnings)
        assert sorted(found) == expected


def test_folders_in_an_archive_are_no_members(read):
    folder = member("data/train", type=tarfile.DIRTYPE)
    assert read(tar_of(DATA, [folder])) == DATA
    assert read(zip_of({"data/": b"", "data/train/": b""} | DATA)) == DATA


def test_the_sum_is_that_of_the_lines_that_sha256sum_prints_sorted_by_path():
    # what sha256sum says of these three lines: its own output for the three members, sorted by path
    lines = (
        "52186c933993da4082b3cdc7c40bb4bf735b391ff54a2ef78c037dda6c38a680  labels.csv\n"
        "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806  train/1.txt\n"
        "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a  train/2.txt\n"
    )
    expected = "dfe55649f908c98ecb57c155374fc270b521c0386588c58d8ac91fb56cf37281"
    assert hashlib.sha256(lines.encode()).hexdigest() == expected
    assert _formats.listing_sha256(DATA) == expected


names = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.dictionaries(
        st.text("abc", min_size=1, max_size=3), st.binary(max_size=2000), min_size=1, max_size=5
    ),
    top=names,
    kind=st.sampled_from(KINDS),
    order=st.randoms(),
)
def test_any_data_come_out_as_they_went_in_with_the_same_sum_in_any_order(
    read, data, top, kind, order
):
    data = {f"train/{name}.txt": content for name, content in data.items()}
    shuffled = order.sample(sorted(data), len(data))
    members = {f"{top}/{name}": data[name] for name in shuffled}
    found = read(packed(kind, members), max_bytes=10_000)
    assert found == data
    assert _formats.listing_sha256(found) == _formats.listing_sha256(data)


# ---- what is refused -----------------------------------------------------------------------------


OUTSIDE = ["../1.txt", "data/../../1.txt", "/etc/1.txt", "C:/1.txt", "..\\1.txt", "\\\\host\\1.txt"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_leads_outside_is_refused_wherever_it_stands(read, name):
    for archive in (tar_of, zip_of):
        with pytest.raises(ValueError, match="a path that leads outside"):
            read(archive(DATA | {name: b""}))
    with pytest.raises(ValueError, match="a path that leads outside"):
        read(zip_of({"data.tar": tar_of({name: b""})}))


LINKS = {
    "link": member("train/3.txt", type=tarfile.SYMTYPE, linkname="1.txt"),
    "link outside": member("note", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("train/3.txt", type=tarfile.LNKTYPE, linkname="train/1.txt"),
    "device": member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "disk": member("disk", type=tarfile.BLKTYPE),
    "pipe": member("pipe", type=tarfile.FIFOTYPE),
    "sparse": member("train/3.txt", type=tarfile.GNUTYPE_SPARSE),
}


@pytest.mark.parametrize("kind", LINKS)
def test_links_and_devices_are_refused_wherever_they_stand(read, kind):
    with pytest.raises(ValueError, match=f"a link or a device: '{LINKS[kind].name}'"):
        read(tar_of(DATA, [LINKS[kind]]))


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o060666, 0o010666])
def test_links_and_devices_in_a_zip_are_refused(read, mode):
    header = zipfile.ZipInfo("train/3.txt")
    header.external_attr = mode << 16
    with pytest.raises(ValueError, match="a link or a device"):
        read(zip_of(DATA | {header: b"1.txt"}))


def test_a_data_member_that_is_there_twice_is_refused(read):
    for archive in (tar_of, zip_of):
        with pytest.raises(ValueError, match=r"the member train/1\.txt twice"):
            read(archive(DATA | {"other/train/1.txt": b"one\n"}))
    twice = tar_of(DATA)[: 3 * 1024] + tar_of(DATA)
    with pytest.raises(ValueError, match="twice"):
        read(twice)
    notes_twice = tar_of(DATA | {"a/README": b"1", "README": b"2"})
    assert read(notes_twice) == DATA


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_whose_size_cannot_be_bounded_is_refused(read, packing):
    with pytest.raises(ValueError, match="packed in an unusual way"):
        read(zip_of(DATA, packing))


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08"])
def test_what_is_no_archive_is_refused(read, content):
    with pytest.raises(ValueError, match="no whole archive"):
        read(content)


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_breaks_off_is_refused_or_lacks_members(read, kind):
    whole = packed(kind, DATA)
    for length in range(0, len(whole) - 22, max(1, len(whole) // 40)):
        try:
            found = read(whole[:length])
        except ValueError:
            continue
        assert DATA | found == DATA
        assert found != DATA or kind == "tar"  # of which the end is padding


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(KINDS),
    place=st.integers(0, 10**6),
    change=st.binary(min_size=1, max_size=30),
)
def test_an_archive_with_changed_bytes_is_refused_or_has_another_sum(read, kind, place, change):
    content = bytearray(packed(kind, DATA))
    place %= len(content)
    content[place : place + len(change)] = change
    try:
        found = read(bytes(content))
    except ValueError:
        return
    same = _formats.listing_sha256(found) == _formats.listing_sha256(DATA)
    assert same == (found == DATA)


# ---- bounds --------------------------------------------------------------------------------------


@pytest.fixture
def refuse(path):
    """Return a function that reads a bomb, which has to fail as told, soon and in little memory."""

    def check(bomb, words, read=lambda path: _formats.read_members(path, PATTERNS, MAX_BYTES)):
        path.write_bytes(bomb)
        start = time.monotonic()
        tracemalloc.start()
        with pytest.raises(ValueError, match=words):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20e6
        assert time.monotonic() - start < 10

    return check


@pytest.mark.parametrize("kind", KINDS)
def test_more_bytes_of_data_than_expected_are_refused(read, kind):
    assert read(packed(kind, DATA), max_bytes=12) == DATA
    with pytest.raises(ValueError, match="more than 11 bytes"):
        read(packed(kind, DATA), max_bytes=11)


def test_a_zip_bomb_is_read_no_further_than_expected(refuse):
    refuse(zip_of({"train/1.txt": bytes(2**25)}), "more than 1,000 bytes")


def test_a_tar_bomb_of_other_members_is_given_up(read, refuse, monkeypatch):
    monkeypatch.setattr(_formats, "MAX_UNPACKED", 2**22)
    notes = {f"note {number}": bytes(2**20) for number in range(3)}
    assert read(gzip.compress(tar_of(DATA | notes))) == DATA
    bomb = gzip.compress(tar_of(notes))
    words = "more than 4,194,304 bytes unpacked"
    refuse(gzip.compress(tar_of(notes | {"note 3": bytes(2**20)})), words)
    refuse(zip_of({"a.tar.gz": bomb, "b.tar.gz": bomb}), words)


def test_a_million_members_of_a_tar_are_given_up(refuse, monkeypatch):
    monkeypatch.setattr(_formats, "MAX_MEMBERS", 3_000)
    headers = member("note").tobuf() * 1_000
    refuse(gzip.compress(headers) * 1_000, "more than 3,000 members")


def test_a_million_members_of_a_zip_are_not_even_listed(refuse):
    one = zip_of({"note": b""})
    start = one.index(b"PK\1\2")
    local = one[:start]
    entry = one[start:-22]
    size = len(entry) * 10**6
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, size, len(local), 0)
    refuse(local + entry * 10**6 + end, f"a list of members of {size:,} bytes")


@pytest.mark.parametrize("size", [2**31, 2**40, 2**80])
def test_a_member_that_claims_to_be_huge_is_refused(refuse, size):
    header = member("note", size=size).tobuf(tarfile.GNU_FORMAT)
    refuse(header + bytes(1024), f"which claims {size:,} bytes")


def test_a_data_member_of_a_zip_that_claims_less_than_it_holds_is_refused(refuse):
    content = zip_of({"train/1.txt": b"a" * 500})
    lie = content.replace(struct.pack("<L", 500), struct.pack("<L", 400))
    assert lie != content
    refuse(lie, "no whole archive .*CRC")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_claims_a_huge_name_or_list_of_fields_is_refused(refuse, kind):
    header = member("name", type=kind, size=2**33).tobuf(tarfile.GNU_FORMAT)
    bomb = gzip.compress(header + bytes(2**25))
    refuse(bomb, "an extension of a tar header of 8,589,934,592 bytes")


def test_headers_that_only_announce_other_headers_are_given_up(refuse):
    announce = member("name", type=tarfile.GNUTYPE_LONGNAME, size=1).tobuf() + bytes(512)
    refuse(gzip.compress(announce * 5_000), "no whole archive")


# ---- one file, packed or not ---------------------------------------------------------------------


def test_a_file_is_read_packed_or_not_and_packed_in_several_pieces(path):
    for content in (
        b"abcdef",
        gzip.compress(b"abcdef"),
        gzip.compress(b"abc") + gzip.compress(b"def"),
    ):
        path.write_bytes(content)
        assert _formats.read_file(path, 6) == b"abcdef"
        with pytest.raises(ValueError, match="more than 5 bytes"):
            _formats.read_file(path, 5)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_gzip_file_with_a_wrong_byte_or_a_missing_end_never_gives_wrong_content(path, data):
    right = bytes(range(48))
    content = bytearray(gzip.compress(right))
    where = data.draw(st.integers(2, len(content) - 1))  # the first two say that it is packed
    if data.draw(st.booleans()):
        del content[where:]
    else:
        content[where] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        found = _formats.read_file(path, 1000)
    except ValueError as error:
        assert "a broken gzip stream" in str(error)
    else:  # the byte stood in a part without meaning, such as the time stamp
        assert found == right


def test_a_gzip_bomb_costs_no_memory(refuse):
    bomb = gzip.compress(bytes(2**26))
    refuse(bomb, "more than 1,000 bytes", lambda path: _formats.read_file(path, 1_000))
