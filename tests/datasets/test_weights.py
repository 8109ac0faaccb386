"""Weights of trained networks: from their file, from one that is damaged, and at random."""

import hashlib
import io
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nnlab.datasets import load_weights, weights

pytestmark = pytest.mark.usefixtures("cache_folder")


def hdf5(layers):
    """Return the bytes of an HDF5 file as Keras 1 wrote weights: names in attributes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["layer_names"] = np.array(list(layers), "S32")
        for name, arrays in layers.items():
            group = file.create_group(name)
            names = ["kernel", "biases"][: len(arrays)]
            group.attrs["weight_names"] = np.array(names, "S32")
            for each, array in zip(names, arrays, strict=True):
                group[each] = array
    return buffer.getvalue()


rng = np.random.default_rng(0)
KERNEL = rng.random((3, 3, 3, 4), np.float32)
BIASES = rng.random(4, np.float32)
CONTENT = hdf5({"input_1": [], "conv1": [KERNEL, BIASES], "fire2/squeeze1x1": [KERNEL]})


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Return a function that puts a file into a provided folder; squeezenet is tiny here."""
    published = weights.DATASETS["squeezenet"]
    [file] = published.files
    sums = {
        "content_bytes": len(CONTENT),
        "content_sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    tiny = replace(file, **sums)
    monkeypatch.setitem(weights.DATASETS, "squeezenet", replace(published, files=(tiny,)))
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))

    def write(content):
        path = tmp_path / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    return write


def test_weights_come_layer_by_layer_with_their_source(put):
    put(CONTENT)
    found = load_weights("squeezenet")
    assert list(found.layers) == ["conv1", "fire2_squeeze1x1"]  # Keras 3 allows no "/"
    kernel, biases = found.layers["conv1"]
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(biases, BIASES)
    assert found.num_parameters == 2 * 3 * 3 * 3 * 4 + 4
    assert (found.name, found.license) == ("squeezenet", "MIT")
    assert "ImageNet" in found.source


@pytest.mark.parametrize(
    "content", [CONTENT[:-9], CONTENT[:-1] + b"\7", b"", b"<html>", CONTENT * 2]
)
def test_a_damaged_file_is_refused(put, content):
    put(content)
    with pytest.raises(ValueError, match=r"is damaged: expected .* with sha256"):
        load_weights("squeezenet", offline="random_squeezenet")


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="known are squeezenet, random_squeezenet"):
        load_weights("resnet")
    with pytest.raises(ValueError, match="cannot stand in for squeezenet"):
        load_weights("squeezenet", offline="digits")


def test_without_a_network_random_weights_of_the_same_layers_stand_in():
    with pytest.raises(FileNotFoundError, match='load with offline="random_squeezenet"'):
        load_weights("squeezenet")
    with pytest.warns(UserWarning, match="random_squeezenet stands in for squeezenet"):
        found = load_weights("squeezenet", offline="random_squeezenet")
    assert (found.name, found.num_parameters) == ("random_squeezenet", 722_496)
    kernel, biases = found.layers["fire9_expand3x3"]
    assert (kernel.shape, biases.shape, kernel.dtype) == ((3, 3, 64, 256), (256,), np.float32)
    assert abs(kernel.std() - np.sqrt(2 / (9 * 64))) < 1e-3
    again, _ = load_weights("random_squeezenet").layers["fire9_expand3x3"]
    np.testing.assert_array_equal(kernel, again)
