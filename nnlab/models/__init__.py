"""Builders of uncompiled Keras models."""

from nnlab.models.cnn import build_cnn
from nnlab.models.dcgan import DCGAN, build_discriminator, build_generator, interpolate_latent
from nnlab.models.mlp import build_mlp
from nnlab.models.rnn import build_char_rnn, build_sampler

__all__ = [
    "DCGAN",
    "build_char_rnn",
    "build_cnn",
    "build_discriminator",
    "build_generator",
    "build_mlp",
    "build_sampler",
    "interpolate_latent",
]
