"""``python -m frontend.verifier``."""

from frontend.verifier.command import verify

if __name__ == "__main__":
    verify()
