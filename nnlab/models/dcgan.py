"""Deep convolutional generative adversarial networks (DCGAN) for small grey images."""

import keras
from keras import layers, ops


def build_generator(latent_dim, *, filters=(96, 48)):
    """Return an uncompiled network that turns noise into images.

    latent_dim: length of a noise vector; float ``(batch, latent_dim)``, drawn from a standard normal distribution,
    goes in, images ``(batch, 28, 28, 1)`` in −1..1 come out.
    filters: channels at 7 × 7 and at 14 × 14 places.

    Source: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks" (2016).
    """
    start = keras.initializers.RandomNormal(stddev=0.02)
    inputs = keras.Input((latent_dim,))
    x = layers.Dense(7 * 7 * filters[0], use_bias=False, kernel_initializer=start)(inputs)
    x = layers.Reshape((7, 7, filters[0]))(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters[0], 3, padding="same", use_bias=False, kernel_initializer=start)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2DTranspose(
        filters[1], 4, 2, padding="same", use_bias=False, kernel_initializer=start
    )(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    outputs = layers.Conv2DTranspose(
        1, 4, 2, padding="same", activation="tanh", kernel_initializer=start
    )(x)
    return keras.Model(inputs, outputs, name="generator")


def build_discriminator(image_shape, *, filters=(48, 96, 192), normalize=True):
    """Return an uncompiled network that tells real images from generated ones.

    image_shape: ``(height, width, channels)``; float images in −1..1 go in, logits ``(batch, 1)`` come out, positive
    for "real". filters: of each convolution; each halves height and width.
    normalize: use batch normalisation after each convolution but the first.

    Source: as ``build_generator``.
    """
    start = keras.initializers.RandomNormal(stddev=0.02)
    inputs = keras.Input(image_shape)
    x = inputs
    for block, width in enumerate(filters):
        x = layers.Conv2D(width, 4, 2, padding="same", kernel_initializer=start)(x)
        if normalize and block > 0:
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(0.2)(x)
    outputs = layers.Dense(1)(layers.Flatten()(x))
    return keras.Model(inputs, outputs, name="discriminator")


@keras.saving.register_keras_serializable(package="nnlab")
class DCGAN(keras.Model):
    """A generator and a discriminator that are trained against each other by ``fit(images)``.

    generator, discriminator: as from ``build_generator`` and ``build_discriminator``. latent_dim: length of a noise
    vector. label_smoothing: the discriminator is asked for 1 − label_smoothing on real images, not 1 (one-sided:
    generated ones stay at 0), in ``[0, 0.5)``. seed: of the noise; by default a random one.

    ``compile`` takes an optimizer for each of the two. ``fit`` takes images, float ``(n, height, width, channels)``
    in −1..1, and reports the losses (binary cross-entropy, non-saturating for the generator) and the mean
    probability of being real that the discriminator gives to real and to generated images. Called on noise, the
    model is its generator.

    Raises ValueError for a label_smoothing outside its range.

    Source: Goodfellow et al., "Generative Adversarial Nets" (2014); one-sided smoothing: Salimans et al., "Improved
    Techniques for Training GANs" (2016).
    """

    def __init__(
        self, generator, discriminator, *, latent_dim, label_smoothing=0.1, seed=None, **kwargs
    ):
        super().__init__(**kwargs)
        if not 0 <= label_smoothing < 0.5:
            raise ValueError(f"label_smoothing must lie in [0, 0.5), got {label_smoothing}")
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.label_smoothing, self.seed = latent_dim, label_smoothing, seed
        self.noise = keras.random.SeedGenerator(seed)
        names = ("generator_loss", "discriminator_loss", "real_probability", "fake_probability")
        self.means = [keras.metrics.Mean(name=name) for name in names]
        self.build((None, latent_dim))

    def compile(self, *, generator_optimizer, discriminator_optimizer, **options):
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        of_generator = {id(variable) for variable in self.generator.trainable_variables}
        both = keras.optimizers.MultiOptimizer(
            lambda variable: (
                self.generator_optimizer
                if id(variable) in of_generator
                else self.discriminator_optimizer
            )
        )
        both.build(self.trainable_variables)
        super().compile(both, auto_scale_loss=False, **options)

    def call(self, noise, training=False):
        return self.generator(noise, training=training)

    def losses_of(self, real):
        """Return both losses and the discriminator's logits for a batch of real images and as many generated ones."""
        noise = keras.random.normal((ops.shape(real)[0], self.latent_dim), seed=self.noise)
        real_logits = self.discriminator(real, training=True)
        fake_logits = self.discriminator(self.generator(noise, training=True), training=True)
        # softplus(−logits) is −log(probability of "real"), softplus(logits) is −log(probability of "generated")
        smooth = self.label_smoothing
        real_loss = (1 - smooth) * ops.softplus(-real_logits) + smooth * ops.softplus(real_logits)
        discriminator_loss = ops.mean(real_loss) + ops.mean(ops.softplus(fake_logits))
        return ops.mean(ops.softplus(-fake_logits)), discriminator_loss, real_logits, fake_logits

    def train_step(self, *args):
        """Take a step of both optimizers, each by its own network's loss on the same images; ``fit`` calls this."""
        steps = {"tensorflow": self.tensorflow_step, "jax": self.jax_step, "torch": self.torch_step}
        return steps[keras.backend.backend()](*args)

    def tensorflow_step(self, real):
        import tensorflow

        with tensorflow.GradientTape(persistent=True) as tape:
            *losses, real_logits, fake_logits = self.losses_of(real)
        networks = self.generator, self.discriminator
        gradients = [
            tape.gradient(loss, net.trainable_variables)
            for loss, net in zip(losses, networks, strict=True)
        ]
        self.optimizer.apply(gradients[0] + gradients[1], self.trainable_variables)
        return self.updated_means(losses, real_logits, fake_logits)

    def torch_step(self, real):
        import torch

        *losses, real_logits, fake_logits = self.losses_of(real)
        gradients = []
        for loss, network in zip(losses, (self.generator, self.discriminator), strict=True):
            weights = [variable.value for variable in network.trainable_variables]
            gradients += torch.autograd.grad(loss, weights, retain_graph=True)
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_variables)
            return self.updated_means(losses, real_logits, fake_logits)

    def jax_step(self, state, real):
        import jax

        # JAX wants functions without side effects: variables go in as arrays, and come out as new ones.
        weights, others, of_optimizer, of_metrics = state

        def losses_of(weights):
            values = zip(
                [*self.trainable_variables, *self.non_trainable_variables],
                [*weights, *others],
                strict=True,
            )
            with keras.StatelessScope(list(values)) as scope:
                *losses, real_logits, fake_logits = self.losses_of(real)
            changed = [
                scope.get_current_value(variable) for variable in self.non_trainable_variables
            ]
            return losses, (real_logits, fake_logits, changed)

        losses, gradients_of, (real_logits, fake_logits, changed) = jax.vjp(
            losses_of, weights, has_aux=True
        )
        one, zero, count = (
            ops.ones_like(losses[0]),
            ops.zeros_like(losses[0]),
            len(self.generator.trainable_variables),
        )
        gradients = gradients_of([one, zero])[0][:count] + gradients_of([zero, one])[0][count:]
        weights, of_optimizer = self.optimizer.stateless_apply(of_optimizer, gradients, weights)
        with keras.StatelessScope(
            list(zip(self.metrics_variables, of_metrics, strict=True))
        ) as scope:
            logs = self.updated_means(losses, real_logits, fake_logits)
        of_metrics = [scope.get_current_value(variable) for variable in self.metrics_variables]
        return logs, (weights, changed, of_optimizer, of_metrics)

    def updated_means(self, losses, real_logits, fake_logits):
        """Return the means over the epoch so far, by name, with a batch's losses and logits added."""
        values = (*losses, ops.mean(ops.sigmoid(real_logits)), ops.mean(ops.sigmoid(fake_logits)))
        for mean, value in zip(self.means, values, strict=True):
            mean.update_state(
                value, sample_weight=ops.shape(real_logits)[0]
            )  # the last batch may be smaller
        return {mean.name: mean.result() for mean in self.means}

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent_dim": self.latent_dim,
            "label_smoothing": self.label_smoothing,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            name: keras.saving.deserialize_keras_object(config.pop(name))
            for name in ("generator", "discriminator")
        }
        return cls(**networks, **config)

    def get_compile_config(self):
        return {
            "generator_optimizer": keras.saving.serialize_keras_object(self.generator_optimizer),
            "discriminator_optimizer": keras.saving.serialize_keras_object(
                self.discriminator_optimizer
            ),
        }

    def compile_from_config(self, config):
        self.compile(
            **{name: keras.saving.deserialize_keras_object(each) for name, each in config.items()}
        )
