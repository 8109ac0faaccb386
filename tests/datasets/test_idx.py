"""The IDX reader: exact on what is well formed, a clear ValueError on everything else."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnlab.datasets._formats import read_idx

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


def encode_header(kind, sizes):
    return bytes([0, 0, kind, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)


some_arrays = st.sampled_from(list(TYPES)).flatmap(
    lambda name: arrays.arrays(np.dtype(name), arrays.array_shapes(max_dims=8, max_side=3))
)
headers = st.builds(
    encode_header,
    st.sampled_from([0x08, 0x09, 0x0A, 0x0B, 0x0E]),
    st.lists(st.integers(0, 4) | st.sampled_from([2**16, 2**31, 2**32 - 1]), max_size=10),
)


@settings(max_examples=60, deadline=None)
@given(array=some_arrays)
def test_what_was_written_is_read_back(array):
    result = read_idx(bytearray(encode(array)))
    assert result.dtype == array.dtype
    assert result.flags.writeable
    np.testing.assert_array_equal(result, array)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=64) | st.builds(bytes.__add__, headers, st.binary(max_size=80)))
@example(encode(IMAGES))
def test_any_bytes_are_read_exactly_or_refused(content):
    try:
        array = read_idx(content)
    except ValueError as error:
        assert str(error).startswith("expected an IDX file")
    else:
        # a NaN may change its bits when bytes are swapped
        if not np.issubdtype(array.dtype, np.floating):
            assert encode(array) == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with 00 00, .* got ''"),
        (b"<!DOCTYPE html>", "got '3c 21 44 4f'"),
        (b"\0\0\x0a\1" + bytes(8), "got '00 00 0a 01'"),
        (b"\0\0\x08\0" + bytes(8), "got '00 00 08 00'"),
        (b"\0\0\x08\x09" + bytes(80), "got '00 00 08 09'"),
        (encode(IMAGES)[:12], r"shape \(2, 3, 0\), got 0"),
        (encode(IMAGES)[:-1], r"24 bytes of values, at least 1, for the shape \(2, 3, 4\), got 23"),
        (encode(IMAGES) + b"x", "24 bytes of values, .*, got 25"),
        (b"\0\0\x08\2\0\0\0\0\xff\xff\xff\xff", r"at least 1, .* \(0, 4294967295\), got 0"),
        (b"\0\0\x0e\4" + b"\xff" * 16, "bytes of values, .* 4294967295.*, got 0"),
        (b"\0\0\x08\2\0\1\0\0\0\1\0\0", r"4,294,967,296 bytes .*\(65536, 65536\), got 0"),
    ],
)
def test_a_malformed_file_is_refused_with_expected_and_got(content, message):
    with pytest.raises(ValueError, match=message):
        read_idx(content)
