"""Recurrent networks on Tiny Shakespeare: notebook 03, TensorFlow's tutorial, PyTorch, char-rnn.

The tutorial: embedding 256, GRU 1024, windows of 100 characters in shuffled batches of 64, Adam,
20 epochs. Source: https://www.tensorflow.org/text/tutorials/text_generation
char-rnn: two LSTM layers of 128, windows of 50 characters in batches of 50; only its speed is
compared, with Adam on both sides. Source: https://github.com/karpathy/char-rnn (its defaults).
"""

import numpy as np
from loops import begin, texts, torch_classifier, with_bfloat16
from measure import Trial, compare, notebook_settings, training_flops

from nnlab.text import stateful_batches

SETTINGS = {
    "tutorial": {
        "batch_size": 64,
        "length": 100,
        "cell": "gru",
        "units": (1024,),
        "embedding_dim": 256,
    },
    "char-rnn": {
        "batch_size": 50,
        "length": 50,
        "cell": "lstm",
        "units": (128, 128),
        "embedding_dim": 65,
    },
}


def held_out_loss(model, held_out, *, window=None, batch_size=64):
    """Return what computes the held-out loss in nats per character, read in 64 long windows.

    window: also read it in windows of this length, and take what is smaller: a network that was
        trained on short windows may do worse on long ones.
    """
    import keras

    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    cuts = [stateful_batches(held_out, (len(held_out) - 1) // batch_size, batch_size)]
    if window:
        cuts.append(stateful_batches(held_out, window, batch_size=1))

    def loss(inputs, targets):
        losses = [
            float(
                loss_of(
                    targets[i : i + batch_size], model(inputs[i : i + batch_size], training=False)
                )
            )
            for i in range(0, len(inputs) - len(inputs) % batch_size, batch_size)
        ]
        return float(np.mean(losses))

    return lambda: min(loss(*cut) for cut in cuts)


def tutorial(quick):
    """As the tutorial writes it, with a tf.data pipeline; ends when the held-out loss rises."""
    import keras
    import tensorflow as tf
    from keras import layers

    vocabulary, train, held_out = texts()
    train = train[:70_000] if quick else train
    keras.utils.set_random_seed(0)
    trial = Trial(examples=(len(train) // 101 // 64) * 64 * 100)
    windows = tf.data.Dataset.from_tensor_slices(train).batch(101, drop_remainder=True)
    dataset = windows.map(lambda window: (window[:-1], window[1:])).shuffle(10000)
    dataset = dataset.batch(64, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(len(vocabulary), 256),
            layers.GRU(1024, return_sequences=True),
            layers.Dense(len(vocabulary)),
        ]
    )
    trial.judge = held_out_loss(model, held_out, window=100)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def stop_when_it_rises(*_):
        reached = [quality for _, quality in trial.rounds]
        model.stop_training = reached[-1] > min(reached)

    stop = keras.callbacks.LambdaCallback(on_epoch_end=stop_when_it_rises)
    model.fit(dataset, epochs=1 if quick else 20, callbacks=[trial.callback(), stop], verbose=0)
    trial.flops = training_flops(model)
    return trial


def nnlab_notebook(epochs):
    """Notebook 03's GRU, trained as there, so many times over the text."""

    def run(quick):
        import keras

        from nnlab.models import build_char_rnn
        from nnlab.training import ResetStates, warmup_cosine

        settings = notebook_settings("03_rnn_text_generation")
        begin(settings["SEED"])
        batch_size = settings["BATCH_SIZE"]
        vocabulary, train, held_out = texts()
        x, y = stateful_batches(train[:70_000] if quick else train, settings["WINDOW"], batch_size)
        trial = Trial(examples=x.size)
        steps = (1 if quick else epochs) * len(x) // batch_size
        model = build_char_rnn(
            len(vocabulary),
            units=settings["UNITS"],
            embedding_dim=settings["EMBEDDING"],
            dropout=settings["DROPOUT"],
            batch_size=batch_size,
        )
        optimizer = keras.optimizers.AdamW(
            warmup_cosine(settings["PEAK_RATE"], steps),
            weight_decay=settings["WEIGHT_DECAY"],
            global_clipnorm=1.0,
        )
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        loss = held_out_loss(model, held_out)
        fresh = ResetStates()
        fresh.set_model(model)

        def judge():
            fresh.reset()
            return loss()

        trial.judge = judge
        callbacks = [fresh, trial.callback()]
        model.fit(
            x, y, batch_size, 1 if quick else epochs, shuffle=False, callbacks=callbacks, verbose=0
        )
        trial.flops = training_flops(model)
        return trial

    return run


def nnlab_same_model(name):
    """The network, windows and batches of a peer, called as notebook 03 does."""

    def run(quick):
        import keras

        from nnlab.models import build_char_rnn

        begin()
        peer = SETTINGS[name]
        vocabulary, train, _ = texts()
        x, y = stateful_batches(train, peer["length"], batch_size=1)
        count = peer["batch_size"] * (8 if quick else 12)
        trial = Trial(examples=count * peer["length"])
        model = build_char_rnn(
            len(vocabulary),
            cell=peer["cell"],
            units=peer["units"],
            embedding_dim=peer["embedding_dim"],
        )
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(
            x[:count], y[:count], peer["batch_size"], 3, callbacks=[trial.callback()], verbose=0
        )
        trial.flops = training_flops(model, length=peer["length"]) / peer["length"]
        return trial

    return run


def torch_same_model(name):
    def run(quick):
        import torch
        from torch import nn

        peer = SETTINGS[name]
        vocabulary, train, _ = texts()
        torch.manual_seed(0)
        windows = stateful_batches(train, peer["length"], batch_size=1)
        x, y = (torch.from_numpy(each.astype(np.int64)) for each in windows)
        count = peer["batch_size"] * (8 if quick else 12)
        kinds = {"gru": nn.GRU, "lstm": nn.LSTM}
        width = peer["units"][0]

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = nn.Embedding(len(vocabulary), peer["embedding_dim"])
                self.rnn = kinds[peer["cell"]](
                    peer["embedding_dim"], width, num_layers=len(peer["units"]), batch_first=True
                )
                self.dense = nn.Linear(width, len(vocabulary))

            def forward(self, ids):
                return self.dense(self.rnn(self.embedding(ids))[0])

        trial = Trial(examples=count * peer["length"])
        return torch_classifier(trial, Network(), x[:count], y[:count], peer["batch_size"], 3)

    return run


CONTESTS = {
    "throughput": {
        "nnlab": nnlab_same_model("tutorial"),
        "PyTorch": torch_same_model("tutorial"),
    },
    "throughput-char-rnn": {
        "nnlab": nnlab_same_model("char-rnn"),
        "PyTorch": torch_same_model("char-rnn"),
    },
    "quality": {
        **with_bfloat16({"nnlab, 6 epochs": nnlab_notebook(6)}),
        "tutorial, to its best": tutorial,
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
