"""Every tab as a person uses it: in Debian's Chromium, on a laptop's and on a phone's screen."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sightline as sl
from sightline.image import decode, encode
from sightline.pipeline import Pipeline

from .conftest import Service, begin

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENS = {"laptop": (1280, 860), "phone": (390, 844)}

Open = Callable[..., "Page"]
Site = tuple[Service, Path]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service with its page in a folder of its own, in which there are two runs."""
    folder = tmp_path_factory.mktemp("site")
    sl.train("digits", epochs=2, arguments={"filters": (8, 8, 8)}, out=folder / "runs", name="run-0")
    shutil.copytree(folder / "runs" / "run-0", folder / "runs" / "run-1")
    running = begin("-m", "mnist", "-m", "clothes=fashion-mnist", cwd=folder, page=True)
    yield running, folder
    running.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(params=list(SCREENS))
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def visit(site: tuple[Service, Path], browser: Browser, screen: str) -> Iterator[Open]:
    """Opens the page on a screen; fails where it asks another machine, or its scripts fail."""
    width, height = SCREENS[screen]
    phone = screen == "phone"
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=phone, is_mobile=phone, color_scheme="dark" if phone else "light"
    )
    context.set_default_timeout(15_000)
    trouble: list[str] = []

    def open_(tab: str) -> Page:
        service, _ = site
        page = context.new_page()
        home = f"http://127.0.0.1:{service.port}/"
        page.on("request", lambda asked: trouble.extend([asked.url] if not asked.url.startswith((home, "data:", "blob:")) else []))
        page.on("requestfailed", lambda asked: trouble.append(f"{asked.url}: {asked.failure}"))
        page.on("response", lambda got: trouble.extend([f"{got.url}: {got.status}"] if got.status >= 400 else []))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.extend([said.text] if said.type == "error" else []))
        page.goto(home)
        page.get_by_role("tab", name=tab).click()
        return page

    yield open_
    context.close()
    assert trouble == []


def picture(image: np.ndarray | bytes) -> FilePayload:
    """A file as it is chosen in a form."""
    return {"name": "p.png", "mimeType": "image/png", "buffer": image if isinstance(image, bytes) else encode(image, ".png")}


def add_step(page: Page, words: str) -> None:
    page.get_by_role("button", name="Add a step").click()
    page.get_by_label("Search the operations").fill(words)
    page.keyboard.press("Enter")


def draw_seven(page: Page) -> None:
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    first, *others = [(0.28, 0.22), (0.72, 0.22), (0.45, 0.82)]
    page.mouse.move(box["x"] + first[0] * box["width"], box["y"] + first[1] * box["height"])
    page.mouse.down()
    for x, y in others:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
    page.mouse.up()


def test_three_steps_of_the_lab_give_the_pixels_of_shell_and_file(visit: Open, tmp_path: Path) -> None:
    photo = sl.sample(width=300, height=200, seed=4)
    page = visit("Lab")
    page.locator(".lab input[type=file]").first.set_input_files(picture(photo))
    page.locator(".source .stage img").wait_for()
    add_step(page, "gaussian blur")
    page.locator("[data-op=gaussian_blur] input[type=number]").first.fill("2.5")
    page.keyboard.press("Tab")
    add_step(page, "to gray")
    add_step(page, "canny")
    page.locator(".outcome pre", has_text="gaussian-blur --sigma 2.5 to-gray canny").wait_for()

    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download the picture").click()
    shown = decode(Path(fetched.value.path()).read_bytes(), "shown", "unchanged")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download pipeline.yaml").click()
    Path(fetched.value.path()).replace(tmp_path / "p.yaml")
    line = page.locator(".outcome pre").first.inner_text()

    sl.write(tmp_path / "photo.jpg.png", photo)
    expected = sl.canny(sl.to_gray(sl.gaussian_blur(photo, sigma=2.5)))
    assert np.array_equal(shown, expected)
    assert np.array_equal(Pipeline.load(tmp_path / "p.yaml").run(photo), expected)
    words = shlex.split(line.replace("photo.jpg", "photo.jpg.png"))
    subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, check=True, capture_output=True)
    assert np.array_equal(sl.read(tmp_path / "result.png", "unchanged"), expected)


def test_the_lab_says_what_a_step_measured(visit: Open) -> None:
    photo = sl.sample(width=300, height=200, seed=4)
    page = visit("Lab")
    page.locator(".lab input[type=file]").first.set_input_files(picture(photo))
    page.locator(".source .stage img").wait_for()
    add_step(page, "to gray")
    add_step(page, "otsu")
    add_step(page, "connected components")
    said = page.locator("[data-op=connected_components] .copyable code")
    said.wait_for()
    assert json.loads(said.inner_text()) == sl.connected_components(sl.otsu(sl.to_gray(photo))).to_dict()


def test_steps_of_the_lab_are_switched_moved_removed_and_undone(visit: Open) -> None:
    page = visit("Lab")
    page.get_by_role("button", name="Try the sample").click()
    page.locator(".source .stage img").wait_for()
    for words in ("invert", "to gray"):
        add_step(page, words)
    line = page.locator(".outcome pre").first
    page.get_by_label("to gray is on").uncheck()
    page.wait_for_function(
        "(document.querySelector('.outcome pre')?.textContent ?? 'invert') == 'sightline edit photo.jpg invert -o result.png'"
    )
    page.get_by_role("button", name="Undo").click()
    page.get_by_label("Move up to gray").click()
    page.wait_for_function("(document.querySelector('.outcome pre')?.textContent ?? 'invert').includes('to-gray invert')")
    page.get_by_label("Remove invert").click()
    page.wait_for_function("!(document.querySelector('.outcome pre')?.textContent ?? 'invert').includes('invert')")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("(document.querySelector('.outcome pre')?.textContent ?? 'invert').includes('to-gray invert')")
    assert page.locator(".step").count() == 2
    assert line.inner_text() == "sightline edit photo.jpg to-gray invert -o result.png"


def test_the_lab_says_what_does_not_fit_where_it_is(visit: Open) -> None:
    page = visit("Lab")
    page.get_by_role("button", name="Try the sample").click()
    page.locator(".source .stage img").wait_for()
    add_step(page, "to gray")
    add_step(page, "hue")
    page.locator(".step .problem .notice").wait_for()
    assert "to_rgb" in page.locator(".step .problem .notice").inner_text()
    assert page.locator(".step .stage img").count() == 1  # what comes before it is shown
    page.locator(".lab input[type=file]").first.set_input_files(picture(b"no picture at all"))
    page.locator(".chain > div .notice").wait_for()


def test_a_seven_drawn_with_the_mouse_is_a_seven_and_a_correction_is_a_file(visit: Open, site: Site, screen: str) -> None:
    folder = site[1] / "corrections" / "mnist"
    page = visit("Draw & classify")
    draw_seven(page)
    page.locator(".answer p.label", has_text="7").wait_for()
    page.locator(".looked img").wait_for()
    steps = page.locator(".way li").all_inner_texts()
    assert [text.split(". ")[1] for text in steps[1:]] == [
        step.op.replace("_", " ") for step in sl.load("mnist").pipeline.steps if step.when == "always"
    ]
    label = {"laptop": "1", "phone": "2"}[screen]
    page.get_by_label(f"It is {label}", exact=True).click()
    page.locator(".notice.good").wait_for()
    (kept,) = (folder / label).glob("*.png")
    assert sl.read(kept).shape == (280, 280, 3)
    assert sl.load("mnist").predict(kept).label == "7"

    page.get_by_role("button", name="Clear").click()
    page.locator(".answer", has_text="as soon as you lift the pen").wait_for()


def test_what_is_of_no_label_is_called_unknown(visit: Open) -> None:
    page = visit("Draw & classify")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    page.locator(".draw input[type=file]").set_input_files(picture(noise))
    page.locator(".answer p.label", has_text="Unknown").wait_for()
    page.get_by_label("Model").select_option("clothes")
    page.locator(".choices").get_by_text("Ankle boot").wait_for()


def test_signs_are_found_corrected_and_downloaded(visit: Open, site: Site, screen: str) -> None:
    page = visit("Find")
    page.get_by_role("button", name="Try the sample").click()
    page.locator(".box").first.wait_for()
    assert page.locator(".box").count() == 18
    said = page.locator(".text").inner_text()
    other = {"laptop": "3", "phone": "5"}[screen]
    page.get_by_label("Sign 1 is").select_option(other)
    page.locator(".notice.good").wait_for()
    assert page.locator(".text").inner_text() == other + said[1:]
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(fetched.value.path()).read_text(encoding="utf-8"))))
    assert [row["read_as"] for row in rows] == said.split()
    assert rows[0]["label"] == other
    assert len(list((site[1] / "corrections" / "mnist" / other).glob("*.png"))) >= 1


def test_a_run_is_opened_to_the_pictures_of_a_cell_and_two_are_compared(visit: Open, site: Site) -> None:
    page = visit("Runs")
    page.get_by_role("button", name="run-0").click()
    metrics = sl.Run(site[1] / "runs" / "run-0").metrics["evaluation"]
    page.locator(".headline", has_text=f"{100 * metrics['accuracy']:.1f}").wait_for()
    confusion = np.array(metrics["confusion"])
    assert [int(text) for text in page.locator(".matrix td button").all_inner_texts()] == confusion.ravel().tolist()
    row, column = divmod(int(np.where(np.eye(10, dtype=bool), 0, confusion).argmax()), 10)
    page.get_by_label(f"{row} taken for {column}: {confusion[row, column]}", exact=True).click()
    page.locator(".cell-pictures .tiles img").first.wait_for()
    assert page.locator(".cell-pictures .tiles li").count() == min(12, confusion[row, column])
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the report").click()
    opened.value.locator("h1").first.wait_for()
    for name in ("run-0", "run-1"):
        page.get_by_label(f"Compare {name}").check()
    page.get_by_role("button", name="Compare the two marked").click()
    page.get_by_text("Right of each class").wait_for()


@pytest.mark.parametrize("screen", ["laptop", pytest.param("phone", marks=pytest.mark.slow)], indirect=True)
def test_a_zip_is_uploaded_trained_on_with_a_curve_that_moves_and_looked_at(visit: Open, site: Site, screen: str) -> None:
    archive = io.BytesIO()
    test = sl.load_dataset("digits").test
    assert test is not None
    with zipfile.ZipFile(archive, "w") as file:
        for index in range(120):
            if test.labels[index] < 3:
                file.writestr(f"{'abc'[test.labels[index]]}/{index}.png", encode(test.read(index), ".png"))
        file.writestr("notes.txt", "none")
    page = visit("Train")
    page.locator(".train input[type=file]").set_input_files(
        {"name": f"letters {screen}.zip", "mimeType": "application/zip", "buffer": archive.getvalue()}
    )
    page.locator(".notice.good", has_text="1 other files were left out").wait_for()
    page.get_by_label("Epochs").fill("2")
    page.get_by_label("Name").fill(f"mine-{screen}")
    page.get_by_role("button", name="Start the training").click()
    page.locator(f"[data-name=mine-{screen}] .curve").first.wait_for(timeout=120_000)
    page.locator(f"[data-name=mine-{screen}][data-state=done]").wait_for(timeout=120_000)
    assert len(sl.Run(site[1] / "runs" / f"mine-{screen}").history) == 2

    page.get_by_role("tab", name="Data").click()
    page.locator(".sightline.data select").select_option(f"upload: letters {screen}")
    page.get_by_role("button", name="Open").click()
    page.locator(".tiles img").first.wait_for()
    page.get_by_role("button", name="Check this data").click()
    page.locator(".finding, .notice.good").first.wait_for()


@pytest.mark.parametrize("tab", ["Lab", "Draw & classify", "Find", "Runs", "Train", "Data"])
def test_no_tab_is_wider_than_the_screen(visit: Open, tab: str) -> None:
    page = visit(tab)
    page.locator(".sightline:not(.masthead):visible").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
