"""`python -m console` is `mintage`."""

from __future__ import annotations

from console.app import main

if __name__ == "__main__":
    main()
