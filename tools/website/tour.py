"""The list of the tour's chapters."""

from __future__ import annotations

from sightline.tour import chapters
from website.markdown import table, toctree

__all__ = ["chapter_page", "tour_page"]

HEAD = """# The tour

From the first pixel to a model behind a service, one notebook a chapter. Each can be read here, with what its cells gave when this
site was built, or run by yourself, on two cores and without a GPU:

```console
$ sightline tour                # lists the chapters
$ sightline tour -o tour/       # writes them as notebooks
```

Open them in an editor that knows notebooks, or with Jupyter: `.venv/bin/pip install jupyterlab`, then
`.venv/bin/jupyter lab tour/`. The questions have folded answers: think first. The numbers may differ a
little on your machine.
"""


def tour_page() -> str:
    """The page."""
    rows = [[one.number, f"[{one.title}]({one.stem}.md)", one.about, f"{one.seconds} s"] for one in chapters()]
    head = table(["", "chapter", "what it is about", "runs in"], rows)
    return f"{HEAD}\n{head}\n" + toctree(one.stem for one in chapters())


def chapter_page(text: str) -> str:
    """A chapter as Sphinx reads it: told that its cells may hold lines for the shell, also where none is run."""
    return text.replace("---\n", "---\nlanguage_info: {name: python, pygments_lexer: ipython3}\n", 1)
