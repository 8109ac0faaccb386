import functools

import keras
import numpy as np
import pytest

from nnlab.models import dcgan

SHAPE = (28, 28, 1)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (22, *SHAPE)).astype("float32")
NAMES = ["generator_loss", "discriminator_loss", "real_probability", "fake_probability"]


def array(tensor):
    return keras.ops.convert_to_numpy(getattr(tensor, "value", tensor))


def arrays(weights):
    return [array(weight) for weight in weights]


def build_gan(model_class, **settings):
    """Return a small GAN; with plain descent, a step is the slope times the rate."""
    keras.utils.set_random_seed(0)
    generator = dcgan.build_generator(SHAPE, 6, filters=(4, 3))
    discriminator = dcgan.build_discriminator(SHAPE, filters=(3, 4))
    gan = model_class(generator, discriminator, seed=1, **settings)
    sgd = keras.optimizers.SGD
    gan.compile(generator_optimizer=sgd(0.0), discriminator_optimizer=sgd(0.0))
    return gan


@pytest.fixture(scope="module")
def compiled_gan(helper):
    """A GAN that all tests share, because compiling takes long, and the state that it begins in."""
    gan = build_gan(helper(dcgan.DCGAN), label_smoothing=np.float64(0.1))
    variables = [*gan.variables, *gan.optimizer.variables]
    return gan, [(variable, array(variable).copy()) for variable in variables]


@pytest.fixture
def small_gan(compiled_gan):
    """Return a function that puts the GAN into its first state, with these learning rates."""

    def begin(generator_rate=0.0, discriminator_rate=0.0):
        gan, values = compiled_gan
        for variable, value in values:
            variable.assign(value)
        gan.generator_optimizer.learning_rate = generator_rate
        gan.discriminator_optimizer.learning_rate = discriminator_rate
        return gan

    return begin


@pytest.fixture(scope="module")
def trained(helper):
    """Return a function: precision → a GAN that was trained in it, its old weights, its history."""

    @functools.cache
    def train(policy):
        gan = build_gan(helper(dcgan.DCGAN), label_smoothing=0.15)
        gan.compile(
            generator_optimizer=keras.optimizers.SGD(0.05),
            discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        )
        before = arrays(gan.trainable_variables)
        history = gan.fit(IMAGES, batch_size=22, epochs=12, shuffle=False, verbose=0).history
        return gan, before, history

    def train_in(policy):
        usual = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            return train(policy)
        finally:
            keras.config.set_dtype_policy(usual)

    return train_in


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
    [
        ((28, 30, 1), (4, 3)),
        ((30, 28, 1), (4, 3)),
        ((28, 28), (4, 3)),
        ((28, 28, 1), (4, 3, 2)),
    ],
    ids=str,
)
def test_what_a_generator_cannot_make_is_refused(helper, shape, filters):
    with pytest.raises(ValueError, match=r"multiples of 4, and two filters, got \((28|30)"):
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


# ---- a step --------------------------------------------------------------------------------------


def test_the_losses_are_binary_cross_entropies_with_one_side_smoothed(helper):
    gan = build_gan(helper(dcgan.DCGAN), label_smoothing=0.2)
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


# Three steps from the weights below, each with two gradients written by hand in TensorFlow.
BY_HAND = {
    "generator_loss": [0.7283973, 0.7275691, 0.7292603],
    "discriminator_loss": [1.3736414, 1.3718653, 1.3676571],
    "real_probability": [0.4875969, 0.4891443, 0.4907523],
    "fake_probability": [0.4826824, 0.4830821, 0.4822658],
}


def test_a_gan_takes_the_steps_that_are_written_by_hand(helper, monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (16, *SHAPE)).astype("float32")
    noise = rng.normal(size=(16, 6)).astype("float32")
    # Each backend draws its own numbers.
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: keras.ops.array(noise))
    gan = build_gan(helper(dcgan.DCGAN))
    for variable in gan.weights:
        if "variance" not in variable.path:
            variable.assign(rng.normal(0, 0.1, variable.shape))
    gan.compile(
        generator_optimizer=keras.optimizers.SGD(0.05),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    )
    history = gan.fit(images, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    assert history.keys() == BY_HAND.keys()
    for name, values in BY_HAND.items():
        assert history[name] == pytest.approx(values, abs=1e-5), name
        assert values[0] != pytest.approx(values[2], abs=1e-4), f"{name} did not change"


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_each_network_goes_down_the_slope_of_its_own_loss(small_gan, network):
    gan = small_gan(1.0, 1.0)
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
    gan = small_gan(*rates)
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
    ("rates", "name"), [((1e-2, 0.0), "generator_loss"), ((0.0, 1e-2), "discriminator_loss")]
)
def test_a_step_lowers_the_loss_of_the_network_that_takes_it(small_gan, rates, name):
    gan = small_gan(*rates)
    state = array(gan.noise.state)
    before = outputs_and_losses(gan, IMAGES, state=state)[1][name]
    gan.fit(IMAGES, batch_size=22, verbose=0)
    assert outputs_and_losses(gan, IMAGES, state=state)[1][name] < before


def test_moving_averages_note_the_real_images_once_and_the_generated_ones_once(small_gan):
    gan = small_gan()
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
    gan = small_gan()
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
    gan = small_gan()
    for given in (images, black_and_white):
        assert gan(given)["image"].shape == given.shape
        assert np.isfinite(gan.fit(given, verbose=0).history["generator_loss"]).all()


def test_a_gan_is_saved_before_it_is_compiled_and_loaded_in_its_own_precision(
    helper, set_policy, tmp_path
):
    set_policy("mixed_bfloat16")
    compiled = build_gan(helper(dcgan.DCGAN))
    gan = helper(dcgan.DCGAN)(compiled.generator, compiled.discriminator)
    gan.save(tmp_path / "gan.keras")
    set_policy("float32")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert not loaded.compiled
    assert loaded.dtype_policy.name == "mixed_bfloat16"
    noise = np.ones((3, 6))
    np.testing.assert_array_equal(array(loaded.generator(noise)), array(gan.generator(noise)))


def test_weights_of_examples_are_refused(helper):
    gan = build_gan(helper(dcgan.DCGAN))
    with pytest.raises(ValueError, match="weighs all images alike: leave sample_weight out"):
        gan.compute_loss(IMAGES, y_pred=gan(IMAGES), sample_weight=np.ones(len(IMAGES)))


def test_penalties_of_the_networks_are_part_of_the_loss(helper):
    gan = build_gan(helper(dcgan.DCGAN))
    state = array(gan.noise.state).copy()
    outputs = gan(IMAGES)
    before = array(gan.compute_loss(IMAGES, y_pred=outputs))
    layer = gan.discriminator.layers[-1]
    layer.kernel.regularizer = keras.regularizers.L2(0.5)
    penalty = 0.5 * np.square(array(layer.kernel)).sum()
    assert array(gan.compute_loss(IMAGES, y_pred=outputs)) == pytest.approx(before + penalty)
    layer.kernel.regularizer = None
    layer.activity_regularizer = keras.regularizers.L1(0.5)
    gan.noise.state.assign(state)
    outputs = gan(IMAGES)
    penalty = array(sum(gan.losses))
    assert penalty > 0
    assert array(gan.compute_loss(IMAGES, y_pred=outputs)) == pytest.approx(before + penalty)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_saved_gan_is_loaded_with_both_networks_and_both_optimizers(
    trained, set_policy, policy, tmp_path
):
    gan = trained(policy)[0]
    set_policy(policy)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    noise = np.ones((3, 6))
    expected = array(gan.generator(noise))
    np.testing.assert_allclose(array(loaded.generator(noise)), expected, rtol=1e-6)
    assert (loaded.label_smoothing, loaded.seed) == (0.15, 1)
    for name in ("generator_optimizer", "discriminator_optimizer"):
        saved = arrays(getattr(gan, name).variables)
        found = arrays(getattr(loaded, name).variables)
        for one, other in zip(saved, found, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(loaded.fit(IMAGES, batch_size=8, verbose=0).history["generator_loss"]) == 1


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_mixed_precision_both_networks_learn_about_as_much(trained, policy):
    expected = trained("float32")[2]
    gan, before, history = trained(policy)
    for old, new in zip(before, arrays(gan.trainable_variables), strict=True):
        assert not np.array_equal(old, new)
    apart = 0.005
    for name in NAMES:
        np.testing.assert_allclose(history[name], expected[name], rtol=0, atol=apart)
    for loss in NAMES[:2]:
        assert np.ptp(expected[loss]) > 2 * apart, f"{loss} changes too little to tell"


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
def test_a_smoothing_outside_its_range_is_refused(helper, smoothing):
    with pytest.raises(ValueError, match=f"got {smoothing}"):
        build_gan(helper(dcgan.DCGAN), label_smoothing=smoothing)
