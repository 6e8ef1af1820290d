"""How Keras is loaded: TensorFlow takes oneDNN by itself on some processors only; Sightline wherever it is faster."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sightline.training.processor import processor_features

CODE = """
from sightline.training.backend import load_keras
load_keras()
from tensorflow.python.util import _pywrap_util_port
print(_pywrap_util_port.IsMklEnabled())
"""


@pytest.mark.skipif("avx2" not in processor_features(), reason="the processor has no AVX2")
@pytest.mark.parametrize(
    ("setting", "used"), [({}, "True"), pytest.param({"TF_ENABLE_ONEDNN_OPTS": "0"}, "False", marks=pytest.mark.slow)]
)
def test_onednn_is_used_unless_told_otherwise(setting: dict[str, str], used: str) -> None:
    others = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=others | setting)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [used]
