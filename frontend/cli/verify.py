"""``yunkai verify``: the verifier, which is also given out alone, as ``yunkai-verify``."""

from frontend.verifier.command import verify

__all__ = ["verify"]
