"""An object detector in one stage and without anchors: targets, network, losses, boxes."""

import keras
import numpy as np
from keras import layers, ops


def draw_targets(boxes, labels, *, image_shape, num_classes, stride=8):
    """Return what a detector should answer on an image: a heat map of centres, and boxes.

    The answers lie on a grid of ``(rows, columns)`` places, one for each square of stride × stride
    pixels. A dict of two arrays, float32:

    * ``heat``, ``(rows, columns, num_classes)``: 1 at the place nearest to the centre of an object
      of the class, and around it a Gaussian as wide as an eighth of the object; of two that overlap
      the larger value.
    * ``box``, ``(rows, columns, 5)``: at places near a centre how far it is to the left, the top,
      the right and the bottom of the box, in strides, and a weight in 0..1, the Gaussian's value;
      elsewhere 0. Where boxes overlap, the one whose Gaussian is larger has the place. A box
      without a place's middle in it, as one of less than a stride may be, has none.

    boxes: ``(n, 4)``, left, top, right and bottom of each object, in pixels; width and height > 0.
    labels: integers ``(n,)`` in 0..num_classes - 1.
    image_shape: ``(height, width, channels)``, sides multiples of stride.
    num_classes: how many classes there are.
    stride: pixels from one place to the next.

    Raises ValueError for boxes that are none or have no size, for unknown labels, and for sides
    that are no multiples of stride.

    Source: Zhou, Wang and Krähenbühl, "Objects as Points" (2019), for the heat map; Tian et al.,
    "FCOS: Fully Convolutional One-Stage Object Detection" (2019), for the four distances.
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    sizes = boxes[:, 2:] - boxes[:, :2]  # (n, 2), width and height
    if not (sizes > 0).all():
        worst = boxes[sizes.min(axis=1).argmin()]
        raise ValueError(
            f"each box must have left < right and top < bottom, got {worst.tolist()}: leave out "
            "boxes without a size"
        )
    labels = np.asarray(labels)
    known = labels.shape == (len(boxes),) and set(labels.tolist()) <= set(range(num_classes))
    if not known:
        raise ValueError(
            f"expected {len(boxes)} labels in 0..{num_classes - 1}, got {labels.tolist()}: one for "
            "each box, counted from 0"
        )
    if any(side < stride or side % stride for side in image_shape[:2]):
        raise ValueError(
            f"image_shape must have sides that are multiples of {stride}, got {image_shape}: crop "
            "or pad the image"
        )
    rows = image_shape[0] // stride
    columns = image_shape[1] // stride
    y = (np.arange(rows)[:, None] + 0.5) * stride  # (rows, 1), in pixels
    x = (np.arange(columns)[None, :] + 0.5) * stride  # (1, columns)
    heat = np.zeros((rows, columns, num_classes), np.float32)
    box = np.zeros((rows, columns, 5), np.float32)
    for (left, top, right, bottom), label in zip(boxes, labels.astype(int), strict=True):
        nearest_x = x[0, np.abs(x[0] - (left + right) / 2).argmin()]
        nearest_y = y[np.abs(y[:, 0] - (top + bottom) / 2).argmin(), 0]
        across = (x - nearest_x) / max((right - left) / 8, stride / 3)
        down = (y - nearest_y) / max((bottom - top) / 8, stride / 3)
        bump = np.exp(-(across**2 + down**2) / 2)  # (rows, columns), 1 at the centre's place
        heat[:, :, label] = np.maximum(heat[:, :, label], bump)
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        mine = inside & (bump > np.maximum(box[:, :, 4], 0.3))
        sides = np.broadcast_arrays(x - left, y - top, right - x, bottom - y)
        box[mine, :4] = np.stack(sides, axis=-1)[mine] / stride
        box[mine, 4] = bump[mine]
    return {"heat": heat, "box": box}


def build_detector(image_shape, num_classes, *, filters=(16, 32, 64, 128, 128)):
    """Return an uncompiled detector: images go in, a heat map and boxes on a grid come out.

    Images ``(batch, *image_shape)`` in 0..255 go in. A dict comes out, both float32: ``heat``,
    ``(batch, height / 8, width / 8, num_classes)``, how probable it is that an object of the class
    has its centre there; and ``box``, ``(batch, height / 8, width / 8, 4)``, how far it is from
    there to its left, top, right and bottom, in strides of 8 pixels, ≥ 0.

    Each level halves height and width; all but the first have a residual block. From the last
    level the maps are enlarged again and joined to those of the levels above it, up to the third,
    whose stride is 8: so each place knows both details and surroundings.

    image_shape: ``(height, width, channels)``, both sides multiples of 8.
    num_classes: how many classes there are.
    filters: of the 3×3 convolutions of each level, three levels or more.

    Raises ValueError for another image_shape, and for fewer levels.

    Source: heads and strides as in Tian et al., "FCOS: Fully Convolutional One-Stage Object
    Detection" (2019); the way up is that of Lin et al., "Feature Pyramid Networks for Object
    Detection" (2017), with concatenation in place of a sum; residual blocks: He et al. (2015).
    """
    is_image = len(image_shape) == 3 and None not in image_shape
    if not is_image or any(side < 8 or side % 8 for side in image_shape[:2]):
        raise ValueError(
            "image_shape must be (height, width, channels), both sides multiples of 8, "
            f"got {image_shape}: crop or pad the images"
        )
    if len(filters) < 3:
        raise ValueError(f"expected filters of three levels or more, got {filters}")

    def convolve(x, width, size=3, strides=1, activation=True):
        x = layers.Conv2D(int(width), size, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.ReLU()(x) if activation else x

    inputs = keras.Input(image_shape)
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    skips = []
    for level, width in enumerate(filters):
        x = convolve(x, width, strides=2)  # half of height and width
        if level:
            new = convolve(convolve(x, width), width, activation=False)
            x = layers.ReLU()(layers.Add()([x, new]))
        skips.append(x)
    for skip in reversed(skips[2:-1]):
        _, rows, columns, width = skip.shape
        x = layers.UpSampling2D()(convolve(x, width, size=1))
        surplus = ((0, x.shape[1] - rows), (0, x.shape[2] - columns))  # of odd sides
        x = layers.Cropping2D(surplus)(x)
        x = convolve(layers.Concatenate()([x, skip]), width)  # (batch, rows, columns, width)
    rare = keras.initializers.Constant(-4.0)  # at first, 2 % for a centre anywhere
    heat = layers.Conv2D(int(num_classes), 1, bias_initializer=rare, dtype="float32")(
        convolve(x, filters[2])
    )
    heat = layers.Activation("sigmoid", dtype="float32", name="heat")(heat)
    box = layers.Conv2D(4, 1, bias_initializer="ones", dtype="float32")(convolve(x, filters[2]))
    box = layers.Activation("softplus", dtype="float32", name="box")(box)
    return keras.Model(inputs, {"heat": heat, "box": box}, name="detector")


def focal_loss(y_true, y_pred):
    """Return the focal loss of a heat map of centres, summed over places, for each centre.

    It is ``−(1 − p)² log p`` where y_true is 1, and ``−(1 − y)⁴ p² log(1 − p)`` elsewhere: what is
    easy counts little, and so does what is near a centre.

    y_true: ``(batch, rows, columns, num_classes)`` in 0..1, as from ``draw_targets``.
    y_pred: the same of a ``build_detector``.

    Source: Lin et al., "Focal Loss for Dense Object Detection" (2017); in this form Law and Deng,
    "CornerNet: Detecting Objects as Paired Keypoints" (2018).
    """
    y_true = ops.cast(y_true, y_pred.dtype)
    p = ops.clip(y_pred, 1e-5, 1 - 1e-5)
    centre = ops.cast(y_true > 0.999, p.dtype)
    at_centres = centre * (1 - p) ** 2 * ops.log(p)
    elsewhere = (1 - centre) * (1 - y_true) ** 4 * p**2 * ops.log(1 - p)
    return -ops.sum(at_centres + elsewhere) / ops.maximum(ops.sum(centre), 1.0)


def box_loss(y_true, y_pred):
    """Return the mean of 1 − IoU of true and predicted boxes, weighted, over places near centres.

    Both boxes of a place reach from it to four sides, so that they always overlap, and the
    intersection over union (IoU) follows from the smaller distances.

    y_true: ``(batch, rows, columns, 5)``: distances to left, top, right and bottom, and a weight,
        as from ``draw_targets``.
    y_pred: ``(batch, rows, columns, 4)``: distances ≥ 0, as from a ``build_detector``.

    Source: Yu et al., "UnitBox: An Advanced Object Detection Network" (2016), who take −log IoU.
    """
    y_true = ops.cast(y_true, y_pred.dtype)
    weight = y_true[..., 4]  # (batch, rows, columns)
    true = y_true[..., :4]
    both = ops.minimum(true, y_pred)  # distances to the sides of the intersection
    areas = []
    for sides in (true, y_pred, both):
        areas.append((sides[..., 0] + sides[..., 2]) * (sides[..., 1] + sides[..., 3]))
    iou = areas[2] / ops.maximum(areas[0] + areas[1] - areas[2], 1e-6)
    return ops.sum(weight * (1 - iou)) / ops.maximum(ops.sum(weight), 1e-6)


def find_boxes(heat, box, *, stride=8, min_score=0.05, max_iou=0.5):
    """Return the boxes that a detector finds in an image, their labels and their scores.

    Every place and class with a score is a candidate. By **non-maximum suppression**, of candidates
    of one class the best one is kept, those that overlap it too much are dropped, and so on.

    Three arrays, from the highest score to the lowest: float32 ``(n, 4)``, left, top, right and
    bottom in pixels; integers ``(n,)``; float32 ``(n,)`` in 0..1.

    heat: ``(rows, columns, num_classes)`` in 0..1.
    box: ``(rows, columns, 4)``: distances to left, top, right and bottom, in strides.
    stride: pixels from one place to the next.
    min_score: of a candidate.
    max_iou: how much two boxes of one class may overlap, as intersection over union, in 0..1.

    Raises ValueError for arrays of other shapes, and for NaN and infinity.

    Source: as ``draw_targets``.
    """
    heat = np.asarray(heat, np.float32)
    box = np.asarray(box, np.float32)
    if heat.ndim != 3 or box.shape != (*heat.shape[:2], 4):
        raise ValueError(
            "expected heat (rows, columns, num_classes) and box (rows, columns, 4) of one image, "
            f"got {heat.shape} and {box.shape}"
        )
    if not (np.isfinite(heat).all() and np.isfinite(box).all()):
        raise ValueError("heat or box holds NaN or infinity: did training diverge?")
    row, column, label = np.nonzero(heat > min_score)
    score = heat[row, column, label]
    order = np.argsort(-score, kind="stable")
    row = row[order]
    column = column[order]
    label = label[order]
    score = score[order]
    x = (column + 0.5) * stride
    y = (row + 0.5) * stride
    left, top, right, bottom = stride * box[row, column].T
    found = np.stack([x - left, y - top, x + right, y + bottom], axis=1)  # (candidates, 4)
    size = stride * np.array([heat.shape[1], heat.shape[0]] * 2)
    found = np.clip(found, 0, size).astype(np.float32)
    areas = (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1])
    kept = []
    left_over = np.arange(len(found))
    while left_over.size:
        best = left_over[0]
        kept.append(best)
        others = left_over[1:]
        corner = np.maximum(found[best, :2], found[others, :2])
        opposite = np.minimum(found[best, 2:], found[others, 2:])
        both = np.clip(opposite - corner, 0, None).prod(axis=1)
        iou = both / np.maximum(areas[best] + areas[others] - both, 1e-6)
        left_over = others[(iou <= max_iou) | (label[others] != label[best])]
    return found[kept], label[kept], score[kept]
