"""Exports: the charges of the books as files that other people's tools read."""
