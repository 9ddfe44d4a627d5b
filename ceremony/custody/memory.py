"""What a plan may ask of the two processes that hold a secret (pure): that their memory is never written to a disk."""

from ceremony.errors import MemoryNotLocked


def require_memory(*, required: bool, locked: bool) -> None:
    """Raise MemoryNotLocked when the plan requires what the system did not allow."""
    if required and not locked:
        message = "the plan requires locked memory, and this system does not let its memory be locked"
        raise MemoryNotLocked(message)
