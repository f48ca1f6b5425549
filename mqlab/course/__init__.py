"""The course as files: notebooks, their answer cells, and what of them learners get."""

from __future__ import annotations
