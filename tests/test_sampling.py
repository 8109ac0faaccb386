import keras
import numpy as np
import pytest

from nnlab import sampling
from nnlab.models import build_char_rnn
from nnlab.text import Vocabulary

VOCABULARY = Vocabulary("abcdefgh")
CELLS = ["simple_rnn", "lstm", "gru"]


def contrasted(model, factor):
    """Return the model with larger weights: its probabilities are then far from even."""
    model.set_weights([weights * factor for weights in model.get_weights()])
    return model


def char_rnn(cell, **settings):
    keras.utils.set_random_seed(1)
    return contrasted(build_char_rnn(8, cell=cell, embedding_dim=5, **settings), 3)


@pytest.fixture(scope="module")
def built(helper):
    """A network and its sampler, which is compiled once for all tests that write with it."""
    model = char_rnn("gru", units=(12,))
    return model, helper(sampling.build_sampler)(model)


@pytest.fixture
def model(built):
    """The network, whose weights a test may change: the next one finds the old ones."""
    weights = built[0].get_weights()
    yield built[0]
    built[0].set_weights(weights)


@pytest.fixture
def sampler(built):
    return built[1]


@pytest.fixture
def generate(helper, sampler):
    def call(*args, **settings):
        return helper(sampling.generate_text)(sampler, VOCABULARY, *args, **settings)

    return call


@pytest.fixture
def stream(helper, sampler):
    def call(*args, **settings):
        return helper(sampling.stream_text)(sampler, VOCABULARY, *args, **settings)

    return call


def next_probabilities(model, text):
    """Return the probabilities of the character after a text, by the whole model over all of it."""
    logits = keras.ops.convert_to_numpy(model(VOCABULARY.encode(text)[None]))[0, -1].astype(float)
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


# ---- what is drawn -------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_at_temperature_zero_the_character_that_the_whole_model_finds_most_probable_is_written(
    cell, helper
):
    model = char_rnn(cell, units=(12, 10), dropout=0.5)
    rng = np.random.default_rng(5)  # each backend draws its own weights, and some write one letter
    model.set_weights([rng.normal(size=weights.shape) for weights in model.get_weights()])
    sampler = helper(sampling.build_sampler)(model)
    if cell == "gru":  # which XLA compiles for the tests below; it takes longer than TensorFlow
        sampler.compile(jit_compile=keras.backend.backend() == "jax")
    written = sampling.generate_text(sampler, VOCABULARY, "abca", 40, temperature=0)
    ids = VOCABULARY.encode(written)
    logits = keras.ops.convert_to_numpy(model(ids[None, :-1]))[0]  # of what comes after each
    assert (written[:4], len(ids)) == ("abca", 44)
    np.testing.assert_array_equal(ids[4:], logits[3:].argmax(axis=1))
    assert len(set(written[4:])) > 2


@pytest.mark.parametrize(
    "settings", [{}, {"temperature": 0.5}, {"top_k": 3}, {"top_p": 0.6}], ids=str
)
def test_characters_are_drawn_with_the_probabilities_of_the_model(settings, model, sampler):
    contrasted(model, 1.3)
    expected = next_probabilities(model, "cab") ** (1 / settings.get("temperature", 1))
    order = np.argsort(-expected)
    if "top_k" in settings:
        expected[order[3:]] = 0
    if "top_p" in settings:
        expected[order[np.searchsorted(np.cumsum(expected[order]), 0.6) + 1 :]] = 0
        assert 1 < (expected > 0).sum() < 8
    count = 20_000
    texts = sampling.generate_text(sampler, VOCABULARY, ["cab"] * count, 1, seed=0, **settings)
    drawn = [VOCABULARY.encode(text[-1])[0] for text in texts]
    shares = np.bincount(drawn, minlength=8) / count
    noise = 5 * np.sqrt(0.25 / count)
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=noise)


def test_the_sampler_shares_the_weights_of_the_model(model, sampler):
    before = sampling.generate_text(sampler, VOCABULARY, "a", 60, temperature=0)
    model.set_weights([weights[..., ::-1].copy() * 2 for weights in model.get_weights()])
    after = sampling.generate_text(sampler, VOCABULARY, "a", 60, temperature=0)
    assert before != after
    assert after[1] == VOCABULARY.characters[next_probabilities(model, "a").argmax()]


@pytest.mark.parametrize("cell", CELLS)
def test_in_mixed_precision_ids_beyond_256_are_written_and_drawing_is_done_in_float32(
    cell, helper, set_policy
):
    set_policy("mixed_bfloat16")
    vocabulary = Vocabulary("".join(map(chr, range(33, 733))))
    keras.utils.set_random_seed(1)
    model = contrasted(build_char_rnn(700, cell=cell, units=(16,), embedding_dim=8), 3)
    sampler = helper(sampling.build_sampler)(model)
    # XLA takes longer to compile it than TensorFlow alone takes for all; JAX has nothing else.
    sampler.compile(jit_compile=keras.backend.backend() == "jax")
    assert sampler.compute_dtype == "float32"
    first = vocabulary.characters[0]
    text = sampling.generate_text(sampler, vocabulary, first, 20, temperature=0)
    ids = vocabulary.encode(text)
    logits = keras.ops.convert_to_numpy(model(ids[None, :-1]))[0]
    assert ids.max() > 256
    # What is nearly even may be rounded either way.
    written = logits[np.arange(20), ids[1:]]
    assert (logits.max(axis=1) - written).max() < 0.02 * logits.std()


# ---- texts ---------------------------------------------------------------------------------------


def test_generated_text_is_the_prompt_and_as_many_new_characters(generate):
    for length in (0, 1, 31, 32, 33, 70):
        written = generate("head", length)
        assert written.startswith("head")
        assert len(written) == 4 + length


def test_a_long_prompt_is_kept_whole(generate):
    prompt = "abcdefgh" * 15
    assert generate(prompt, 40).startswith(prompt)
    assert len(generate(prompt, 40)) == len(prompt) + 40


def test_the_same_seed_writes_the_same_and_another_seed_or_none_otherwise(generate):
    assert generate("he", 60, seed=1) == generate("he", 60, seed=1) != generate("he", 60, seed=2)
    assert generate("he", 60) != generate("he", 60)


def test_streamed_pieces_join_to_the_same_text(generate, stream):
    pieces = list(stream("head", 100, seed=3, temperature=0.9, top_k=5, top_p=0.9))
    assert len(pieces) > 3
    text = generate("head", 100, seed=3, temperature=0.9, top_k=5, top_p=0.9)
    assert "".join(pieces) == text


def test_prompts_of_unlike_length_are_continued_side_by_side(generate):
    texts = generate(["h", "added"], 40, temperature=0)
    assert [len(each) for each in texts] == [41, 45]
    assert texts == [generate("h", 40, temperature=0), generate("added", 40, temperature=0)]


def test_numbers_of_numpy_are_taken_like_those_of_python(generate):
    settings = {"temperature": 0.8, "top_k": 5, "top_p": 0.9, "seed": 3}
    numbers = {name: np.array(value)[()] for name, value in settings.items()}
    expected = generate("he", 40, **settings)
    assert generate(np.str_("he"), np.int64(40), **numbers) == expected
    assert generate(np.array(["he"]), np.int64(40), **numbers) == [expected]


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_p": 1.1},
        {"top_k": 0},
    ],
    ids=str,
)
def test_a_setting_outside_its_range_is_refused(generate, stream, settings):
    with pytest.raises(ValueError, match="expected temperature ≥ 0"):
        generate("he", 5, **settings)
    with pytest.raises(ValueError, match="expected temperature ≥ 0"):
        stream("he", 5, **settings)


@pytest.mark.parametrize(("prompt", "length"), [("", 5), ([], 5), (["h", ""], 5), ("h", -1)])
def test_an_empty_prompt_or_a_negative_length_is_refused(generate, prompt, length):
    with pytest.raises(ValueError, match="expected prompts of one character or more"):
        generate(prompt, length)


def test_a_stream_of_several_texts_is_refused(stream):
    with pytest.raises(ValueError, match=r"expected one prompt, a str, got \['h', 'e'\]"):
        stream(["h", "e"], 5)


@pytest.mark.parametrize("characters", ["abc", "abcdefghi"])
def test_a_vocabulary_of_another_size_than_the_networks_is_refused(characters, helper, sampler):
    for write in (sampling.generate_text, sampling.stream_text):
        with pytest.raises(
            ValueError, match=f"knows 8 characters, the vocabulary {len(characters)}"
        ):
            helper(write)(sampler, Vocabulary(characters), "a", 5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("temperature", [0, 1])
@pytest.mark.parametrize("places", [slice(None), slice(3, 4)], ids=["all", "one"])
def test_a_network_whose_logits_are_not_finite_is_refused(
    value, temperature, places, model, sampler
):
    bias = model.layers[-1].bias
    changed = keras.ops.convert_to_numpy(bias).copy()
    changed[places] = value
    bias.assign(changed)
    with pytest.raises(ValueError, match="logits that are NaN or infinite"):
        sampling.generate_text(sampler, VOCABULARY, "ab", 5, temperature=temperature)


@pytest.mark.parametrize("temperature", [1e-5, 1e-38, 1e-300])
def test_a_tiny_temperature_writes_what_temperature_zero_writes(generate, temperature):
    expected = generate("head", 60, temperature=0)
    assert len(set(expected)) > 2
    assert generate("head", 60, temperature=temperature) == expected


def test_at_temperature_zero_no_seed_makes_a_difference_even_if_all_are_equally_probable(
    model, sampler
):
    contrasted(model, 0)
    assert sampling.generate_text(sampler, VOCABULARY, "h", 9, temperature=0) == "haaaaaaaaa"
