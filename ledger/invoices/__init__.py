"""The provider's bill: statements, matching them with the books, adjustments, and the close."""
