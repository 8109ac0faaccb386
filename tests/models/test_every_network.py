"""What all networks have in common, whatever they are for."""

import functools

import keras
import numpy as np
import pytest

from nnlab import models

SHAPE = (8, 8, 3)
INT = np.int64  # what NumPy counts with, e.g. in labels.max() + 1
FLOAT = np.float64

# name: its arguments, as NumPy's numbers, and the shape of an example that goes in, or several
NETWORKS = {
    "build_mlp": (
        {"image_shape": SHAPE, "num_classes": INT(3), "units": (INT(4),), "dropout": FLOAT(0.1)},
        SHAPE,
    ),
    "build_cnn": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "num_classes": INT(3),
            "filters": (INT(4), INT(5)),
            "units": (INT(6), INT(4)),
            "dropout": FLOAT(0.1),
            "shift": FLOAT(0.1),
        },
        SHAPE,
    ),
    "build_cnn_rnn": (
        {
            "frame_shape": tuple(map(INT, SHAPE)),
            "num_classes": INT(3),
            "num_frames": INT(5),
            "filters": (INT(4), INT(5)),
            "context": INT(1),
            "units": INT(6),
            "dropout": FLOAT(0.1),
        },
        (5, *SHAPE),
    ),
    "build_char_rnn": (
        {
            "vocab_size": INT(5),
            "units": (INT(4), INT(3)),
            "embedding_dim": INT(2),
            "dropout": FLOAT(0.1),
        },
        (6,),
    ),
    "build_generator": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "latent_dim": INT(4),
            "filters": (INT(6), INT(5)),
        },
        (4,),
    ),
    "build_discriminator": ({"image_shape": SHAPE, "filters": (INT(4), INT(5))}, SHAPE),
    "build_encoder": (
        {
            "image_shape": SHAPE,
            "latent_dim": INT(4),
            "filters": (INT(4),),
            "units": (INT(5),),
            "sparsity": np.float32(0.1),
        },
        SHAPE,
    ),
    "build_squeezenet": (
        {
            "image_shape": (INT(32), INT(36), INT(3)),
            "num_classes": INT(4),
            "dropout": FLOAT(0.1),
        },
        (32, 36, 3),
    ),
    "build_vgg": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "num_classes": INT(3),
            "filters": (INT(4), INT(5)),
            "depths": (INT(1), INT(2)),
            "units": (INT(6),),
            "dropout": FLOAT(0.1),
        },
        SHAPE,
    ),
    "build_googlenet": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "num_classes": INT(3),
            "width": FLOAT(0.05),
            "small": np.bool_(True),
            "dropout": FLOAT(0.1),
        },
        SHAPE,
    ),
    "build_resnet": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "num_classes": INT(3),
            "filters": (INT(4), INT(5)),
            "depths": (INT(1), INT(2)),
            "small": np.bool_(True),
        },
        SHAPE,
    ),
    "build_mlp_forecaster": (
        {
            "look_back": INT(12),
            "horizon": INT(5),
            "units": (INT(6), INT(4)),
            "dropout": FLOAT(0.1),
        },
        (12,),
    ),
    "build_gru_forecaster": (
        {
            "look_back": INT(12),
            "horizon": INT(5),
            "patch": INT(4),
            "units": INT(3),
            "dropout": FLOAT(0.1),
        },
        (12,),
    ),
    "build_conv_forecaster": (
        {
            "look_back": INT(12),
            "horizon": INT(5),
            "patch": INT(2),
            "filters": INT(3),
            "dilations": (INT(1), INT(2)),
            "dropout": FLOAT(0.1),
        },
        (12,),
    ),
    "build_patch_transformer": (
        {
            "look_back": INT(12),
            "horizon": INT(5),
            "patch": INT(4),
            "width": INT(4),
            "heads": INT(2),
            "depth": INT(1),
            "dropout": FLOAT(0.1),
        },
        (12,),
    ),
    "build_text_mean": (
        {
            "vocab_size": INT(5),
            "num_outputs": INT(2),
            "embedding_dim": INT(4),
            "dropout": FLOAT(0.1),
        },
        (6,),
    ),
    "build_text_cnn": (
        {
            "vocab_size": INT(5),
            "num_outputs": INT(2),
            "embedding_dim": INT(4),
            "filters": INT(3),
            "kernel_size": INT(3),
            "dropout": FLOAT(0.1),
        },
        (6,),
    ),
    "build_text_rnn": (
        {
            "vocab_size": INT(5),
            "num_outputs": INT(2),
            "embedding_dim": INT(4),
            "units": INT(3),
            "dropout": FLOAT(0.1),
        },
        (6,),
    ),
    "Transformer": (
        {
            "vocab_size": INT(5),
            "width": INT(4),
            "heads": INT(2),
            "units": INT(3),
            "encoder_depth": INT(1),
            "decoder_depth": INT(1),
            "dropout": FLOAT(0.1),
        },
        {"source": (6,), "target": (4,)},
    ),
    "RecurrentTranslator": (
        {
            "vocab_size": INT(5),
            "width": INT(4),
            "units": INT(6),
            "dropout": FLOAT(0.1),
        },
        {"source": (6,), "target": (4,)},
    ),
    "build_detector": (
        {
            "image_shape": (INT(16), INT(24), INT(3)),
            "num_classes": INT(2),
            "filters": (INT(3), INT(4), INT(5), INT(6)),
        },
        (16, 24, 3),
    ),
    "build_unet": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "num_classes": INT(3),
            "filters": (INT(3), INT(4)),
        },
        SHAPE,
    ),
    "build_decoder": (
        {
            "image_shape": tuple(map(INT, SHAPE)),
            "latent_dim": INT(4),
            "filters": (INT(4),),
            "units": (INT(5),),
        },
        (4,),
    ),
}

pytestmark = pytest.mark.parametrize("name", NETWORKS)


def build(helper, name):
    """Return a network, made with seed 0, and three examples for it."""
    keras.utils.set_random_seed(0)
    settings, shape = NETWORKS[name]
    network = helper(getattr(models, name))(**settings)
    rng = np.random.default_rng(0)
    if isinstance(shape, dict):  # ids of several texts
        return network, {key: rng.integers(0, 5, (3, *each)) for key, each in shape.items()}
    if "vocab_size" in settings:  # ids
        return network, rng.integers(0, 5, (3, *shape))
    return network, rng.random((3, *shape))


@pytest.fixture(scope="module")
def in_float32(helper):
    """Return a function: name → a network and examples, the same for all tests: none changes it."""
    return functools.cache(functools.partial(build, helper))


def answers(network, inputs):
    """Return all numbers that a network gives, one after the other."""
    outputs = keras.tree.flatten(network(inputs))  # predict() would compile it first
    return np.concatenate([keras.ops.convert_to_numpy(each).ravel() for each in outputs])


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_whatever_the_precision(name, helper, in_float32, set_policy, policy):
    set_policy(policy)
    network, inputs = in_float32(name) if policy == "float32" else build(helper, name)
    for outputs in keras.tree.flatten(network(inputs)):
        assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
        assert np.isfinite(keras.ops.convert_to_numpy(outputs)).all()
    hidden = {layer.compute_dtype for layer in network.layers[1:-1]}
    assert policy.removeprefix("mixed_") in hidden


def test_numbers_of_numpy_build_the_same_network_as_those_of_python(name, in_float32):
    network, inputs = in_float32(name)
    keras.utils.set_random_seed(0)
    plain = {}
    for key, value in NETWORKS[name][0].items():
        plain[key] = tuple(map(int, value)) if isinstance(value, tuple) else value.item()
    same = getattr(models, name)(**plain)
    np.testing.assert_array_equal(answers(network, inputs), answers(same, inputs))


def test_a_network_is_saved_and_loaded(name, in_float32, tmp_path):
    network, inputs = in_float32(name)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    expected = answers(network, inputs)
    np.testing.assert_allclose(answers(loaded, inputs), expected, rtol=1e-6)


def test_a_network_comes_uncompiled(name, in_float32):
    assert not in_float32(name)[0].compiled
