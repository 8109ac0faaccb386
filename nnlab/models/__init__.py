"""Builders of uncompiled Keras models."""

from nnlab.models.cnn import build_cnn
from nnlab.models.mlp import build_mlp
from nnlab.models.rnn import build_char_rnn, build_sampler

__all__ = ["build_char_rnn", "build_cnn", "build_mlp", "build_sampler"]
