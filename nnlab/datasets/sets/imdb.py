"""IMDb reviews of films: 25,000 to train and 25,000 to test, half of them good, half bad.

A good one gave 7 to 10 stars, a bad one 1 to 4; there is nothing between. No film has more than 30
reviews, and none has some in both parts. Here the bad ones come before the good ones, each by their
published number: reviews of one film mostly follow each other. A text may occur more than once, and
123 of the training part occur in the test part, too: they are left as they are.
"""

import numpy as np

from nnlab.datasets.sets import DataFile, Dataset

FOLDERS = ("neg", "pos")  # of label 0 and 1


def read(contents):
    """Return texts, labels and stars of the training part, then of the test part."""
    [members] = contents
    parts = []
    for part in ("train", "test"):
        found = []
        for label, folder in enumerate(FOLDERS):
            start = f"{part}/{folder}/"
            for path in members:
                if path.startswith(start):
                    number, stars = map(int, path[len(start) : -len(".txt")].split("_"))
                    found.append((label, number, stars, path))
        found.sort()
        texts = tuple(members[path].decode("utf-8") for *_, path in found)
        labels, _, stars, _ = zip(*found, strict=True)
        parts += [texts, np.array(labels, np.uint8), np.array(stars, np.uint8)]
    return tuple(parts)


DATASET = Dataset(
    name="imdb",
    title="film reviews",
    source="Andrew L. Maas, Raymond E. Daly, Peter T. Pham, Dan Huang, Andrew Y. Ng, Christopher "
    "Potts: Learning Word Vectors for Sentiment Analysis, ACL 2011, ai.stanford.edu/~amaas/data",
    license="none stated",
    read=read,
    files=(
        DataFile(
            path="imdb/aclImdb_v1.tar.gz",
            urls=(
                "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
                "https://s3.amazonaws.com/fast-ai-nlp/imdb.tgz",
            ),
            download_bytes=84_125_825,
            content_bytes=65_483_508,
            content_sha256="53401f63790d00988eaba68794083e8b1e613bdeb1396a7f8af4b16627000f69",
            members=("train/neg/*.txt", "train/pos/*.txt", "test/neg/*.txt", "test/pos/*.txt"),
        ),
    ),
    class_names=("negative", "positive"),
    stand_in="opinions",
)
