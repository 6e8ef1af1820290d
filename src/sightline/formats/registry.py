"""The table of formats: what each one is and what it needs. How one is written and run is in the module that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from sightline.errors import InputError
from sightline.registry import Registry

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """A form of a model.

    `module` has `write(source, target)`, which puts a model at a path, and `run(path)`, which opens what is there in the
    format's own runtime. `suffix` of the file, empty where it is a folder; `extra` suffixes of files that belong to it.
    `whole`: the file holds labels and pipeline itself, so that `load_bundle` opens it, and there is no `run`.
    `packages`: what it needs beside Sightline's own dependencies, by the name that Python imports and the name that pip installs.
    """

    name: str
    summary: str
    module: str
    suffix: str
    extra: tuple[str, ...] = ()
    int8: bool = False
    whole: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed, by the names that pip knows."""
        return [package for module, package in self.packages.items() if find_spec(module) is None]

    def check(self, *, int8: bool) -> None:
        """Refuse what cannot be done, before anything is: InputError."""
        if int8 and not self.int8:
            able = " or ".join(other.name for other in FORMATS if other.int8)
            raise InputError(f"{self.name} is not exported in int8", expected=f"the format {able}")
        if self.missing:
            names = " ".join(self.missing)
            raise InputError(f"the format {self.name} needs what is not installed: {names}", fix=f"pip install {names}")


FORMATS: Registry[Format] = Registry("format")
"""Every format by name."""

for _format in (
    Format("onnx", "one file with labels and pipeline inside, which predict takes", "to_onnx", ".onnx", int8=True, whole=True),
    Format("litert", "LiteRT (TensorFlow Lite), for phones and boards", "to_litert", ".tflite", int8=True),
    Format("saved_model", "a folder for TensorFlow and its server", "to_saved_model", ""),
    Format("openvino", "OpenVINO", "to_openvino", ".xml", extra=(".bin",), packages={"openvino": "openvino"}),
    Format("torch", "a program for PyTorch's torch.export.load", "to_torch", ".pt2", packages={"torch": "torch"}),
):
    FORMATS.add(_format.name, _format)
