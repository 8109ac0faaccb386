"""VGG, deep stacks of 3×3 convolutions, with plain poolings between them."""

import keras
from keras import layers


def build_vgg(
    image_shape,
    num_classes,
    *,
    filters=(64, 128, 256, 512, 512),
    depths=(2, 2, 3, 3, 3),
    units=(4096, 4096),
    dropout=0.5,
    normalize=False,
):
    """Return an uncompiled VGG network, a softmax classifier; as it stands, VGG-16.

    Float ``(batch, *image_shape)`` goes in, probabilities ``(batch, num_classes)``, float32, come
    out. Layers have the names of Keras' own: ``block1_conv1``, …, ``block1_pool``, …, ``flatten``,
    ``fc1``, ``fc2``, ``predictions``. For images of 224×224 pixels in colour and 1,000 classes it
    has the 138,357,544 parameters of the paper's configuration D, 124 million of them in the dense
    layers; depths ``(2, 2, 4, 4, 4)`` make VGG-19.

    image_shape: ``(height, width, channels)``, each side at least 2 for each block, doubled: 32
        for five blocks.
    num_classes: number of classes.
    filters: number of filters of the convolutions of each block, in order.
    depths: number of convolutions of each block, in order, each at least 1.
    units: width of each hidden dense layer, in order; () for none: then the mean of each feature
        map, not all places of it, goes to the classifying layer.
    dropout: fraction set to zero after each hidden dense layer while training, in ``[0, 1)``.
    normalize: whether batch normalization stands between each convolution and its ReLU; the
        paper had none.

    Raises ValueError where filters and depths do not fit each other, or the image is too small.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition" (2015); batch normalization: Ioffe and Szegedy (2015).
    """
    if not filters or len(filters) != len(depths) or min(depths) < 1:
        raise ValueError(
            "expected filters and depths with a number ≥ 1 for each block, "
            f"got {filters=} and {depths=}"
        )
    if len(image_shape) != 3 or None in image_shape or min(image_shape[:2]) < 2 ** len(filters):
        raise ValueError(
            f"each of {len(filters)} blocks halves the image, so image_shape must be (height, "
            f"width, channels) with sides of at least {2 ** len(filters)}, got {image_shape}: "
            "take fewer blocks or enlarge the images"
        )
    inputs = x = keras.Input(image_shape)
    for block, (width, depth) in enumerate(zip(filters, depths, strict=True), start=1):
        for number in range(1, depth + 1):
            name = f"block{block}_conv{number}"
            if normalize:
                x = layers.Conv2D(int(width), 3, padding="same", use_bias=False, name=name)(x)
                x = layers.BatchNormalization(momentum=0.9)(x)
                x = layers.ReLU()(x)
            else:
                x = layers.Conv2D(int(width), 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)  # half of height and width
    x = layers.Flatten(name="flatten")(x) if units else layers.GlobalAveragePooling2D()(x)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(int(width), activation="relu", name=f"fc{number}")(x)  # (batch, width)
        x = layers.Dropout(dropout)(x)
    head = {"activation": "softmax", "dtype": "float32", "name": "predictions"}
    outputs = layers.Dense(int(num_classes), **head)(x)
    return keras.Model(inputs, outputs, name="vgg")
