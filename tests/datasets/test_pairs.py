"""Sentence pairs: those of Tatoeba from whatever archive they come, and phrases in their place."""

import re
from collections import Counter

import pytest

from nnlab.datasets import _files, load_pairs, pairs

pytestmark = pytest.mark.usefixtures("cache_folder")

LINES = (
    "Go.\tVe.\n"
    "Go.\tVete.\n"
    "Who?\t¿Quién?\n"
    "It's 9\u00a0p.m.\tSon las 9\u00a0p.\u00a0m.\n"
    "How\u2028are you?\t¿Cómo\u2028estás?\n"  # a line of its own to some, here none
    "I'm tired.\tEstoy cansada.\n"
    "Go.\tVe.\n"
)
MEMBERS = {"spa.txt": LINES.encode()}
ABOUT = {"_about.txt": b"** Info **\n\nDate of this file:\n  2018-04-07\n"}


@pytest.fixture
def put(shrunk):
    """Return a function that puts an archive into a provided folder; spa_eng is tiny here."""
    return shrunk(pairs.DATASETS, "spa_eng", MEMBERS)


# ---- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("spa-eng.zip", ABOUT | MEMBERS),
        ("spa-eng.zip", {f"spa-eng/{name}": each for name, each in (ABOUT | MEMBERS).items()}),
        ("without notes.tar.gz", MEMBERS),
        ("other order.tar", MEMBERS | ABOUT),
    ],
    ids=["official", "in a folder", "data only", "other order"],
)
def test_pairs_are_read_from_the_official_archive_and_from_any_that_holds_them(put, name, members):
    path = put(name, members)
    data = load_pairs("spa_eng")
    assert data.sources[:3] == ("Go.", "Go.", "Who?")
    assert data.targets[:3] == ("Ve.", "Vete.", "¿Quién?")
    assert len(data.sources) == len(data.targets) == 7
    assert (data.name, data.license) == ("spa_eng", "CC BY 2.0 FR")
    assert "tatoeba.org" in data.source and "manythings.org/anki" in data.source
    assert data.languages == ("English", "Spanish")
    assert _files.state(pairs.DATASETS["spa_eng"]) == "provided"
    assert list(path.parent.iterdir()) == [path]  # nothing is unpacked


def test_sentences_are_as_published_in_the_order_of_the_file(put):
    put("spa-eng.zip", ABOUT | MEMBERS)
    data = load_pairs("spa_eng")
    assert data.sources[3:] == ("It's 9\u00a0p.m.", "How\u2028are you?", "I'm tired.", "Go.")
    assert data.targets[4:] == ("¿Cómo\u2028estás?", "Estoy cansada.", "Ve.")


def test_the_french_pairs_that_may_lie_beside_them_are_not_taken_for_them(put):
    put("fra-eng.zip", ABOUT | {"fra.txt": b"Go.\tVa !\n"})
    assert _files.state(pairs.DATASETS["spa_eng"]) == "absent"
    put("spa-eng.zip", ABOUT | MEMBERS)
    assert load_pairs("spa_eng").targets[0] == "Ve."


# ---- what is refused -----------------------------------------------------------------------------


TAMPERED = {"spa.txt": LINES.replace("Vete", "Vote").encode()}
NEWER = {"spa.txt": LINES.replace("\n", "\tCC-BY 2.0 (France)\n").encode()}
REORDERED = {"spa.txt": "".join(reversed(LINES.splitlines(keepends=True))).encode()}
LATIN = {"spa.txt": LINES.replace("\u2028", " ").encode("latin-1")}
LONGER = {"spa.txt": (LINES + LINES).encode()}


@pytest.mark.parametrize(
    ("content", "cut", "got"),
    [
        (ABOUT | TAMPERED, None, "bytes in spa.txt with sha256"),
        (ABOUT | REORDERED, None, "bytes in spa.txt with sha256"),
        (ABOUT | LATIN, None, "bytes in spa.txt with sha256"),
        (ABOUT | NEWER, None, "got more than"),
        (ABOUT | LONGER, None, "got more than"),
        (ABOUT, None, "0 bytes in no data member"),
        (ABOUT | MEMBERS | {"again/spa.txt": b""}, None, "spa.txt twice"),
        (MEMBERS | {"../../spa.txt": b"x"}, None, "a path that leads outside"),
        (ABOUT | MEMBERS, -100, "no whole archive"),
        (b"<html>Please log in</html>", None, "no whole archive"),
    ],
    ids=[
        *("tampered", "reordered", "latin-1", "newer", "longer", "missing", "twice", "climbing"),
        *("cut", "web page"),
    ],
)
def test_an_archive_with_anything_else_is_refused_and_left_as_it_is(put, content, cut, got):
    path = put("spa-eng.zip", content, cut=cut)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"is damaged: expected .* bytes in spa\.txt") as error:
        load_pairs("spa_eng", offline="phrases")
    assert got in str(error.value)
    assert _files.state(pairs.DATASETS["spa_eng"]) == "damaged"
    assert path.read_bytes() == before


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no pair data set .* known are spa_eng, phrases\."):
        load_pairs("fra_eng")
    with pytest.raises(ValueError, match="cannot stand in for spa_eng"):
        load_pairs("spa_eng", offline="opinions")


def test_without_a_network_the_error_names_the_stand_in_which_has_the_same_languages():
    with pytest.raises(FileNotFoundError, match='load with offline="phrases"'):
        load_pairs("spa_eng")
    with pytest.warns(UserWarning, match="phrases stands in for spa_eng"):
        data = load_pairs("spa_eng", offline="phrases")
    assert (data.name, data.languages) == ("phrases", ("English", "Spanish"))


# ---- phrases -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def phrases():
    """The made-up pairs, (English, Spanish)."""
    data = load_pairs("phrases")
    return list(zip(data.sources, data.targets, strict=True))


def words(text):
    return re.findall(r"\w+", text)


def test_phrases_are_3_000_distinct_pairs_short_ones_first_the_same_each_time(phrases):
    assert len(phrases) == len(set(phrases)) == 3000
    lengths = [len(english) for english, _ in phrases]
    assert lengths == sorted(lengths)
    assert lengths[0] <= 10 < 45 < lengths[-1]
    data = load_pairs("phrases")
    assert list(zip(data.sources, data.targets, strict=True)) == phrases


def test_some_phrases_have_two_translations_as_in_the_real_set(phrases):
    counts = Counter(english for english, _ in phrases)
    assert set(counts.values()) == {1, 2}
    assert 0.1 < sum(count == 2 for count in counts.values()) / len(counts) < 0.2  # there: 0.12


def test_phrases_ask_and_deny_in_both_languages(phrases):
    for english, spanish in phrases:
        assert spanish.startswith("¿") == spanish.endswith("?") == english.endswith("?")
        assert ("not" in words(english)) == ("no" in words(spanish.lower())), (english, spanish)
        assert re.fullmatch(r"[A-Z][A-Za-z ]+[.?]", english), english
        assert re.fullmatch(r"¿?[A-ZÉ][a-záéíóúñA-Z ]+[.?]", spanish), spanish
        assert "  " not in english + spanish
        assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", english), english
    assert 0.2 < sum(english[-1] == "?" for english, _ in phrases) / 3000 < 0.35
    assert 0.2 < sum("not" in words(english) for english, _ in phrases) / 3000 < 0.35


MASCULINE = "coche carro libro mapa sombrero reloj chico hermano amigo profesor él Tom"
FEMININE = "foto silla llave flor lámpara bolsa chica hermana tía amiga profesora ella Ana"
NOUNS = dict.fromkeys(MASCULINE.split(), ("o", 1))
NOUNS |= dict.fromkeys(FEMININE.split(), ("a", 1))
NOUNS |= {f"{each}s": (gender, 2) for each, (gender, _) in NOUNS.items()}
NOUNS |= {"relojes": ("o", 2), "profesores": ("o", 2), "flores": ("a", 2)}
NOUNS |= {"ellos": ("o", 2), "nosotros": ("o", 2), "nosotras": ("a", 2)}
COMPANY = {
    ("o", 1): {"el", "al", "un", "este", "nuestro", "mi", "tu"},
    ("a", 1): {"la", "una", "esta", "nuestra", "mi", "tu"},
    ("o", 2): {"los", "dos", "estos", "nuestros", "mis", "tus"},
    ("a", 2): {"las", "dos", "estas", "nuestras", "mis", "tus"},
}
ALONE = {"él", "ella", "ellos", "ellas", "nosotros", "nosotras", "Tom", "Ana"}
FOUR_FORMS = r"(?:roj|negr|viej|barat|suci|rot|alt|ric|cansad|enferm|ocupad)([oa])(s?)"
TWO_FORMS = r"(?:verde|grande|fuerte|amable|azul(?=es|$))(?:e?(s))?"


def agrees(adjective, noun):
    """Return whether a word agrees with a noun, None where it is no adjective of these."""
    gender, number = NOUNS[noun]
    if found := re.fullmatch(FOUR_FORMS, adjective):
        return found[1] == gender and bool(found[2]) == (number == 2)
    if found := re.fullmatch(TWO_FORMS, adjective):
        return bool(found[1]) == (number == 2)
    return None


def spanish_words(text):
    """Return the words of a sentence, the first in small letters if it is no name."""
    first, *others = words(text)
    return [first if first in ALONE else first.lower(), *others]


def test_in_phrases_articles_and_adjectives_agree_with_the_noun_between_them(phrases):
    checked = Counter()
    for _, spanish in phrases:
        text = ["", *spanish_words(spanish), ""]
        for place, noun in enumerate(text):
            if noun in NOUNS.keys() - ALONE:
                assert text[place - 1] in COMPANY[NOUNS[noun]], spanish
                assert agrees(text[place + 1], noun) is not False, spanish
                assert agrees(text[place - 1], noun) is None, spanish
                checked[NOUNS[noun]] += agrees(text[place + 1], noun) is True
    assert min(checked[kind] for kind in COMPANY) > 200


def test_in_phrases_what_somebody_is_agrees_with_who_is_it(phrases):
    checked = Counter()
    for english, spanish in phrases:
        text = spanish_words(spanish)
        nouns = [word for word in text if word in NOUNS]
        if {"is", "are"} & {*words(english.lower())} and nouns:
            [noun] = nouns
            found = [agrees(word, noun) for word in text]
            assert False not in found, spanish
            checked[NOUNS[noun]] += True in found
    assert min(checked[kind] for kind in COMPANY) > 20


FORMS = {  # of I, you, he or she, we, they
    "buys?": "compro compras compra compramos compran",
    "sells?": "vendo vendes vende vendemos venden",
    "describes?": "describo describes describe describimos describen",
    "tall|rich|strong|kind": "soy eres es somos son",
    "tired|ill|busy": "estoy estás está estamos están",
}
WHO = {"i": 0, "you": 1, "he": 2, "she": 2, "tom": 2, "ann": 2, "we": 3, "they": 4}


@pytest.mark.parametrize("verb", FORMS)
def test_in_phrases_verbs_have_the_form_of_their_subject(phrases, verb):
    forms = FORMS[verb].split()
    helper = "(?:(?:am|are|is|do|does) )?"
    seen = set()
    for english, spanish in phrases:
        found = re.match(rf"{helper}(\w+) {helper}(?:not )?(?:{verb})\b", english.lower())
        if found and found[1] in WHO:
            expected = forms[WHO[found[1]]]
            assert [each for each in forms if each in spanish_words(spanish)] == [expected], spanish
            seen.add(expected)
    assert seen == {*forms}


def test_in_phrases_it_comes_before_the_verb_and_who_likes_is_whom_it_pleases(phrases):
    checked = Counter()
    for english, spanish in phrases:
        verb, last = re.findall("[a-z]+", english)[-2:]
        if verb.rstrip("s") == "sell" and last in ("it", "them"):
            assert re.search(rf"\bl[oa]{'s' * (last == 'them')} vend", spanish.lower()), spanish
            checked["before"] += 1
        if "like" in english:
            several = last == "them" or last.endswith("s")
            assert ("gustan" in words(spanish)) == several, spanish
            assert ("gusta" in words(spanish)) != several, spanish
            checked["likes"] += 1
            checked["their"] += "les" in words(spanish.lower())
    assert checked["before"] > 10
    assert checked["likes"] > checked["their"] > 100
