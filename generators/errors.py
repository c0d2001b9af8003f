"""What generators raise. Outcomes of paid work are values; these are broken promises.

GeneratorError
+-- NoCard               no model card has this provider and model
+-- NoProvider           no adapter is installed for this provider
+-- NoStatements         the provider keeps no record of what it bills
+-- BadCard              a model card's file breaks the card's form
+-- TokenMissing         the provider needs a token and none is usable
|   +-- TokenRefused     the provider knows no such token
+-- ProviderUnavailable  the provider's record cannot be read now
"""

from __future__ import annotations


class GeneratorError(Exception):
    """Something around a generator is not as promised; the message says the way out."""


class NoCard(GeneratorError):
    """No model card has this provider and model; without a card there is no price, and no run."""

    def __init__(self, provider: str, model: str, known: tuple[str, ...]) -> None:
        hint = f"known models: {', '.join(known)}" if known else "there is no card of that provider"
        super().__init__(f"No model card prices {model!r} of provider {provider!r}; {hint}.")
        self.provider = provider
        self.model = model


class NoProvider(GeneratorError):
    """No adapter is installed for this provider."""

    def __init__(self, provider: str, known: tuple[str, ...]) -> None:
        super().__init__(f"No provider is called {provider!r}; known: {', '.join(known)}.")
        self.provider = provider


class NoStatements(GeneratorError):
    """The provider keeps no record of its own: there is nothing to match the books with."""

    def __init__(self, provider: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"Provider {provider!r} works on this machine and bills nothing, so it has no statement "
            f"to match the books with; providers that have one: {', '.join(known)}."
        )
        self.provider = provider


class BadCard(GeneratorError):
    """A model card's file breaks the card's form."""

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"The model card {name} cannot be used: {'; '.join(problems)}.")
        self.name = name
        self.problems = problems


class TokenMissing(GeneratorError):
    """The provider needs a token and none is usable. The message never holds the token."""

    def __init__(self, variable: str, problem: str = "is not set") -> None:
        super().__init__(f"{variable} {problem}; set it in the environment or in .env.")
        self.variable = variable


class TokenRefused(TokenMissing):
    """The provider answered that it does not accept the token."""

    def __init__(self, variable: str) -> None:
        super().__init__(variable, "was refused by the provider")


class ProviderUnavailable(GeneratorError):
    """The provider's record cannot be read now; nothing is decided and every hold stays."""

    def __init__(self, provider: str, problem: str) -> None:
        super().__init__(f"{provider} cannot be asked now: {problem}; run again later.")
        self.provider = provider
