"""WAV files: the chunks of a RIFF file, and samples of 8, 16, 24 or 32 bits, or floats.

SciPy's reader (1.17) returns the first part of a file that is cut, with a warning that files of
other programs give, too, and noise where a header contradicts itself; Python's knows no floats. A
recording that a reader made is to be refused with a reason, so it is read here.
"""

import struct

import numpy as np

PCM = 1
FLOAT = 3
EXTENSIBLE = 0xFFFE  # the real format stands further on
OPEN_END = 0xFFFFFFFF  # as programs write that could not go back to the beginning
KINDS = {  # (format, bits): dtype, and what makes it lie in -1..1
    (PCM, 8): ("u1", 2**7),
    (PCM, 16): ("<i2", 2**15),
    (PCM, 24): ("<i4", 2**31),  # after a byte of zeros is put before the lowest
    (PCM, 32): ("<i4", 2**31),
    (FLOAT, 32): ("<f4", 1),
    (FLOAT, 64): ("<f8", 1),
}
CODES = {2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x55: "MP3"}
OTHER_FILES = (
    (b"ID3", "an MP3 file"),
    (b"\xff\xfb", "an MP3 file"),
    (b"\xff\xf3", "an MP3 file"),
    (b"\xff\xf1", "an AAC file"),
    (b"OggS", "an Ogg file (Vorbis, Opus)"),
    (b"fLaC", "a FLAC file"),
    (b"FORM", "an AIFF file"),
    (b"\x1aE\xdf\xa3", "a WebM or Matroska file"),
    (b".snd", "an AU file"),
    (b"RF64", "a WAV file for more than 4 GB (RF64)"),
    (b"RIFX", "a WAV file of big-endian numbers (RIFX)"),
)


def decode(content):
    """Return the rate of a WAV file and its samples as they are stored, (samples, channels).

    The samples are int16 where it has 16 bits, uint8 for 8, int32 for 24 (times 256) and 32, or
    floats.
    Raises ValueError for anything else, and for a file that is cut, with what it is.
    """
    chunks = _chunks(content)
    kind, channels, rate = _layout(chunks[b"fmt "])
    dtype, _ = KINDS[kind]
    frame = channels * kind[1] // 8  # bytes
    stored = chunks[b"data"]
    if len(stored) % frame:
        raise ValueError(
            f"samples that end in the middle of one ({len(stored):,} bytes, {frame} each)"
        )
    if kind == (PCM, 24):
        wide = np.zeros((len(stored) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(stored, np.uint8).reshape(-1, 3)
        return rate, wide.view("<i4").reshape(-1, channels)
    return rate, np.frombuffer(stored, dtype).reshape(-1, channels)


def scaled(samples):
    """Return samples, as they are stored, as float64 in -1..1."""
    if samples.dtype == np.uint8:
        return (samples.astype(float) - 2**7) / 2**7
    unit = 2.0 ** (8 * samples.dtype.itemsize - 1) if samples.dtype.kind == "i" else 1.0
    return samples / unit


def _chunks(content):
    """Return the chunks ``fmt `` and ``data`` of a RIFF file, bytes each."""
    for beginning, what in OTHER_FILES:
        if content.startswith(beginning):
            raise ValueError(what)
    if content[4:8] == b"ftyp":
        raise ValueError("an MP4 or M4A file")
    if content[:4] != b"RIFF":
        raise ValueError(f"a file that begins with {bytes(content[:12])!r}")
    if content[8:12] != b"WAVE":
        raise ValueError(f"a RIFF file of the kind {bytes(content[8:12])!r}")
    found = {}
    place = 12
    while place + 8 <= len(content) and b"data" not in found:
        name, size = struct.unpack_from("<4sI", content, place)
        place += 8
        here = len(content) - place
        if name == b"data" and size == OPEN_END:
            size = here
        if size > here and name in (b"fmt ", b"data"):
            raise ValueError(
                f"one that is cut: {size:,} bytes of {name!r} are named, {here:,} here"
            )
        found.setdefault(name, content[place : place + size])
        place += size + size % 2  # a chunk begins at an even place
    missing = {b"fmt ", b"data"} - found.keys()
    if missing:
        raise ValueError(f"one that is cut, or has no samples: {sorted(missing)} is not there")
    return found


def _layout(chunk):
    """Return (format, bits), channels and rate, of the chunk ``fmt ``."""
    if len(chunk) < 16:
        raise ValueError(f"one that describes its samples in {len(chunk)} bytes, not 16 or more")
    code, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if code == EXTENSIBLE and len(chunk) >= 26:
        code = struct.unpack_from("<H", chunk, 24)[0]
    if (code, bits) not in KINDS:
        name = CODES.get(code, {PCM: "whole numbers", FLOAT: "floats"}.get(code, f"format {code}"))
        raise ValueError(f"samples in {name} of {bits} bits")
    if not channels or not rate or block != channels * bits // 8:
        raise ValueError(
            f"one that contradicts itself: {channels} channels of {bits} bits in {block} bytes, "
            f"{rate} times a second"
        )
    return (code, bits), channels, rate
