"""Sentences of Tatoeba in English and Spanish: 118,121 pairs, as selected for Anki, April 2018.

Short English sentences come first, with some exceptions. Many have several translations, 102,323
being distinct, and nine pairs occur twice: they are left as they are. Contributors wrote them, and
some are wrong.
"""

from nnlab.datasets.sets import DataFile, Dataset

# The archive at manythings.org is renewed again and again, with more pairs and a third column, and
# the one of TensorFlow's tutorials is another version: neither has this content. This is a copy.
COPY = "kikhofua/18.065"
COMMIT = "5dbba87757654413108e04b46ac7cbae399f9ec9"


def read(contents):
    """Return the English sentences and the Spanish ones."""
    [members] = contents
    lines = members["spa.txt"].decode("utf-8").removesuffix("\n").split("\n")
    pairs = [line.split("\t") for line in lines]
    sources, targets = zip(*pairs, strict=True)
    return sources, targets


DATASET = Dataset(
    name="spa_eng",
    title="sentence pairs",
    source="contributors of Tatoeba, tatoeba.org; selected by Charles Kelly, "
    "www.manythings.org/anki",
    license="CC BY 2.0 FR",
    read=read,
    files=(
        DataFile(
            path="translation/spa-eng.zip",
            urls=(
                f"https://raw.githubusercontent.com/{COPY}/{COMMIT}/data/spa-eng.zip",
                f"https://github.com/{COPY}/raw/{COMMIT}/data/spa-eng.zip",
            ),
            download_bytes=2_769_266,
            content_bytes=7_983_635,
            content_sha256="1adb37ff7b2987f0fd6b72c6417501e3c8b8ca34b976899521da5e30dd47cd95",
            members=("spa.txt",),
        ),
    ),
    stand_in="phrases",
)
