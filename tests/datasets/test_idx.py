"""The IDX reader: exact on what is well formed, a clear ValueError on everything else."""

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnlab.datasets import read_idx

TYPES = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}
IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def encode(array):
    """Return an array as IDX bytes, written independently of the reader."""
    header = bytes([0, 0, TYPES[array.dtype.name], array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def idx_file(tmp_path):
    def write(content, name="sample-idx3-ubyte"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "scratch"


some_arrays = st.sampled_from(list(TYPES)).flatmap(
    lambda name: arrays.arrays(np.dtype(name), arrays.array_shapes(max_dims=8, max_side=3))
)
headers = st.builds(
    lambda kind, sizes: (
        bytes([0, 0, kind, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes)
    ),
    st.sampled_from([0x08, 0x09, 0x0A, 0x0B, 0x0E]),
    st.lists(st.integers(0, 4) | st.sampled_from([2**16, 2**31, 2**32 - 1]), max_size=10),
)


@settings(max_examples=60, deadline=None)
@given(array=some_arrays, packed=st.booleans())
def test_what_was_written_is_read_back(scratch, array, packed):
    scratch.write_bytes(gzip.compress(encode(array)) if packed else encode(array))
    result = read_idx(scratch)
    assert result.dtype == array.dtype
    assert result.flags.writeable
    np.testing.assert_array_equal(result, array)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=64) | st.builds(bytes.__add__, headers, st.binary(max_size=80)))
@example(encode(IMAGES))
def test_any_bytes_are_read_exactly_or_refused(scratch, content):
    scratch.write_bytes(content)
    try:
        array = read_idx(scratch)
    except ValueError as error:
        assert str(scratch) in str(error)
    else:
        if not np.issubdtype(
            array.dtype, np.floating
        ):  # a NaN may change its bits when bytes are swapped
            assert encode(array) == content


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_gzip_file_with_one_wrong_byte_or_a_missing_end_never_gives_wrong_values(scratch, data):
    content = bytearray(gzip.compress(encode(IMAGES)))
    where = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[where:]
    else:
        content[where] ^= data.draw(st.integers(1, 255))
    scratch.write_bytes(content)
    try:
        array = read_idx(scratch)
    except ValueError as error:
        assert str(scratch) in str(error)
    else:  # the byte stood in a part without meaning, such as the time stamp
        np.testing.assert_array_equal(array, IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file: expected 00 00"),
        (b"<!DOCTYPE html>", "got '3c 21 44 4f'"),
        (b"\0\0\x0a\1" + bytes(8), "got '00 00 0a 01'"),
        (b"\0\0\x08\0" + bytes(8), "got '00 00 08 00'"),
        (b"\0\0\x08\x09" + bytes(80), "got '00 00 08 09'"),
        (encode(IMAGES)[:12], "3 dimensions"),
        (encode(IMAGES)[:-1], r"expected 24 bytes of values for the shape \(2, 3, 4\), got 23"),
        (encode(IMAGES) + b"x", "expected 24 bytes .*, got more"),
        (b"\0\0\x08\2\0\0\0\0\xff\xff\xff\xff", r"at least 1 .*, got \(0, 4294967295\)"),
        (b"\0\0\x0e\4" + b"\xff" * 16, "at most 268,435,456 bytes"),
        (b"\0\0\x08\2\0\1\0\0\0\1\0\0", "got .65536, 65536., 4,294,967,296 bytes"),
        (gzip.compress(encode(IMAGES))[:-9], "whole gzip stream, got: Compressed file ended"),
        (gzip.compress(encode(IMAGES))[:-8] + bytes(8), "whole gzip stream, got: CRC check failed"),
        (gzip.compress(encode(IMAGES)) + b"trailing", "whole gzip stream, got: Not a gzipped file"),
        (gzip.compress(encode(IMAGES)) * 2, "got more"),
        (gzip.compress(b""), "got ''"),
    ],
)
def test_a_malformed_file_is_refused_with_expected_and_got(idx_file, content, message):
    path = idx_file(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "fetch it again" in str(caught.value)


def test_a_gzip_member_after_another_is_read_as_one_stream(idx_file):
    content = encode(IMAGES)
    path = idx_file(gzip.compress(content[:20]) + gzip.compress(content[20:]))
    np.testing.assert_array_equal(read_idx(path), IMAGES)


@pytest.mark.parametrize("claimed", [24, 2**28 - 64], ids=["few", "many"])
def test_a_gzip_bomb_or_a_false_size_costs_no_memory(idx_file, claimed):
    zeros = bytes(2**26) if claimed == 24 else bytes(24)
    path = idx_file(gzip.compress(b"\0\0\x08\1" + claimed.to_bytes(4, "big") + zeros))
    del zeros
    tracemalloc.start()
    with pytest.raises(ValueError, match="bytes of values"):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000  # of 64 MiB packed, or 256 MiB claimed


def test_more_bytes_than_allowed_are_refused(idx_file):
    path = idx_file(encode(IMAGES))
    assert read_idx(path, max_bytes=40).shape == (2, 3, 4)
    with pytest.raises(ValueError, match="at most 39 bytes"):
        read_idx(path, max_bytes=39)


def test_the_reader_can_be_pasted_into_other_code(helper, idx_file):
    np.testing.assert_array_equal(helper(read_idx)(idx_file(gzip.compress(encode(IMAGES)))), IMAGES)
