"""``nnlab demo``: the page on which a network reads what is drawn, in a real browser."""

import base64
import re
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from nnlab.cli import app
from nnlab.cli._digit_page import NETWORK, digit_page
from nnlab.drawing import centre_digit, draw_strokes
from nnlab.trained import load_trained

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STROKES = {
    0: "50,12 25,35 25,70 50,90 75,70 75,35 50,12",
    1: "54,10 50,90",
    2: "25,30 35,14 60,12 72,28 65,48 25,88 80,88",
    3: "25,15 60,12 72,28 50,46 74,62 66,84 25,88",
    4: "58,10 22,60 82,60 / 62,35 62,92",
    5: "74,12 32,12 28,45 58,42 74,62 62,86 26,86",
    6: "65,10 36,40 28,70 48,90 70,74 60,54 32,62",
    7: "22,14 78,14 42,90",
    8: "50,48 28,28 50,10 70,28 50,48 26,72 50,92 74,72 50,48",
    9: "70,30 48,12 30,30 46,48 70,32 66,62 56,90",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page, as the command writes it."""
    path = tmp_path_factory.mktemp("demo") / "new" / "digit.html"
    done = CliRunner().invoke(app, ["demo", "--no-browser", "--out", str(path)])
    assert done.exit_code == 0, done.output
    assert str(path) in done.output.replace("\n", "")
    return path


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (".", "is a folder: name the page, as digit.html"),
        ("folder", "is a folder: name the page"),
        ("file/digit.html", "cannot be written to file/digit.html"),
    ],
)
def test_a_place_that_no_page_can_have_is_refused_without_a_trace(
    tmp_path, monkeypatch, out, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    done = CliRunner().invoke(app, ["demo", "--no-browser", "--out", out])
    assert done.exit_code == 2
    assert message in done.output
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.fixture(scope="module")
def browser():
    """A browser that finds no network."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        pytest.skip("no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        chromium = playwright.chromium.launch(executable_path=program, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, path, request):
    """The page in the browser; the test fails where it writes an error or asks for more."""
    context = browser.new_context(offline=True, **getattr(request, "param", {}))
    page = context.new_page()
    trouble = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("request", lambda request: trouble.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert trouble == [path.as_uri()]  # the page itself
    context.close()


def draw(page, text):
    """Draw strokes with the mouse; return what the page says then."""
    page.click("#clear")
    box = page.locator("#pad").bounding_box()
    for stroke in text.split("/"):
        pressed = False
        for point in stroke.split():
            x, y = (float(number) / 99 for number in point.split(","))
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
            if not pressed:
                page.mouse.down()
            pressed = True
        page.mouse.up()
    return said(page)


def said(page):
    """Return what the page says once it has drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return page.locator("#said").inner_text()


def test_it_reads_the_ten_digits(page):
    answers = {digit: draw(page, text) for digit, text in STROKES.items()}
    right = [digit for digit, answer in answers.items() if answer.startswith(f"A {digit},")]
    assert len(right) >= 9, answers


def test_its_network_answers_as_keras_does(page):
    images = [centre_digit(draw_strokes(text)) for text in STROKES.values()]
    noise = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    images = np.concatenate([np.stack(images), noise])
    answers = [page.evaluate("digit => read(digit)", image.ravel().tolist()) for image in images]
    expected = load_trained(NETWORK.stem).predict(images[..., None] / np.float32(255), verbose=0)
    np.testing.assert_allclose(answers, expected, atol=1e-4)


@pytest.mark.parametrize("digit", STROKES)
def test_it_brings_a_drawing_to_the_form_of_mnist_as_nnlab_does(page, digit):
    drawn = draw_strokes(STROKES[digit])
    made = page.evaluate("image => Array.from(centred(image))", drawn.ravel().tolist())
    difference = np.abs(np.reshape(made, (28, 28)) - centre_digit(drawn).astype(float))
    assert difference.max() <= 3  # of 255: they round at other places


def test_it_is_drawn_on_by_keyboard_too(page):
    page.focus("#pad")
    page.keyboard.press("Space")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert said(page).startswith("A 1,")
    page.keyboard.press("Delete")
    assert said(page).startswith("Draw")


def test_the_pen_stays_down_while_space_is_held(page):
    page.focus("#pad")
    for _ in range(4):  # from the second on, as a key that is held repeats itself
        page.keyboard.down("Space")
        assert page.evaluate("[down, strokes.length]") == [True, 1]
    page.keyboard.up("Space")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    assert said(page).startswith("A 1,")
    page.keyboard.press("Space")
    assert page.evaluate("[down, strokes.length]") == [False, 1]


@pytest.mark.parametrize("page", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_it_fits_a_phone(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert draw(page, STROKES[7]).startswith("A 7,")


@pytest.mark.parametrize(
    "page", [{"has_touch": True, "viewport": {"width": 390, "height": 844}}], indirect=True
)
def test_it_is_drawn_on_by_finger(page):
    box = page.locator("#pad").bounding_box()
    page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    assert said(page).startswith("A ")


def test_its_network_has_at_most_200_kb():
    [content] = re.findall(r'atob\("([^"]+)"\)', digit_page())
    assert len(base64.b64decode(content)) <= 200_000


def test_a_layer_that_the_page_does_not_know_is_refused():
    with pytest.raises(ValueError, match="does not compute the layer"):
        digit_page(NETWORK.with_name("mnist_dcgan.npz"))
