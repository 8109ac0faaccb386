"""A pad to draw on in a notebook, and what is drawn as an image."""

import numpy as np
from PIL import Image, ImageDraw


class DrawingPad:
    """A square to draw on with mouse, finger or pen; in a notebook, it shows itself.

    Under it stands the drawing as text: copy it, and `draw_strokes` makes an image of it. It works
    in JupyterLab, VS Code and hosted notebooks; where scripts may not run, the square stays empty.

    size: of the square, in pixels of the screen.
    """

    def __init__(self, size=220):
        self.size = int(size)

    def __repr__(self):
        return "a pad to draw on, shown by notebooks"

    def _repr_html_(self):
        return """
<div style="width: max-content">
  <canvas width="SIZE" height="SIZE" tabindex="0" aria-label="Draw here" style="background: #000;
    border-radius: 6px; touch-action: none; cursor: crosshair; display: block"></canvas>
  <input readonly size="30" aria-label="The drawing as text" placeholder="the drawing as text">
  <button type="button">copy</button> <button type="button">clear</button>
<script>
(() => {
  const pad = document.currentScript.parentElement;
  const canvas = pad.querySelector("canvas");
  const text = pad.querySelector("input");
  const [copy, clear] = pad.querySelectorAll("button");
  const pen = canvas.getContext("2d");
  let strokes = [];
  let drawing = false;
  const show = () => {
    pen.clearRect(0, 0, SIZE, SIZE);
    pen.strokeStyle = "#fff";
    pen.lineWidth = SIZE * 0.09;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      for (const [x, y] of stroke) pen.lineTo(x * SIZE / 99, y * SIZE / 99);
      if (stroke.length === 1) pen.lineTo(stroke[0][0] * SIZE / 99 + 0.1, stroke[0][1] * SIZE / 99);
      pen.stroke();
    }
    text.value = strokes.map(stroke => stroke.map(point => point.join(",")).join(" ")).join(" / ");
  };
  const place = event => {
    const box = canvas.getBoundingClientRect();
    const on = value => Math.max(0, Math.min(99, Math.round(value * 99)));
    return [on((event.clientX - box.left) / box.width), on((event.clientY - box.top) / box.height)];
  };
  canvas.addEventListener("pointerdown", event => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    strokes.push([place(event)]);
    show();
  });
  canvas.addEventListener("pointermove", event => {
    if (!drawing) return;
    const stroke = strokes[strokes.length - 1];
    const [x, y] = place(event);
    const [u, v] = stroke[stroke.length - 1];
    if (Math.hypot(x - u, y - v) >= 2) stroke.push([x, y]);
    show();
  });
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => { drawing = false; });
  clear.addEventListener("click", () => { strokes = []; show(); });
  copy.addEventListener("click", () => {
    text.select();
    if (navigator.clipboard) navigator.clipboard.writeText(text.value);
    else document.execCommand("copy");
  });
})();
</script>
</div>""".replace("SIZE", str(self.size))


def draw_strokes(text, *, size=280, width=25):
    """Return what was drawn on a `DrawingPad` as an image, white on black: uint8 ``(size, size)``.

    text: the strokes, divided by ``/``; each is a row of points ``x,y`` from ``0,0`` (top left) to
    ``99,99``, divided by spaces: ``"20,20 80,20 / 50,20 50,90"`` is a T.
    size: of the image, in pixels.
    width: of the strokes, in pixels.

    Raises ValueError for a text that is no drawing.
    """
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    for stroke in text.split("/"):
        try:
            points = np.array([point.split(",") for point in stroke.split()], float)
        except ValueError:
            points = np.empty(0)
        if points.ndim != 2 or points.shape[1] != 2 or not ((points >= 0) & (points <= 99)).all():
            raise ValueError(
                f"a stroke must be points x,y in 0..99 with spaces between them, got {stroke!r}: "
                "copy the whole text from under the pad"
            )
        points = points * size / 99
        draw.line([tuple(point) for point in points], fill=255, width=width, joint="curve")
        for x, y in points[[0, -1]]:  # round ends
            radius = width / 2
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return np.array(image)


def centre_digit(image):
    """Return a drawn digit in the form of MNIST's: uint8 ``(28, 28)``, white on black.

    The digit is scaled, with its proportions, to fit a square of 20 pixels, and its centre of mass
    is put into the middle of the image.

    image: ``(height, width)``, uint8 in 0..255, white on black, with a digit anywhere on it.

    Raises ValueError for an image of another form, or with nothing on it.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """
    image = np.asarray(image)
    no_digit = ValueError(
        f"expected a uint8 image (height, width) with a digit on it, got {image.dtype} "
        f"{image.shape} with {np.count_nonzero(image)} pixels that are not black: draw a digit"
    )
    if image.ndim != 2 or image.dtype != np.uint8 or not image.any():
        raise no_digit
    rows = np.flatnonzero(image.any(axis=1))
    columns = np.flatnonzero(image.any(axis=0))
    box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(box.shape)
    height, width = (max(1, round(side * scale)) for side in box.shape)
    small = np.array(Image.fromarray(box).resize((width, height), Image.Resampling.BOX))
    if not small.any():  # dots far apart
        raise no_digit
    weights = small / small.sum()
    down = round(14.5 - (weights.sum(axis=1) @ (np.arange(height) + 0.5)))
    across = round(14.5 - (weights.sum(axis=0) @ (np.arange(width) + 0.5)))
    down = int(np.clip(down, 0, 28 - height))
    across = int(np.clip(across, 0, 28 - width))
    digit = np.zeros((28, 28), np.uint8)
    digit[down : down + height, across : across + width] = small
    return digit
