"""`python -m simulation --seeds 1000`: lives through so many seeds and says how fast, or which failed."""

from __future__ import annotations

from simulation.many_seeds import main

main()
