"""The data sets nnlab knows: who made them, under which licence, and which files they consist of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFile:
    """One file of a data set; sizes are in bytes, ``payload_*`` describe what a ``.gz`` unpacks to."""

    path: str  # inside a data folder, for example mnist/train-images-idx3-ubyte.gz
    size: int
    sha256: str
    urls: tuple[str, ...]
    payload_size: int = 0
    payload_sha256: str | None = None

    @property
    def max_bytes(self):
        """The largest file worth reading: the payload, stored by gzip without compression."""
        largest = max(self.size, self.payload_size)
        return largest + largest // 100 + 1024


@dataclass(frozen=True)
class DataSet:
    """A data set; without files it is embedded in a package that is installed anyway."""

    name: str
    title: str
    kind: str  # image or text
    source: str
    license: str
    files: tuple[DataFile, ...] = ()
    class_names: tuple[str, ...] = ()

    @property
    def embedded(self):
        return not self.files


def _idx(folder, mirrors, name, size, sha256, payload_size, payload_sha256):
    urls = tuple(mirror + name for mirror in mirrors)
    return DataFile(f"{folder}/{name}", size, sha256, urls, payload_size, payload_sha256)


DIGIT_NAMES = tuple("0123456789")

MNIST_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
MNIST_FILES = (  # training images, training labels, test images, test labels
    ("train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
     47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
     60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
     7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
     10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
)  # fmt: skip

FASHION_MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",  # no https here: the hash is the guard
)
FASHION_FILES = (
    ("train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
     47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    ("train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
     60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    ("t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
     7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    ("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
     10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
)  # fmt: skip
FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

SHAKESPEARE_FILE = DataFile(
    "tiny_shakespeare/input.txt",
    1115394,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    (
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
    ),
)

DATASETS = {
    dataset.name: dataset
    for dataset in (
        DataSet(
            "mnist",
            "handwritten digits",
            "image",
            "Yann LeCun, Corinna Cortes, Christopher J. C. Burges: MNIST, from NIST Special Databases 1 and 3",
            "CC BY-SA 3.0",
            tuple(_idx("mnist", MNIST_MIRRORS, *row) for row in MNIST_FILES),
            DIGIT_NAMES,
        ),
        DataSet(
            "fashion_mnist",
            "photos of clothes",
            "image",
            "Han Xiao, Kashif Rasul, Roland Vollgraf (Zalando Research): Fashion-MNIST, 2017",
            "MIT",
            tuple(_idx("fashion_mnist", FASHION_MIRRORS, *row) for row in FASHION_FILES),
            FASHION_NAMES,
        ),
        DataSet(
            "digits",
            "small digits, 8×8",
            "image",
            "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI, 1998; "
            "the 1,797 images that scikit-learn embeds",
            "CC BY 4.0",
            class_names=DIGIT_NAMES,
        ),
        DataSet(
            "tiny_shakespeare",
            "Shakespeare's plays",
            "text",
            "William Shakespeare; selected by Andrej Karpathy for char-rnn",
            "public domain",
            (SHAKESPEARE_FILE,),
        ),
        DataSet(
            "python_docs",
            "Python's help texts",
            "text",
            "Python Software Foundation: the help topics in pydoc_data.topics",
            "PSF-2.0",
        ),
    )
}


def find_dataset(name, kind, offline=None):
    """Return the `DataSet` of this name and kind; ValueError where it, or its stand-in, is unknown."""
    known = [dataset for dataset in DATASETS.values() if dataset.kind == kind]
    names = [dataset.name for dataset in known]
    stand_ins = [dataset.name for dataset in known if dataset.embedded]
    if name not in names:
        own = " Your own text file is loaded by its pathlib.Path." if kind == "text" else ""
        raise ValueError(
            f"There is no {kind} data set called {name!r}; known are {', '.join(names)}.{own}"
        )
    if offline is not None and offline not in stand_ins:
        raise ValueError(
            f"offline={offline!r} cannot stand in for {name}: it must be None or one of the embedded {kind} data "
            f"sets, which need no network ({', '.join(stand_ins)})."
        )
    return DATASETS[name]


def stand_in_warning(dataset, offline, error):
    """Return the sentences that tell which data set stands in for which, why, and how to have the real one."""
    why = str(error).partition("\n")[0]
    return (
        f"{offline} stands in for {dataset.name}, as offline={offline!r} asks: {why} "
        f"With a network, `nnlab data fetch {dataset.name}` gets the real one."
    )
