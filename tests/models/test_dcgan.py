import keras
import numpy as np
import pytest

from nnlab import sampling
from nnlab.models import dcgan

IMAGES = np.random.default_rng(0).uniform(-1, 1, (22, 28, 28, 1)).astype("float32")


def arrays(weights):
    return [keras.ops.convert_to_numpy(getattr(weight, "value", weight)) for weight in weights]


def small_gan(generator_rate=1e-3, discriminator_rate=1e-3, DCGAN=dcgan.DCGAN, **settings):
    keras.utils.set_random_seed(0)
    generator = dcgan.build_generator(6, filters=(4, 3))
    gan = DCGAN(
        generator,
        dcgan.build_discriminator((28, 28, 1), filters=(3, 4)),
        latent_dim=6,
        seed=1,
        **settings,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.SGD(generator_rate),
        discriminator_optimizer=keras.optimizers.Adam(discriminator_rate, beta_1=0.5),
    )
    return gan


def test_a_generator_turns_noise_into_images_between_minus_1_and_1(helper):
    generator = helper(dcgan.build_generator)(6, filters=(4, 3))
    images = keras.ops.convert_to_numpy(
        generator(100 * np.random.default_rng(0).normal(size=(5, 6)))
    )
    assert images.shape == (5, 28, 28, 1)
    assert -1 <= images.min() < images.max() <= 1


def test_a_discriminator_returns_one_logit_an_image(helper):
    discriminator = helper(dcgan.build_discriminator)((28, 28, 1), filters=(3, 4, 5))
    assert discriminator(IMAGES).shape == (22, 1)
    assert discriminator.layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize(("normalize", "count"), [(True, 2), (False, 0)])
def test_normalisation_of_the_discriminator_can_be_left_out(helper, normalize, count):
    discriminator = helper(dcgan.build_discriminator)(
        (28, 28, 1), filters=(3, 4, 5), normalize=normalize
    )
    assert (
        sum(isinstance(layer, keras.layers.BatchNormalization) for layer in discriminator.layers)
        == count
    )


def test_the_losses_are_binary_cross_entropies_with_one_side_smoothed(helper):
    gan = small_gan(DCGAN=helper(dcgan.DCGAN), label_smoothing=0.2)
    generator_loss, discriminator_loss, real, fake = arrays(gan.losses_of(IMAGES))
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    np.testing.assert_allclose(generator_loss, entropy(np.ones((22, 1)), fake), rtol=1e-5)
    expected = entropy(np.full((22, 1), 0.8), real) + entropy(np.zeros((22, 1)), fake)
    np.testing.assert_allclose(discriminator_loss, expected, rtol=1e-5)


@pytest.mark.parametrize(("rates", "changed", "kept"), [((0.1, 0.0), 0, 1), ((0.0, 0.1), 1, 0)])
def test_each_optimizer_changes_its_own_network_only(helper, rates, changed, kept):
    gan = small_gan(*rates, DCGAN=helper(dcgan.DCGAN))
    networks = gan.generator, gan.discriminator
    before = [arrays(network.trainable_variables) for network in networks]
    gan.fit(IMAGES, batch_size=22, verbose=0)
    after = [arrays(network.trainable_variables) for network in networks]
    assert all(np.array_equal(a, b) for a, b in zip(before[kept], after[kept], strict=True))
    assert any(
        not np.array_equal(a, b) for a, b in zip(before[changed], after[changed], strict=True)
    )


@pytest.mark.parametrize(("rates", "place"), [((1e-2, 0.0), 0), ((0.0, 1e-4), 1)])
def test_a_step_lowers_the_loss_of_the_network_that_takes_it(helper, rates, place):
    gan = small_gan(*rates, DCGAN=helper(dcgan.DCGAN))
    state = gan.noise.state.numpy()
    before = arrays(gan.losses_of(IMAGES))[place]
    gan.noise.state.assign(state)  # the same noise for the step, and to measure after it
    gan.fit(IMAGES, batch_size=22, verbose=0)
    gan.noise.state.assign(state)
    assert arrays(gan.losses_of(IMAGES))[place] < before


def test_a_smaller_last_batch_counts_by_its_size(helper):
    gan = small_gan(0.0, 0.0, DCGAN=helper(dcgan.DCGAN))
    steps = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(dict(logs))
    )
    history = gan.fit(IMAGES, batch_size=8, shuffle=False, callbacks=[watch], verbose=0).history
    assert (len(steps), int(gan.discriminator_optimizer.iterations)) == (3, 3)
    state = gan.noise.state.numpy() * 0 + np.array([1, 0], gan.noise.state.numpy().dtype)
    gan = small_gan(0.0, 0.0, DCGAN=helper(dcgan.DCGAN))
    gan.noise.state.assign(state)
    losses = [float(arrays(gan.losses_of(batch))[1]) for batch in np.split(IMAGES, [8, 16])]
    assert history["discriminator_loss"][0] == pytest.approx(
        np.average(losses, weights=[8, 8, 6]), rel=1e-5
    )


def test_a_saved_gan_is_loaded_with_both_networks_and_both_optimizers(helper, tmp_path):
    gan = small_gan(DCGAN=helper(dcgan.DCGAN), label_smoothing=0.15)
    gan.fit(IMAGES, batch_size=8, epochs=2, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    noise = np.ones((3, 6), "float32")
    np.testing.assert_allclose(
        loaded.predict(noise, verbose=0), gan.predict(noise, verbose=0), rtol=1e-6
    )
    assert (loaded.latent_dim, loaded.label_smoothing, loaded.seed) == (6, 0.15, 1)
    for name in ("generator_optimizer", "discriminator_optimizer"):
        for a, b in zip(
            arrays(getattr(gan, name).variables),
            arrays(getattr(loaded, name).variables),
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)
    assert len(loaded.fit(IMAGES, batch_size=8, verbose=0).history["generator_loss"]) == 1


def test_the_summary_lists_both_networks():
    lines = []
    small_gan().summary(print_fn=lines.append)
    assert "generator" in "\n".join(lines)
    assert "discriminator" in "\n".join(lines)


@pytest.mark.parametrize("smoothing", [-0.1, 0.5])
def test_a_smoothing_outside_its_range_is_refused(helper, smoothing):
    with pytest.raises(ValueError, match=f"got {smoothing}"):
        small_gan(DCGAN=helper(dcgan.DCGAN), label_smoothing=smoothing)


def test_interpolation_keeps_the_length_of_the_noise_and_both_ends(helper):
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 50)).astype("float32")
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    way = helper(sampling.interpolate_latent)(start, end, 7)
    assert way.shape == (7, 50)
    np.testing.assert_allclose(way[[0, -1]], [start, end], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), np.linalg.norm(start), rtol=1e-5)
    angles = np.arccos(np.sum(way[1:] * way[:-1], axis=1) / np.linalg.norm(start) ** 2)
    np.testing.assert_allclose(angles, angles[0], rtol=1e-3)


def test_interpolation_between_equal_vectors_stays_there(helper):
    start = np.ones(4, "float32")
    np.testing.assert_allclose(
        helper(sampling.interpolate_latent)(start, start, 3), np.ones((3, 4)), atol=1e-4
    )
