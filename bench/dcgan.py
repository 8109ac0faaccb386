"""DCGAN on MNIST: notebook 04 beside TensorFlow's tutorial, whose networks PyTorch trains too.

The tutorial: noise of 100 numbers; a generator with 256, 128 and 64 channels and 5×5 kernels; a
discriminator with 64 and 128; batches of 256; Adam 1e-4 for both.
Source: https://www.tensorflow.org/tutorials/generative/dcgan
Quality is the Fréchet distance of 10,000 generated images from the test images, in the features of
one small classifier, the judge, which is trained once and kept for all contestants.
"""

import multiprocessing

import numpy as np
from dcgan_networks import LATENT_DIM, torch_networks, tutorial_networks
from loops import begin, with_bfloat16
from measure import ROOT, Trial, compare, notebook_settings, training_flops

from nnlab.datasets import load_images
from nnlab.metrics import frechet_distance

BATCH_SIZE = 256
JUDGE = ROOT / "build" / "bench" / "judge.keras"


def real_images():
    data = load_images("mnist")
    return data.x_train / np.float32(127.5) - 1, data


def train_judge():
    """Train the classifier whose features measure the distance, and keep it in a file."""
    import keras

    from nnlab.models import build_cnn

    images, data = real_images()
    keras.utils.set_random_seed(1)
    judge = build_cnn(data.image_shape, data.num_classes, filters=(16, 32, 64), units=(64,))
    judge.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=16)
    judge.fit(images, data.y_train, batch_size=64, epochs=2, verbose=0)
    JUDGE.parent.mkdir(parents=True, exist_ok=True)
    judge.save(JUDGE)


def judge_of(generator, latent_dim, data, *, labels=False, count=10_000):
    """Return what computes the Fréchet distance of the generator's images from the test images.

    labels: whether it draws what it is asked for: then digits as frequent as in the training set.
    """
    import keras

    if not JUDGE.exists():  # in a process of its own: it draws no random number of this one
        training = multiprocessing.get_context("spawn").Process(target=train_judge)
        training.start()
        training.join()
    judge = keras.saving.load_model(JUDGE)
    features = keras.Model(judge.input, judge.get_layer("features").output)
    test = features.predict(data.x_test / np.float32(127.5) - 1, batch_size=500, verbose=0)
    noise = np.random.default_rng(0).standard_normal((count, latent_dim)).astype(np.float32)

    inputs = [noise, data.y_train[:count]] if labels else noise

    def distance():
        made = generator.predict(inputs, batch_size=500, verbose=0)
        return frechet_distance(features.predict(made, batch_size=500, verbose=0), test)

    return distance


def gan_flops(generator, discriminator):
    """Return the operations that a step needs for a real image, at the least.

    The discriminator needs 7 times its forward pass: 2 forward (real, generated), 4 back for its
    own weights, 1 back for the generator's. (``DCGAN`` reads generated images twice: 8 in all.)
    """
    return training_flops(generator) + 7 / 3 * training_flops(discriminator)


def tutorial(epochs, *, judged=True, images=60_000):
    """The tutorial's own training loop: a compiled step, called from Python for every batch."""

    def run(quick):
        import keras
        import tensorflow as tf

        real, data = real_images()
        real = real[: 2560 if quick else images]
        keras.utils.set_random_seed(0)
        generator, discriminator = tutorial_networks()
        entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        optimizers = (keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4))
        for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
            optimizer.build(network.trainable_variables)

        @tf.function
        def train_step(batch):
            noise = tf.random.normal((BATCH_SIZE, LATENT_DIM))
            with tf.GradientTape() as tape_g, tf.GradientTape() as tape_d:
                fake = generator(noise, training=True)
                real_logits = discriminator(batch, training=True)
                fake_logits = discriminator(fake, training=True)
                loss_g = entropy(tf.ones_like(fake_logits), fake_logits)
                loss_d = entropy(tf.ones_like(real_logits), real_logits)
                loss_d += entropy(tf.zeros_like(fake_logits), fake_logits)
            for tape, loss, network, optimizer in (
                (tape_g, loss_g, generator, optimizers[0]),
                (tape_d, loss_d, discriminator, optimizers[1]),
            ):
                weights = network.trainable_variables
                optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

        dataset = tf.data.Dataset.from_tensor_slices(real).shuffle(len(real)).batch(BATCH_SIZE)
        judge = judge_of(generator, LATENT_DIM, data) if judged else None
        trial = Trial(len(real), judge, gan_flops(generator, discriminator))
        for _ in range(1 if quick and judged else epochs):
            for batch in dataset:
                train_step(batch)
            trial.round_ends()
        return trial

    return run


def nnlab_same_model(quick):
    """The tutorial's networks and batches in ``DCGAN``, called as notebook 04 does."""
    import keras

    from nnlab.models import DCGAN

    begin()
    real, _ = real_images()
    real = real[: 2560 if quick else 3840]
    gan = DCGAN(*tutorial_networks(), seed=0)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-4),
        discriminator_optimizer=keras.optimizers.Adam(1e-4),
        steps_per_execution=10,
    )
    trial = Trial(len(real), None, gan_flops(gan.generator, gan.discriminator))
    gan.fit(real, batch_size=BATCH_SIZE, epochs=3, callbacks=[trial.callback()], verbose=0)
    return trial


def nnlab_notebook(epochs):
    """Notebook 04, with so many epochs: digits on order, the weights averaged."""

    def run(quick):
        import keras

        from nnlab.models import DCGAN, build_discriminator, build_generator

        settings = notebook_settings("04_dcgan")
        begin(settings["SEED"])
        real, data = real_images()
        real = real[:2560] if quick else real
        rounds = 1 if quick else epochs
        gan = DCGAN(
            build_generator(
                data.image_shape,
                settings["LATENT_DIM"],
                num_classes=data.num_classes,
                filters=settings["GENERATOR_FILTERS"],
            ),
            build_discriminator(
                data.image_shape,
                num_classes=data.num_classes,
                filters=settings["DISCRIMINATOR_FILTERS"],
            ),
            label_smoothing=settings["LABEL_SMOOTHING"],
            seed=settings["SEED"],
        )
        average = {"use_ema": True, "ema_momentum": settings["EMA_MOMENTUM"]}
        rate = settings["LEARNING_RATE"]
        gan.compile(
            generator_optimizer=keras.optimizers.Adam(rate, beta_1=0.5, **average),
            discriminator_optimizer=keras.optimizers.Adam(rate, beta_1=0.5),
            steps_per_execution=16,
        )
        judge = judge_of(gan.generator, settings["LATENT_DIM"], data, labels=True)
        trial = Trial(len(real), judge, gan_flops(gan.generator, gan.discriminator))
        gan.fit(
            real,
            data.y_train[: len(real)],
            batch_size=settings["BATCH_SIZE"],
            epochs=rounds,
            callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True), trial.callback()],
            verbose=0,
        )
        return trial

    return run


def torch_same_model(channels_last):
    def run(quick):
        import torch
        from torch.nn.functional import softplus

        real, _ = real_images()
        real = torch.from_numpy(real[: 2560 if quick else 3840]).permute(0, 3, 1, 2)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        generator, discriminator = (
            network.to(memory_format=layout) for network in torch_networks()
        )
        real = real.contiguous(memory_format=layout)
        parameters = [list(network.parameters()) for network in (generator, discriminator)]
        optimizers = [torch.optim.Adam(each, 1e-4, fused=True) for each in parameters]
        trial = Trial(examples=len(real))
        for _ in range(3):
            for chosen in torch.randperm(len(real)).split(BATCH_SIZE):
                fake = generator(torch.randn(len(chosen), LATENT_DIM))
                real_logits = discriminator(real[chosen])
                fake_logits = discriminator(fake)
                loss_g = softplus(-fake_logits).mean()
                loss_d = softplus(-real_logits).mean() + softplus(fake_logits).mean()
                grads_g = torch.autograd.grad(loss_g, parameters[0], retain_graph=True)
                grads_d = torch.autograd.grad(loss_d, parameters[1])
                for optimizer, each, grads in zip(
                    optimizers, parameters, (grads_g, grads_d), strict=True
                ):
                    for parameter, grad in zip(each, grads, strict=True):
                        parameter.grad = grad
                    optimizer.step()
            trial.round_ends()
        return trial

    return run


CONTESTS = {
    "throughput": {
        "nnlab": nnlab_same_model,
        "PyTorch": torch_same_model(channels_last=False),
        "PyTorch, channels last": torch_same_model(channels_last=True),
        "tutorial's loop": tutorial(3, judged=False, images=3840),
    },
    "quality": {
        **with_bfloat16(
            {"nnlab, 1 epoch": nnlab_notebook(1), "nnlab, 2 epochs": nnlab_notebook(2)}
        ),
        "tutorial, 5 epochs": tutorial(5),
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
