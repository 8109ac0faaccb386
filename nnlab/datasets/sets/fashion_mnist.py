"""Fashion-MNIST: 60,000 and 10,000 grey photos of clothes, 28×28, in the formats of MNIST."""

from nnlab.datasets.sets import Dataset
from nnlab.datasets.sets.mnist import idx_files, read

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    # no https here: the hash is the guard
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
FILES = (  # name, bytes, bytes unpacked, sha256 unpacked
    (
        "train-images-idx3-ubyte.gz",
        26_421_880,
        47_040_016,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        29_515,
        60_008,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        7_840_016,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        10_008,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)

DATASET = Dataset(
    name="fashion_mnist",
    title="photos of clothes",
    source="Han Xiao, Kashif Rasul, Roland Vollgraf (Zalando Research): Fashion-MNIST, 2017",
    license="MIT",
    read=read,
    files=idx_files("fashion_mnist", MIRRORS, FILES),
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    stand_in="digits",
)
