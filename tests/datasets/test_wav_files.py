"""A reader's own WAV file: each rate, depth and number of channels, and what is refused."""

import io
import struct
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from nnlab.datasets import read_wav

SECONDS = 0.5
TONE = 440.0  # hertz


def tone(rate, channels=1):
    """Return half a second of a tone at half of full scale, float64 (samples, channels)."""
    times = np.arange(int(SECONDS * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * TONE * times)[:, None] * np.ones(channels)


def as_stored(samples, kind):
    """Return samples in -1..1 as a WAV file of the kind stores them: an array SciPy writes."""
    if kind == "uint8":
        return np.rint(samples * 127 + 128).astype(np.uint8)
    if kind in ("int16", "int32"):
        return np.rint(samples * (2.0 ** (8 * np.dtype(kind).itemsize - 1) - 1)).astype(kind)
    return samples.astype(kind)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes bytes, or samples by SciPy, to a file; it returns its path."""

    def to_file(content, rate=8_000, name="own.wav"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            wavfile.write(path, rate, content)
        return path

    return to_file


def deviation(sound, rate):
    """Return how far a sound is from the tone that it should be; its ends do not count."""
    expected = tone(rate)[:, 0]
    assert abs(len(sound) - len(expected)) <= 1
    middle = slice(rate // 20, -rate // 20)
    length = min(len(sound), len(expected))
    return np.abs(sound[:length] - expected[:length])[middle].max()


# ---- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "most"),
    [("uint8", 0.01), ("int16", 1e-4), ("int32", 1e-6), ("float32", 1e-6), ("float64", 1e-6)],
)
def test_samples_of_each_depth_become_the_same_sound(write, kind, most):
    sound = read_wav(write(as_stored(tone(8_000), kind)), rate=8_000)
    assert (sound.dtype, sound.shape) == (np.float32, (4_000,))
    assert deviation(sound, 8_000) < most


def written_by_wave(samples, width, channels, rate=8_000):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_of_24_bits_do_too(write, channels):
    numbers = np.rint(tone(8_000, channels) * (2**23 - 1)).astype("<i4")
    three = numbers.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    sound = read_wav(write(written_by_wave(three, 3, channels)), rate=8_000)
    assert deviation(sound, 8_000) < 1e-6


@pytest.mark.parametrize("rate", [6_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_sounds_of_each_rate_become_the_same_sound(write, rate):
    sound = read_wav(write(as_stored(tone(rate), "int16"), rate), rate=8_000)
    assert deviation(sound, 8_000) < 0.005


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_mixed(write, channels):
    samples = tone(44_100, channels)
    samples[:, 0] *= 0.5
    samples[:, 1] *= 1.5
    sound = read_wav(write(as_stored(samples, "float32"), 44_100), rate=8_000)
    assert deviation(sound, 8_000) < 0.005


def test_what_the_lower_rate_cannot_hold_is_filtered_out_and_not_folded_back(write):
    times = np.arange(22_050) / 44_100
    high = 0.5 * np.sin(2 * np.pi * 7_000 * times)  # folded back it would be 1,000 hertz
    sound = read_wav(write((high + tone(44_100)[:, 0]).astype(np.float32), 44_100), rate=8_000)
    assert deviation(sound, 8_000) < 0.01


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def layout(code=1, channels=1, rate=8_000, bits=16, block=None, more=b""):
    block = channels * bits // 8 if block is None else block
    return struct.pack("<HHIIHH", code, channels, rate, rate * block, block, bits) + more


STORED = as_stored(tone(8_000), "int16").tobytes()
GUID = struct.pack("<HHIH", 22, 16, 4, 1) + bytes.fromhex("000000001000800000aa00389b71")


@pytest.mark.parametrize(
    "content",
    [
        riff(chunk(b"fmt ", layout()), chunk(b"LIST", b"a note"), chunk(b"data", STORED)),
        riff(chunk(b"bext", b"odd"), chunk(b"fmt ", layout()), chunk(b"data", STORED)) + b"id3 ",
        riff(chunk(b"fmt ", layout(0xFFFE, more=GUID)), chunk(b"data", STORED)),
        riff(chunk(b"fmt ", layout())) + b"data\xff\xff\xff\xff" + STORED,
    ],
    ids=["a note", "odd chunk", "extensible", "open end"],
)
def test_notes_in_a_file_and_other_ways_to_describe_it_do_not_disturb(write, content):
    assert deviation(read_wav(write(content), rate=8_000), 8_000) < 1e-4


# ---- what is refused -----------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_no_value_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.wav is no file here"):
        read_wav(tmp_path / "missing.wav", rate=8_000)
    with pytest.raises(FileNotFoundError, match="is no file here"):
        read_wav(tmp_path, rate=8_000)


WHOLE = riff(chunk(b"fmt ", layout()), chunk(b"data", STORED))


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "a file that begins with b''"),
        (b"hello, this is a text", "a file that begins with b'hello, this '"),
        (b"ID3\4\0\0" + bytes(50), "an MP3 file"),
        (b"\xff\xfb\x90\x64" + bytes(50), "an MP3 file"),
        (b"OggS" + bytes(50), "an Ogg file"),
        (b"fLaC" + bytes(50), "a FLAC file"),
        (b"\0\0\0\x1cftypM4A " + bytes(50), "an MP4 or M4A file"),
        (b"\x1aE\xdf\xa3" + bytes(50), "a WebM"),
        (b"RIFF\x24\0\0\0AVI LIST", "a RIFF file of the kind b'AVI '"),
        (WHOLE[:-1], r"one that is cut: 8,000 bytes of b'data' are named, 7,999 here"),
        (WHOLE[:44], r"one that is cut: 8,000 bytes of b'data' are named, 0 here"),
        (WHOLE[:30], r"one that is cut: 16 bytes of b'fmt ' are named, 10 here"),
        (WHOLE[:12], r"one that is cut, or has no samples"),
        (riff(chunk(b"fmt ", layout())), r"\[b'data'\] is not there"),
        (riff(chunk(b"data", STORED)), r"\[b'fmt '\] is not there"),
        (riff(chunk(b"fmt ", layout()[:14]), chunk(b"data", STORED)), "in 14 bytes, not 16"),
        (riff(chunk(b"fmt ", layout(7, bits=8)), chunk(b"data", STORED)), "samples in mu-law"),
        (riff(chunk(b"fmt ", layout(2, bits=4, block=256)), chunk(b"data", STORED)), "ADPCM"),
        (riff(chunk(b"fmt ", layout(bits=12)), chunk(b"data", STORED)), "whole numbers of 12 bits"),
        (riff(chunk(b"fmt ", layout(channels=0)), chunk(b"data", STORED)), "contradicts itself"),
        (riff(chunk(b"fmt ", layout(rate=0)), chunk(b"data", STORED)), "contradicts itself"),
        (riff(chunk(b"fmt ", layout(block=3)), chunk(b"data", STORED)), "contradicts itself"),
        (riff(chunk(b"fmt ", layout()), chunk(b"data", STORED[:-1])), "in the middle of one"),
    ],
)
def test_what_is_no_whole_wav_file_is_named_with_the_way_to_make_it_one(write, content, got):
    path = write(content, name="my voice.wav")
    with pytest.raises(ValueError, match=f"expected a whole WAV file.*got .*{got}") as caught:
        read_wav(path, rate=8_000)
    assert str(caught.value).startswith(str(path))
    assert "ffmpeg -i 'my voice.wav' -c:a pcm_s16le new.wav" in str(caught.value)


@pytest.mark.parametrize(
    ("samples", "rate", "problem"),
    [
        (np.zeros(800, np.int16), 8_000, "got silence"),
        (np.full(800, 128, np.uint8), 8_000, "got silence"),
        (np.full(800, 0.3, np.float32), 8_000, "got silence"),
        (as_stored(tone(8_000, 2) * [1, -1], "int16"), 8_000, "Does one channel cancel the other"),
        (np.zeros(0, np.int16), 8_000, "got no sample: record it again"),
        (np.zeros(80_001, np.int16), 8_000, r"up to 10 seconds, got 10\.00: cut"),
        (np.array([0, np.nan, 1], np.float32), 8_000, "got NaN or infinity"),
        (np.array([0, np.inf, 1], np.float32), 8_000, "got NaN or infinity"),
        (tone(8_000) * 32_768, 8_000, r"mostly within -1\.\.1.* got up to 1\.\d+e\+04: divide"),
        (tone(8_000) * 1e308, 8_000, r"got up to 5e\+307"),
        (as_stored(tone(100), "int16"), 100, "samples a second, got 100"),
        (as_stored(tone(8_000), "int16"), 800_000, "samples a second, got 800,000"),
    ],
    ids=[
        "zeros", "8 bits", "constant", "cancelled", "empty", "long", "nan", "inf", "integers",
        "huge", "slow", "fast",
    ],
)  # fmt: skip
def test_a_sound_without_anything_to_hear_or_too_much_of_it_is_refused(
    write, samples, rate, problem
):
    with pytest.raises(ValueError, match=problem):
        read_wav(write(samples, rate), rate=8_000)


@pytest.mark.parametrize("rate", [8_000.0, 0, -1, "8000", None])
def test_a_rate_that_is_none_is_refused_before_the_file_is_read(tmp_path, rate):
    with pytest.raises(ValueError, match="rate must be an integer ≥ 1"):
        read_wav(tmp_path / "missing.wav", rate=rate)


def test_how_long_a_sound_may_be_is_asked_for(write):
    path = write(as_stored(tone(8_000), "int16"))
    assert len(read_wav(path, rate=8_000, max_seconds=0.5)) == 4_000
    with pytest.raises(ValueError, match=r"up to 0\.4 seconds, got 0\.50: cut out"):
        read_wav(path, rate=8_000, max_seconds=0.4)


def test_a_file_of_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(2**28 + 1)  # a hole, no bytes on the disk
    with pytest.raises(ValueError, match=r"expected 268,435,456 bytes at most, got 268,435,457"):
        read_wav(path, rate=8_000)
