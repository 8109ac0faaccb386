"""A detector of blood cells: notebook 13's network and batches, also in PyTorch.

Photos and targets are made beforehand on both sides, and not changed; focal loss of the heat maps
and 1 − IoU of the boxes; Adam. Both networks have as many weights, which ``compare`` checks. (Where
a convolution halves a photo, PyTorch adds the border on both sides, Keras on one.)
"""

import numpy as np
from loops import begin, both_layouts, count_weights, torch_maps, with_bfloat16
from measure import Trial, compare, notebook_settings, training_flops

from nnlab.datasets import load_boxes

CLASSES = 3
ROUNDS = 3


def photos(quick):
    """Return photos, (n, 240, 320, 3), and what the network should answer: heat maps and boxes."""
    from nnlab.models import draw_targets

    data = load_boxes("bccd")
    count = 8 if quick else 200
    train = np.flatnonzero(np.array(data.parts) == "train")[:count]
    heat = []
    box = []
    for place in train:
        sides = data.boxes[place]
        real = (sides[:, 2:] > sides[:, :2]).all(axis=1)  # two boxes have no size
        shapes = {"image_shape": data.image_shape, "num_classes": CLASSES}
        target = draw_targets(sides[real], data.labels[place][real], **shapes)
        heat.append(target["heat"])
        box.append(target["box"])
    images = np.stack([data.images[place] for place in train])
    return images.astype(np.float32), np.stack(heat), np.stack(box)


def nnlab_notebook(quick):
    from nnlab.models import box_loss, build_detector, focal_loss

    settings = notebook_settings("13_detection")
    begin(settings["SEED"])
    x, heat, box = photos(quick)
    trial = Trial(examples=len(x))
    model = build_detector(x.shape[1:], CLASSES, filters=settings["FILTERS"])
    model.compile("adam", loss={"heat": focal_loss, "box": box_loss})
    callbacks = [trial.callback()]
    targets = {"heat": heat, "box": box}
    model.fit(x, targets, settings["BATCH"], ROUNDS, callbacks=callbacks, verbose=0)
    trial.flops = training_flops(model)
    trial.facts["weights"] = count_weights(model.trainable_variables)
    return trial


def torch_detector(filters):
    """Return the same network in PyTorch; it gives heat maps and boxes, joined."""
    import torch
    from torch import nn
    from torch.nn.functional import interpolate, softplus

    def convolve(depth, width, size=3, stride=1):
        return nn.Sequential(
            nn.Conv2d(depth, width, size, stride, padding=size // 2, bias=False),
            nn.BatchNorm2d(width, eps=1e-3, momentum=0.1),
        )

    class Level(nn.Module):
        def __init__(self, depth, width, residual):
            super().__init__()
            self.enter = nn.Sequential(convolve(depth, width, stride=2), nn.ReLU())
            self.block = None
            if residual:
                first = convolve(width, width)
                self.block = nn.Sequential(first, nn.ReLU(), convolve(width, width))

        def forward(self, x):
            x = self.enter(x)
            return (x + self.block(x)).relu() if self.block else x

    class Up(nn.Module):
        def __init__(self, depth, width):
            super().__init__()
            self.narrow = nn.Sequential(convolve(depth, width, 1), nn.ReLU())
            self.join = nn.Sequential(convolve(2 * width, width), nn.ReLU())

        def forward(self, x, skip):
            larger = interpolate(self.narrow(x), scale_factor=2)
            rows, columns = skip.shape[2:]
            return self.join(torch.cat([larger[:, :, :rows, :columns], skip], dim=1))

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            depths = (3, *filters[:-1])
            sizes = zip(depths, filters, strict=True)
            self.down = nn.ModuleList(Level(*size, i > 0) for i, size in enumerate(sizes))
            joints = zip(filters[:2:-1], filters[-2:1:-1], strict=True)
            self.up = nn.ModuleList(Up(*joint) for joint in joints)
            width = filters[2]
            self.heat = nn.Sequential(convolve(width, width), nn.ReLU(), nn.Conv2d(width, 3, 1))
            self.box = nn.Sequential(convolve(width, width), nn.ReLU(), nn.Conv2d(width, 4, 1))
            nn.init.constant_(self.heat[-1].bias, -4.0)
            nn.init.ones_(self.box[-1].bias)

        def forward(self, x):
            x = x / 127.5 - 1
            skips = []
            for level in self.down:
                x = level(x)
                skips.append(x)
            for up, skip in zip(self.up, skips[-2:1:-1], strict=True):
                x = up(x, skip)
            return torch.cat([self.heat(x).sigmoid(), softplus(self.box(x))], dim=1)

    return Detector()


def torch_loss(answers, targets):
    """Return the focal loss and 1 − IoU, as ``nnlab.models`` computes them."""
    import torch

    p = answers[:, :CLASSES].clamp(1e-5, 1 - 1e-5)
    heat = targets[:, :CLASSES]
    centre = (heat > 0.999).float()
    elsewhere = (1 - centre) * (1 - heat) ** 4 * p**2 * (1 - p).log()
    focal = -(centre * (1 - p) ** 2 * p.log() + elsewhere).sum() / centre.sum().clamp(min=1)
    found = answers[:, CLASSES:]
    true = targets[:, CLASSES:-1]
    weight = targets[:, -1]
    areas = []
    for sides in (true, found, torch.minimum(true, found)):
        areas.append((sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3]))
    iou = areas[2] / (areas[0] + areas[1] - areas[2]).clamp(min=1e-6)
    return focal + (weight * (1 - iou)).sum() / weight.sum().clamp(min=1e-6)


def torch_same_model(channels_last):
    def run(quick):
        settings = notebook_settings("13_detection")
        x, heat, box = photos(quick)
        return torch_maps(
            lambda: torch_detector(settings["FILTERS"]),
            torch_loss,
            x,
            np.concatenate([heat, box], axis=-1),
            settings["BATCH"],
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
