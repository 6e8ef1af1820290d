"""Comparisons against SciPy, published numbers and counting."""

from __future__ import annotations

from math import comb
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from sightline.errors import DatasetError, ParameterError
from sightline.evaluation import Evaluation, wilson
from sightline.evaluation.comparison import Comparison, mcnemar, paired_interval
from sightline.evaluation.comparison_page import save_comparison, shown_disagreements
from sightline.image import read

from .conftest import evaluation_of
from .test_report import Page


@pytest.fixture(scope="module")
def real() -> Comparison:
    """Naive Bayes and nearest neighbours on the last third of scikit-learn's digits."""
    data = load_digits()
    pixels, labels = data.data / 16, data.target
    sides = []
    for model in (GaussianNB(var_smoothing=0.05), KNeighborsClassifier(5)):
        probabilities = model.fit(pixels[:1200], labels[:1200]).predict_proba(pixels[1200:]).astype(np.float32)
        names = tuple(f"digits[{i}]" for i in range(1200, len(labels)))
        sides.append(Evaluation(tuple("0123456789"), labels[1200:].astype(np.int64), probabilities, names, "test"))
    return Comparison(("bayes", "neighbours"), sides[0], sides[1], "Digits")


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (1, 9), (5, 5), (30, 12), (132, 52), (3000, 2800)])
def test_mcnemar_is_the_binomial_test(a: int, b: int) -> None:
    expected = 1.0 if a + b == 0 else binomtest(a, a + b, 0.5).pvalue
    assert mcnemar(a, b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(b, a) == mcnemar(a, b)
    with pytest.raises(ParameterError, match="no counts"):
        mcnemar(-1, 3)


def test_the_paired_interval_is_newcombes() -> None:
    """Method 10 worked by hand for 36, 12, 2 and 0 pairs, from the Wilson limits 0.8654 to 0.9890 and 0.6259 to 0.8570."""
    found = paired_interval(36, 12, 2, 0)
    assert (-found[1], -found[0]) == pytest.approx((0.0569, 0.3404), abs=1e-4)
    (low_a, high_a), (low_b, high_b) = wilson(48, 50), wilson(38, 50)
    assert (low_a, high_a, low_b, high_b) == pytest.approx((0.8654, 0.9890, 0.6259, 0.8570), abs=1e-4)
    phi = (36 * 0 - 12 * 2) / (48 * 2 * 38 * 12) ** 0.5
    lower = 0.2 - ((0.96 - low_a) ** 2 - 2 * phi * (0.96 - low_a) * (high_b - 0.76) + (high_b - 0.76) ** 2) ** 0.5
    assert -found[1] == pytest.approx(lower)


def test_the_paired_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    shares, count = np.array([0.85, 0.06, 0.04, 0.05]), 300
    truth = shares[2] - shares[1]
    draws = random.multinomial(count, shares, 2000)
    bounds = [paired_interval(*(int(n) for n in draw)) for draw in draws]
    covered = np.mean([low <= truth <= high for low, high in bounds])
    assert 0.935 < covered < 0.975


def test_the_paired_interval_is_the_same_from_both_sides() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        both, a, b, neither = (int(n) for n in random.integers(0, 40, 4))
        if both + a + b + neither == 0:
            continue
        low, high = paired_interval(both, a, b, neither)
        other = paired_interval(both, b, a, neither)
        assert (low, high) == pytest.approx((-other[1], -other[0]))
        assert -1 <= low <= (b - a) / (both + a + b + neither) + 1e-12
        assert high <= 1


def test_a_comparison_counts_pictures(real: Comparison) -> None:
    a, b, labels = real.a.predictions, real.b.predictions, real.a.labels
    only_a = {i for i in range(len(labels)) if a[i] == labels[i] != b[i]}
    only_b = {i for i in range(len(labels)) if b[i] == labels[i] != a[i]}
    both_wrong = {i for i in range(len(labels)) if a[i] != labels[i] != b[i] != a[i]}
    assert (set(real.only_a), set(real.only_b), set(real.both_wrong)) == (only_a, only_b, both_wrong)
    assert real.difference == pytest.approx((len(only_b) - len(only_a)) / len(labels))
    n = len(only_a) + len(only_b)
    assert real.p_value == pytest.approx(min(1, 2 * sum(comb(n, k) for k in range(min(len(only_a), len(only_b)) + 1)) / 2**n))
    sure = real.b.confidence[real.only_a]
    assert (np.diff(sure) <= 0).all()
    for index, change in enumerate(real.per_class):
        of = labels == index
        assert (change.a, change.b) == pytest.approx(((a[of] == index).mean(), (b[of] == index).mean()))
        assert change.low <= change.change <= change.high
        assert change.support == of.sum()


def test_the_finding_names_the_better_one_or_none(real: Comparison) -> None:
    assert real.finding().startswith("neighbours is better by ")
    assert "p < 0.0001" in real.finding()
    turned = Comparison(("neighbours", "bayes"), real.b, real.a)
    assert turned.finding().split(", p")[0] == real.finding().split(", p")[0]
    labels = [0, 1] * 50
    some = [1, *labels[1:]]
    other = [*labels[:-1], 0]
    near = Comparison(("x", "y"), evaluation_of(labels, some, 2), evaluation_of(labels, other, 2))
    assert near.finding() == (
        "No difference can be shown (\N{MINUS SIGN}4.5 to +4.5 points, p = 1): 1 picture only y reads right, 1 only x"
    )
    same = Comparison(("x", "y"), evaluation_of(labels, some, 2), evaluation_of(labels, some, 2))
    assert same.finding() == "No difference at all: both read the same 99 pictures right"


def test_other_pictures_or_labels_are_refused(real: Comparison) -> None:
    shorter = evaluation_of([0, 1], [0, 1], 2)
    with pytest.raises(DatasetError, match="different labels"):
        Comparison(("x", "y"), real.a, shorter)
    with pytest.raises(DatasetError, match="different pictures"):
        Comparison(("x", "y"), shorter, evaluation_of([0, 0], [0, 1], 2))


def test_a_class_without_pictures_has_no_recall() -> None:
    found = Comparison(("x", "y"), evaluation_of([0, 0], [0, 1], 3), evaluation_of([0, 0], [0, 0], 3))
    classes = found.to_dict()["classes"]
    assert classes[1] == {
        "name": "class 1", "recall": [None, None], "difference": None, "difference_interval_95": None, "support": 0,
    }  # fmt: skip
    assert classes[0]["recall"] == [0.5, 1.0]


@pytest.mark.parametrize("suffix", [".html", ".png", ".svg"])
def test_a_comparison_is_written_as_one_file(real: Comparison, tmp_path: Path, suffix: str) -> None:
    pictures = np.rint(load_digits().images[1200:] * (255 / 16)).astype(np.uint8)
    shown = {index: pictures[index] for index in shown_disagreements(real)}
    path = save_comparison(real, shown, tmp_path / f"found{suffix}")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if suffix == ".html":
        page = Page(path.read_text(encoding="utf-8"))
        assert all(source.startswith(("data:image/png;base64,", "#")) for source in page.loaded)
        assert f"{real.finding()}." in page.text
        assert f"Only neighbours is right: {len(real.only_b)} pictures" in page.text
        assert page.elements.count("img") == len(shown)
        assert not page.without_text
    elif suffix == ".png":
        assert min(read(path).shape[:2]) > 800
    else:
        assert b"neighbours is better" in path.read_bytes()
    with pytest.raises(ParameterError, match="a path that ends in .html or .png or .svg"):
        save_comparison(real, shown, tmp_path / "found.pdf")


def test_two_models_that_agree_make_a_page_too(tmp_path: Path) -> None:
    labels = [0, 1, 2] * 5
    same = evaluation_of(labels, labels, 3)
    for suffix in (".html", ".png"):
        assert save_comparison(Comparison(("x", "y"), same, same), {}, tmp_path / f"same{suffix}").is_file()
