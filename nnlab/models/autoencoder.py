"""Autoencoders for small images: an encoder, a decoder, and the variational autoencoder made of both."""

import keras
from keras import layers, ops


def build_encoder(image_shape, code_dim, *, filters=(), units=(), activation=None, sparsity=0.0):
    """Return an uncompiled network that turns images into codes.

    image_shape: ``(height, width, channels)``; float images ``(batch, *image_shape)`` in 0..1 go in, codes
    ``(batch, code_dim)`` come out. For a ``VAE``, code_dim is twice its latent_dim.
    filters: of 3×3 convolutions, each of which halves height and width. units: widths of the dense layers that
    follow. Both end in ReLU. activation: of the code; with "relu" its negative numbers are 0. sparsity: weight, in
    the loss, of the sum of a code's absolute values (the mean over the batch), ≥ 0; it pushes numbers towards 0.

    Source: Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks" (2006); codes that
    are wide and sparse, of noisy images: Vincent et al., "Extracting and Composing Robust Features with Denoising
    Autoencoders" (2008).
    """
    inputs = x = keras.Input(image_shape)
    for size in filters:
        x = layers.Conv2D(size, 3, 2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    for size in units:
        x = layers.Dense(size, activation="relu")(x)
    outputs = layers.Dense(
        code_dim, activation=activation, activity_regularizer=keras.regularizers.L1(sparsity)
    )(x)
    return keras.Model(inputs, outputs, name="encoder")


def build_decoder(image_shape, code_dim, *, filters=(), units=()):
    """Return an uncompiled network that turns codes into images: the mirror image of ``build_encoder``.

    image_shape: ``(height, width, channels)``; codes ``(batch, code_dim)`` go in, images ``(batch, *image_shape)`` in
    0..1 come out. filters, units: as given to the encoder; here they are used from the last to the first. Each of
    the filters doubles height and width by a transposed convolution.

    Raises ValueError if height or width cannot be halved as often as there are filters.

    Source: as ``build_encoder``.
    """
    height, width, channels = image_shape
    scale = 2 ** len(filters)
    if height % scale or width % scale:
        raise ValueError(
            f"{len(filters)} filters need height and width to be multiples of {scale}, got {image_shape}"
        )
    inputs = x = keras.Input((code_dim,))
    for size in reversed(units):
        x = layers.Dense(size, activation="relu")(x)
    depths = (channels, *filters)  # of the image in full, halved, halved again, …
    x = layers.Dense(height // scale * (width // scale) * depths[-1])(x)
    x = layers.Reshape((height // scale, width // scale, depths[-1]))(x)
    for depth in reversed(depths[:-1]):
        x = layers.Conv2DTranspose(depth, 4, 2, padding="same")(layers.ReLU()(x))
    outputs = layers.Activation("sigmoid")(x)
    return keras.Model(inputs, outputs, name="decoder")


@keras.saving.register_keras_serializable(package="nnlab")
class VAE(keras.Model):
    """A variational autoencoder: its codes are drawn at random, near a standard normal distribution.

    encoder: turns images into ``(batch, 2 latent_dim)``, the means and the logarithms of the variances of their codes.
    decoder: turns codes ``(batch, latent_dim)`` into images. Both as from ``build_encoder`` and ``build_decoder``.
    seed: of the codes drawn; by default a random one.

    ``fit(images)`` and ``evaluate(images)`` take float images in 0..1 and report, in nats an image, the loss (the
    negative evidence lower bound, ELBO) and its two terms: ``reconstruction``, the cross-entropy of the pixels summed
    over the image, and ``kl``, the divergence of the code's distribution from the standard normal one. Called on
    images, the model returns a dict: ``image``, decoded from a code drawn, ``mean`` and ``log_variance``. New images
    come from ``decoder(noise)``.

    Raises ValueError if the encoder's output is not twice as wide as the decoder's input.

    Source: Kingma and Welling, "Auto-Encoding Variational Bayes" (2014).
    """

    def __init__(self, encoder, decoder, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        if encoder.output_shape[-1] != 2 * decoder.input_shape[-1]:
            raise ValueError(
                f"the encoder must give 2 × {decoder.input_shape[-1]} numbers, a mean and a variance for each that "
                f"the decoder takes, got {encoder.output_shape[-1]}"
            )
        self.encoder, self.decoder, self.seed = encoder, decoder, seed
        self.noise = keras.random.SeedGenerator(seed)
        self.reconstruction = keras.metrics.Mean(name="reconstruction")
        self.kl = keras.metrics.Mean(name="kl")
        self.build(encoder.input_shape)

    def call(self, images, training=False):
        mean, log_variance = ops.split(self.encoder(images, training=training), 2, axis=-1)
        noise = keras.random.normal(ops.shape(mean), seed=self.noise)
        code = mean + ops.exp(log_variance / 2) * noise
        return {
            "image": self.decoder(code, training=training),
            "mean": mean,
            "log_variance": log_variance,
        }

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        reconstruction = ops.sum(
            ops.binary_crossentropy(x, y_pred["image"]), axis=(1, 2, 3)
        )  # (batch,)
        kl = (
            ops.sum(ops.exp(log_variance) + ops.square(mean) - 1 - log_variance, axis=1) / 2
        )  # (batch,)
        self.reconstruction.update_state(reconstruction)
        self.kl.update_state(kl)
        return ops.mean(reconstruction + kl)

    def get_config(self):
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            name: keras.saving.deserialize_keras_object(config.pop(name))
            for name in ("encoder", "decoder")
        }
        return cls(**networks, **config)
