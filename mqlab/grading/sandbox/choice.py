"""Which sandbox is used: the strongest that holds here, or the one that was asked for, or none at all."""

from __future__ import annotations

__all__ = ["POLICIES", "TIERS", "choose"]

from mqlab.errors import BadInput, did_you_mean
from mqlab.grading.sandbox.bubblewrap import BUBBLEWRAP
from mqlab.grading.sandbox.landlock import LANDLOCK
from mqlab.grading.sandbox.limits import LIMITS
from mqlab.grading.sandbox.tier import Tier

TIERS = {tier.name: tier for tier in (BUBBLEWRAP, LANDLOCK, LIMITS)}
"""From the strongest to the weakest."""
POLICIES = ("auto", "require", *TIERS)


def choose(policy: str = "auto", *, allow_limits: bool = False) -> Tier:
    """Return the sandbox to use, once it has been seen to hold here.

    Parameters
    ----------
    policy
        ``auto``: the strongest that holds here, ``limits`` only if that is allowed; ``require``: never ``limits``; or
        the name of a tier.
    allow_limits
        Whether ``auto`` may fall back to limits on what is used up, without any protection of files and network.

    Raises
    ------
    BadInput
        There is no such policy, or no sandbox that it allows holds here.
    """
    from mqlab.grading.sandbox.probing import probe  # which starts workers, and so needs what needs this room

    if policy not in POLICIES:
        raise BadInput(f"unknown sandbox `{policy}`", mend=did_you_mean(policy, POLICIES))
    if policy in TIERS:
        names = [policy]
    else:
        names = [name for name in TIERS if name != "limits" or (policy == "auto" and allow_limits)]
    reasons = []
    for name in names:
        reason = probe(TIERS[name])
        if not reason:
            return TIERS[name]
        reasons.append(f"{name}: {reason}")
    mend = "choose another one" if policy in TIERS else "install bubblewrap (Debian: apt install bubblewrap)"
    raise BadInput(f"no sandbox holds here ({'; '.join(reasons)})", mend=mend)
