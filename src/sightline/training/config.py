"""What a training is told: the configuration of a run, and the presets of its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import yaml
from annotated_types import Interval, Unit
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Doc

from sightline.errors import ParameterError, RunError
from sightline.files import write_text
from sightline.params import Tunable, explain
from sightline.registry import Registry

if TYPE_CHECKING:
    from sightline.pipeline import Pipeline

__all__ = ["PRESETS", "Recipe", "TrainConfig", "make_config"]

FEWEST = 8
"""Pictures by which batch normalization can go: those of a step, or of one of its parts; an epoch's last step may have fewer."""

M = TypeVar("M", bound=BaseModel)
STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)


class Recipe(BaseModel):
    """How weights are found. The defaults are a textbook Keras script's: the preset `plain`."""

    model_config = STRICT

    batch_size: Annotated[int, Interval(ge=1, le=65536), Tunable(values=(32, 64, 128, 256, 512)), Doc("Pictures a step")] = 32
    learning_rate: Annotated[float, Interval(ge=1e-7, le=10), Tunable(1e-4, 0.1, log=True), Doc("Peak learning rate")] = 1e-3
    optimizer: Annotated[
        Literal["adam", "adamw", "muon"],
        Tunable(values=("adamw", "muon")),
        Doc("Adam, Adam with decoupled weight decay, or Muon for kernels with AdamW for the rest"),
    ] = "adam"
    schedule: Annotated[Literal["constant", "linear"], Doc("linear: from the peak down to zero at the last step")] = "constant"
    warmup: Annotated[
        float, Interval(ge=0, le=0.9), Tunable(0, 0.2), Doc("Share of the steps in which the rate climbs to its peak")
    ] = 0.0
    weight_decay: Annotated[
        float, Interval(ge=0, le=1), Tunable(1e-3, 0.3, log=True), Doc("Decay of kernels, not of biases (adamw, muon)")
    ] = 0.0
    label_smoothing: Annotated[
        float, Interval(ge=0, le=0.9), Tunable(0, 0.2), Doc("Share of the target spread over all labels")
    ] = 0.0
    average: Annotated[
        float, Interval(ge=0, le=0.9999), Doc("Momentum of the moving average of weights that is kept; 0 keeps the last weights")
    ] = 0.0
    precision: Annotated[
        Literal["float32", "bfloat16", "auto"],
        Doc("Arithmetic of the hidden layers; auto: bfloat16 where the processor has it, which is fast only there"),
    ] = "float32"
    standardize: Annotated[
        bool, Doc("Train on pictures of mean 0 and deviation 1, which the first layer takes over afterwards, if it has no padding")
    ] = False
    pool_first: Annotated[bool, Doc("Train the form that pools before bias and ReLU: the same function, faster")] = False
    normalize: Annotated[
        bool,
        Doc("Train with batch normalization that the kernels take over afterwards (cnn3 with pool_first, from random weights)"),
    ] = False
    steps_per_execution: Annotated[int, Interval(ge=1, le=1000), Doc("Steps run between two returns to Python")] = 1
    parts: Annotated[
        int,
        Interval(ge=1, le=64),
        Doc("Parts of a batch that are worked on side by side (on TensorFlow only); batch normalization sees each by itself"),
    ] = 1
    augment: Annotated[bool, Doc("Draw the pipeline's steps for training anew in every epoch; off, none of them is taken")] = False
    fit_input: Annotated[
        bool, Doc("Make pictures as small as what a new network looks at, where that leaves out a tenth of a side or more")
    ] = False
    distill: Annotated[
        float,
        Interval(ge=0, le=1),
        Tunable(0.5, 1),
        Doc("Share of the loss that is about the teacher's answer; the label has the rest"),
    ] = 0.0
    distill_temperature: Annotated[
        float,
        Interval(ge=0.1, le=20),
        Tunable(1, 8, log=True),
        Doc("By which the logarithms of the teacher's answer and of the network's are divided"),
    ] = 1.0
    freeze: Annotated[int, Interval(ge=0, le=100_000), Doc("Epochs at the start in which only the dense layers learn")] = 0
    body_rate: Annotated[
        float, Interval(ge=1e-3, le=1), Doc("Share of the learning rate for what comes before the dense layers")
    ] = 1.0
    keep_norm: Annotated[bool, Doc("Leave batch normalization as it is, its statistics too")] = False


PRESETS: Registry[Recipe] = Registry("preset")
PRESETS.add("plain", Recipe())
PRESETS.add(
    "tuned",
    Recipe(
        batch_size=128,
        learning_rate=1e-2,
        optimizer="muon",
        schedule="linear",
        warmup=0.1,
        weight_decay=0.05,
        average=0.99,
        precision="auto",
        standardize=True,
        pool_first=True,
        normalize=True,
        steps_per_execution=20,
        parts=2,
        augment=True,
        fit_input=True,
    ),
)
PRESETS.add("fast", PRESETS.get("tuned").model_copy(update={"augment": False}))
PRESETS.add("distilled", PRESETS.get("tuned").model_copy(update={"distill": 0.9, "distill_temperature": 3.0}))
PRESETS.add(
    "finetune",
    Recipe(
        optimizer="adamw",
        schedule="linear",
        warmup=0.1,
        weight_decay=0.01,
        label_smoothing=0.1,
        precision="auto",
        pool_first=True,
        parts=2,
        augment=True,
        freeze=3,
        body_rate=0.1,
        keep_norm=True,
    ),
)


EPOCHS = {"fast": 2}
"""The epochs of a preset where they are not those of all others."""


class TrainConfig(BaseModel):
    """Everything that decides a run's weights. Saved as config.yaml; the same file gives the same run."""

    model_config = STRICT

    data: Annotated[str, Doc("A dataset's name, or a folder, CSV, NPZ or IDX file")]
    model: Annotated[str, Doc("Architecture")] = "cnn3"
    arguments: Annotated[dict[str, Any], Doc("Parameters of the architecture")] = Field(default_factory=dict)
    weights: Annotated[
        str,
        Doc(
            "What to begin with: imagenet (mobilenet, efficientnet and resnet do by themselves), none (random), or a run, a bundle "
            "or a model that comes with Sightline"
        ),
    ] = "none"
    teacher: Annotated[str, Doc("A finished model to learn from too: a run, a bundle or a model that comes with Sightline")] = (
        "none"
    )
    preset: Annotated[
        str,
        Doc(
            "Recipe to start from: tuned (the best found), plain (a textbook Keras script), fast (few epochs), finetune (gentle; "
            "taken by itself where weights are not random) or distilled (taken by itself with a teacher)"
        ),
    ] = "tuned"
    recipe: Annotated[Recipe, Doc("The recipe, every value written out")] = Field(default_factory=lambda: PRESETS.get("tuned"))
    epochs: Annotated[int, Interval(ge=1, le=100_000), Doc("Times through the training set; few with the preset fast")] = 25
    seed: Annotated[int, Interval(ge=0, le=2**32 - 1), Doc("Decides weights, order, augmentation and splits")] = 0
    validation: Annotated[float, Interval(ge=0.01, le=0.5), Doc("Share of the training set held out to choose by")] = 0.1
    patience: Annotated[
        int | None, Interval(ge=1, le=10_000), Doc("Stop after this many epochs without a lower validation loss, and keep the best")
    ] = None
    class_weight: Annotated[Literal["none", "balanced"], Doc("balanced: rare classes count more, in inverse proportion")] = "none"
    size: Annotated[int | None, Interval(ge=8, le=1024), Unit("px"), Doc("Side of the network's input; none: the data's")] = None
    channels: Annotated[Literal["gray", "color", "auto"], Doc("Channels of the network's input; auto: the data's")] = "auto"
    unknown_rejection: Annotated[
        float, Interval(ge=0, le=0.5), Doc("Share of the validation pictures that the finished model may call unknown")
    ] = 0.02
    pipeline: Annotated[dict[str, Any] | None, Doc("Steps from a raw picture to the network's input; none: as suits the data")] = (
        None
    )
    workers: Annotated[
        int | None, Interval(ge=1, le=64), Doc("Threads that prepare pictures; the result is the same for any number")
    ] = None

    def extended(self, epochs: int) -> TrainConfig:
        """The same configuration with more epochs; ParameterError if they are too many or fewer than none."""
        if epochs < 0:
            raise ParameterError("invalid extension", expected="at least 0 epochs", received=str(epochs))
        return _checked(TrainConfig, {**self.model_dump(), "epochs": self.epochs + epochs})

    def changed(self, *, recipe: Mapping[str, Any], arguments: Mapping[str, Any], **options: Any) -> TrainConfig:
        """The same with other values of the recipe, the architecture's arguments and its own, checked as `make_config` does."""
        from sightline.models import MODELS

        full = _checked(Recipe, {**self.recipe.model_dump(), **recipe})
        _check_fit(full, recipe, self.weights, self.teacher)
        _check_input(full, recipe, self.weights, {**self.model_dump(), **options})
        merged = {**self.arguments, **arguments}
        MODELS.get(self.model).arguments(merged)
        return _checked(TrainConfig, {**self.model_dump(), "recipe": full, "arguments": merged, **options})

    def save(self, path: Path) -> None:
        """Write as YAML."""
        write_text(path, yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True))

    @classmethod
    def load(cls, path: Path) -> TrainConfig:
        """Read what `save` wrote; RunError if it is no configuration."""
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise RunError(f"cannot read {str(path)!r}: {explain(error, 'configuration', cls).problem}") from error
        except (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise RunError(f"cannot read {str(path)!r}: {error}") from error  # PyYAML lets through what Python says of a value


def make_config(
    data: str,
    *,
    preset: str | None = None,
    weights: str | Path | None = None,
    teacher: str | Path = "none",
    recipe: Mapping[str, Any] | None = None,
    pipeline: Pipeline | Mapping[str, Any] | str | Path | None = None,
    **options: Any,
) -> TrainConfig:
    """A checked configuration: the preset's recipe with the values of `recipe` put in its place, and `options`.

    `pipeline`: one, what a file of one holds, or such a file; its steps for training are taken whatever the preset, unless
    `recipe` says otherwise. Without `weights` a network begins with ImageNet's, if there are any for it, else at random; without
    `preset` one that begins at random is `tuned`, or with a `teacher` `distilled`, another `finetune`. The paths of data, weights
    and teacher are made absolute, so that a run does not depend on where it was started. Without `epochs` the preset decides.

    >>> make_config("mnist", preset="plain", recipe={"batch_size": 64}).recipe.batch_size
    64
    """
    from sightline.data import DATASETS  # not above: help and version read this module, and need neither NumPy nor OpenCV
    from sightline.models import MODELS

    if weights is None:
        weights = "imagenet" if MODELS.get(options.get("model", TrainConfig.model_fields["model"].default)).imagenet else "none"
    if preset is None:
        preset = "finetune" if weights != "none" else "tuned" if teacher == "none" else "distilled"
    own = {"augment": True} if pipeline is not None else {}
    full = _checked(Recipe, {**PRESETS.get(preset).model_dump(), **own, **(recipe or {})})
    _check_fit(full, recipe or {}, str(weights), teacher)
    _check_input(full, recipe or {}, str(weights), {**options, "pipeline": pipeline})
    if data not in DATASETS:
        data = _absolute(data)
    if weights not in {"imagenet", "none"}:
        weights = _absolute_model(weights)
    if pipeline is not None:
        from sightline.pipeline import Pipeline

        if isinstance(pipeline, Mapping):
            pipeline = Pipeline.from_dict(dict(pipeline))
        options["pipeline"] = (pipeline if isinstance(pipeline, Pipeline) else Pipeline.load(pipeline)).to_dict()
    teacher = teacher if teacher == "none" else _absolute_model(teacher)
    epochs = EPOCHS.get(preset, TrainConfig.model_fields["epochs"].default)
    settled = {"data": data, "weights": str(weights), "teacher": teacher, "preset": preset, "recipe": full}
    return _checked(TrainConfig, {**settled, "epochs": epochs, **options})


def _check_fit(full: Recipe, given: Mapping[str, Any], weights: str, teacher: str | Path) -> None:
    """Refuse settings that would have no effect, or lack what they need: ParameterError."""
    for name, needed, condition in (
        ("weight_decay", "optimizer adamw or muon", full.optimizer != "adam"),
        ("warmup", "schedule linear", full.schedule == "linear"),
        ("normalize", "pool_first", full.pool_first),
        ("normalize", "weights none", weights == "none"),
        ("distill_temperature", "a teacher", teacher != "none"),
    ):
        if name in given and getattr(full, name) and not condition:
            raise ParameterError(f"{name} has no effect", expected=needed, fix="Set both, or neither.")
    if weights == "none" and full.freeze:
        raise ParameterError(
            "fine-tuning needs weights that have learnt something",
            expected="weights imagenet, or a run's",
            received="none",
            fix="Choose --weights, or another --preset.",
        )
    if weights == "none" and full.keep_norm:
        raise ParameterError("keep_norm needs statistics to keep", expected="weights imagenet, or a run's", received="none")
    if (teacher == "none") != (full.distill == 0):
        raise ParameterError(
            "a teacher and what is learnt from it go together",
            expected="both --teacher and a --distill above 0, as the preset distilled has, or neither",
            received=f"teacher {teacher}, distill {full.distill:g}",
        )


def _check_input(full: Recipe, given: Mapping[str, Any], weights: str, options: Mapping[str, Any]) -> None:
    """Refuse what has no effect on the model or its input that `options` tell of, or too few pictures a step: ParameterError."""
    from sightline.models import MODELS

    model = options.get("model", TrainConfig.model_fields["model"].default)
    can = "normalize" in MODELS.get(model).parameters.defaults
    for name in ("normalize", "pool_first"):
        if given.get(name) and name not in MODELS.get(model).parameters.defaults:
            having = ", ".join(each.name for each in MODELS if name in each.parameters.defaults)
            raise ParameterError(
                f"{name} has no effect", expected=f"a model that can do without it afterwards: {having}", received=model
            )
    if given.get("fit_input") and (weights != "none" or any(options.get(name) is not None for name in ("size", "pipeline"))):
        raise ParameterError("fit_input has no effect", expected="no size, pipeline or weights, which decide it")
    if full.normalize and can and weights == "none" and full.batch_size < FEWEST:
        raise ParameterError(
            "too few pictures a step for batch normalization",
            expected=f"at least {FEWEST}",
            received=str(full.batch_size),
            fix="Choose a larger --batch-size, or --no-normalize.",
        )


def _absolute(path: str | Path) -> str:
    """A path, absolute if there is something at it; what is no path stays as it is."""
    with suppress(OSError):  # a name that is too long for the file system
        if Path(path).exists():
            return str(Path(path).absolute())
    return str(path)


def _absolute_model(path: str | Path) -> str:
    """The same for a model: a folder that holds none leaves its name to the models that come with Sightline."""
    with suppress(OSError):
        if Path(path).is_dir() and not any((Path(path) / name).exists() for name in ("bundle", "manifest.json", "config.yaml")):
            return str(path)
    return _absolute(path)


def _checked(model: type[M], values: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(error, "training", model) from None
