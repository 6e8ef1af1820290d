"""How right the shipped models are when they are sure, and how well they know what they do not know.

    python benchmarks/calibration.py

ECE in 15 bins on the test sets, before and after the temperature that was fitted on validation. AUROC of the distance, by
scikit-learn, test pictures against pictures of something else; beside it that of the largest softmax probability, and the share
that the stored threshold calls unknown. Which layers the distance looks at was chosen on validation pictures of Fashion-MNIST
against noise, letters, turned and mixed pictures; the tables that were compared had columns of MNIST too.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from common import publish, table
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from sklearn.metrics import roc_auc_score

import sightline as sl
from sightline.bundle import Measured, Predictor
from sightline.data import Split
from sightline.training.calibrating import evaluated

COUNT = 2000
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZabdefghkmnpqrtwy"  # without those that are digits: I, O, S, i, l, o, s, z
Pictures = list[NDArray[np.uint8]]


def main() -> None:
    models = {name: sl.load(name) for name in ("fashion-mnist", "mnist")}
    tests = {name: test_of(name) for name in models}
    rows = [calibration_row(name, models[name], tests[name]) for name in models]
    text = table(["test set", "accuracy", "temperature", "ECE before", "ECE after", "unknown", "accuracy on the known"], rows)
    noise = np.random.default_rng(1)
    others: dict[str, dict[str, Pictures]] = {"fashion-mnist": {"MNIST test": list(tests["mnist"].pictures)}}  # type: ignore[arg-type]
    others["mnist"] = {
        "letters": letters(),
        "noise, uniform": [noise.integers(0, 256, (28, 28), np.uint8) for _ in range(COUNT)],
        "noise, smooth": [smooth_noise(noise) for _ in range(COUNT)],
        "blank, every gray": [np.full((28, 28), gray, np.uint8) for gray in range(256)],
        "Fashion-MNIST test": list(tests["fashion-mnist"].pictures),  # type: ignore[arg-type]
    }
    rows = []
    for name, sets in others.items():
        inside = measured(models[name], list(tests[name].pictures))  # type: ignore[arg-type]
        for what, pictures in sets.items():
            rows.append([name, f"{what} ({len(pictures):,})", *detection(models[name], inside, measured(models[name], pictures))])
    text += "\n\n" + table(["model", "against its test set", "AUROC, distance", "AUROC, softmax", "called unknown"], rows)
    publish("calibration", "How sure, and what is unknown", text, "python benchmarks/calibration.py")


def test_of(name: str) -> Split:
    test = sl.load_dataset(name).test
    assert test is not None
    return test


def calibration_row(name: str, model: Predictor, test: Split) -> list[str]:
    found = evaluated(model, prepared(model, list(test.pictures)), test.labels, test.names, "test")  # type: ignore[arg-type]
    shares = (found.uncalibrated.ece, found.ece)
    unknown, known = f"{found.unknown / len(found):.2%}", f"{found.known_accuracy:.4f}"
    return [name, f"{found.accuracy:.4f}", f"{found.temperature:.3f}", *(f"{share:.4f}" for share in shares), unknown, known]


def detection(model: Predictor, inside: Measured, outside: Measured) -> list[str]:
    assert inside.distances is not None
    assert outside.distances is not None
    strange = np.r_[np.zeros(len(inside.distances)), np.ones(len(outside.distances))]
    distance = roc_auc_score(strange, np.r_[inside.distances, outside.distances])
    softmax = roc_auc_score(strange, -np.r_[inside.probabilities.max(axis=1), outside.probabilities.max(axis=1)])
    return [f"{distance:.4f}", f"{softmax:.4f}", f"{1 - model.known(outside).mean():.1%}"]


def measured(model: Predictor, pictures: Pictures) -> Measured:
    return model.measure(prepared(model, pictures))


def prepared(model: Predictor, pictures: Pictures) -> NDArray[np.uint8]:
    return np.stack([model.prepare(picture) for picture in pictures])


def smooth_noise(random: np.random.Generator) -> NDArray[np.uint8]:
    blurred = cv2.GaussianBlur(random.standard_normal((28, 28)), (0, 0), random.uniform(0.7, 3))
    return cv2.normalize(blurred, np.empty(0), 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def letters() -> Pictures:
    """Letters in the fonts that come with matplotlib, turned by up to 15 degrees, 17 to 20 px large, in the middle of 28 x 28."""
    random = np.random.default_rng(7)
    fonts = sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVuS*.ttf"))
    fonts = [font for font in fonts if "Display" not in font.name]
    found = []
    for _ in range(COUNT):
        font = ImageFont.truetype(fonts[random.integers(len(fonts))], 80)
        page = Image.new("L", (160, 160))
        ImageDraw.Draw(page).text((80, 80), LETTERS[random.integers(len(LETTERS))], fill=255, font=font, anchor="mm")
        turned = page.rotate(random.uniform(-15, 15), resample=Image.Resampling.BICUBIC)
        letter = turned.crop(turned.getbbox())
        scale = random.uniform(17, 20) / max(letter.size)
        width, height = (max(1, round(side * scale)) for side in letter.size)
        canvas = Image.new("L", (28, 28))
        small = letter.resize((width, height), Image.Resampling.BOX)
        canvas.paste(small, ((28 - width) // 2, (28 - height) // 2))
        found.append(np.asarray(canvas))
    return found


if __name__ == "__main__":
    main()
