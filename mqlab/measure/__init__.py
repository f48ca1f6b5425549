"""Measures: durations, throughput, backlog, confidence, and the closed forms a run is held against."""

from __future__ import annotations

from mqlab.measure.little import little
from mqlab.measure.summary import summarise

__all__ = ["little", "summarise"]
