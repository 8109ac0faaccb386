"""Builders of uncompiled Keras models."""

from nnlab.models.autoencoder import VAE, build_decoder, build_encoder
from nnlab.models.cnn import build_cnn
from nnlab.models.cnn_rnn import build_cnn_rnn
from nnlab.models.dcgan import DCGAN, build_discriminator, build_generator
from nnlab.models.detector import (
    box_loss,
    build_detector,
    draw_targets,
    find_boxes,
    focal_loss,
)
from nnlab.models.forecasting import (
    build_conv_forecaster,
    build_gru_forecaster,
    build_mlp_forecaster,
    build_patch_transformer,
)
from nnlab.models.googlenet import build_googlenet
from nnlab.models.mlp import build_mlp
from nnlab.models.recurrent_translator import RecurrentTranslator
from nnlab.models.resnet import build_resnet
from nnlab.models.rnn import build_char_rnn
from nnlab.models.squeezenet import build_squeezenet
from nnlab.models.text_classifiers import build_text_cnn, build_text_mean, build_text_rnn
from nnlab.models.transformer import Transformer
from nnlab.models.unet import build_unet
from nnlab.models.vgg import build_vgg

__all__ = [
    "DCGAN",
    "VAE",
    "RecurrentTranslator",
    "Transformer",
    "box_loss",
    "build_char_rnn",
    "build_cnn",
    "build_cnn_rnn",
    "build_conv_forecaster",
    "build_decoder",
    "build_detector",
    "build_discriminator",
    "build_encoder",
    "build_generator",
    "build_googlenet",
    "build_gru_forecaster",
    "build_mlp",
    "build_mlp_forecaster",
    "build_patch_transformer",
    "build_resnet",
    "build_squeezenet",
    "build_text_cnn",
    "build_text_mean",
    "build_text_rnn",
    "build_unet",
    "build_vgg",
    "draw_targets",
    "find_boxes",
    "focal_loss",
]
