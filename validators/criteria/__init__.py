"""One file per criterion. Each module here is found by listing this package; see `Criterion`."""
