"""Set the number of examples of the longest property tests.

Each run draws others, so a few suffice for the gate; ``CRM_EXAMPLES=1000 make test`` draws more.
"""

import os


def examples(usual: int) -> int:
    """Return the number of examples to draw: that of ``CRM_EXAMPLES``, else the usual one."""
    return int(os.environ.get("CRM_EXAMPLES") or usual)
