"""``nnlab serve``: what becomes of a Keras model before it is served."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor

import keras
import numpy as np
import pytest
import typer

from nnlab.cli.serve import as_onnx, free_port, write_onnx
from nnlab.serving import load_classifier


@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")  # Keras for tf2onnx
def test_a_keras_file_answers_as_the_model_does(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((8, 6, 3)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.save(tmp_path / "small.keras")
    classifier = load_classifier(as_onnx(tmp_path / "small.keras", tmp_path))
    images = np.random.default_rng(0).random((9, 8, 6, 3), np.float32)
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(classifier(images), expected, atol=1e-6)
    assert (classifier.name, classifier.image_shape) == ("small", (8, 6, 3))


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"missing\.keras is not a file$"):
        as_onnx(tmp_path / "missing.keras", tmp_path)
    with pytest.raises(ValueError, match="no trained model 'no_such_network'"):
        write_onnx("no_such_network", tmp_path)


def test_a_network_that_takes_more_than_images_is_refused(tmp_path):
    with pytest.raises(ValueError, match="mnist_dcgan takes 2 inputs"):
        write_onnx("mnist_dcgan", tmp_path)


def test_a_keras_file_that_cannot_be_served_is_refused_with_a_reason(tmp_path):
    damaged = tmp_path / "damaged.keras"
    damaged.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"Keras cannot read .*damaged.keras"):
        write_onnx(damaged, tmp_path)
    any_size = tmp_path / "any_size.keras"
    keras.Sequential([keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()]).save(
        any_size
    )
    with pytest.raises(ValueError, match="fixed sides"):
        write_onnx(any_size, tmp_path)
    fresh = tmp_path / "fresh.keras"
    with pytest.warns(UserWarning, match="has not yet been built"):
        keras.Sequential([keras.layers.Dense(2)]).save(fresh)
    with pytest.raises(ValueError, match="call it once"):
        write_onnx(fresh, tmp_path)


def test_a_file_that_cannot_be_copied_is_refused_with_a_reason(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"")
    with pytest.raises(ValueError, match=r"net\.onnx cannot be copied to .*No such file"):
        as_onnx(tmp_path / "net.onnx", tmp_path / "missing")


def test_a_network_that_onnx_has_no_layers_for_is_refused_with_a_reason(tmp_path, monkeypatch):
    path = tmp_path / "small.keras"
    keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()]).save(path)

    def export(*_, **__):
        raise NotImplementedError("no operator Foo\nat length")

    monkeypatch.setattr(keras.Model, "export", export)
    with pytest.raises(ValueError, match=r"small\.keras cannot be .* ONNX \(no operator Foo\)"):
        write_onnx(path, tmp_path)


def test_an_export_that_is_ended_by_force_is_said_to_be(tmp_path, monkeypatch):
    class Ended(ProcessPoolExecutor):
        def submit(self, *_):
            return super().submit(os._exit, 1)

    monkeypatch.setattr(sys.modules[as_onnx.__module__], "ProcessPoolExecutor", Ended)
    with pytest.raises(ValueError, match="mnist_mlp to ONNX was ended, perhaps for want of memory"):
        as_onnx("mnist_mlp", tmp_path)


@pytest.mark.parametrize("host", ["", " "])
def test_no_host_is_not_taken_for_every_host(host):
    with pytest.raises(typer.BadParameter, match=r"--host is empty.* name 127\.0\.0\.1"):
        free_port(host, 0)
