"""Understanding a model: explain an answer, compare two models, damage the pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sightline.bundle import Failure, Picture, Predictor, load_bundle, load_description, name_of
from sightline.errors import DatasetError, ImageError, InputError, ParameterError, PipelineError
from sightline.events import Listener, Note
from sightline.jobs.checks import check_spared
from sightline.jobs.models import Model, model_folder, place_of, trial_of
from sightline.notebook import default_listener

if TYPE_CHECKING:
    import keras

    from sightline.evaluation import Evaluation, Explanation, Method
    from sightline.evaluation.comparison import Comparison
    from sightline.evaluation.inspection import Inspection
    from sightline.evaluation.robustness import Robustness

__all__ = ["compare", "explain", "explain_many", "inspect", "robustness"]


def explain(
    model: Model | Predictor,
    picture: Picture,
    label: str | None = None,
    *,
    method: Method | None = None,
    on_event: Listener = default_listener,
) -> Explanation:
    """Which parts of a picture speak for `label`, or for the predicted one.

    `method`: grad-cam needs Keras and an architecture that is registered here; occlusion works with any model. Without one it is
    grad-cam where that can be, else occlusion. ImageError, PipelineError for the picture, UnknownNameError for a label or model,
    ParameterError for another method.

    >>> import sightline as sl
    >>> digit = sl.load_dataset("digits").test.read(0)
    >>> found = sl.explain("mnist", digit, method="occlusion")
    >>> found.label, round(found.probability, 1), found.map.shape, found.map.dtype.name
    ('2', 1.0, (22, 22), 'float32')
    """
    predictor, network = _opened(model, label, method, on_event)
    return _explanations(predictor, network, picture, label)[-1]


def explain_many(
    model: Model | Predictor,
    pictures: Iterable[Picture],
    label: str | None = None,
    *,
    method: Method | None = None,
    on_event: Listener = default_listener,
) -> Iterator[list[Explanation] | Failure]:
    """The explanations of each picture in turn, or a Failure for one that cannot be read.

    The predicted label is explained first, and then `label` if it is another. See `explain`.
    """
    predictor, network = _opened(model, label, method, on_event)
    for picture in pictures:
        try:
            yield _explanations(predictor, network, picture, label)
        except (ImageError, PipelineError) as error:
            yield Failure(name_of(picture), error)


def _opened(
    model: Model | Predictor, label: str | None, method: Method | None, on_event: Listener
) -> tuple[Predictor, keras.Model | None]:
    """The model as it predicts and, where Grad-CAM is asked for or can be, as Keras derives it; all arguments are checked."""
    from sightline.evaluation.explanation import METHODS, index_of

    if method is not None and method not in METHODS:
        raise ParameterError("invalid method", expected=" or ".join(METHODS), received=repr(method))
    if isinstance(model, Predictor):
        folder, predictor = None, model
    else:
        folder = model_folder(model)
        predictor = load_bundle(folder)
    if label is not None:
        index_of(predictor.labels, label)
    return predictor, None if method == "occlusion" else _network(folder, method, on_event)


def _network(folder: Path | None, method: Method | None, on_event: Listener) -> keras.Model | None:
    """The Keras network to derive; None where that is not asked for by name and cannot be."""
    from sightline.evaluation.gradcam import check_network
    from sightline.training.rebuilt import rebuild

    if folder is None:
        if method is None:
            return None
        fix = "Give the model's folder or name."
        raise InputError("Grad-CAM needs the model's weights", received="a loaded predictor", fix=fix)
    if folder.is_file():
        if method is None:
            on_event(Note("Explained by occlusion: an exported file holds no weights to derive"))
            return None
        raise InputError("Grad-CAM needs the model's weights", received=f"the export {folder.name}", fix="Give the run or bundle.")
    try:
        network = rebuild(folder)
        check_network(network)
    except InputError as error:
        if method is not None:
            raise
        on_event(Note(f"Explained by occlusion: {error.problem}"))
        return None
    return network


def _explanations(predictor: Predictor, network: keras.Model | None, picture: Picture, label: str | None) -> list[Explanation]:
    """What speaks for the predicted label, and then for `label` if it is another; the probabilities are the bundle's."""
    inputs = predictor.prepare(picture)
    measured = predictor.measure(inputs[None])
    probabilities, known = measured.probabilities[0], bool(predictor.known(measured)[0])
    answer = predictor.labels[int(probabilities.argmax())]
    found = []
    for one in dict.fromkeys([answer, answer if label is None else str(label)]):
        probability = float(probabilities[predictor.labels.index(one)])
        explained = _explained(predictor, network, inputs, one)
        found.append(replace(explained, source=name_of(picture), predicted=answer, probability=probability, known=known))
    return found


def _explained(predictor: Predictor, network: keras.Model | None, inputs: np.ndarray, label: str) -> Explanation:
    from sightline.evaluation import occlusion

    if network is None:
        return occlusion(predictor, inputs, label)
    from sightline.evaluation.gradcam import grad_cam

    return grad_cam(network, inputs, predictor.labels, label)


def inspect(model: Model, picture: Picture, *, on_event: Listener = default_listener) -> Inspection:
    """What every step and every layer makes of one picture, on its way from pixels to probabilities.

    InputError for a model that holds no weights to look into, such as an exported file; ImageError, PipelineError for the picture;
    UnknownNameError for a model.

    >>> import sightline as sl
    >>> digit = sl.load_dataset("digits").test.read(0)
    >>> found = sl.inspect("mnist", digit)
    >>> found.label, found.layers[0].kind, found.layers[0].values.shape
    ('2', 'Conv2D', (20, 20, 64))
    >>> [name for name, _ in found.steps]
    ['as it came', 'to_depth8', 'to_gray', 'isolate_ink', 'fit_subject', 'resize']
    >>> found.save("inside.png").name
    'inside.png'
    """
    from sightline.evaluation.inspection import Inspection, look_inside
    from sightline.image import check_image, read
    from sightline.training.rebuilt import rebuild

    folder = model_folder(model)
    if folder.is_file():
        what = "a network is looked into by its weights"
        raise InputError(what, received=f"the export {folder.name}", fix="Give the run or bundle.")
    predictor = load_bundle(folder)
    image = check_image(picture) if isinstance(picture, np.ndarray) else read(picture, "unchanged")
    inputs = predictor.prepare(image)
    way = [("as it came", image), *((step.op, result) for step, result in predictor.pipeline.trace(image))]
    measured = predictor.measure(inputs[None])
    on_event(Note("Building the network"))
    layers, filters = look_inside(rebuild(folder), inputs)
    return Inspection(
        source=name_of(picture),
        model=predictor.manifest.architecture.name,
        steps=way,
        filters=filters,
        layers=layers,
        labels=predictor.labels,
        probabilities=measured.probabilities[0],
        known=bool(predictor.known(measured)[0]),
    )


def compare(
    first: Model,
    second: Model,
    *,
    data: str | None = None,
    output: str | Path | None = None,
    on_event: Listener = default_listener,
) -> Comparison:
    """Try two models on the same pictures: their common test set, or `data`; see `Comparison`.

    `output`: also write it as a page (.html) or figure (.png, .svg). InputError or DatasetError where they have no pictures or
    labels in common; UnknownNameError for a model or data, ParameterError for another ending of `output`.

    >>> import sightline as sl
    >>> found = sl.compare("mnist", "mnist-small", data="digits")
    >>> found.names, len(found), abs(found.difference) < 0.05
    (('mnist', 'mnist-small'), 359, True)
    """
    from sightline.evaluation.comparison import Comparison
    from sightline.evaluation.page import check_target
    from sightline.training.results import evaluate_split, shown

    if output is not None:
        check_target(output)
    paths = [Path(place_of(model)) for model in (first, second)]
    if data is None:
        _check_same_data(paths)
    trials = [trial_of(path, data, on_event) for path in paths]
    a, b = trials
    check_spared(a.dataset, output)
    if set(a.predictor.labels) != set(b.predictor.labels):
        raise DatasetError(
            "the models have different labels", expected=", ".join(a.predictor.labels), received=", ".join(b.predictor.labels)
        )
    if a.split.names != b.split.names:
        raise DatasetError("the models were tested on different pictures", fix="Name some with --data.")
    results = [evaluate_split(trial.predictor, trial.split, trial.name, on_event) for trial in trials]
    common = np.intersect1d(results[0][2], results[1][2])
    names = _names(paths)
    sides = [_of_common(result[0], np.searchsorted(result[2], common), results[0][0].classes) for result in results]
    found = Comparison((names[0], names[1]), sides[0], sides[1], str(a.dataset.facts.get("title") or a.dataset.name))
    if output is not None:
        from sightline.evaluation.comparison_page import save_comparison, shown_disagreements

        rows = np.searchsorted(results[0][2], common)
        inputs = {index: shown(results[0][1][rows[index]]) for index in shown_disagreements(found)}
        save_comparison(found, inputs, output)
    return found


def robustness(
    model: Model,
    *,
    data: str | None = None,
    pictures: int = 1000,
    seed: int = 0,
    corruptions: Sequence[str] | None = None,
    output: str | Path | None = None,
    on_event: Listener = default_listener,
) -> Robustness:
    """Damage test pictures in many ways and five degrees each, and measure how much of the accuracy is left.

    `pictures`: at most so many, class by class, drawn by `seed`. `corruptions`: names of `CORRUPTIONS`, else all that apply.
    `output`: also write it as a page (.html) or figure (.png, .svg). UnknownNameError for a corruption, model or data,
    ParameterError for fewer than one picture or another ending of `output`, DatasetError where no picture can be read.

    >>> import sightline as sl
    >>> found = sl.robustness("mnist", data="digits", pictures=50, corruptions=["rotate"])
    >>> len(found), len(found.rows[0].accuracy), found.mean < found.accuracy
    (50, 5, True)
    """
    from sightline.evaluation.corruptions import CORRUPTIONS
    from sightline.evaluation.page import check_target
    from sightline.evaluation.robustness import robustness as measure

    if output is not None:
        check_target(output)
    corruptions = (corruptions,) if isinstance(corruptions, str) else corruptions
    for name in corruptions or ():
        CORRUPTIONS.get(name)
    trial = trial_of(model, data, on_event)
    check_spared(trial.dataset, output)
    title = str(trial.dataset.facts.get("title") or trial.dataset.name)
    found = measure(
        trial.predictor,
        trial.split,
        name=_names([trial.path])[0],
        data=f"{title}, {trial.name}",
        ground=trial.dataset.facts.get("background"),
        count=pictures,
        seed=seed,
        corruptions=corruptions,
        on_event=on_event,
    )
    if output is not None:
        from sightline.evaluation.robustness_sheet import save_robustness

        save_robustness(found, output)
    return found


def _check_same_data(paths: Sequence[Path]) -> None:
    notes = [load_description(model_folder(path)).dataset for path in paths]
    if notes[0].fingerprint != notes[1].fingerprint:
        raise InputError(
            "the models were trained on different data",
            expected=f"{notes[0].name} ({notes[0].fingerprint[:8]})",
            received=f"{notes[1].name} ({notes[1].fingerprint[:8]})",
            fix="Name pictures to compare them on with --data.",
        )


def _of_common(evaluation: Evaluation, rows: np.ndarray, classes: tuple[str, ...]) -> Evaluation:
    """The evaluation of some of the pictures, with the classes in the order of `classes`."""
    from sightline.evaluation import Evaluation

    order = [evaluation.classes.index(name) for name in classes]
    places = np.argsort(order)
    names = tuple(evaluation.names[row] for row in rows)
    probabilities = np.ascontiguousarray(evaluation.probabilities[rows][:, order])
    return Evaluation(classes, places[evaluation.labels[rows]].astype(np.int64), probabilities, names, evaluation.split)


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """What models are called: by their folders, or by the whole paths where those are alike; never twice the same."""
    short = tuple(path.resolve().parent.name if path.name == "bundle" else path.name or str(path.resolve().name) for path in paths)
    names = short if len(set(short)) == len(short) else tuple(str(path) for path in paths)
    return names if len(set(names)) == len(names) else (names[0], f"{names[1]} again")
