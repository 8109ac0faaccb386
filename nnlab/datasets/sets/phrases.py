"""Phrases: 3,000 pairs of an English and a Spanish sentence made up by a grammar, always the same.

They stand in for sentences that people translated; as there, some English ones have two right
translations. Persons are numbered (I, you, she, we, they), and forms (``el``, ``la``, ``los``,
``las``).
"""

import re
from itertools import product, starmap

import numpy as np

from nnlab.datasets.sets import Dataset


def _table(text):
    """Return {English: Spanish}; a slash stands between two translations."""
    return dict(each.split(": ") for each in text.split(", "))


NUM_PAIRS = 3000
THINGS = _table(
    "car: el coche/el carro, book: el libro, map: el mapa, photo: la foto, chair: la silla, key: "
    "la llave, hat: el sombrero, clock: el reloj, flower: la flor, lamp: la lámpara, bag: la bolsa"
)
OF_THINGS = _table(  # with the "to be" that they take
    "red: ser rojo, black: ser negro, green: ser verde, blue: ser azul, big: ser grande, cheap: "
    "ser barato, old: ser viejo, dirty: estar sucio, broken: estar roto, clean: estar limpio"
)
PEOPLE = _table(
    "boy: el chico, girl: la chica, brother: el hermano, sister: la hermana, aunt: la tía, "
    "friend: el amigo/la amiga, teacher: el profesor/la profesora"
)
OF_PEOPLE = _table(
    "tall: ser alto, rich: ser rico, strong: ser fuerte, kind: ser amable, tired: estar cansado, "
    "ill: estar enfermo, busy: estar ocupado"
)
OTHERS = _table(  # with person and form; "yo" may be left out
    "I: - 0 0/- 0 1/yo 0 0/yo 0 1, you: - 1 0/- 1 1/tú 1 0/tú 1 1, he: él 2 0, she: ella 2 1, we: "
    "- 3 2/- 3 3/nosotros 3 2/nosotras 3 3, they: ellos 4 2/ellas 4 3, Tom: Tom 2 0, Ann: Ana 2 1"
)
IT = _table("it: lo 2 0/la 2 1, them: los 4 2/las 4 3")
DETERMINERS = _table(  # of one and of several
    "the the: el la los las, this these: este esta estos estas, my my: mi mi mis mis, your your: "
    "tu tu tus tus, our our: nuestro nuestra nuestros nuestras, a two: un una dos dos"
)
VERBS = _table(
    "buy: comprar, sell: vender, need: necesitar, clean: limpiar, paint: pintar, hide: esconder, "
    "forget: olvidar, describe: describir"
)
BE = _table("ser: soy eres es somos son, estar: estoy estás está estamos están")
ENDINGS = _table("ar: o as a amos an, er: o es e emos en, ir: o es e imos en")
WHOM = ("me", "te", "le", "nos", "les")


def read(_contents):
    """Return the English sentences and the Spanish ones, short English ones first."""
    rng = np.random.default_rng(0)
    pairs = []
    seen = set()
    while len(pairs) < NUM_PAIRS:
        english, spanish = _sentence(rng)
        if english not in seen:
            chosen = rng.choice(spanish, 2 if rng.random() < 0.4 else 1)
            pairs += [(english, str(each)) for each in dict.fromkeys(chosen)]
        seen.add(english)
    pairs = sorted(pairs[:NUM_PAIRS], key=lambda pair: len(pair[0]))
    return tuple(zip(*pairs, strict=True))


def _sentence(rng):
    """Return an English sentence and its translations, some more than once."""
    verb = _pick(["be", "be", "like", "like", *VERBS], rng)
    who, subjects = _word(OTHERS, rng)
    if rng.random() < 0.5:
        who, subjects = _noun(PEOPLE, OF_PEOPLE, verb, rng)
    what, objects = _word(IT, rng)
    if rng.random() < 0.8:
        what, objects = _noun(THINGS, OF_THINGS, verb, rng)
    traits = OF_PEOPLE
    if verb == "be" and rng.random() < 0.5:
        who = what
        subjects = [("" if what in IT else word, person, form) for word, person, form in objects]
        traits = OF_THINGS
    if verb == "be":
        what = _pick(traits, rng)
        objects = [(traits[what], 0, 0)]
    mood = _pick("..-?", rng)
    spanish = []
    for subject, does, rest in starmap(_clause, product([verb], subjects, objects)):
        spanish.append(_written([subject, "no" * (mood == "-"), does, rest], mood, "¿"))
        if mood == "?":  # the verb may also come first
            later = [subject, rest] if verb in VERBS else [rest, subject]
            spanish.append(_written([does, *later], mood, "¿"))
    return _english(who, subjects[0][1], verb, what, mood), spanish


def _english(who, person, verb, what, mood):
    helper = ("do", "do", "does", "do", "do")[person]
    finite = verb + "s" * (person == 2)
    if verb == "be":
        helper = finite = ("am", "are", "is", "are", "are")[person]
        verb = ""
    orders = {
        ".": [who, finite, what],
        "-": [who, helper, "not", verb, what],
        "?": [helper, who, verb, what],
    }
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", _written(orders[mood], mood))


def _clause(verb, subject, target):
    """Return the Spanish subject, verb and rest."""
    who, person, form = subject
    what, number, _ = target
    if verb == "be":
        be, trait = what.split()
        return who, BE[be].split()[person], _bent(trait, form)
    before, after = ("", what) if " " in what else (what, "")  # "it" comes before the verb
    if verb == "like":  # the thing pleases somebody
        whom = {"": "", "yo": "a mí", "tú": "a ti"}.get(who, f"a {who}").replace("a el ", "al ")
        return whom, f"{WHOM[person]} gusta" + "n" * (number == 4), after
    infinitive = VERBS[verb]
    ending = ENDINGS[infinitive[-2:]].split()[person]
    return who, f"{before} {infinitive[:-2]}{ending}", after


def _noun(nouns, traits, verb, rng):
    """Return an English noun with its company, and each translation with person and form."""
    noun = _pick(nouns, rng)
    which = _pick([*DETERMINERS][: None if verb in VERBS else -1], rng)  # who likes "a car"?
    trait = "" if verb == "be" or rng.random() < 0.4 else _pick(traits, rng)
    several = int(rng.integers(2))
    found = []
    for each in nouns[noun].split("/"):
        article, word = each.split()
        form = 2 * several + (article == "la")
        spanish = [DETERMINERS[which].split()[form], _bent(word, 2 * several)]
        spanish += [_bent(traits[trait].split()[1], form)] if trait else []
        found.append((" ".join(spanish), 2 + 2 * several, form))
    return f"{which.split()[several]} {trait} {noun}{'s' * several}", found


def _word(table, rng):
    """Return the same of a word that stands alone."""
    english = _pick(table, rng)
    found = [each.split() for each in table[english].split("/")]
    return english, [(word.strip("-"), int(person), int(form)) for word, person, form in found]


def _bent(word, form):
    word = word[:-1] + "a" if form % 2 and word.endswith("o") else word
    return word + ("" if form < 2 else "s" if word[-1] in "aeo" else "es")


def _written(words, mood, opening=""):
    text = " ".join(" ".join(words).split())
    text = text[0].upper() + text[1:]
    return f"{opening}{text}?" if mood == "?" else f"{text}."


def _pick(items, rng):
    return [*items][rng.integers(len(items))]


DATASET = Dataset(
    name="phrases",
    title="made-up phrases",
    source="nnlab: made up by a program",
    license="Apache-2.0",
    read=read,
)
