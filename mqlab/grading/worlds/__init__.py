"""Worlds to play an answer in: what exercises need again and again, so that each says only what is special to it.

| module | what is played in it |
|---|---|
| ``workers`` | a process of the answer in the world: its clock, the moments at which it may die, its verbs |
| ``chance`` | what is drawn in a play |
| ``showing`` | how a play becomes a counterexample |
| ``configuration`` | the answer gives settings: a scenario is run with them, and held against expectations |
| ``consuming`` | the answer consumes: deliveries, crashes, broken lines, redelivery by the simulated broker |
| ``publishing`` | the answer publishes: lost messages, lost answers, refusals, a broker that crashes |
"""

from __future__ import annotations

__all__: list[str] = []
