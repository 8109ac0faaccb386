"""A network read from an ONNX file."""

import numpy as np
import onnx
import pytest

from nnlab.serving import load_classifier
from tests.serving.conftest import SHAPE, probabilities, write_network


def test_it_answers_as_the_network_does(network):
    path, weights = network
    classifier = load_classifier(path)
    images = np.random.default_rng(1).random((7, *SHAPE), np.float32)
    np.testing.assert_allclose(classifier(images), probabilities(images, weights), atol=1e-6)
    assert (classifier.name, classifier.image_shape) == ("dense", SHAPE)
    assert classifier.class_names == ("0", "1", "2")


def test_class_names_must_be_as_many_as_classes(network):
    path, _ = network
    assert load_classifier(path, ["cat", "dog", "elk"]).class_names == ("cat", "dog", "elk")
    with pytest.raises(ValueError, match="3 classes, but 2 names"):
        load_classifier(path, ["cat", "dog"])
    with pytest.raises(ValueError, match="a name of its own"):
        load_classifier(path, ["cat", "dog", "cat"])


def test_what_is_no_classifier_of_images_is_refused_with_a_reason(network, tmp_path):
    path, _ = network
    with pytest.raises(ValueError, match="is not a file"):
        load_classifier(tmp_path / "missing.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="holds no network"):
        load_classifier(damaged)
    flat = tmp_path / "flat.onnx"
    write_network(flat, shape=(20,))
    with pytest.raises(ValueError, match=r"must take float32 images"):
        load_classifier(flat)
    scores = tmp_path / "scores.onnx"
    write_network(scores, softmax=False)
    with pytest.raises(ValueError, match="end the network with a softmax"):
        load_classifier(scores)
    one = tmp_path / "one.onnx"
    write_network(one, batch=1)
    with pytest.raises(ValueError, match="takes 1 at a time"):
        load_classifier(one)


def test_weights_in_a_second_file_that_is_not_beside_it_are_to_be_put_into_the_first(tmp_path):
    write_network(tmp_path / "whole.onnx")
    (tmp_path / "two").mkdir()
    path = tmp_path / "two" / "net.onnx"
    onnx.save(
        onnx.load(tmp_path / "whole.onnx"),
        path,
        save_as_external_data=True,
        location="net.onnx.data",
        size_threshold=0,
    )
    alone = tmp_path / "net.onnx"
    alone.write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match="lie in a second file: make one") as caught:
        load_classifier(alone)
    assert f"onnx.load({str(alone)!r})" in str(caught.value)
    onnx.save(onnx.load(path), alone)
    assert load_classifier(alone).image_shape == SHAPE


def test_pixels_that_no_network_can_judge_are_refused(network):
    with pytest.raises(ValueError, match="reach from 3e\\+38 to 3e\\+38"):
        load_classifier(network[0])(np.full((1, *SHAPE), 3e38, np.float32))
