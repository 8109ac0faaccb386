"""A Transformer that translates: notebook 23's network and batches, also in PyTorch.

Sentences of 12 sub-words, no padding, as many at once as the notebook reads; cross-entropy with
smoothed labels; Adam with clipped gradients (Keras clips each weight's, PyTorch all together, as is
usual there). The ids are random: that changes no speed. Counted are the sub-words written, and
each of them needs another one read. Both networks have as many weights, which ``compare`` checks.
"""

import math

import numpy as np
from loops import begin, count_weights, torch_training, with_bfloat16
from measure import Trial, compare, notebook_settings

HEADS = 4
LENGTH = 12
ROUNDS = 3
SMOOTHING = 0.1


def sentences(settings, quick):
    """Return ids of 50 batches, (3, sentences, LENGTH): to read, written so far, to write."""
    count = (2 if quick else 50) * (settings["TOKENS"] // LENGTH)
    rng = np.random.default_rng(0)
    return rng.integers(1, settings["VOCAB_SIZE"], (3, count, LENGTH), np.int32)


def smoothed_cross_entropy(y_true, logits):
    """Return the loss of each sub-word, as notebook 23 writes it."""
    from keras import ops

    right = ops.take_along_axis(logits, ops.cast(y_true, "int32")[..., None], axis=-1)[..., 0]
    asked = (1 - SMOOTHING) * right + SMOOTHING * ops.mean(logits, axis=-1)
    return ops.logsumexp(logits, axis=-1) - asked


def nnlab_notebook(quick):
    import keras

    from nnlab.models import Transformer

    settings = notebook_settings("23_translation")
    begin(settings["SEED"])
    source, target, write = sentences(settings, quick)
    trial = Trial(examples=write.size)
    model = Transformer(
        settings["VOCAB_SIZE"],
        width=settings["WIDTH"],
        heads=HEADS,
        units=4 * settings["WIDTH"],
        encoder_depth=settings["DEPTH"],
        decoder_depth=settings["DEPTH"],
        dropout=0.0,
    )
    model.compile(keras.optimizers.Adam(beta_2=0.98, clipnorm=1.0), smoothed_cross_entropy)
    model.fit(
        {"source": source, "target": target},
        write,
        settings["TOKENS"] // LENGTH,
        ROUNDS,
        sample_weight=np.ones(write.shape, np.float32),
        callbacks=[trial.callback()],
        verbose=0,
    )
    kernels = [each for each in model.trainable_variables if len(each.shape) == 2]
    trial.flops = 3.0 * 2 * count_weights(kernels)  # each is used once for a sub-word
    trial.facts["weights"] = count_weights(model.trainable_variables)
    return trial


def torch_transformer(vocab_size, width, depth):
    """Return the same network in PyTorch; it reads (sentences, 2, length): source, target."""
    import torch
    from torch import nn

    class Translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(vocab_size, width)
            nn.init.normal_(self.words.weight, std=width**-0.5)
            self.transformer = nn.Transformer(
                width,
                HEADS,
                num_encoder_layers=depth,
                num_decoder_layers=depth,
                dim_feedforward=4 * width,
                dropout=0.0,
                layer_norm_eps=1e-3,
                batch_first=True,
                norm_first=True,
            )
            rates = torch.exp(-math.log(10_000) * torch.arange(0, width, 2) / width)
            angles = torch.arange(LENGTH)[:, None] * rates
            self.register_buffer("waves", torch.cat([angles.sin(), angles.cos()], dim=1))
            mask = nn.Transformer.generate_square_subsequent_mask(LENGTH, dtype=torch.bool)
            self.register_buffer("ahead", mask)

        def forward(self, ids):
            source, target = (self.words(ids) * width**0.5 + self.waves).unbind(1)
            padding = ids[:, 0] == 0
            x = self.transformer(
                source,
                target,
                tgt_mask=self.ahead,
                src_key_padding_mask=padding,
                memory_key_padding_mask=padding,
                tgt_is_causal=True,
            )
            return x @ self.words.weight.T  # one table of sub-words for both

    return Translator()


def torch_same_model(quick):
    import torch
    from torch import nn

    settings = notebook_settings("23_translation")
    source, target, write = torch.from_numpy(sentences(settings, quick).astype(np.int64))
    torch.manual_seed(0)
    model = torch_transformer(settings["VOCAB_SIZE"], settings["WIDTH"], settings["DEPTH"])
    cross_entropy = nn.CrossEntropyLoss(ignore_index=0, label_smoothing=SMOOTHING)

    def loss_of(logits, targets):
        return cross_entropy(logits.flatten(0, -2), targets.flatten())

    trial = Trial(examples=write.numel(), facts={"weights": count_weights(model.parameters())})
    x = torch.stack([source, target], dim=1)
    size = settings["TOKENS"] // LENGTH
    return torch_training(trial, model, loss_of, x, write, size, ROUNDS, clip=1.0)


CONTESTS = {
    "throughput": {
        **with_bfloat16({"nnlab": nnlab_notebook}),
        "PyTorch": torch_same_model,
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
