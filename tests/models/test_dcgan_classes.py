"""A GAN that takes orders, and one whose weights are averaged."""

import keras
import numpy as np
import pytest

from nnlab.models import dcgan

SHAPE = (28, 28, 1)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (22, *SHAPE)).astype("float32")
LABELS = np.arange(22, dtype="uint8") % 3
NAMES = ["generator_loss", "discriminator_loss", "real_probability", "fake_probability"]


def array(tensor):
    return keras.ops.convert_to_numpy(getattr(tensor, "value", tensor))


@pytest.fixture(scope="module")
def small_gan(helper):
    def build(num_classes=None, **settings):
        keras.utils.set_random_seed(0)
        generator = dcgan.build_generator(SHAPE, 6, num_classes=num_classes, filters=(4, 3))
        discriminator = dcgan.build_discriminator(SHAPE, num_classes=num_classes, filters=(3, 4))
        gan = helper(dcgan.DCGAN)(generator, discriminator, seed=1, **settings)
        gan.compile(
            generator_optimizer=keras.optimizers.SGD(1e-3),
            discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        )
        return gan

    return build


@pytest.fixture(scope="module")
def trained(small_gan):
    """A GAN that was trained on images of three classes: dark, grey, bright."""
    brightness = np.array([-0.9, 0.0, 0.9])
    images = np.broadcast_to(brightness[LABELS][:, None, None, None], IMAGES.shape)
    gan = small_gan(num_classes=3)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5),
    )
    often = np.tile(np.arange(22), 150)  # many epochs of one batch would take six times as long
    gan.fit(images[often], LABELS[often], batch_size=22, verbose=0)
    return gan


def test_a_generator_of_classes_makes_another_image_for_another_label(helper):
    generator = helper(dcgan.build_generator)(SHAPE, 6, num_classes=3, filters=(4, 3))
    noise = np.ones((3, 6))
    images = array(generator([noise, np.arange(3)]))
    assert images.shape == (3, *SHAPE)
    assert np.ptp(images, axis=0).max() > 1e-6
    again = array(generator([noise, np.zeros(3, "uint8")]))
    np.testing.assert_allclose(again, images[[0, 0, 0]], atol=1e-6)


def test_a_discriminator_of_classes_returns_a_logit_for_each(helper):
    discriminator = helper(dcgan.build_discriminator)(SHAPE, num_classes=3, filters=(3, 4))
    assert discriminator(IMAGES).shape == (22, 3)


def test_with_classes_each_image_is_judged_by_the_logit_of_its_own(small_gan):
    gan = small_gan(num_classes=3, label_smoothing=0.2)
    outputs = gan(IMAGES, training=True)
    gan.compute_loss(IMAGES, LABELS, y_pred=outputs)
    found = {mean.name: float(mean.result()) for mean in gan.metrics}
    label = array(outputs["label"])
    assert label.shape == (22,)
    assert set(label) == {0, 1, 2}
    real = array(outputs["real_logits"])[np.arange(22), LABELS]
    fake = array(outputs["fake_logits"])[np.arange(22), label]
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    expected = {
        "generator_loss": entropy(np.ones(22), fake),
        "discriminator_loss": entropy(np.full(22, 0.8), real) + entropy(np.zeros(22), fake),
        "real_probability": np.mean(1 / (1 + np.exp(-real))),
        "fake_probability": np.mean(1 / (1 + np.exp(-fake))),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-5), name


def test_a_gan_learns_to_make_what_it_is_asked_for(trained):
    noise = np.random.default_rng(0).normal(size=(30, 6))
    made = array(trained.generator([noise, np.repeat(np.arange(3), 10)]))
    means = made.reshape(3, -1).mean(axis=1)
    assert means[0] < means[1] < means[2]
    assert means[2] - means[0] > 0.5


def test_averaged_weights_of_the_generator_are_in_place_after_epochs_and_at_the_end(small_gan):
    gan = small_gan()
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    still = keras.optimizers.SGD(0.0)
    gan.compile(generator_optimizer=optimizer, discriminator_optimizer=still)
    weight = gan.generator.trainable_variables[0]
    steps = []
    ends = []

    def keep(batch, logs):
        if keras.backend.backend() == "jax":  # which keeps the weights to itself during an epoch
            gan.jax_state_sync()
        steps.append(array(weight))

    callbacks = [
        keras.callbacks.LambdaCallback(on_train_batch_end=keep),
        keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(array(weight))),
    ]
    gan.fit(IMAGES, batch_size=11, epochs=2, callbacks=callbacks, verbose=0)
    average = steps[0]  # Keras starts the average with the weights after the first step
    expected = [average]
    for step in steps[1:]:
        average = 0.5 * average + 0.5 * step
        expected.append(average)
    np.testing.assert_allclose(ends[0], expected[1], rtol=1e-5)
    np.testing.assert_allclose(ends[1], expected[3], rtol=1e-5)
    np.testing.assert_allclose(array(weight), expected[3], rtol=1e-5)


@pytest.mark.parametrize("classes", [(None, 3), (3, None)], ids=str)
def test_networks_of_which_only_one_knows_of_classes_are_refused(helper, classes):
    generator = dcgan.build_generator(SHAPE, 6, num_classes=classes[0], filters=(4, 3))
    discriminator = dcgan.build_discriminator(SHAPE, num_classes=classes[1], filters=(3, 4))
    with pytest.raises(ValueError, match="give num_classes to both builders or to none"):
        helper(dcgan.DCGAN)(generator, discriminator)


def test_a_gan_of_classes_asks_for_labels(small_gan):
    gan = small_gan(num_classes=3)
    gan.run_eagerly = keras.backend.backend() == "tensorflow"  # tracing takes longer than a step
    with pytest.raises(ValueError, match=r"call fit\(images, labels\)"):
        gan.fit(IMAGES, verbose=0)


def test_a_saved_gan_of_classes_is_loaded(trained, tmp_path):
    trained.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    inputs = [np.ones((3, 6)), np.arange(3)]
    expected = array(trained.generator(inputs))
    np.testing.assert_allclose(array(loaded.generator(inputs)), expected, rtol=1e-6)
    assert set(loaded.evaluate(IMAGES, LABELS, return_dict=True, verbose=0)) == set(NAMES)
