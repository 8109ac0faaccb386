"""The trained networks that come with nnlab: whole, small, and as good as their cards say.

Their true measure needs the real data. Where those are not, they still have to read other digits,
drawn clothes, a sonnet, and each other's digits.
"""

import functools
import hashlib

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.special import log_softmax

from nnlab.datasets import load_images, load_text
from nnlab.models import build_cnn
from nnlab.sampling import build_sampler, generate_text
from nnlab.text import Vocabulary, stateful_batches
from nnlab.trained import load_trained, loading

NAMES = (
    "mnist_mlp",
    "mnist_cnn",
    "mnist_student",
    "fashion_mnist_cnn",
    "tiny_shakespeare_rnn",
    "mnist_dcgan",
)
CHARACTERS = (
    "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # as load_trained says
)
# Corners of what is drawn, of 28 × 28 pixels.
CLOTHES = {
    "T-shirt/top": "10,4 18,4 26,9 23,14 20,12 20,25 8,25 8,12 5,14 2,9",
    "trouser": "9,1 19,1 20,27 15,27 14,9 13,27 8,27",
    "dress": "11,1 17,1 17,10 20,27 8,27 11,10",
    "sneaker": "0,13 6,15 13,11 20,14 27,17 27,20 0,20",
    "bag": "4,12 9,12 11,5 17,5 19,12 24,12 26,26 2,26",
    "ankle boot": "15,3 25,3 25,26 3,26 2,21 13,16",
}
SONNET = """\
Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date:
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance, or nature's changing course, untrimm'd;
But thy eternal summer shall not fade
Nor lose possession of that fair thou owest;
Nor shall Death brag thou wander'st in his shade,
When in eternal lines to time thou growest:
So long as men can breathe or eyes can see,
So long lives this, and this gives life to thee.
"""


@pytest.fixture(scope="module")
def trained():
    """Return a function: ``load_trained``, which loads each network once."""
    return functools.cache(load_trained)


def real(load, name):
    """Return a real data set, or skip the test where it is not on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNLAB_OFFLINE", "1")
        try:
            return load(name)
        except FileNotFoundError:
            pytest.skip(f"{name} is not on this machine")


def nats(model, x, y):
    """Return −ln p of each next character, (rows, length)."""
    log_p = log_softmax(model.predict(x, batch_size=64, verbose=0), axis=-1)
    return -np.take_along_axis(log_p, np.asarray(y)[..., None], axis=-1)[..., 0]


def accuracy(model, x, y):
    return np.mean(model.predict(x, batch_size=500, verbose=0).argmax(axis=-1) == y)


def drawing(corners):
    picture = Image.new("L", (112, 112))
    numbers = [4 * int(number) for number in corners.replace(",", " ").split()]  # x, y, x, y, …
    ImageDraw.Draw(picture).polygon(numbers, fill=170)
    return np.asarray(picture.resize((28, 28), Image.Resampling.BOX), np.float32) / 255


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_small_in_float32_and_has_a_card(trained, name):
    model = trained(name)
    assert (loading.FOLDER / f"{name}.npz").stat().st_size <= 1_900_000
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    card = (loading.FOLDER / f"{name}.md").read_text("utf-8")
    assert f'load_trained("{name}")' in card
    assert "Licence of the data: " in card
    assert "## As it ships" in card
    assert "quick run" not in card


def test_all_files_are_listed_and_together_at_most_5_mb():
    files = sorted(loading.FOLDER.glob("*.npz"))
    assert [path.stem for path in files] == sorted(NAMES)
    assert sum(path.stat().st_size for path in files) <= 5_000_000
    for line in loading.SUMS.read_text("utf-8").splitlines():
        sha256, file = line.split()
        assert hashlib.sha256((loading.FOLDER / file).read_bytes()).hexdigest() == sha256


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r"no trained model 'mnist'; there are .*mnist_cnn, "):
        load_trained("mnist")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "is damaged: its SHA-256 is not "),
        (lambda content: content[:500] + b"?" + content[501:], "is damaged"),
        (lambda content: content + bytes(2_000_000), "is damaged"),
        (lambda content: None, "is missing: install nnlab again"),
    ],
)
def test_a_file_that_is_not_as_published_is_refused(tmp_path, monkeypatch, damage, message):
    content = damage((loading.FOLDER / "mnist_mlp.npz").read_bytes())
    if content is not None:
        (tmp_path / "mnist_mlp.npz").write_bytes(content)
    monkeypatch.setattr(loading, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=message):
        load_trained("mnist_mlp")


def test_rounding_moves_a_number_by_at_most_half_a_step_of_its_column(
    tmp_path, monkeypatch, set_policy
):
    set_policy("mixed_bfloat16")
    model = build_cnn((8, 8, 1), 3, filters=(4, 8), units=(5,), shift=0.1)
    set_policy("float32")
    monkeypatch.setattr(loading, "FOLDER", tmp_path)
    monkeypatch.setattr(loading, "SUMS", tmp_path / "SHA256SUMS")
    weights = [weight + 0.01 for weight in model.get_weights()]
    weights[-2][:, 1] = 0  # a column without a scale
    model.set_weights(weights)
    content = loading.pack(model)
    (tmp_path / "mine.npz").write_bytes(content)
    loading.SUMS.write_text(f"{hashlib.sha256(content).hexdigest()}  mine.npz\n")
    loaded = load_trained("mine")
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    for before, after in zip(weights, loaded.get_weights(), strict=True):
        steps = np.abs(before).max(axis=tuple(range(before.ndim - 1))) / 127
        limit = 0.501 * steps if before.ndim > 1 else 0
        assert np.all(np.abs(after - before) <= limit)


@pytest.mark.parametrize(("name", "least"), [("mnist_mlp", 0.5), ("mnist_cnn", 0.65)])
def test_digits_of_other_people_are_read(trained, name, least):
    data = load_images("digits")  # smaller ones, which neither has seen
    x = data.x_test / np.float32(255)
    assert accuracy(trained(name), x, data.y_test) >= least


def test_clothes_that_are_drawn_are_told_apart(trained):
    classes = ["T-shirt/top", "trouser", "pullover", "dress", "coat"]
    classes += ["sandal", "shirt", "sneaker", "bag", "ankle boot"]  # as load_trained says
    x = np.stack([drawing(corners) for corners in CLOTHES.values()])[..., None]
    answers = trained("fashion_mnist_cnn").predict(x, verbose=0).argmax(axis=-1)
    right = [classes[k] == name for k, name in zip(answers, CLOTHES, strict=True)]
    assert sum(right) >= 5, dict(zip(CLOTHES, [classes[k] for k in answers], strict=True))


def test_a_sonnet_is_less_of_a_surprise_than_the_same_characters_in_disorder(trained):
    ids = Vocabulary(CHARACTERS).encode(SONNET)
    mixed = np.random.default_rng(0).permutation(ids)
    x = np.stack([ids, mixed])
    verse, disorder = nats(trained("tiny_shakespeare_rnn"), x[:, :-1], x[:, 1:]).mean(axis=1)
    assert verse < 1.6
    assert disorder > 2 * verse


def test_text_can_be_written(trained):
    sampler = build_sampler(trained("tiny_shakespeare_rnn"))
    # XLA takes longer to compile it than TensorFlow alone takes for all; JAX has nothing else.
    sampler.compile(jit_compile=keras.backend.backend() == "jax")
    text = generate_text(sampler, Vocabulary(CHARACTERS), "ROMEO:", 60, temperature=0)
    assert text.startswith("ROMEO:\n")
    assert " the " in text or "I " in text


def test_generated_digits_are_those_that_were_asked_for(trained):
    labels = np.arange(200) % 10
    noise = np.random.default_rng(0).normal(size=(200, 24)).astype(np.float32)
    images = trained("mnist_dcgan").predict([noise, labels], verbose=0)
    assert images.shape == (200, 28, 28, 1)
    assert images.min() < -0.99
    assert images.max() > 0.9
    assert accuracy(trained("mnist_cnn"), (images + 1) / 2, labels) >= 0.95


@pytest.mark.parametrize(
    ("name", "dataset", "least"),
    [
        ("mnist_mlp", "mnist", 0.975),
        ("mnist_cnn", "mnist", 0.99),
        ("mnist_student", "mnist", 0.98),
        ("fashion_mnist_cnn", "fashion_mnist", 0.91),
    ],
)
def test_real_test_images_are_read_as_published(trained, name, dataset, least):
    data = real(load_images, dataset)
    x = data.x_test[:2000] / np.float32(255)
    assert accuracy(trained(name), x, data.y_test[:2000]) >= least


def test_the_last_tenth_of_shakespeare_is_read_as_published(trained):
    text = real(load_text, "tiny_shakespeare").text
    assert Vocabulary.from_text(text).characters == CHARACTERS
    ids = Vocabulary(CHARACTERS).encode(text)[int(0.9 * len(text)) :]
    x, y = stateful_batches(ids, (len(ids) - 1) // 64, batch_size=64)
    assert nats(trained("tiny_shakespeare_rnn"), x[:, :200], y[:, :200]).mean() < 1.48


def test_a_loaded_network_can_be_trained_on(trained):
    model = load_trained("mnist_mlp")
    data = load_images("digits")
    x = data.x_train[:64] / np.float32(255)
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    before = model.evaluate(x, data.y_train[:64], verbose=0)
    model.fit(x, data.y_train[:64], epochs=3, verbose=0)
    assert model.evaluate(x, data.y_train[:64], verbose=0) < before
