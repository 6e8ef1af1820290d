"""Averaging over views: the views against SciPy's shift and NumPy's flip, and an accuracy that says what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import shift

import sightline as sl
from sightline.errors import ParameterError
from sightline.evaluation.views import VIEWS, views_of

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 9, 7, 3), np.uint8)


def test_the_views_are_scipys_shifts_and_numpys_mirror_images() -> None:
    before = PICTURES.copy()
    down, up = (shift(PICTURES, (0, by, by, 0), order=0, mode="nearest") for by in (1, -1))
    expected = [PICTURES, up, down, *(np.flip(some, axis=2) for some in (PICTURES, up, down))]
    found = views_of(PICTURES, "mirror-shift")
    assert len(found) == 6
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    assert [len(views_of(PICTURES, name)) for name in ("one", "mirror", "shift")] == [1, 2, 3]
    assert np.array_equal(before, PICTURES)


def test_an_averaged_accuracy_is_that_of_mean_probabilities_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test = sl.load_dataset("mnist").test
    assert test is not None
    np.savez(tmp_path / "some.npz", images=np.asarray(test.pictures)[:300], labels=test.labels[:300])
    model = sl.load("mnist")
    pictures = np.stack([model.prepare(test.read(index)) for index in range(300)])
    mean = (model.probabilities(pictures) + model.probabilities(np.ascontiguousarray(pictures[:, :, ::-1]))) / 2
    evaluation, report = sl.evaluate("mnist", data="some.npz", views="mirror")
    order = [int(name.rpartition("/")[2]) for name in evaluation.names]
    assert np.allclose(evaluation.probabilities, mean[order], atol=1e-6)
    assert evaluation.accuracy == (mean.argmax(axis=1) == test.labels[:300]).mean()
    assert evaluation.split == "all pictures (mean of 2 views)"
    assert report == Path("evaluations/mnist/some-mirror/report.html")
    assert "views: mirror" in report.read_text(encoding="utf-8")


def test_other_views_are_refused() -> None:
    with pytest.raises(ParameterError, match="expected one, mirror, shift, mirror-shift, received 'upside-down'"):
        sl.evaluate("mnist", views="upside-down")  # type: ignore[arg-type]
    assert set(VIEWS) == {"one", "mirror", "shift", "mirror-shift"}
