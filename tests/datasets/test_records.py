"""Record files: what is written, what is refused, and that no damaged set passes as a whole one."""

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nnlab.datasets import stream_records, write_records

NAMES = ("cat", "dog", "eel")


def test_records_are_examples_that_other_programs_can_read(records, small_images):
    example = tf.train.Example()
    example.ParseFromString(
        next(iter(tf.data.TFRecordDataset(str(records / "images-00000.tfrecord")))).numpy()
    )
    assert example.features.feature["image"].bytes_list.value[0] == small_images[0][0].tobytes()
    assert example.features.feature["label"].int64_list.value[0] == small_images[1][0]


def test_the_index_tells_what_the_files_hold(records):
    index = json.loads((records / "index.json").read_text())
    assert (index["image_shape"], index["dtype"], index["images"]) == ([6, 5, 3], "uint8", 50)
    assert [shard["images"] for shard in index["shards"]] == [8, 8, 8, 8, 8, 8, 2]
    files = {path.name for path in records.iterdir()}
    assert files == {
        "index.json",
        *(shard["file"] for shard in index["shards"]),
    }  # nothing temporary is left


def test_images_may_come_from_a_generator_one_by_one_or_in_batches(
    tmp_path, small_images, epoch, as_set
):
    images, labels = small_images
    write_records(tmp_path / "one", (image for image in images), iter(labels.tolist()))
    write_records(tmp_path / "many", np.split(images, 5), np.split(labels, 10), shard_size=7)
    for name in ("one", "many"):
        dataset = stream_records(tmp_path / name, 16)
        assert as_set(*epoch(dataset)) == as_set(*small_images)
        assert dataset.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda x, y: (x / 255, y),
            r"expected uint8 arrays .*got float64 \(6, 5, 3\).*Keep the raw values",
        ),
        (
            lambda x, y: (x[..., 0], y),
            r"expected uint8 arrays .*got uint8 \(6, 5\).*axis for one channel",
        ),
        (
            lambda x, y: ([*x[:9], x[9][:4]], y[:10]),
            r"image 9: expected the shape .*\(6, 5, 3\), got \(4, 5, 3\)",
        ),
        (
            lambda x, y: (x, y[:-1]),
            "expected as many labels as images, got 49 labels and more images",
        ),
        (
            lambda x, y: (x[:-2], y),
            "expected as many labels as images, got 48 images and more labels",
        ),
        (lambda x, y: (x, y - 1), r"label \d+: expected an integer from 0 and below 3, .*got -1"),
        (lambda x, y: (x, y + 1), r"label \d+: expected an integer from 0 and below 3, .*got 3"),
        (
            lambda x, y: (x, [NAMES[label] for label in y]),
            "labels: expected integers .*not its name",
        ),
        (
            lambda x, y: (x, np.eye(3, dtype=int)[y]),
            "expected as many labels as images, got 50 images and more labels",
        ),
        (lambda x, y: (x[:0], y[:0]), "expected at least one, got none"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_no_whole_set(
    tmp_path, small_images, change, words
):
    with pytest.raises(ValueError, match=words):
        write_records(tmp_path / "set", *change(*small_images), class_names=NAMES, shard_size=8)
    assert not list((tmp_path / "set").glob(".*.part"))
    with pytest.raises(
        FileNotFoundError, match=r"index\.json is not there: .*Write the set by write_records"
    ):
        stream_records(tmp_path / "set", 16)


@pytest.mark.parametrize("kind", [list, tuple, np.array, iter])
def test_names_of_classes_may_come_in_any_form(tmp_path, small_images, kind):
    index = write_records(tmp_path, *small_images, class_names=kind(NAMES))
    assert json.loads(index.read_text())["class_names"] == list(NAMES)


@pytest.mark.parametrize("class_names", ["cat", []])
def test_names_of_classes_that_are_none_are_refused(tmp_path, small_images, class_names):
    with pytest.raises(ValueError, match=r"class_names must hold a name for each class, got"):
        write_records(tmp_path, *small_images, class_names=class_names)


def test_a_label_that_would_make_an_endless_list_of_names_is_refused(tmp_path, small_images):
    with pytest.raises(
        ValueError,
        match=r"label 1: expected an integer from 0 and below 100000, where .*got 20000000",
    ):
        write_records(tmp_path / "set", small_images[0][:2], [0, 20_000_000])


def test_a_set_that_was_written_halfway_is_refused_and_can_be_written_again(
    tmp_path, small_images, epoch, as_set
):
    def breaks_off():
        yield from small_images[0][:20]
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="the source is gone"):
        write_records(tmp_path, breaks_off(), small_images[1], shard_size=8)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "images-00000.tfrecord",
        "images-00001.tfrecord",
    ]
    with pytest.raises(FileNotFoundError, match="not written to its end"):
        stream_records(tmp_path, 16)
    write_records(tmp_path, *small_images, shard_size=8)
    assert as_set(*epoch(stream_records(tmp_path, 16))) == as_set(*small_images)


def test_a_whole_set_is_not_overwritten(records, small_images):
    with pytest.raises(FileExistsError, match=r"already holds a set .*choose another folder"):
        write_records(records, *small_images)
    with pytest.raises(ValueError, match="shard_size must be at least 1, got 0"):
        write_records(records / "new", *small_images, shard_size=0)


def test_a_share_of_records_needs_no_files_of_others(records, epoch):
    (records / "images-00001.tfrecord").unlink()
    assert len(epoch(stream_records(records, 8, shard=(0, 2)))[0]) == 8 * 3


def test_missing_folders_indexes_and_files_are_named(records, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        stream_records(tmp_path / "nowhere", 16)
    with pytest.raises(FileNotFoundError, match="no folder with records"):
        stream_records(tmp_path, 16)
    (records / "images-00003.tfrecord").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"images-00003\.tfrecord is missing.*with 8 images.*write the set"
    ):
        stream_records(records, 16)


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-1], lambda raw: raw[: len(raw) // 8], lambda raw: raw + raw]
)
def test_a_file_that_is_shorter_or_longer_is_refused_before_reading(records, change, verify):
    path = records / "images-00002.tfrecord"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(
        ValueError, match=r"images-00002\.tfrecord is damaged: expected [\d,]+ bytes, got .*Copy it"
    ):
        stream_records(records, 16, verify=verify)


@pytest.mark.parametrize("place", [0, 9, 40, -2])
def test_a_changed_byte_is_found_by_the_hash_or_while_reading_by_the_checksum(
    records, place, epoch
):
    path = records / "images-00002.tfrecord"
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    with pytest.raises(
        ValueError, match=r"images-00002\.tfrecord is damaged: expected sha256 \w+, got \w+\. Copy"
    ):
        stream_records(records, 16)
    with pytest.raises(tf.errors.DataLossError, match="corrupted record"):
        epoch(stream_records(records, 16, verify=False))


def test_a_file_that_loses_records_after_the_check_stops_the_epoch(records, epoch):
    dataset = stream_records(records, 16)
    path = records / "images-00002.tfrecord"
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 8])  # one record, whole in itself
    with pytest.raises(tf.errors.FailedPreconditionError, match="expected to contain 50 elements"):
        epoch(dataset)


@pytest.mark.parametrize(
    "change",
    [
        lambda index: "no JSON",
        lambda index: "[]",
        lambda index: "{}",
        lambda index: json.dumps(index | {"format": "another"}),
        lambda index: json.dumps(index | {"dtype": "float32"}),
        lambda index: json.dumps(index | {"image_shape": [6, 5]}),
        lambda index: json.dumps(index | {"images": 51}),
        lambda index: json.dumps(index | {"shards": index["shards"][1:]}),
        lambda index: json.dumps(
            index | {"shards": [index["shards"][0] | {"file": "../x"}], "images": 8}
        ),
        lambda index: json.dumps(index | {"shards": [{"file": "x", "images": 50}]}),
        lambda index: json.dumps(index)[:-9],
    ],
)
def test_an_index_that_makes_no_sense_is_refused(records, change):
    path = records / "index.json"
    path.write_text(change(json.loads(path.read_text())))
    with pytest.raises(
        ValueError,
        match=r"index\.json: expected an index in the form .*, got: .*write the set again",
    ):
        stream_records(records, 16)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
INDEXES = {}  # of each set, as it was written


def places(value, path=()):
    """Yield the way to each value inside a JSON value."""
    yield path
    inside = []
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, inner in inside:
        yield from places(inner, (*path, key))


def written(folder):
    """Return the index as it was written, whatever became of it since."""
    return INDEXES.setdefault(folder, (folder / "index.json").read_bytes())


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_stands_in_an_index_it_is_refused_in_words_or_describes_the_files(records, data):
    index = json.loads(written(records))
    *way, last = data.draw(st.sampled_from([path for path in places(index) if path]))
    inner = index
    for key in way:
        inner = inner[key]
    was, inner[last] = inner[last], data.draw(JSON)
    (records / "index.json").write_text(json.dumps(index))
    try:
        dataset = stream_records(records, 16)
    except (ValueError, FileNotFoundError) as error:
        assert any(words in str(error) for words in ("write the set again", "Write the set")), error
        return
    same = type(was) is type(inner[last]) and was == inner[last]
    assert same or (way or [last])[0] in (
        "class_names",
        "image_shape",
    )  # what the files do not tell
    assert len(dataset.class_names) >= 1


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=40), st.integers(0, 10_000), st.booleans())
@example(b"[" * 100_000, 0, False)
@example(b"\xff", 0, True)
def test_bytes_of_any_kind_in_an_index_are_refused_in_words(records, content, place, whole):
    raw = written(records)
    place %= len(raw)
    changed = raw[:place] + content + (raw[place + len(content) :] if whole else b"")
    (records / "index.json").write_bytes(changed)
    try:
        stream_records(records, 16)
    except (ValueError, FileNotFoundError) as error:
        assert any(words in str(error) for words in ("write the set again", "Write the set")), error


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(min_size=1, max_size=40),
    place=st.integers(0, 10_000),
    whole=st.booleans(),
)
def test_bytes_of_any_kind_in_a_record_file_never_become_an_image(
    records, small_images, epoch, as_set, content, place, whole
):
    path = records / "images-00006.tfrecord"
    raw = INDEXES.setdefault(path, path.read_bytes())
    place %= len(raw)
    changed = raw[:place] + content + (raw[place + len(content) :] if whole else b"")
    path.write_bytes(changed)
    try:
        images, labels = epoch(stream_records(records, 16, verify=False))
    except (ValueError, tf.errors.DataLossError):
        return
    assert changed == raw
    assert as_set(images, labels) == as_set(*small_images)


def test_a_buffer_of_a_single_image_shuffles_only_files(records, epoch):
    assert len(epoch(stream_records(records, 16, buffer=1))[0]) == 50
