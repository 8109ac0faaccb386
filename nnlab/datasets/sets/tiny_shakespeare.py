"""Tiny Shakespeare: 40,000 lines from the plays, 1,115,394 characters, 65 of them distinct."""

from nnlab.datasets.sets import DataFile, Dataset


def read(contents):
    """Return the text."""
    return contents[0].decode("utf-8")


DATASET = Dataset(
    name="tiny_shakespeare",
    title="Shakespeare, plays",
    source="William Shakespeare; selected by Andrej Karpathy for char-rnn",
    license="public domain",
    read=read,
    files=(
        DataFile(
            path="tiny_shakespeare/input.txt",
            urls=(
                "https://raw.githubusercontent.com/karpathy/char-rnn/master"
                "/data/tinyshakespeare/input.txt",
                "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
            ),
            download_bytes=1_115_394,
            content_bytes=1_115_394,
            content_sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        ),
    ),
    stand_in="python_docs",
)
