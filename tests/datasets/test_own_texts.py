"""A reader's own text: UTF-8 is read, anything else gets the advice that makes it UTF-8."""

import codecs
import gzip
import re
import shlex
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlab.datasets import load_text

GERMAN = "Der Ärger mit dem Öl: größere Übel.\nZweite Zeile – „hier“\n" * 20 + "“"
RUSSIAN = "Все счастливые семьи похожи друг на друга,\nкаждая несчастливая семья.\n" * 20
CHINESE = "道可道，非常道。\n名可名，非常名。\n" * 20


@pytest.fixture
def problem(tmp_path):
    """Return a function that writes bytes to a file and returns why it is no text."""

    def refused(raw):
        path = tmp_path / "novel.txt"
        path.write_bytes(raw)
        with pytest.raises(ValueError, match=r"novel\.txt: expected UTF-8 text, got ") as caught:
            load_text(path)
        return str(caught.value).partition(", got ")[2]

    return refused


def test_an_own_text_is_read_as_utf8_with_plain_line_ends(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_bytes("\ufeffÄrger\r\nund Öl\r".encode())
    data = load_text(path)
    assert (data.text, data.name, data.source) == ("Ärger\nund Öl\n", "novel", str(path))


def test_an_empty_text_is_refused(tmp_path):
    (tmp_path / "novel.txt").write_bytes(b"\n \n")
    with pytest.raises(ValueError, match="expected text, got an empty file"):
        load_text(tmp_path / "novel.txt")


def test_a_byte_that_is_not_utf8_is_named_with_its_place(problem):
    words = problem("first line\nÄrger".encode("latin-1"))
    assert words.startswith("the byte 0xc4 at position 11 (line 2).")


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "utf-32"),
        ("utf-32-be", codecs.BOM_UTF32_BE, "utf-32"),
        ("utf-16-le", b"", "utf-16le"),
        ("utf-16-be", b"", "utf-16be"),
        ("utf-32-le", b"", "utf-32le"),
        ("utf-32-be", b"", "utf-32be"),
        ("cp1252", b"", "cp1252"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "marked" if value else "unmarked",
)
def test_the_advice_for_another_encoding_gives_the_text_back(
    problem, tmp_path, encoding, mark, name
):
    raw = mark + GERMAN.encode(encoding)
    words = problem(raw)
    command = re.search(r"iconv -f (\S+) -t utf-8 novel\.txt > new\.txt", words)
    assert command[1] == name
    if not shutil.which("iconv"):
        pytest.skip("there is no iconv here to try the advice")
    subprocess.run(command[0], shell=True, cwd=tmp_path, check=True)
    assert load_text(tmp_path / "new.txt").text == GERMAN


def test_the_advice_is_a_command_for_a_name_with_spaces_too(tmp_path):
    path = tmp_path / "my own 'novel'.txt"
    path.write_bytes(GERMAN.encode("utf-16"))
    with pytest.raises(ValueError, match="UTF-16") as caught:
        load_text(path)
    words = shlex.split(str(caught.value).partition("convert it: ")[2])
    assert words == ["iconv", "-f", "utf-16", "-t", "utf-8", path.name, ">", "new.txt"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [RUSSIAN, CHINESE], ids=["Russian", "Chinese"])
def test_utf16_of_other_scripts_is_recognized_by_its_mark(problem, text, encoding):
    mark = codecs.BOM_UTF16_LE if encoding.endswith("le") else codecs.BOM_UTF16_BE
    assert problem(mark + text.encode(encoding)).startswith("UTF-16. Save it as UTF-8")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (CHINESE, "gb18030"), (CHINESE, "big5")],
    ids=["cp1251", "koi8-r", "gb18030", "big5"],
)
def test_no_western_encoding_is_proposed_for_other_scripts(problem, text, encoding):
    words = problem(text.encode(encoding))
    assert "not in Latin letters" in words
    assert "iconv -f ENCODING" in words
    assert "cp1252" not in words


def test_utf8_with_a_damaged_place_is_not_converted_but_mended(problem, tmp_path):
    raw = GERMAN.encode()
    assert "The rest is UTF-8 (damaged places: 1)" in problem(raw[:-2])  # within a character
    words = problem(raw[:3] + b"\xff" + raw[3:])
    assert "The rest is UTF-8 (damaged places: 1)" in words
    command = re.search(r"iconv -c -f utf-8 -t utf-8 novel\.txt > new\.txt", words)[0]
    if not shutil.which("iconv"):
        pytest.skip("there is no iconv here to try the advice")
    subprocess.run(command, shell=True, cwd=tmp_path, check=False)
    assert load_text(tmp_path / "new.txt").text == GERMAN


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("a PDF document", b"%PDF-1.7\n"),
        ("a zip archive, such as DOCX, ODT and EPUB are", b"PK\3\4" + bytes(30)),
        ("a document of an older office program", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9)),
        ("a file packed by gzip", gzip.compress(b"text", mtime=0)),
        ("a file with zero bytes, which is no text", bytes(range(256))),
        ("what looks like UTF-16LE", b"a\0b"),
    ],
    ids=["pdf", "zip", "office", "gzip", "binary", "utf-16"],
)
def test_a_document_or_another_file_that_is_no_text_is_called_what_it_is(problem, kind, raw):
    assert problem(raw).startswith(kind)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_refused_in_words(tmp_path, raw):
    path = tmp_path / "novel.txt"
    path.write_bytes(raw)
    try:
        text = load_text(path).text
    except ValueError as error:
        assert "novel.txt: expected" in str(error)
    else:
        assert "\0" not in text
        assert text.encode() == raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(
            b"\r", b"\n"
        )
