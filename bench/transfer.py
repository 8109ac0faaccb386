"""Features of photos: notebook 10's SqueezeNet and its published weights, also in PyTorch.

Nothing is trained: photos of 192 × 192 pixels go in, uint8, and 512 numbers of each come out. Both
networks give the same numbers, which tests/test_bench.py checks.
"""

from loops import begin, both_layouts, count_weights, with_bfloat16
from measure import Trial, compare, training_flops

from nnlab.datasets import load_images, load_weights

BATCH_SIZE = 64
OFFSET = (-104.0, -117.0, -123.0)  # of blue, green and red
ROUNDS = 3


def photos_of(quick):
    """Return photos as the notebook reads them, uint8, (n, 192, 192, 3)."""
    return load_images("caltech101").x_train[: 64 if quick else 1024]


def keras_extractor(arrays, image_shape):
    """Return the notebook's network, and the part of it that is borrowed.

    arrays: name of a layer → its kernel and biases.
    """
    import keras
    from keras import layers, ops

    from nnlab.models import build_squeezenet

    backbone = build_squeezenet(image_shape)
    for name, weights in arrays.items():
        backbone.get_layer(name).set_weights(weights)
    inputs = keras.Input(image_shape)
    x = layers.Rescaling(1.0, offset=OFFSET)(ops.flip(inputs, axis=-1))
    x = layers.GlobalAveragePooling2D(dtype="float32")(backbone(x))
    return keras.Model(inputs, x), backbone


def nnlab_notebook(quick):
    begin()
    photos = photos_of(quick)
    model, backbone = keras_extractor(load_weights("squeezenet").layers, photos.shape[1:])
    trial = Trial(examples=len(photos), facts={"weights": count_weights(model.weights)})
    for _ in range(ROUNDS):
        model.predict(photos, batch_size=BATCH_SIZE, verbose=0)
        trial.round_ends()
    trial.flops = training_flops(backbone) / 3  # without the way back
    return trial


def torch_extractor(arrays):
    """Return the same network in PyTorch, for photos (n, 3, height, width) of uint8."""
    import torch
    from torch import nn

    def convolution(name, **options):
        kernel, biases = map(torch.from_numpy, arrays[name])
        rows, columns, channels, filters = kernel.shape
        layer = nn.Conv2d(channels, filters, (rows, columns), **options)
        layer.weight = nn.Parameter(kernel.permute(3, 2, 0, 1).contiguous())
        layer.bias = nn.Parameter(biases)
        return nn.Sequential(layer, nn.ReLU(inplace=True))

    class Prepare(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("offset", torch.tensor(OFFSET).view(3, 1, 1))

        def forward(self, photos):
            return photos.flip(1) + self.offset  # float32

    class Fire(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.squeeze = convolution(f"{name}_squeeze1x1")
            self.one = convolution(f"{name}_expand1x1")
            self.three = convolution(f"{name}_expand3x3", padding=1)

        def forward(self, x):
            x = self.squeeze(x)
            return torch.cat([self.one(x), self.three(x)], dim=1)

    def fires(*numbers):
        return nn.Sequential(*(Fire(f"fire{number}") for number in numbers))

    return nn.Sequential(
        Prepare(),
        convolution("conv1", stride=2),
        nn.MaxPool2d(3, stride=2),
        fires(2, 3),
        nn.MaxPool2d(3, stride=2),
        fires(4, 5),
        nn.MaxPool2d(3, stride=2),
        fires(6, 7, 8, 9),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def torch_same_model(channels_last):
    def run(quick):
        import torch

        layout = torch.channels_last if channels_last else torch.contiguous_format
        photos = torch.from_numpy(photos_of(quick)).permute(0, 3, 1, 2)
        photos = photos.contiguous(memory_format=layout)
        model = torch_extractor(load_weights("squeezenet").layers).eval().to(memory_format=layout)
        facts = {"weights": count_weights(model.parameters())}
        trial = Trial(examples=len(photos), facts=facts)
        for _ in range(ROUNDS):
            with torch.inference_mode():
                torch.cat([model(batch) for batch in photos.split(BATCH_SIZE)])
            trial.round_ends()
        return trial

    return run


CONTESTS = {
    "throughput": {
        **with_bfloat16({"nnlab": nnlab_notebook}),
        **both_layouts(nnlab_notebook, torch_same_model),
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
