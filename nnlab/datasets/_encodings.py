"""A reader's own text file: UTF-8, or the right advice for what it is instead."""

import codecs
import shlex

MARKS = (  # the longer first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DOCUMENTS = (
    (b"%PDF", "a PDF document"),
    (b"PK\3\4", "a zip archive, such as DOCX, ODT and EPUB are"),
    (b"\xd0\xcf\x11\xe0", "a document of an older office program"),
    (b"\x1f\x8b", "a file packed by gzip"),
)


def read_text(path):
    """Return the text of a UTF-8 file, without byte order mark and with ``\\n`` as line end.

    Raises FileNotFoundError where there is no file; ValueError for one that is empty or something
    else, with the way to make it UTF-8.
    """
    if not path.exists() or path.is_dir():
        raise FileNotFoundError(f"{path} is no file here: name a text file, with its folder")
    raw = path.read_bytes()
    name = shlex.quote(path.name)
    if problem := _no_text(raw) or _wide_encoding(raw, name):
        raise ValueError(f"{path}: expected UTF-8 text, got {problem}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}: expected UTF-8 text, got the byte 0x{raw[error.start]:02x} at position "
            f"{error.start:,} (line {line:,}). {_advice(raw, name)}"
        ) from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise ValueError(
            f"{path}: expected text, got an empty file. Choose a file with something to learn from."
        )
    return text


def _convert(encoding, name):
    return (
        "Save it as UTF-8 in your editor, or convert it: "
        f"iconv -f {encoding} -t utf-8 {name} > new.txt"
    )


def _no_text(raw):
    """Return what a file is that is no text, and what to do; None for others."""
    for mark, kind in DOCUMENTS:
        if raw.startswith(mark):
            return f"{kind}. Unpack it, or export it as plain text, and load that."
    return None


def _wide_encoding(raw, name):
    """Return which encoding of two or four bytes a character it is, and what to do, or None."""
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return f"{encoding.upper()}. {_convert(encoding, name)}"
    if b"\0" not in raw:
        return None
    zeros = [raw[place::4].count(0) / (len(raw) / 4) for place in range(4)]  # at places 0 to 3 of 4
    even = zeros[0] + zeros[2]
    odd = zeros[1] + zeros[3]
    if min(zeros[2:]) > 0.9:
        encoding = "utf-32le"
    elif min(zeros[:2]) > 0.9:
        encoding = "utf-32be"
    elif odd > max(0.1, 10 * even):  # spaces and line ends have a zero byte in any script
        encoding = "utf-16le"
    elif even > max(0.1, 10 * odd):
        encoding = "utf-16be"
    else:
        return "a file with zero bytes, which is no text. Export it as plain text, and load that."
    return f"what looks like {encoding.upper()}. {_convert(encoding, name)}"


def _advice(raw, name):
    """Return what to do about bytes that are not UTF-8."""
    decoded = raw.decode("utf-8", errors="replace")
    plain = len(raw.translate(None, delete=bytes(range(128, 256))))  # ASCII
    damaged = decoded.count("\ufffd")
    sound = len(decoded) - plain - damaged  # characters of several bytes
    if sound > 2 * damaged:
        return (
            f"The rest is UTF-8 (damaged places: {damaged}): get it again, or leave them out: "
            f"iconv -c -f utf-8 -t utf-8 {name} > new.txt"
        )
    if plain < 0.8 * len(raw):
        return (
            "It is text in another encoding and not in Latin letters, or no text. Find out which "
            f"(by the program that wrote it, or `file -i {name}`), then convert it: "
            f"iconv -f ENCODING -t utf-8 {name} > new.txt"
        )
    return (
        "It looks like an old Western encoding, most likely Windows-1252. "
        f"{_convert('cp1252', name)} (look at it: nothing tells if the guess was wrong)"
    )
