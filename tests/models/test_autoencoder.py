import keras
import numpy as np
import pytest
from scipy import integrate, stats

from nnlab.models import autoencoder

SHAPE = (8, 12, 1)
IMAGES = np.random.default_rng(0).random((22, *SHAPE)).astype("float32")


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.fixture
def build_encoder(helper):
    return helper(autoencoder.build_encoder)


@pytest.fixture
def build_decoder(helper):
    return helper(autoencoder.build_decoder)


def build_vae(model_class, **settings):
    keras.utils.set_random_seed(0)
    encoder = autoencoder.build_encoder(SHAPE, 6, units=(10,))
    vae = model_class(encoder, autoencoder.build_decoder(SHAPE, 3, units=(10,)), **settings)
    vae.compile(keras.optimizers.Adam(0.01))
    return vae


@pytest.fixture(scope="module")
def compiled_vae(helper):
    """A VAE that tests share, because compiling takes long, and the state that it begins in."""
    vae = build_vae(helper(autoencoder.VAE), seed=1, name="clothes")
    vae.optimizer.build(vae.trainable_variables)
    variables = [*vae.variables, *vae.optimizer.variables]
    return vae, [(variable, array(variable).copy()) for variable in variables]


@pytest.fixture
def vae(compiled_vae):
    """The VAE in its first state."""
    for variable, value in compiled_vae[1]:
        variable.assign(value)
    return compiled_vae[0]


@pytest.mark.parametrize(
    "sizes", [{"units": (7, 5)}, {"filters": (3, 4)}, {"filters": (3,), "units": (5,)}, {}]
)
def test_a_code_is_decoded_to_an_image_between_0_and_1(build_encoder, build_decoder, sizes):
    encoder = build_encoder((8, 12, 3), 2, **sizes)
    decoder = build_decoder((8, 12, 3), 2, **sizes)
    codes = encoder(np.ones((5, 8, 12, 3), "float32"))
    assert codes.shape == (5, 2)
    images = array(decoder(100 * np.random.default_rng(0).normal(size=(5, 2))))
    assert images.shape == (5, 8, 12, 3)
    assert 0 <= images.min() < images.max() <= 1


def test_an_encoder_without_hidden_layers_multiplies_the_pixels_by_a_matrix(build_encoder):
    encoder = build_encoder(SHAPE, 4)
    kernel, bias = encoder.get_weights()
    np.testing.assert_allclose(
        array(encoder(IMAGES)), IMAGES.reshape(22, -1) @ kernel + bias, atol=1e-5
    )


def test_layers_have_the_sizes_asked_for_and_the_decoder_mirrors_the_encoder(
    build_encoder, build_decoder
):
    def shapes(model):
        return [layer.output.shape[1:] for layer in model.layers if layer.weights]

    sizes = {"filters": (3, 4), "units": (7, 5)}
    assert shapes(build_encoder(SHAPE, 2, **sizes)) == [(4, 6, 3), (2, 3, 4), (7,), (5,), (2,)]
    assert shapes(build_decoder(SHAPE, 2, **sizes)) == [(5,), (7,), (24,), (4, 6, 3), (8, 12, 1)]


def test_hidden_layers_end_in_relu_and_a_code_only_if_asked_to(build_encoder, build_decoder):
    encoder = build_encoder(SHAPE, 9, filters=(3,), units=(5,))
    hidden = keras.Model(
        encoder.input, [layer.output for layer in encoder.layers if layer.weights]
    )(IMAGES)
    assert [array(each).min() < 0 for each in hidden] == [False, False, True]
    codes = array(build_encoder(SHAPE, 9, activation="relu")(IMAGES))
    assert 0 == codes.min() < codes.max()
    kinds = [type(layer).__name__ for layer in build_decoder(SHAPE, 2, filters=(3, 4)).layers]
    assert kinds.count("ReLU") == 2


def test_sparsity_is_the_price_of_the_absolute_values_of_a_code(build_encoder):
    encoder = build_encoder(SHAPE, 9, sparsity=0.25)
    codes = array(encoder(IMAGES))
    assert array(sum(encoder.losses)) == pytest.approx(
        0.25 * np.abs(codes).sum(axis=1).mean(), rel=1e-5
    )


def test_an_autoencoder_is_a_sequence_of_both_that_is_trained_and_saved(
    build_encoder, build_decoder, tmp_path
):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [build_encoder(SHAPE, 4, filters=(4,)), build_decoder(SHAPE, 4, filters=(4,))]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    pictures = np.stack([np.eye(8, 12)[..., None], np.eye(8, 12)[::-1, :, None]] * 20).astype(
        "float32"
    )
    losses = model.fit(pictures, pictures, batch_size=8, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    model.save(tmp_path / "autoencoder.keras")
    loaded = keras.saving.load_model(tmp_path / "autoencoder.keras")
    np.testing.assert_allclose(array(loaded(pictures)), array(model(pictures)), rtol=1e-6)


def test_a_size_that_cannot_be_halved_often_enough_is_refused(build_decoder):
    with pytest.raises(ValueError, match=r"multiples of 8, got \(28, 28, 1\)"):
        build_decoder((28, 28, 1), 2, filters=(3, 4, 5))


def test_an_image_shape_without_channels_is_refused(build_decoder):
    with pytest.raises(ValueError, match=r"\(height, width, channels\).*got \(28, 28\)"):
        build_decoder((28, 28), 2)


def test_the_loss_is_the_cross_entropy_of_the_pixels_plus_the_divergence_of_the_codes(vae):
    images = np.concatenate([IMAGES[:6], IMAGES[6:12]], axis=-1)  # two channels
    outputs = {
        "image": np.random.default_rng(1).uniform(0.01, 0.99, images.shape).astype("float32"),
        "mean": np.random.default_rng(2).normal(size=(6, 3)).astype("float32"),
        "log_variance": np.random.default_rng(3).normal(size=(6, 3)).astype("float32"),
    }
    loss = vae.compute_loss(
        images, y_pred={name: keras.ops.convert_to_tensor(each) for name, each in outputs.items()}
    )
    entropy = -images * np.log(outputs["image"]) - (1 - images) * np.log(1 - outputs["image"])

    def divergence(mean, deviation):  # ∫ p ln(p / q), by numbers
        p = stats.norm(mean, deviation)
        q = stats.norm()
        around = mean - 10 * deviation, mean + 10 * deviation
        return integrate.quad(lambda z: p.pdf(z) * (p.logpdf(z) - q.logpdf(z)), *around)[0]

    kl = (
        np.vectorize(divergence)(outputs["mean"], np.exp(outputs["log_variance"] / 2))
        .sum(axis=1)
        .mean()
    )
    assert float(vae.kl.result()) == pytest.approx(kl, rel=1e-4)
    assert float(vae.reconstruction.result()) == pytest.approx(
        entropy.sum(axis=(1, 2, 3)).mean(), rel=1e-4
    )
    assert float(loss) == pytest.approx(
        float(vae.kl.result()) + float(vae.reconstruction.result()), rel=1e-5
    )


def test_codes_are_drawn_with_the_mean_and_the_variance_that_the_encoder_gives(helper):
    itself = keras.Sequential(
        [keras.Input((3,)), keras.layers.Identity()]
    )  # so that the code is what comes out
    vae = helper(autoencoder.VAE)(autoencoder.build_encoder(SHAPE, 6), itself, seed=1)
    outputs = vae.predict(np.repeat(IMAGES[:1], 20_000, axis=0), batch_size=20_000, verbose=0)
    codes = outputs["image"]
    mean = outputs["mean"][0]
    deviation = np.exp(outputs["log_variance"][0] / 2)
    np.testing.assert_allclose(codes.mean(axis=0), mean, atol=4 * deviation.max() / np.sqrt(20_000))
    np.testing.assert_allclose(codes.std(axis=0), deviation, rtol=0.03)
    np.testing.assert_allclose(np.corrcoef(codes.T), np.eye(3), atol=0.04)


def test_fit_and_evaluate_report_the_loss_and_its_two_terms_and_the_loss_falls(vae):
    before = vae.evaluate(IMAGES, batch_size=8, return_dict=True, verbose=0)
    history = vae.fit(IMAGES, batch_size=8, epochs=20, verbose=0).history
    after = vae.evaluate(IMAGES, batch_size=8, return_dict=True, verbose=0)
    for values in (before, {name: values[-1] for name, values in history.items()}, after):
        assert set(values) == {"loss", "reconstruction", "kl"}
        assert values["loss"] == pytest.approx(values["reconstruction"] + values["kl"], rel=1e-5)
    assert after["loss"] < before["loss"] - 1


def test_images_are_taken_as_numpy_makes_them(vae):
    images = IMAGES.astype(float)
    assert vae(images)["image"].shape == images.shape
    with_float64 = vae.compute_loss(images, y_pred=vae(images))
    assert np.isfinite(keras.ops.convert_to_numpy(with_float64))
    black_and_white = (images > 0.5).astype(int)
    for given in (images, black_and_white):
        assert np.isfinite(vae.fit(given, verbose=0).history["loss"]).all()


def test_equal_seeds_draw_equal_codes(helper):
    drawn = []
    for seed in (1, np.int64(1), 2):
        vae = build_vae(helper(autoencoder.VAE), seed=seed)
        drawn.append(array(vae(IMAGES)["image"]))
    first, second, other = drawn
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3


def test_a_saved_vae_is_loaded_and_trained_on(vae, tmp_path):
    vae.fit(IMAGES, batch_size=8, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert (loaded.name, loaded.seed) == ("clothes", 1)
    np.testing.assert_allclose(array(loaded.encoder(IMAGES)), array(vae.encoder(IMAGES)), rtol=1e-5)
    np.testing.assert_allclose(
        array(loaded.decoder(np.eye(3))), array(vae.decoder(np.eye(3))), rtol=1e-5
    )
    assert loaded.optimizer.iterations == 3
    assert len(loaded.fit(IMAGES, batch_size=8, verbose=0).history["kl"]) == 1


def test_a_vae_is_loaded_in_its_own_precision(helper, set_policy, tmp_path):
    set_policy("mixed_bfloat16")
    vae = build_vae(helper(autoencoder.VAE))
    vae.optimizer.build(vae.trainable_variables)
    vae.save(tmp_path / "vae.keras")
    set_policy("float32")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert loaded.dtype_policy.name == "mixed_bfloat16"


def test_weights_of_examples_are_refused(vae):
    with pytest.raises(ValueError, match="weighs all images alike: leave sample_weight out"):
        vae.compute_loss(IMAGES, y_pred=vae(IMAGES), sample_weight=np.ones(len(IMAGES)))


def test_penalties_of_the_networks_are_part_of_the_loss(helper):
    vae = build_vae(helper(autoencoder.VAE), seed=1)
    outputs = vae(IMAGES)
    before = array(vae.compute_loss(IMAGES, y_pred=outputs))
    layer = vae.encoder.layers[-1]
    layer.kernel.regularizer = keras.regularizers.L2(0.5)
    penalty = 0.5 * np.square(array(layer.kernel)).sum()
    assert array(vae.compute_loss(IMAGES, y_pred=outputs)) == pytest.approx(before + penalty)


def test_an_encoder_that_gives_no_variances_is_refused(helper):
    with pytest.raises(ValueError, match=r"2 × 3 numbers.*got 3"):
        helper(autoencoder.VAE)(
            autoencoder.build_encoder(SHAPE, 3), autoencoder.build_decoder(SHAPE, 3)
        )
