"""Weights of SqueezeNet 1.1 without its head, 722,496 numbers, trained on ImageNet."""

import io

from nnlab.datasets.sets import DataFile, Dataset

FILE_NAME = "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"


def read(contents):
    """Return {name of a layer: (kernel, biases)} from an HDF5 file as Keras 1 wrote them."""
    import h5py

    [content] = contents
    layers = {}
    with h5py.File(io.BytesIO(content)) as file:
        for published in file.attrs["layer_names"]:
            group = file[published]
            arrays = tuple(group[each][()] for each in group.attrs["weight_names"])
            if arrays:  # Keras 3 allows no "/" in a name
                layers[published.decode().replace("/", "_")] = arrays
    return layers


DATASET = Dataset(
    name="squeezenet",
    title="trained SqueezeNet",
    source="Forrest Iandola et al.: SqueezeNet 1.1, 2016, trained on ImageNet; weights for Keras "
    "from R. C. Malli, keras-squeezenet",
    license="MIT",
    read=read,
    files=(
        DataFile(
            path=f"squeezenet/{FILE_NAME}",
            urls=(
                f"https://github.com/rcmalli/keras-squeezenet/releases/download/v1.0/{FILE_NAME}",
                "https://raw.githubusercontent.com/DeepCognition/keras-squeezenet/master/"
                f"{FILE_NAME}",
            ),
            download_bytes=3_002_560,
            content_bytes=3_002_560,
            content_sha256="17154246284f555591549ac2c83e127abfbf4307dc4b0060fdaa2931d0fa38da",
        ),
    ),
    stand_in="random_squeezenet",
)
