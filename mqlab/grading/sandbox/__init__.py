"""Where a student's code is shut in: tiers from the strongest to the weakest, and which of them holds here."""

from __future__ import annotations

__all__ = ["CLAIMS", "POLICIES", "TIERS", "Launch", "SandboxError", "Tier", "choose"]

from mqlab.grading.sandbox.choice import POLICIES, TIERS, choose
from mqlab.grading.sandbox.tier import CLAIMS, Launch, SandboxError, Tier
