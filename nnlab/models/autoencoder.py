"""Autoencoders for small images: an encoder, a decoder, and the variational autoencoder of both."""

import keras
from keras import layers, ops


def build_encoder(image_shape, latent_dim, *, filters=(), units=(), activation=None, sparsity=0.0):
    """Return an uncompiled network that turns images into latent codes.

    Float images ``(batch, *image_shape)`` in 0..1 go in, codes ``(batch, latent_dim)``, float32,
    come out.

    image_shape: ``(height, width, channels)``.
    latent_dim: length of a code; for a ``VAE``, twice the latent_dim of its decoder.
    filters: of 3×3 convolutions, in order, each of which halves height and width and ends in ReLU.
    units: widths of the dense layers that follow, in order, each of which ends in ReLU.
    activation: of the code; with "relu" its negative numbers are 0.
    sparsity: weight, in the loss, of the sum of a code's absolute values (the mean over the batch),
        ≥ 0; it pushes them towards 0.

    Source: Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks"
    (2006); wide and sparse codes, of noisy images: Vincent et al., "Extracting and Composing
    Robust Features with Denoising Autoencoders" (2008).
    """
    inputs = x = keras.Input(image_shape)
    for width in filters:
        x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)  # (batch, places * filters)
    for width in map(int, units):  # Keras refuses NumPy's integers
        x = layers.Dense(width, activation="relu")(x)  # (batch, width)
    penalty = keras.regularizers.L1(float(sparsity))
    code = layers.Dense(
        int(latent_dim), activation=activation, activity_regularizer=penalty, dtype="float32"
    )(x)
    return keras.Model(inputs, code, name="encoder")


def build_decoder(image_shape, latent_dim, *, filters=(), units=()):
    """Return an uncompiled network that turns latent codes into images.

    It is the mirror image of ``build_encoder``.

    Codes ``(batch, latent_dim)`` go in, images ``(batch, *image_shape)`` in 0..1, float32, come
    out.

    image_shape: ``(height, width, channels)``; both sides multiples of 2 to the power of the number
        of filters.
    latent_dim: length of a code.
    filters: as given to the encoder; used from the last to the first. Each belongs to a transposed
        convolution, which doubles height and width.
    units: as given to the encoder; used from the last to the first.

    Raises ValueError for another image_shape, also if a side cannot be halved as often as needed.

    Source: as ``build_encoder``.
    """
    scale = 2 ** len(filters)
    if len(image_shape) != 3 or image_shape[0] % scale or image_shape[1] % scale:
        raise ValueError(
            f"with {len(filters)} filters, image_shape must be (height, width, "
            f"channels), sides multiples of {scale}, got {image_shape}: crop or pad"
        )
    rows = image_shape[0] // scale
    columns = image_shape[1] // scale
    channels = (image_shape[-1], *filters)  # of the image, half its size, a quarter, …
    inputs = x = keras.Input((latent_dim,))
    for width in map(int, reversed(units)):
        x = layers.Dense(width, activation="relu")(x)  # (batch, width)
    x = layers.Dense(int(rows * columns * channels[-1]))(x)
    x = layers.Reshape((rows, columns, channels[-1]))(x)
    for width in reversed(channels[:-1]):
        x = layers.ReLU()(x)
        # (batch, 2 * height, 2 * width, channels)
        x = layers.Conv2DTranspose(width, 4, strides=2, padding="same")(x)
    outputs = layers.Activation("sigmoid", dtype="float32")(x)  # (batch, *image_shape)
    return keras.Model(inputs, outputs, name="decoder")


@keras.saving.register_keras_serializable(package="nnlab")
class VAE(keras.Model):
    """A variational autoencoder: it draws its latent codes at random.

    ``fit(images)`` and ``evaluate(images)`` take float images in 0..1 and report, in nats per
    image, the loss (the negative evidence lower bound, ELBO) and its two terms: ``reconstruction``,
    the cross-entropy of the pixels summed over the image, and ``kl``, the Kullback-Leibler
    divergence of the code's distribution from the standard normal one. Called on images, the model
    returns a dict: ``image``, decoded from a code drawn, ``mean`` and ``log_variance`` of that
    code. New images come from ``decoder(noise)``.

    encoder: as from ``build_encoder``; images → ``(batch, 2 * latent_dim)``, means and logarithms
        of variances.
    decoder: as from ``build_decoder``; codes ``(batch, latent_dim)`` → images.
    seed: int, of the codes drawn; by default a random one.

    Raises ValueError if the encoder's output is not twice as wide as the decoder's input, and for
    ``sample_weight``.

    Source: Kingma and Welling, "Auto-Encoding Variational Bayes" (2014).
    """

    def __init__(self, encoder, decoder, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        latent_dim = decoder.input_shape[-1]
        if encoder.output_shape[-1] != 2 * latent_dim:
            raise ValueError(
                f"the encoder must give 2 × {latent_dim} numbers, a mean and a "
                "variance for each that the decoder takes, "
                f"got {encoder.output_shape[-1]}"
            )
        self.encoder = encoder
        self.decoder = decoder
        self.seed = None if seed is None else int(seed)
        self.noise = keras.random.SeedGenerator(self.seed)
        self.reconstruction = keras.metrics.Mean(name="reconstruction")
        self.kl = keras.metrics.Mean(name="kl")
        self.build(encoder.input_shape)

    def call(self, images, training=False):
        statistics = self.encoder(images, training=training)  # (batch, 2 * latent_dim)
        mean, log_variance = ops.split(statistics, 2, axis=-1)  # (batch, latent_dim) each
        noise = keras.random.normal(ops.shape(mean), seed=self.noise)
        code = mean + ops.exp(log_variance / 2) * noise  # the reparameterization trick
        image = self.decoder(code, training=training)  # (batch, height, width, channels)
        return {"image": image, "mean": mean, "log_variance": log_variance}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if sample_weight is not None:
            raise ValueError("a VAE weighs all images alike: leave sample_weight out")
        image = y_pred["image"]
        mean = y_pred["mean"]
        log_variance = y_pred["log_variance"]
        entropy = ops.binary_crossentropy(ops.cast(x, image.dtype), image)  # of each pixel
        reconstruction = ops.sum(entropy, axis=(1, 2, 3))  # (batch,)
        divergence = (ops.exp(log_variance) + ops.square(mean) - 1 - log_variance) / 2
        kl = ops.sum(divergence, axis=1)  # (batch,)
        self.reconstruction.update_state(reconstruction)
        self.kl.update_state(kl)
        loss = ops.mean(reconstruction + kl)
        penalties = [ops.cast(each, loss.dtype) for each in self.losses]  # of regularizers
        return sum(penalties, loss)

    def get_config(self):
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "seed": self.seed,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config.pop("encoder"))
        decoder = keras.saving.deserialize_keras_object(config.pop("decoder"))
        return cls(encoder, decoder, **config)
