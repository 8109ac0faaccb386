"""A U-Net on cell nuclei: notebook 12's network and batches, also in PyTorch.

The upper left corner of each image, cut beforehand on both sides; the sum of cross-entropy and Dice
loss; Adam. Both networks have as many weights, which ``compare`` checks.
"""

from itertools import pairwise

import numpy as np
from loops import begin, both_layouts, count_weights, torch_maps, with_bfloat16
from measure import Trial, compare, notebook_settings, training_flops

from nnlab.datasets import load_masks

ROUNDS = 3


def corners(size, quick):
    """Return corners of images and of their masks, float32 in 0..1, (n, size, size, 1)."""
    data = load_masks("nuclei")
    count = 16 if quick else 320
    corner = (slice(size), slice(size))
    images = np.stack([image[corner] for image in data.images[:count]])
    masks = np.stack([labels[corner] > 0 for labels in data.labels[:count]])
    return images / np.float32(255), masks[..., None].astype(np.float32)


def sum_of_both(y_true, y_pred):
    """Return the loss of each image, as notebook 12 writes it."""
    from keras import ops

    entropy = ops.mean(ops.binary_crossentropy(y_true, y_pred), axis=(1, 2, 3))
    both = ops.sum(y_true * y_pred, axis=(1, 2, 3))
    total = ops.sum(y_true, axis=(1, 2, 3)) + ops.sum(y_pred, axis=(1, 2, 3))
    return entropy + 1 - (2 * both + 1) / (total + 1)


def nnlab_notebook(quick):
    from nnlab.models import build_unet

    settings = notebook_settings("12_segmentation")
    begin(settings["SEED"])
    size = settings["CROP"]
    filters = settings["FILTERS"]
    x, y = corners(size, quick)
    trial = Trial(examples=len(x))
    model = build_unet((None, None, 1), filters=filters, momentum=settings["MOMENTUM"])
    model.compile("adam", sum_of_both)
    model.fit(x, y, settings["BATCH_SIZE"], ROUNDS, callbacks=[trial.callback()], verbose=0)
    trial.flops = training_flops(build_unet((size, size, 1), filters=filters))
    trial.facts["weights"] = count_weights(model.trainable_variables)
    return trial


def torch_unet(filters, momentum):
    """Return the same network in PyTorch; it gives logits."""
    import torch
    from torch import nn

    def convolutions(channels, width):
        layers = []
        for depth in (channels, width):
            layers += [
                nn.Conv2d(depth, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width, eps=1e-3, momentum=1 - momentum),
                nn.ReLU(inplace=True),
            ]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            down = [convolutions(above, width) for above, width in pairwise((1, *filters))]
            larger = [nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairwise(filters)]
            up = [convolutions(2 * width, width) for width in filters[:-1]]
            self.down = nn.ModuleList(down)
            self.pool = nn.MaxPool2d(2)
            self.larger = nn.ModuleList(reversed(larger))
            self.up = nn.ModuleList(reversed(up))
            self.last = nn.Conv2d(filters[0], 1, 1)

        def forward(self, x):
            skips = []
            for block in self.down:
                x = block(self.pool(x) if skips else x)
                skips.append(x)
            way_up = zip(self.larger, self.up, reversed(skips[:-1]), strict=True)
            for enlarge, block, skip in way_up:
                x = block(torch.cat([enlarge(x), skip], dim=1))
            return self.last(x)

    return UNet()


def torch_loss(logits, mask):
    """Return the mean of ``sum_of_both`` over the images."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    share = logits.sigmoid()
    both = (mask * share).sum((1, 2, 3))
    total = mask.sum((1, 2, 3)) + share.sum((1, 2, 3))
    dice = 1 - (2 * both + 1) / (total + 1)
    return binary_cross_entropy_with_logits(logits, mask) + dice.mean()


def torch_same_model(channels_last):
    def run(quick):
        settings = notebook_settings("12_segmentation")
        x, y = corners(settings["CROP"], quick)
        return torch_maps(
            lambda: torch_unet(settings["FILTERS"], settings["MOMENTUM"]),
            torch_loss,
            x,
            y,
            settings["BATCH_SIZE"],
            ROUNDS,
            channels_last=channels_last,
        )

    return run


CONTESTS = {
    "throughput": {
        **with_bfloat16({"nnlab": nnlab_notebook}),
        **both_layouts(nnlab_notebook, torch_same_model),
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
