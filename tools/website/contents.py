"""The order in which the pages written by hand stand on the site; Sphinx warns of a page that is in none of these lists."""

from __future__ import annotations

from website.markdown import toctree

__all__ = ["with_contents"]

CONTENTS = {
    "index": ("tour/index", "howto/index", "reference/index", "explanation/index", "project/index"),
    "howto/index": (
        *("pictures", "data", "train", "tune", "understand", "export", "serve", "proxy", "cluster", "gpu", "speed"),
        *("add-operation", "add-model", "add-dataset", "moving"),
    ),
    "reference/index": ("operations/index", "models", "datasets", "shell", "python", "http", "formats", "bundle"),
    "explanation/index": ("design", "recipes", "performance", "scaling", "measuring", "security"),
    "project/index": (
        *("changelog", "contributing", "security"),
        *("../benchmarks/RESULTS", "../benchmarks/RESULTS-avx2", "../benchmarks/RESULTS-avx512"),
    ),
}


def with_contents(pages: dict[str, str]) -> dict[str, str]:
    """The pages, the five that begin a part of the site followed by the list that its navigation is made of."""
    lists = {f"{name}.md": toctree(children) for name, children in CONTENTS.items()}
    return {name: f"{text.rstrip()}\n\n{lists[name]}" if name in lists else text for name, text in pages.items()}
