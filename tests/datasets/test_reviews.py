"""Reviews: those of IMDb from whatever archive they come, and the opinions in their place."""

import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from nnlab.datasets import _files, load_reviews, reviews

pytestmark = pytest.mark.usefixtures("cache_folder")

MEMBERS = {
    "train/neg/0_3.txt": b"Dull.<br /><br />Very dull.",
    "train/neg/10_1.txt": b"The worst.",
    "train/neg/9_4.txt": b"Not good.",
    "train/pos/0_9.txt": "Amélie is lovely – I “smiled”.".encode(),
    "train/pos/2_7.txt": b"Not bad at all.\n",
    "test/neg/1_2.txt": b"Poor.",
    "test/pos/5_10.txt": b"A masterpiece.",
}
OTHERS = {  # what else the published archive holds
    "README": b"Large Movie Review Dataset v1.0",
    "imdb.vocab": b"the\nand\n",
    "imdbEr.txt": b"0.0490\n",
    "train/labeledBow.feat": b"9 0:9 1:1\n",
    "train/unsup/0_0.txt": b"Nobody knows.",
    "train/urls_pos.txt": b"http://www.imdb.com/title/tt0453418/usercomments\n",
    "test/urls_neg.txt": b"http://www.imdb.com/title/tt0406816/usercomments\n",
}


def official(members=MEMBERS):
    """Return what the published tar holds."""
    return {f"aclImdb/{name}": content for name, content in (OTHERS | members).items()}


@pytest.fixture
def put(shrunk):
    """Return a function that puts an archive into a provided folder; imdb is tiny here."""
    return shrunk(reviews.DATASETS, "imdb", MEMBERS)


# ---- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("aclImdb_v1.tar.gz", official()),
        ("aclImdb_labelled.tar.gz", {f"aclImdb/{name}": each for name, each in MEMBERS.items()}),
        ("data only.zip", MEMBERS),
        ("other order.tar", dict(reversed(official().items()))),
    ],
    ids=["official", "labelled", "data only", "other order"],
)
def test_reviews_are_read_from_the_official_archive_and_from_any_that_holds_them(
    put, name, members
):
    path = put(name, members)
    data = load_reviews("imdb")
    assert data.x_train[0] == "Dull.<br /><br />Very dull."
    assert data.x_train[3:] == ("Amélie is lovely – I “smiled”.", "Not bad at all.\n")
    assert data.x_test == ("Poor.", "A masterpiece.")
    assert (data.class_names, data.num_classes) == (("negative", "positive"), 2)
    assert (data.name, data.license) == ("imdb", "none stated")
    assert "Maas" in data.source
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


def test_labels_and_stars_come_from_the_paths_negative_first_and_by_number(put):
    put("a.tar.gz", official())
    data = load_reviews("imdb")
    assert data.x_train[1:3] == ("Not good.", "The worst.")  # 9 comes before 10
    assert data.y_train.tolist() == [0, 0, 0, 1, 1]
    assert data.stars_train.tolist() == [3, 4, 1, 9, 7]
    assert data.y_test.tolist() == [0, 1]
    assert data.stars_test.tolist() == [2, 10]
    arrays = (data.y_train, data.stars_train, data.y_test, data.stars_test)
    assert {array.dtype for array in arrays} == {np.dtype("uint8")}


# ---- what is refused -----------------------------------------------------------------------------


POOR = "test/neg/1_2.txt"
TAMPERED = MEMBERS | {POOR: b"Pour."}
RATED_ANEW = dict(MEMBERS)
RATED_ANEW["test/neg/1_1.txt"] = RATED_ANEW.pop(POOR)
LATIN = MEMBERS | {"train/pos/0_9.txt": "Amélie is lovely.".encode("latin-1")}
SHORTER = dict(list(MEMBERS.items())[:-1])
LONGER = MEMBERS | {"test/pos/6_8.txt": b"x" * 2**16}
CLIMBS = {"../../../train/pos/1_8.txt": b"x"}


@pytest.mark.parametrize(
    ("content", "cut", "got"),
    [
        (official(TAMPERED), None, "7 data members with sha256"),
        (official(RATED_ANEW), None, "7 data members with sha256"),
        (official(LATIN), None, "7 data members with sha256"),
        (official(SHORTER), None, "6 data members with sha256"),
        (official(LONGER), None, "got more than"),
        (official(MEMBERS | {f"again/{POOR}": b""}), None, f"{POOR} twice"),
        (official(MEMBERS | CLIMBS), None, "a path that leads outside"),
        (official(), -100, "no whole archive"),
        (b"<html>Please log in</html>", None, "no whole archive"),
    ],
    ids=[
        *("tampered", "rated anew", "latin-1", "missing", "too much", "twice", "climbing"),
        *("cut", "web page"),
    ],
)
def test_an_archive_with_anything_else_is_refused_and_left_as_it_is(put, content, cut, got):
    path = put("aclImdb_v1.tar.gz", content, cut=cut)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"is damaged: expected .* bytes in train/neg/") as error:
        load_reviews("imdb", offline="opinions")
    assert got in str(error.value)
    assert _files.state(reviews.DATASETS["imdb"]) == "damaged"
    assert path.read_bytes() == before


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no review data set .* known are imdb, opinions\."):
        load_reviews("films")
    with pytest.raises(ValueError, match="cannot stand in for imdb"):
        load_reviews("imdb", offline="digits")


def test_without_a_network_the_error_names_the_stand_in_which_has_the_same_classes():
    with pytest.raises(FileNotFoundError, match='load with offline="opinions"'):
        load_reviews("imdb")
    with pytest.warns(UserWarning, match="opinions stands in for imdb"):
        data = load_reviews("imdb", offline="opinions")
    assert data.name == "opinions"
    assert data.class_names == reviews.DATASETS["imdb"].class_names


# ---- opinions ------------------------------------------------------------------------------------


def test_opinions_are_small_reviews_the_same_each_time():
    data = load_reviews("opinions")
    assert (len(data.x_train), len(data.x_test)) == (1200, 400)
    for y, stars in ((data.y_train, data.stars_train), (data.y_test, data.stars_test)):
        assert np.array_equal(y, np.sort(y))
        assert y.mean() == 0.5
        assert np.array_equal(y == 1, stars >= 7)
        assert set(stars.tolist()) == {1, 2, 3, 4, 7, 8, 9, 10}
    lengths = [len(text.split()) for text in data.x_train]
    assert 8 < min(lengths) < max(lengths) < 90
    again = load_reviews("opinions")
    assert (again.x_train, again.x_test) == (data.x_train, data.x_test)


def test_opinions_can_be_told_by_their_words_and_better_by_pairs_of_them():
    data = load_reviews("opinions")
    scores = {}
    for longest in (1, 2):
        count = CountVectorizer(ngram_range=(1, longest), token_pattern=r"[\w']+")
        x = count.fit_transform(data.x_train)
        model = LogisticRegression(max_iter=1000).fit(x, data.y_train)
        scores[longest] = model.score(count.transform(data.x_test), data.y_test)
    assert 0.7 < scores[1] < scores[2] < 0.99
    denied = [bool(re.search(r"\b(not|never|cannot)\b|n't", text)) for text in data.x_train]
    assert 0.5 < np.mean(denied) < 0.95
