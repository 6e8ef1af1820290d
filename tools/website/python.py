"""The reference of the Python API: its public names, by what they are for; Sphinx reads signatures and docstrings itself."""

from __future__ import annotations

import inspect

from sphinx.pycode import ModuleAnalyzer

import sightline as sl
from website.markdown import fenced

__all__ = ["python_page"]

HEAD = """# The Python API

`import sightline as sl`. Nothing is loaded before it is used. The operations on pictures (`sl.crop`, `sl.gaussian_blur`, ...) have
[pages of their own](operations/index.md).
"""
SECTIONS = {
    "Pictures": ("sightline.image", "sightline.display", "sightline.sheet"),
    "Pipelines and batches": ("sightline.pipeline", "sightline.batch"),
    "Data": ("sightline.data",),
    "Models and predictions": ("sightline.bundle", "sightline.evaluation", "sightline.jobs"),
    "Training": ("sightline.api",),
    "Networks, operations, errors": ("sightline.models", "sightline.ops", "sightline.errors"),
}
"""What stands where: the modules that the public names come from."""

VALUES = {
    "DATASETS": "sightline.data.specs",
    "Image": "sightline.image.contract",
    "MODELS": "sightline.models.registry",
    "OPS": "sightline.ops._op",
}
"""Names that are neither functions nor classes, and the modules that say what they are."""


def python_page() -> str:
    """The page."""
    parts = [HEAD]
    homes = sl._HOME | {"from_function": "sightline.ops"}
    for title, modules in SECTIONS.items():
        parts.append(f"## {title}\n")
        for module in modules:
            parts += [_name(name) for name in sorted(homes, key=str.lower) if homes[name] == module]
    missing = [name for name, home in homes.items() if not any(home in modules for modules in SECTIONS.values())]
    if missing:
        raise ValueError(f"no section of the Python API has {missing}")
    return "\n".join(parts)


def _name(name: str) -> str:
    value = getattr(sl, name)
    if name in VALUES:
        text = ModuleAnalyzer.for_module(VALUES[name]).find_attr_docs()["", name]
        return f"### {name}\n\n" + fenced(f"{{py:data}} sightline.{name}", " ".join(text))
    if inspect.isclass(value):
        lines = [f".. autoclass:: sightline.{name}", "   :members:", "   :exclude-members: model_config"]
    else:
        lines = [f".. autofunction:: sightline.{name}"]
    return f"### {name}\n\n" + fenced("{eval-rst}", "\n".join(lines))
