"""Beam search, beside the search through all answers and a greedy loop over the whole network."""

import itertools

import keras
import numpy as np
import pytest

from nnlab import decoding, models

START = 1
END = 2
IDS = 6  # 0 is padding, 3 to 5 are words
SOURCES = [[3, 4, 5, 3], [5], [4, 4], [3, 5, 4], [5, 4, 3, 3, 4]]
BUILDERS = {
    "transformer": ("Transformer", {"width": 8, "heads": 2, "units": 8, "decoder_depth": 1}),
    "recurrent": ("RecurrentTranslator", {"width": 8, "units": 8}),
}


@pytest.fixture
def search(helper):
    def search(model, sources, *, beams=4, max_length=40, **settings):
        beam_search = helper(decoding.BeamSearch)
        limits = {"beams": beams, "max_length": max_length}
        return beam_search(model, start=START, end=END, **limits)(sources, **settings)

    return search


def build(name):
    """Return a network of random weights, which finds other answers to other sources."""
    builder, settings = BUILDERS[name]
    network = getattr(models, builder)(IDS, **settings)
    rng = np.random.default_rng(5)
    weights = network.get_weights()
    tables = [rng.normal(0, 1.5, each.shape) if each.ndim > 1 else each for each in weights]
    network.set_weights(tables)
    return network


@pytest.fixture(params=BUILDERS)
def network(request):
    return build(request.param)


class Chain(keras.Model):
    """Writes by a table: row i holds the logits of what follows id i, whatever the source."""

    def __init__(self, table):
        super().__init__()
        self.table = np.asarray(table, "float32")
        self.built = True  # there are no weights

    def start(self, source, length):
        return [source], [keras.ops.cast(source, "float32")]

    def step(self, ids, place, memory, cache):
        return keras.ops.take(keras.ops.convert_to_tensor(self.table), ids, axis=0), cache


def chain(follows):
    """Return a Chain of probabilities, {id: {next id: probability}}."""
    table = np.full((IDS, IDS), 1e-9)
    for before, probabilities in follows.items():
        for after, probability in probabilities.items():
            table[before, after] = probability
    return Chain(np.log(table))


def padded(rows):
    table = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return table


def log_probabilities(network, sources, beginnings):
    """Return those of what follows each id of some beginnings, ``(n, length, ids)``, by call."""
    inputs = {"source": padded(sources), "target": padded(beginnings)}
    logits = keras.ops.convert_to_numpy(network(inputs)).astype("float64")
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def greedy(network, sources, max_length):
    """Return what the whole network finds most probable, each time."""
    ids = [[START] for _ in sources]
    for place in range(max_length):
        told = log_probabilities(network, sources, ids)[:, place, 1:]
        for row, following in zip(ids, 1 + told.argmax(axis=-1), strict=True):
            row.append(int(following))
    return [row[1 : row.index(END) if END in row else None] for row in ids]


def totals(network, sources, answers, max_length):
    """Return the sum of each answer's log probabilities, with the end or whatever follows it."""
    sums = []
    told = log_probabilities(network, sources, [[START, *answer] for answer in answers])
    for answer, rows in zip(answers, told, strict=True):
        following = rows[len(answer)]
        last = following[END] if len(answer) < max_length else following[1:].max()
        sums.append(last + sum(rows[place, each] for place, each in enumerate(answer)))
    return sums


def best_of_all(network, source, max_length, power):
    """Return the best answer of all that there are."""
    written = [each for each in range(1, IDS) if each != END]
    beginnings = list(itertools.product([START], *[written] * max_length))
    found = {}
    logs = log_probabilities(network, [source] * len(beginnings), beginnings)
    for ids, told in zip(beginnings, logs, strict=True):
        total = 0
        for place in range(max_length):
            size = place + 1
            found[ids[1:size]] = (total + told[place, END]) / size**power
            total += told[place, ids[size]]
        found[ids[1:]] = (total + told[max_length, 1:].max()) / (max_length + 1) ** power
    return list(max(found, key=found.get))


# ---- what is found -------------------------------------------------------------------------------


def test_one_beam_writes_what_the_whole_network_finds_most_probable_each_time(network, search):
    expected = greedy(network, SOURCES, 6)
    assert len(set(map(tuple, expected))) > 1
    assert search(network, SOURCES, beams=1, max_length=6, batch_size=2) == expected


def test_with_a_beam_for_each_beginning_the_best_of_all_answers_is_found(network, helper):
    limits = {"beams": 400, "max_length": 3}
    search = helper(decoding.BeamSearch)(network, start=START, end=END, **limits)
    for power in (0, 1):
        expected = [best_of_all(network, source, 3, power) for source in SOURCES]
        assert len(set(map(tuple, expected))) > 1
        assert search(SOURCES, length_penalty=power, batch_size=3) == expected, power


def test_more_beams_find_more_probable_answers(search):
    network = build("transformer")
    rng = np.random.default_rng(1)
    sources = [rng.integers(3, IDS, size) for size in rng.integers(1, 6, 20)]
    found = {}
    for beams in (1, 4):
        answers = search(network, sources, beams=beams, max_length=5, length_penalty=0)
        found[beams] = np.mean(totals(network, sources, answers, 5))
    assert found[4] > found[1] + 0.01


def test_a_beam_is_kept_that_is_worse_at_first(search):
    end_late = {3: 0.34, 4: 0.33, END: 0.33}
    model = chain({START: {3: 0.6, 4: 0.4}, 3: end_late, 4: {END: 0.9, 3: 0.1}})
    assert search(model, [[3]], beams=2, max_length=4, length_penalty=0) == [[4]]
    assert search(model, [[3]], beams=1, max_length=4, length_penalty=0) == [[3, 3, 3, 3]]


def test_the_power_of_the_length_chooses_between_short_and_long(search):
    long = {3: {4: 0.8, 5: 0.2}, 4: {5: 0.8, 3: 0.2}, 5: {END: 0.8, 4: 0.2}}
    model = chain({START: {END: 0.45, 3: 0.55}} | long)  # 0.45 is more than 0.55 · 0.8³
    found = {power: search(model, [[3]], length_penalty=power)[0] for power in (0, 1)}
    assert found == {0: [], 1: [3, 4, 5]}


@pytest.mark.parametrize("beams", [1, 3])
def test_an_answer_that_does_not_end_is_cut(search, beams):
    model = chain({START: {3: 1.0}, 3: {4: 1.0}, 4: {3: 1.0}})
    assert search(model, [[3], [4, 5]], beams=beams, max_length=3) == [[3, 4, 3], [3, 4, 3]]


def test_padding_is_never_written(search):
    model = chain({START: {0: 0.9, 3: 0.1}, 3: {0: 0.9, END: 0.1}})
    assert search(model, [[3]], beams=2) == [[3]]


def test_there_may_be_more_beams_than_ids_or_beginnings(search):
    model = chain({START: {3: 0.6, 4: 0.4}, 3: {END: 0.5, 3: 0.5}, 4: {END: 1.0}})
    assert search(model, [[3]], beams=50, max_length=1, length_penalty=0) == [[4]]


def test_no_sources_have_no_answers(search):
    assert search(chain({}), []) == []


def test_what_numpy_gives_is_taken(search):
    network = build("transformer")
    expected = search(network, [[3, 4, 5], [5, 4, 3]], beams=2, max_length=4)
    helped = {"beams": np.int64(2), "max_length": np.int64(4), "batch_size": np.int64(64)}
    sources = np.array([[3, 4, 5, 0], [5, 4, 3, 0]])
    answers = search(network, sources, length_penalty=np.float64(1), **helped)
    assert answers == expected
    assert {type(each) for each in answers[0]} <= {int}


def test_it_may_be_asked_again_also_when_the_network_has_learned_more(helper):
    network = build("transformer")
    search = helper(decoding.BeamSearch)(network, start=START, end=END, beams=1, max_length=6)
    first = search(SOURCES)
    assert search(SOURCES[::-1]) == first[::-1]
    network.set_weights([-each for each in network.get_weights()])
    assert search(SOURCES) == greedy(network, SOURCES, 6) != first


@pytest.mark.parametrize("name", BUILDERS)
def test_in_mixed_precision_nearly_the_most_probable_is_written(name, search, set_policy):
    set_policy("mixed_bfloat16")
    network = build(name)
    answers = search(network, SOURCES, beams=1, max_length=6)
    written = totals(network, SOURCES, answers, 6)
    best = totals(network, SOURCES, greedy(network, SOURCES, 6), 6)
    np.testing.assert_allclose(written, best, atol=0.2)


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "settings", "told"),
    [
        ([[3], []], {}, "expected sources of one id or more"),
        ([[3]], {"beams": 0}, "expected beams and max_length ≥ 1, got beams=0"),
        ([[3]], {"max_length": 0}, "expected beams and max_length ≥ 1"),
        ([[3]], {"batch_size": 0}, "and batch_size ≥ 1, got .* batch_size=0"),
        ([[3]], {"batch_size": -1}, "and batch_size ≥ 1"),
    ],
    ids=str,
)
def test_an_empty_source_and_numbers_below_one_are_refused(search, sources, settings, told):
    with pytest.raises(ValueError, match=told):
        search(chain({}), sources, **settings)


def test_a_network_that_gives_nan_is_refused(search):
    with pytest.raises(ValueError, match="logits that are NaN: its training diverged"):
        search(Chain(np.full((IDS, IDS), np.nan)), [[3]])


def test_a_network_that_only_writes_is_refused(search):
    network = models.Transformer(IDS, width=8, heads=2, units=8, encoder_depth=0)
    with pytest.raises(ValueError, match="encoder_depth=0 reads no source"):
        search(network, [[3]])
