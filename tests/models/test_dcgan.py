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


def arrays(weights):
    return [array(weight) for weight in weights]


@pytest.fixture
def small_gan(helper):
    def build(generator_rate=1e-3, discriminator_optimizer=None, num_classes=None, **settings):
        keras.utils.set_random_seed(0)
        generator = dcgan.build_generator(SHAPE, 6, num_classes=num_classes, filters=(4, 3))
        discriminator = dcgan.build_discriminator(SHAPE, num_classes=num_classes, filters=(3, 4))
        gan = helper(dcgan.DCGAN)(generator, discriminator, seed=1, **settings)
        gan.compile(
            generator_optimizer=keras.optimizers.SGD(generator_rate),
            discriminator_optimizer=discriminator_optimizer
            or keras.optimizers.Adam(1e-3, beta_1=0.5),
        )
        return gan

    return build


def outputs_and_losses(gan, images, *, state=None):
    """Return what a GAN gives for images, and what it reports of it; the noise is always the same.

    state: of the noise, by default that in which the GAN is now; there it is left.
    """
    state = array(gan.noise.state) if state is None else state
    gan.noise.state.assign(state)
    outputs = gan(images, training=True)
    gan.reset_metrics()
    gan.compute_loss(images, y_pred=outputs)
    losses = {mean.name: float(mean.result()) for mean in gan.metrics}
    gan.reset_metrics()
    gan.noise.state.assign(state)
    return outputs, losses


# ---- the two networks ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (12, 20, 2)])
def test_a_generator_turns_noise_into_images_between_minus_1_and_1(helper, shape):
    generator = helper(dcgan.build_generator)(shape, 6, filters=(4, 3))
    images = array(generator(100 * np.random.default_rng(0).normal(size=(5, 6))))
    assert images.shape == (5, *shape)
    assert -1 <= images.min() < images.max() <= 1


@pytest.mark.parametrize(
    ("shape", "filters"),
    [((28, 30, 1), (4, 3)), ((30, 28, 1), (4, 3)), ((28, 28), (4, 3)), ((28, 28, 1), (4, 3, 2))],
    ids=str,
)
def test_what_a_generator_cannot_make_is_refused(helper, shape, filters):
    with pytest.raises(ValueError, match=r"multiples of 4, and two filters, got \(28|\(30"):
        helper(dcgan.build_generator)(shape, 6, filters=filters)


def test_a_discriminator_returns_one_logit_an_image(helper):
    discriminator = helper(dcgan.build_discriminator)(SHAPE, filters=(3, 4, 5))
    assert discriminator(IMAGES).shape == (22, 1)
    assert discriminator.layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize(("normalize", "count"), [(True, 2), (False, 0)])
def test_normalisation_of_the_discriminator_can_be_left_out(helper, normalize, count):
    build = helper(dcgan.build_discriminator)
    discriminator = build(SHAPE, filters=(3, 4, 5), normalize=normalize)
    kinds = [type(layer).__name__ for layer in discriminator.layers]
    assert kinds.count("BatchNormalization") == count


def test_a_generator_of_classes_makes_another_image_for_another_label(helper):
    generator = helper(dcgan.build_generator)(SHAPE, 6, num_classes=3, filters=(4, 3))
    noise = np.ones((3, 6))
    images = generator.predict([noise, np.arange(3)], verbose=0)
    assert images.shape == (3, *SHAPE)
    assert np.ptp(images, axis=0).max() > 1e-6
    again = generator.predict([noise, np.zeros(3, "uint8")], verbose=0)
    np.testing.assert_allclose(again, images[[0, 0, 0]], atol=1e-6)


def test_a_discriminator_of_classes_returns_a_logit_for_each(helper):
    discriminator = helper(dcgan.build_discriminator)(SHAPE, num_classes=3, filters=(3, 4))
    assert discriminator(IMAGES).shape == (22, 3)


# ---- a step --------------------------------------------------------------------------------------


def test_the_losses_are_binary_cross_entropies_with_one_side_smoothed(small_gan):
    gan = small_gan(label_smoothing=0.2)
    outputs, found = outputs_and_losses(gan, IMAGES)
    real = array(outputs["real_logits"])
    fake = array(outputs["fake_logits"])
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    expected = {
        "generator_loss": entropy(np.ones((22, 1)), fake),
        "discriminator_loss": entropy(np.full((22, 1), 0.8), real)
        + entropy(np.zeros((22, 1)), fake),
        "real_probability": np.mean(1 / (1 + np.exp(-real))),
        "fake_probability": np.mean(1 / (1 + np.exp(-fake))),
    }
    assert list(found) == list(expected) == NAMES
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-5), name


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


def test_a_gan_learns_to_make_what_it_is_asked_for(small_gan):
    brightness = np.array([-0.9, 0.0, 0.9])
    images = np.broadcast_to(brightness[LABELS][:, None, None, None], IMAGES.shape)
    gan = small_gan(num_classes=3)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-3, beta_1=0.5),
    )
    gan.fit(images, LABELS, batch_size=22, epochs=150, verbose=0)
    noise = np.random.default_rng(0).normal(size=(30, 6))
    made = gan.generator.predict([noise, np.repeat(np.arange(3), 10)], verbose=0)
    means = made.reshape(3, -1).mean(axis=1)
    assert means[0] < means[1] < means[2]
    assert means[2] - means[0] > 0.5


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_each_network_goes_down_the_slope_of_its_own_loss(small_gan, network):
    gan = small_gan(1.0, keras.optimizers.SGD(1.0))
    rng = np.random.default_rng(0)
    for variable in gan.trainable_variables:  # far from the kinks of (leaky) ReLU at 0
        variable.assign(array(variable) + rng.normal(0, 0.2, variable.shape))
    weights = getattr(gan, network).trainable_variables
    before = arrays(weights)
    state = array(gan.noise.state)

    def loss_at(number, moved):
        weights[number].assign(moved)
        loss = outputs_and_losses(gan, IMAGES, state=state)[1][f"{network}_loss"]
        weights[number].assign(before[number])
        return loss

    slopes = []
    for number, start in enumerate(before):
        direction = rng.choice([-1, 1], start.shape)
        step = 1e-3 / np.sqrt(start.size)
        ahead = loss_at(number, start + step * direction)
        behind = loss_at(number, start - step * direction)
        slopes.append(((ahead - behind) / (2 * step), direction))
    gan.fit(IMAGES, batch_size=22, shuffle=False, verbose=0)
    changes = [old - new for old, new in zip(before, arrays(weights), strict=True)]
    found = [np.sum(change * slope[1]) for change, slope in zip(changes, slopes, strict=True)]
    expected = [slope[0] for slope in slopes]
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize(("rates", "changed", "kept"), [((0.1, 0.0), 0, 1), ((0.0, 0.1), 1, 0)])
def test_each_optimizer_changes_its_own_network_only(small_gan, rates, changed, kept):
    gan = small_gan(rates[0], keras.optimizers.Adam(rates[1]))
    networks = (gan.generator, gan.discriminator)
    before = [arrays(network.trainable_variables) for network in networks]
    gan.fit(IMAGES, batch_size=22, verbose=0)
    after = [arrays(network.trainable_variables) for network in networks]
    for old, new in zip(before[kept], after[kept], strict=True):
        np.testing.assert_array_equal(old, new)
    moved = [
        not np.array_equal(old, new)
        for old, new in zip(before[changed], after[changed], strict=True)
    ]
    assert any(moved)


@pytest.mark.parametrize(
    ("rates", "name"), [((1e-2, 0.0), "generator_loss"), ((0.0, 1e-4), "discriminator_loss")]
)
def test_a_step_lowers_the_loss_of_the_network_that_takes_it(small_gan, rates, name):
    gan = small_gan(rates[0], keras.optimizers.Adam(rates[1]))
    state = array(gan.noise.state)
    before = outputs_and_losses(gan, IMAGES, state=state)[1][name]
    gan.fit(IMAGES, batch_size=22, verbose=0)
    assert outputs_and_losses(gan, IMAGES, state=state)[1][name] < before


def test_moving_averages_note_the_real_images_once_and_the_generated_ones_once(small_gan):
    gan = small_gan(0.0, keras.optimizers.SGD(0.0))
    [layer] = [each for each in gan.discriminator.layers if "normalization" in each.name]
    read = keras.Model(gan.discriminator.input, layer.input)
    state = array(gan.noise.state)
    generated = outputs_and_losses(gan, IMAGES, state=state)[0]["image"]
    means = [array(read(images)).mean(axis=(0, 1, 2)) for images in (IMAGES, generated)]
    layer.moving_mean.assign(np.zeros(4))
    gan.fit(IMAGES, batch_size=22, shuffle=False, verbose=0)
    expected = 0.9 * 0.1 * means[0] + 0.1 * means[1]
    np.testing.assert_allclose(array(layer.moving_mean), expected, rtol=1e-3, atol=1e-7)


def test_a_smaller_last_batch_counts_by_its_size(small_gan):
    gan = small_gan(0.0, keras.optimizers.Adam(0.0))
    state = array(gan.noise.state)
    steps = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(dict(logs))
    )
    history = gan.fit(IMAGES, batch_size=8, shuffle=False, callbacks=[watch], verbose=0).history
    assert (len(steps), int(gan.discriminator_optimizer.iterations)) == (3, 3)
    losses = []
    for number, batch in enumerate(np.split(IMAGES, [8, 16])):
        next_state = state + np.array([0, number], state.dtype)
        found = outputs_and_losses(gan, batch, state=next_state)[1]
        losses.append(found["discriminator_loss"])
    expected = np.average(losses, weights=[8, 8, 6])
    assert history["discriminator_loss"][0] == pytest.approx(expected, rel=1e-5)


# ---- a training ----------------------------------------------------------------------------------


def test_fit_and_evaluate_report_both_losses_and_both_probabilities(small_gan):
    gan = small_gan()
    history = gan.fit(IMAGES, batch_size=8, epochs=2, verbose=0).history
    assert set(history) == set(NAMES)
    assert set(gan.evaluate(IMAGES, return_dict=True, verbose=0)) == set(NAMES)


def test_images_are_taken_as_numpy_makes_them(small_gan):
    images = IMAGES.astype(float)
    black_and_white = np.where(images > 0, 1, -1)
    gan = small_gan(label_smoothing=np.float64(0.1))
    for given in (images, black_and_white):
        assert gan(given)["image"].shape == given.shape
        assert np.isfinite(gan.fit(given, verbose=0).history["generator_loss"]).all()


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


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_saved_gan_is_loaded_with_both_networks_and_both_optimizers(
    small_gan, set_policy, policy, tmp_path
):
    set_policy(policy)
    gan = small_gan(label_smoothing=0.15)
    gan.fit(IMAGES, batch_size=8, epochs=2, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    noise = np.ones((3, 6))
    expected = gan.generator.predict(noise, verbose=0)
    np.testing.assert_allclose(loaded.generator.predict(noise, verbose=0), expected, rtol=1e-6)
    assert (loaded.label_smoothing, loaded.seed) == (0.15, 1)
    for name in ("generator_optimizer", "discriminator_optimizer"):
        saved = arrays(getattr(gan, name).variables)
        found = arrays(getattr(loaded, name).variables)
        for one, other in zip(saved, found, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(loaded.fit(IMAGES, batch_size=8, verbose=0).history["generator_loss"]) == 1


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_mixed_precision_both_networks_learn_about_as_much(small_gan, set_policy, policy):
    expected = small_gan(0.05).fit(IMAGES, batch_size=22, epochs=12, shuffle=False, verbose=0)
    set_policy(policy)
    gan = small_gan(0.05)
    before = [arrays(each.trainable_variables) for each in (gan.generator, gan.discriminator)]
    history = gan.fit(IMAGES, batch_size=22, epochs=12, shuffle=False, verbose=0).history
    for old, network in zip(before, (gan.generator, gan.discriminator), strict=True):
        for one, other in zip(old, arrays(network.trainable_variables), strict=True):
            assert not np.array_equal(one, other)
    for name in NAMES:
        np.testing.assert_allclose(history[name], expected.history[name], atol=0.05)


def test_equal_seeds_draw_equal_noise(small_gan):
    images = []
    for seed in (1, np.int64(1), 2):
        gan = small_gan()
        gan = type(gan)(gan.generator, gan.discriminator, seed=seed)
        images.append(gan.predict(IMAGES, verbose=0)["image"])
    np.testing.assert_array_equal(images[0], images[1])
    assert np.abs(images[0] - images[2]).max() > 1e-6


def test_the_summary_lists_both_networks(small_gan):
    lines = []
    small_gan().summary(print_fn=lines.append)
    assert "generator" in "\n".join(lines)
    assert "discriminator" in "\n".join(lines)


@pytest.mark.parametrize("smoothing", [-0.1, 0.5])
def test_a_smoothing_outside_its_range_is_refused(small_gan, smoothing):
    with pytest.raises(ValueError, match=f"got {smoothing}"):
        small_gan(label_smoothing=smoothing)


@pytest.mark.parametrize("classes", [(None, 3), (3, None)], ids=str)
def test_networks_of_which_only_one_knows_of_classes_are_refused(helper, classes):
    generator = dcgan.build_generator(SHAPE, 6, num_classes=classes[0], filters=(4, 3))
    discriminator = dcgan.build_discriminator(SHAPE, num_classes=classes[1], filters=(3, 4))
    with pytest.raises(ValueError, match="give num_classes to both builders or to none"):
        helper(dcgan.DCGAN)(generator, discriminator)


def test_a_gan_of_classes_asks_for_labels(small_gan):
    with pytest.raises(ValueError, match=r"call fit\(images, labels\)"):
        small_gan(num_classes=3).fit(IMAGES, verbose=0)


def test_a_saved_gan_of_classes_is_loaded(small_gan, tmp_path):
    gan = small_gan(num_classes=3)
    gan.fit(IMAGES, LABELS, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    inputs = [np.ones((3, 6)), np.arange(3)]
    expected = gan.generator.predict(inputs, verbose=0)
    np.testing.assert_allclose(loaded.generator.predict(inputs, verbose=0), expected, rtol=1e-6)
    assert set(loaded.evaluate(IMAGES, LABELS, return_dict=True, verbose=0)) == set(NAMES)
