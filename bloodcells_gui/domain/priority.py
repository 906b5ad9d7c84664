"""Which cases go first: a field that a person sets, so that it is in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

# A key of `SpecimenData.fields`; a laboratory's own field of that name may hold other words.
PRIORITY_FIELD = "priority"
URGENT = "urgent"


def is_urgent(fields: Mapping[str, str]) -> bool:
    """Whether a person marked the case as urgent."""
    return fields.get(PRIORITY_FIELD, "").strip().casefold() == URGENT
