"""Deep convolutional generative adversarial networks (DCGAN) for small images."""

import keras
from keras import layers, ops


def build_generator(image_shape, latent_dim, *, num_classes=None, filters=(96, 48)):
    """Return an uncompiled network that turns noise into images.

    Noise ``(batch, latent_dim)``, drawn from a standard normal distribution, goes in, images
    ``(batch, *image_shape)`` in −1..1, float32, come out. With classes, ``[noise, labels]`` goes
    in, and the generator learns to make an image of the class that is asked for.

    image_shape: ``(height, width, channels)``; both sides multiples of 4, e.g. ``(28, 28, 1)`` or
        ``(32, 32, 3)``.
    latent_dim: length of a noise vector.
    num_classes: of labels ``(batch,)``, integers in 0..num_classes - 1; by default there are none.
    filters: two numbers of channels: at a quarter of the image's height and width, and at half.

    Raises ValueError for another image_shape or another number of filters.

    Source: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep
    Convolutional Generative Adversarial Networks" (2016); for classes Mirza and Osindero,
    "Conditional Generative Adversarial Nets" (2014).
    """
    is_image = len(image_shape) == 3
    if not is_image or image_shape[0] % 4 or image_shape[1] % 4 or len(filters) != 2:
        raise ValueError(
            "expected image_shape (height, width, channels), sides multiples of 4, "
            f"and two filters, got {image_shape} and {filters}: crop or pad the images"
        )
    rows = image_shape[0] // 4
    columns = image_shape[1] // 4
    initial = keras.initializers.RandomNormal(stddev=0.02)
    # Batch normalisation brings a bias of its own.
    settings = {"use_bias": False, "kernel_initializer": initial}
    inputs = x = keras.Input((latent_dim,), name="noise")
    if num_classes:
        label = keras.Input((), dtype="int32", name="label")
        inputs = [x, label]
        x = layers.Concatenate()([x, ops.one_hot(label, num_classes)])
    x = layers.Dense(int(rows * columns * filters[0]), **settings)(x)
    x = layers.Reshape((rows, columns, filters[0]))(x)  # a quarter of height and width
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(filters[0], 3, padding="same", **settings)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    # Twice the height and width, to half of the image's, then to the image's.
    x = layers.Conv2DTranspose(filters[1], 4, strides=2, padding="same", **settings)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2DTranspose(
        image_shape[2], 4, strides=2, padding="same", kernel_initializer=initial
    )(x)
    outputs = layers.Activation("tanh", dtype="float32")(x)  # (batch, *image_shape)
    return keras.Model(inputs, outputs, name="generator")


def build_discriminator(image_shape, *, num_classes=None, filters=(48, 96, 192), normalize=True):
    """Return an uncompiled network that tells real images from generated ones.

    Float images ``(batch, *image_shape)`` in −1..1 go in, logits ``(batch, 1)``, float32, come out,
    positive for "real". With classes, they are ``(batch, num_classes)``: one for each class,
    positive for "a real image of this class".

    image_shape: ``(height, width, channels)``.
    num_classes: number of classes; by default there are none.
    filters: of each 4×4 convolution, in order; each halves height and width.
    normalize: use batch normalisation after each convolution but the first.

    Source: as ``build_generator``; a logit for each class is the projection of Miyato and Koyama,
    "cGANs with Projection Discriminator" (2018), with a vector of its own for each class.
    """
    initial = keras.initializers.RandomNormal(stddev=0.02)
    inputs = x = keras.Input(image_shape)
    for number, width in enumerate(filters, start=1):
        x = layers.Conv2D(width, 4, strides=2, padding="same", kernel_initializer=initial)(x)
        if normalize and number > 1:
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.LeakyReLU(0.2)(x)  # (batch, height / 2, width / 2, width)
    x = layers.Flatten()(x)  # (batch, places * filters)
    outputs = layers.Dense(num_classes or 1, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="discriminator")


@keras.saving.register_keras_serializable(package="nnlab")
class DCGAN(keras.Model):
    """A generator and a discriminator that are trained against each other by ``fit(images)``.

    If both know of classes, ``fit(images, labels)`` trains them: the discriminator judges an image
    by the logit of its class alone.

    ``compile`` takes an optimizer for each of the two. ``fit`` and ``evaluate`` take float images
    ``(n, height, width, channels)`` in −1..1, and report both losses (binary cross-entropy,
    non-saturating for the generator) and the mean probability of being real that the discriminator
    gives to real and to generated images. Called on images, the model returns a dict: ``image``, as
    many generated ones, and the discriminator's ``real_logits`` and ``fake_logits``; with classes
    also ``label``, those asked for, drawn at random. New images come from ``generator(noise)`` or
    ``generator([noise, labels])``.

    generator: as from ``build_generator``.
    discriminator: as from ``build_discriminator``, with as many classes.
    label_smoothing: the discriminator is asked for 1 − label_smoothing on real images, not 1
        (one-sided: generated ones stay at 0), in ``[0, 0.5)``.
    seed: int, of the noise; by default a random one.

    Raises ValueError for a label_smoothing outside its range, if only one of the two networks knows
    of classes, or labels are missing, and for ``sample_weight``.

    Source: Goodfellow et al., "Generative Adversarial Nets" (2014); one-sided smoothing: Salimans
    et al., "Improved Techniques for Training GANs" (2016).
    """

    def __init__(self, generator, discriminator, *, label_smoothing=0.1, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= label_smoothing < 0.5:
            raise ValueError(f"label_smoothing must lie in [0, 0.5), got {label_smoothing}")
        classes = discriminator.output_shape[-1]
        if (len(generator.inputs) > 1) != (classes > 1):
            raise ValueError(
                f"the generator takes {len(generator.inputs)} inputs, the discriminator returns "
                f"{classes} logits: give num_classes to both builders or to none"
            )
        self.generator = generator
        self.discriminator = discriminator
        self.label_smoothing = float(label_smoothing)
        self.seed = None if seed is None else int(seed)
        self.noise = keras.random.SeedGenerator(self.seed)
        names = ("generator_loss", "discriminator_loss", "real_probability", "fake_probability")
        self.means = [keras.metrics.Mean(name=name) for name in names]
        self.build(discriminator.input_shape)

    @property
    def metrics(self):
        return self.means  # without Keras' own: the sum of the two losses tells nothing

    def compile(self, *, generator_optimizer, discriminator_optimizer, **options):
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        of_generator = {id(variable) for variable in self.generator.trainable_variables}

        def optimizer_of(variable):
            if id(variable) in of_generator:
                return self.generator_optimizer
            return self.discriminator_optimizer

        super().compile(keras.optimizers.MultiOptimizer(optimizer_of), **options)
        self.optimizer.build(self.trainable_variables)

    def call(self, images, training=False):
        count = ops.shape(images)[0]
        shape = (count, *self.generator.inputs[0].shape[1:])  # (batch, latent_dim)
        inputs = noise = keras.random.normal(shape, seed=self.noise)
        outputs = {}
        if len(self.generator.inputs) > 1:
            classes = self.discriminator.output_shape[-1]
            outputs["label"] = keras.random.randint((count,), 0, classes, seed=self.noise)
            inputs = [noise, outputs["label"]]
        image = self.generator(inputs, training=training)  # (batch, height, width, channels)
        outputs["image"] = image
        outputs["real_logits"] = self.discriminator(images, training=training)  # (batch, classes)
        # The gradient of the discriminator's loss ends here, at the generated images.
        detached = ops.stop_gradient(image)
        outputs["fake_logits"] = self.discriminator(detached, training=training)
        return outputs

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if sample_weight is not None:
            raise ValueError("a DCGAN weighs all images alike: leave sample_weight out")
        penalties = [*self.losses]  # of regularizers; the call below would forget some
        real_logits = y_pred["real_logits"]  # (batch, classes), or (batch, 1)
        fake_logits = y_pred["fake_logits"]
        # The generator learns through a discriminator that stands still: its variables are
        # constants in this scope, and what it does to them (moving averages) is forgotten.
        constants = [(v, ops.stop_gradient(v)) for v in self.discriminator.variables]
        with keras.StatelessScope(constants):
            logits = self.discriminator(y_pred["image"], training=training)
        if "label" in y_pred:
            if y is None:
                raise ValueError("this GAN has classes: call fit(images, labels)")
            y = ops.reshape(ops.cast(y, "int32"), (-1, 1))
            label = ops.reshape(y_pred["label"], (-1, 1))
            real_logits = ops.take_along_axis(real_logits, y, axis=1)  # (batch, 1)
            fake_logits = ops.take_along_axis(fake_logits, label, axis=1)
            logits = ops.take_along_axis(logits, label, axis=1)
        # softplus(−logits) is −log(probability of "real"), softplus(logits) that of "generated".
        smooth = self.label_smoothing
        real_loss = (1 - smooth) * ops.softplus(-real_logits) + smooth * ops.softplus(real_logits)
        discriminator_loss = ops.mean(real_loss) + ops.mean(ops.softplus(fake_logits))
        generator_loss = ops.mean(ops.softplus(-logits))
        probabilities = [ops.mean(ops.sigmoid(each)) for each in (real_logits, fake_logits)]
        values = (generator_loss, discriminator_loss, *probabilities)
        for mean, value in zip(self.means, values, strict=True):
            # Weighted, because the last batch of an epoch may be smaller.
            mean.update_state(value, sample_weight=ops.shape(real_logits)[0])
        penalties = [ops.cast(each, generator_loss.dtype) for each in penalties]
        return sum(penalties, generator_loss + discriminator_loss)

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "label_smoothing": self.label_smoothing,
            "seed": self.seed,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }

    @classmethod
    def from_config(cls, config):
        generator = keras.saving.deserialize_keras_object(config.pop("generator"))
        discriminator = keras.saving.deserialize_keras_object(config.pop("discriminator"))
        return cls(generator, discriminator, **config)

    def get_compile_config(self):
        names = ("generator_optimizer", "discriminator_optimizer")
        if not self.compiled:
            return {}
        return {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in names}

    def compile_from_config(self, config):
        self.compile(
            **{name: keras.saving.deserialize_keras_object(each) for name, each in config.items()}
        )
