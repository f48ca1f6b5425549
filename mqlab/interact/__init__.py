"""What a reader does in a notebook beside running cells: predict before a run, and turn the knobs of one.

Both work without a person (a test, a script) and without ipywidgets: then they are plain text and a still picture.
"""

from __future__ import annotations

from mqlab.interact.beside import Beside
from mqlab.interact.exploring import Explorer, explore
from mqlab.interact.predicting import Prediction, predict

__all__ = ["Beside", "Explorer", "Prediction", "explore", "predict"]
