"""From a picture to its label, with NumPy, OpenCV and ONNX Runtime only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Interval
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from sightline.bundle.manifest import Description
from sightline.bundle.network import SHARE, Classifier, Measured, Network, calibrate
from sightline.bundle.parts import Parts, read_parts
from sightline.bundle.store import AGAIN
from sightline.errors import BundleError, ImageError, ParameterError, SightlineError
from sightline.image import MAX_PIXELS, Image, Readable, check_image, read
from sightline.pipeline import Pipeline

__all__ = ["Failure", "Picture", "Prediction", "Predictor", "Sample", "load_bundle", "name_of", "prepare"]

HELD = 64
"""Pictures of many that are in memory at a time, or more where more are needed to keep all threads busy."""

Picture = str | Path | bytes | Readable | Image
"""A picture to predict: the path of its file, its bytes, an open binary file, or an array that keeps the image contract."""

SAMPLE_TOLERANCE = {"float32": 1e-4, "int8": 0.02}
"""How far processors and versions of ONNX Runtime may differ; a changed weight or step differs by far more."""

DISTANCE_TOLERANCE = 1e-2  # distances are about 1, and a difference of two large numbers


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network sees in one picture.

    `label` is the likeliest of `labels`, `index` its place there, `confidence` its probability in [0, 1].
    `probabilities`: float32 `(C,)` in the order of `labels`. `source`: as `name_of` calls the picture.
    `known` is False where the picture is probably of none of the labels: beyond the bundle's threshold. `distance`: how far it
    is from the training pictures, about 1 for usual ones; None where the bundle cannot tell.

    >>> odds = np.array([0.2, 0.7, 0.1], np.float32)
    >>> prediction = Prediction("dog", 1, 0.7, odds, ("cat", "dog", "owl"), "pet.png")
    >>> [label for label, _ in prediction.top(2)]
    ['dog', 'cat']
    """

    label: str
    index: int
    confidence: float
    probabilities: NDArray[np.float32]
    labels: tuple[str, ...]
    source: str
    known: bool = True
    distance: float | None = None

    def top(self, k: int = 3) -> list[tuple[str, float]]:
        """The `k` likeliest labels with their probabilities, the likeliest first; all where there are fewer.

        ParameterError for a `k` below 1.
        """
        if k < 1:
            raise ParameterError("invalid k", expected="at least 1", received=repr(k))
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.labels[index], float(self.probabilities[index])) for index in order]

    def to_dict(self, top: int = 3) -> dict[str, Any]:
        """The prediction as plain data for JSON, with the `top` likeliest labels; ParameterError for a `top` below 1."""
        return {
            "source": self.source,
            "label": self.label,
            "index": self.index,
            "confidence": self.confidence,
            "known": self.known,
            "distance": self.distance,
            "top": [{"label": label, "probability": probability} for label, probability in self.top(top)],
        }


@dataclass(frozen=True)
class Failure:
    """A picture that could not be predicted, and why."""

    source: str
    error: SightlineError


class Sample(BaseModel):
    """What `sample.json` holds: the probabilities of `sample.png`, calibrated, in the order of the labels, and its distance."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    probabilities: tuple[Annotated[float, Interval(ge=0, le=1)], ...]
    distance: Annotated[float, Interval(ge=0)] | None = None

    @classmethod
    def of(cls, measured: Measured, temperature: float) -> Sample:
        """What a network gave for one picture, calibrated."""
        distance = None if measured.distances is None else float(measured.distances[0])
        return cls(probabilities=tuple(calibrate(measured.probabilities[:1], temperature)[0].tolist()), distance=distance)


class Predictor:
    """A loaded bundle. It keeps nothing between calls; threads may share it.

    `manifest` describes the bundle; `labels` its classes; `pipeline` the steps before the `network`, which gives probabilities
    as they are before calibration; `input_shape` (H, W, C).

    >>> import sightline as sl
    >>> model = sl.load("mnist")
    >>> model
    <Predictor mnist: cnn3, 22 x 22 x 1, 10 labels>
    >>> digits = sl.load_dataset("digits").test
    >>> [model.predict(digits.read(index)).label for index in range(5)]
    ['2', '3', '1', '3', '5']
    """

    def __init__(self, manifest: Description, pipeline: Pipeline, network: Classifier, *, max_pixels: int = MAX_PIXELS) -> None:
        """Put the parts of a bundle together; BundleError if they do not fit."""
        check_fit(network, manifest.labels, manifest.input_shape)
        if manifest.unknown_score == "distance" and not network.has_distance:
            raise BundleError("unknown_score does not fit the network", expected="confidence", received="distance")
        self.manifest = manifest
        self.pipeline = pipeline
        self.labels: tuple[str, ...] = manifest.labels
        self.input_shape: tuple[int, int, int] = manifest.input_shape
        self.network = network
        self._max_pixels = max_pixels
        self._temperature = manifest.temperature

    def __repr__(self) -> str:
        sides = " x ".join(map(str, self.input_shape))
        return f"<Predictor {self.manifest.name}: {self.manifest.architecture.name}, {sides}, {len(self.labels)} labels>"

    def prepare(self, source: Picture) -> NDArray[np.uint8]:
        """Read a picture as stored and run the pipeline: uint8 `(H, W, C)` of the input shape; ImageError, PipelineError."""
        return prepare(source, self.pipeline, self.input_shape, max_pixels=self._max_pixels)

    def probabilities(self, inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities float32 `(N, classes)` of prepared pictures, uint8 `(N, H, W, C)`, or `(N, H, W)` where C is 1.

        Calibrated, in [0, 1]. ImageError for other pictures.
        """
        return calibrate(self.network.probabilities(self._fitting(inputs)), self._temperature)

    def measure(self, inputs: NDArray[np.uint8]) -> Measured:
        """Calibrated probabilities, and distances where the bundle has them, of what `probabilities` takes.

        Both float32, `(N, classes)` and `(N,)`. The distances take longer than the probabilities. ImageError for other pictures.
        """
        found = self.network.measure(self._fitting(inputs))
        return Measured(calibrate(found.probabilities, self._temperature), found.distances)

    def _fitting(self, inputs: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pictures as `(N, H, W, C)`; ImageError if they do not fit the network."""
        if not isinstance(inputs, np.ndarray):
            raise ImageError("the pictures are no array", expected="what `prepare` gives, stacked", received=type(inputs).__name__)
        pictures = inputs[..., None] if inputs.ndim == 3 and self.input_shape[2] == 1 else inputs
        if pictures.dtype != np.uint8 or pictures.shape[1:] != self.input_shape:
            raise ImageError(
                "the pictures do not fit the network",
                expected=f"uint8 (N, {', '.join(map(str, self.input_shape))})",
                received=f"{inputs.dtype} {inputs.shape}",
                fix="Pass each through prepare() first.",
            )
        return pictures

    def known(self, measured: Measured) -> NDArray[np.bool_]:
        """Which of the pictures are probably of one of the labels, by the bundle's threshold: bool `(N,)`. Without one, all."""
        threshold = self.manifest.unknown_threshold
        if threshold is None:
            return np.ones(len(measured.probabilities), bool)
        if self.manifest.unknown_score == "distance" and measured.distances is not None:
            return np.asarray(measured.distances <= threshold)
        return np.asarray(measured.probabilities.max(axis=1) >= threshold)

    def predict(self, source: Picture) -> Prediction:
        """The label of one picture: a path, the bytes of a file, or an array; ImageError, PipelineError."""
        return next(self._predictions([source], self.prepare(source)[None]))

    def predict_many(self, sources: Iterable[Picture], batch_size: int | None = None) -> Iterator[Prediction | Failure]:
        """A prediction for each picture in turn, or a Failure for one that cannot be read or prepared.

        `batch_size` pictures are held in memory at a time; without it 64, or as many as keep all processors busy. ParameterError
        for one below 1, and for a single picture.
        """
        if batch_size is None:
            batch_size = max(HELD, SHARE * self.network.workers)
        if batch_size < 1:
            raise ParameterError("invalid batch_size", expected="at least 1", received=repr(batch_size))
        if isinstance(sources, str | bytes | Path):
            received = type(sources).__name__
            raise ParameterError("invalid sources", expected="a list of pictures", received=received, fix="Use predict for one.")
        return self._batches(iter(sources), batch_size)

    def _batches(self, sources: Iterator[Picture], size: int) -> Iterator[Prediction | Failure]:
        while batch := list(islice(sources, size)):
            prepared = [self._try_prepare(source) for source in batch]
            good = [item for item in prepared if isinstance(item, np.ndarray)]
            named = [source for source, item in zip(batch, prepared, strict=True) if not isinstance(item, Failure)]
            predictions = self._predictions(named, np.stack(good)) if good else iter(())
            for item in prepared:
                yield item if isinstance(item, Failure) else next(predictions)

    def _try_prepare(self, source: Picture) -> NDArray[np.uint8] | Failure:
        try:
            return self.prepare(source)
        except SightlineError as error:
            return Failure(name_of(source), error)

    def _predictions(self, sources: Sequence[Picture], inputs: NDArray[np.uint8]) -> Iterator[Prediction]:
        measured = self.measure(inputs)
        known = self.known(measured)
        for number, (source, row) in enumerate(zip(sources, measured.probabilities, strict=True)):
            index = int(row.argmax())
            distance = None if measured.distances is None else float(measured.distances[number])
            name = name_of(source)
            yield Prediction(self.labels[index], index, float(row[index]), row, self.labels, name, bool(known[number]), distance)


def load_bundle(path: str | Path, *, threads: int | None = None, max_pixels: int = MAX_PIXELS) -> Predictor:
    """Load a bundle, a folder or one ONNX file, to predict from pictures of at most `max_pixels`.

    One picture is predicted on one processor thread, many on all processors; `threads` is the most that may be taken.

    Everything is checked first: the manifest, every size and SHA-256, that network, labels, pipeline and input shape fit
    together, and that the sample picture still gets the probabilities it was shipped with. What does not fit
    is a BundleError. Nothing is written, and no code comes out of the bundle.
    """
    if threads is not None and threads < 1:
        raise ParameterError("invalid threads", expected="at least 1", received=repr(threads))
    parts = read_parts(path)
    try:
        pipeline = Pipeline.from_dict(parts.description.pipeline)
        predictor = Predictor(parts.description, pipeline, Network(parts.network, threads=threads), max_pixels=max_pixels)
        _check_sample(predictor, parts)
    except SightlineError as error:
        raise BundleError(f"bundle {str(path)!r}: {error.problem}", fix=error.fix or AGAIN) from error
    return predictor


def name_of(source: Picture) -> str:
    """What a picture is called: by its path or its file's name, else `picture` for the bytes of a file and `array` for an array.

    >>> name_of("cat.png"), name_of(b""), name_of(np.zeros((2, 2), np.uint8))
    ('cat.png', 'picture', 'array')
    """
    if isinstance(source, str | Path):
        return str(source)
    return "array" if isinstance(source, np.ndarray) else str(getattr(source, "name", "picture"))


def prepare(
    source: Picture, pipeline: Pipeline, input_shape: tuple[int, int, int], *, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """Read a picture as stored and run `pipeline`: uint8 `(H, W, C)` of `input_shape`; ImageError, PipelineError."""
    picture = check_image(source) if isinstance(source, np.ndarray) else read(source, "unchanged", max_pixels=max_pixels)
    result = pipeline.run(picture)
    prepared: NDArray[np.uint8] = result[..., None] if result.ndim == 2 else result
    if prepared.shape != input_shape or prepared.dtype != np.uint8:
        raise ImageError(
            f"the pipeline made no input for the network from {name_of(source)!r}",
            expected=f"uint8 {input_shape}",
            received=f"{result.dtype} {result.shape} from {picture.dtype} {picture.shape}",
            fix="Pass a picture of that kind, or add steps such as to_gray, to_depth8 or letterbox to the pipeline.",
        )
    return prepared


def check_fit(network: Classifier, labels: tuple[str, ...], input_shape: tuple[int, int, int]) -> None:
    """Refuse labels or an input shape that are not those of the network: BundleError."""
    if network.classes != len(labels):
        raise BundleError(
            "labels do not fit the network", expected=f"{network.classes} labels, one for each output", received=str(len(labels))
        )
    if network.input_shape != input_shape:
        raise BundleError("input_shape does not fit the network", expected=str(network.input_shape), received=str(input_shape))


def _check_sample(predictor: Predictor, parts: Parts) -> None:
    """The whole way from file to probabilities must give what it gave where the bundle was made."""
    try:
        sample = Sample.model_validate_json(parts.answer)
        expected = np.array(sample.probabilities, np.float32)
    except ValidationError as error:
        raise BundleError(f"sample.json does not fit: {error.errors()[0]['msg'][:200]}") from None
    try:
        prediction = predictor.predict(parts.picture)
        found = prediction.probabilities
    except SightlineError:
        raise
    except Exception as error:  # steps and picture are a stranger's; whatever they set off is the bundle's fault
        raise BundleError(f"the sample picture cannot be predicted: {error}") from error
    if expected.shape != found.shape or not abs(expected - found).max() <= SAMPLE_TOLERANCE[parts.precision]:
        raise BundleError(
            "the sample picture gets other probabilities than when the bundle was made",
            expected=f"{expected.argmax()} with {expected.max():.4f}" if expected.size else "none",
            received=f"{found.argmax()} with {found.max():.4f}",
        )
    if (sample.distance is None) != (prediction.distance is None) or not (
        sample.distance is None or prediction.distance is None or abs(sample.distance - prediction.distance) <= DISTANCE_TOLERANCE
    ):
        raise BundleError(
            "the sample picture has another distance than when the bundle was made",
            expected=str(sample.distance),
            received=str(prediction.distance),
        )
