"""The six models that the loopback provider runs: their inputs, outputs and metrics.

Read from the model pages' input schemas, not from Mintage's own model cards: where the two
disagree, a test shall fail. As on the real service, an input key that a model does not know is
ignored; a known one with a wrong type, an unlisted value or a value out of range is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from loopback.sizes import (
    IDEOGRAM_RATIOS,
    IDEOGRAM_SIZES,
    MEBIPIXEL,
    RATIOS,
    RESOLUTIONS,
    flux_2_size,
    flux_11_size,
    ideogram_size,
    ratio_size,
)

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}

ModelInput = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a model: its JSON type, default, and bounds (inclusive) or listed values."""

    name: str
    kind: str
    default: object = None
    required: bool = False
    listed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def problem(self, value: object) -> str | None:
        """Say why `value` is refused, or nothing."""
        wrong_type = not isinstance(value, _TYPES[self.kind])
        if wrong_type or (isinstance(value, bool) and self.kind != "boolean"):
            return f"Invalid type. Expected: {self.kind}, given: {_json_type(value)}"
        if self.listed and value not in self.listed:
            allowed = ", ".join(f'"{choice}"' for choice in self.listed)
            return f"{self.name} must be one of the following: {allowed}"
        if isinstance(value, int | float):
            if self.low is not None and value < self.low:
                return f"Must be greater than or equal to {self.low:g}"
            if self.high is not None and value > self.high:
                return f"Must be less than or equal to {self.high:g}"
        return None

    def schema(self) -> dict[str, object]:
        """The field as JSON Schema, as a version's openapi_schema shows it."""
        found: dict[str, object] = {"type": self.kind, "title": self.name.replace("_", " ").title()}
        if self.listed:
            found["enum"] = list(self.listed)
        if self.default is not None:
            found["default"] = self.default
        if self.low is not None:
            found["minimum"] = self.low
        if self.high is not None:
            found["maximum"] = self.high
        return found


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model as the service runs it.

    `versions` is empty for official models, whose predictions carry the version "hidden".
    `size` gives the pixels (width, height) of each output; `counts` the metrics that are priced.
    """

    owner: str
    name: str
    description: str
    fields: tuple[Field, ...]
    output: Literal["list", "string"]
    size: Callable[[ModelInput], tuple[int, int]]
    counts: Callable[[ModelInput, tuple[int, int]], dict[str, int]]
    default_format: str = "webp"
    versions: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The model's "owner/name"."""
        return f"{self.owner}/{self.name}"

    @property
    def is_official(self) -> bool:
        """Whether it runs under /v1/models/... and is priced per unit instead of by time."""
        return not self.versions

    def problems(self, given: ModelInput) -> list[dict[str, str]]:
        """Every refused field of an input, in the shape of a 422's `invalid_fields`."""
        found = []
        for field in self.fields:
            value = given.get(field.name)
            if value is None:
                if field.required:
                    text = f"{field.name} is required"
                    found.append({"type": "required", "field": "input", "description": text})
                continue
            text = field.problem(value) or ""
            if text:
                where = f"input.{field.name}"
                found.append({"type": "invalid", "field": where, "description": text})
        return found

    def completed(self, given: ModelInput) -> dict[str, Any]:
        """The input with the model's defaults where nothing was given."""
        defaults = {f.name: f.default for f in self.fields if f.default is not None}
        return {**defaults, **{name: value for name, value in given.items() if value is not None}}

    def openapi_schema(self) -> dict[str, object]:
        """What `latest_version.openapi_schema` shows: the input's and the output's schema."""
        uri = {"type": "string", "title": "Output", "format": "uri"}
        listed = {"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}}
        inputs = {
            "type": "object",
            "title": "Input",
            "required": [field.name for field in self.fields if field.required],
            "properties": {
                field.name: {**field.schema(), "x-order": order}
                for order, field in enumerate(self.fields)
            },
        }
        output = listed if self.output == "list" else uri
        return {"openapi": "3.0.2", "components": {"schemas": {"Input": inputs, "Output": output}}}


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "object"
    return next(
        name
        for name, types in _TYPES.items()
        if isinstance(value, types) and isinstance(value, bool) == (name == "boolean")
    )


def image_count(given: ModelInput) -> int:
    """How many images an input asks for."""
    return int(given.get("num_outputs", 1))


def _image_counts(given: ModelInput, size: tuple[int, int]) -> dict[str, int]:
    del size
    return {"image_count": image_count(given), "image_output_count": image_count(given)}


def _one_image(given: ModelInput, size: tuple[int, int]) -> dict[str, int]:
    del given, size
    return {"image_output_count": 1}


def _no_counts(given: ModelInput, size: tuple[int, int]) -> dict[str, int]:
    """A model that is priced by its time alone."""
    del given, size
    return {}


def _megapixel_counts(given: ModelInput, size: tuple[int, int]) -> dict[str, int]:
    # An input image is a URL that nobody here can fetch, so each counts as one megapixel.
    return {
        "image_input_megapixel_count": len(given.get("input_images", [])),
        "image_output_count": 1,
        "image_output_megapixel_count": math.ceil(size[0] * size[1] / MEBIPIXEL),
    }


_FORMATS = ("webp", "jpg", "png")
_PROMPT = Field("prompt", "string", required=True)
_SEED = Field("seed", "integer")
_FORMAT = Field("output_format", "string", "webp", listed=_FORMATS)
_QUALITY = Field("output_quality", "integer", 80, low=0, high=100)
_OUTPUTS = Field("num_outputs", "integer", 1, low=1, high=4)
_OPEN_FLUX = (
    _PROMPT,
    Field("aspect_ratio", "string", "1:1", listed=tuple(RATIOS)),
    _OUTPUTS,
    _SEED,
    _FORMAT,
    _QUALITY,
    Field("disable_safety_checker", "boolean", default=False),
    Field("go_fast", "boolean", default=True),
    Field("megapixels", "string", "1", listed=("1", "0.25")),
)
_PRO_RATIOS = ("custom", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3")

MODELS: dict[str, ModelSpec] = {
    spec.slug: spec
    for spec in (
        ModelSpec(
            "black-forest-labs",
            "flux-schnell",
            "The fastest image generation model tailored for local development and personal use",
            (*_OPEN_FLUX, Field("num_inference_steps", "integer", 4, low=1, high=4)),
            "list",
            ratio_size,
            _image_counts,
        ),
        ModelSpec(
            "black-forest-labs",
            "flux-dev",
            "A 12 billion parameter rectified flow transformer",
            (
                *_OPEN_FLUX,
                Field("image", "string"),
                Field("prompt_strength", "number", 0.8, low=0, high=1),
                Field("num_inference_steps", "integer", 28, low=1, high=50),
                Field("guidance", "number", 3, low=0, high=10),
            ),
            "list",
            ratio_size,
            _image_counts,
        ),
        ModelSpec(
            "black-forest-labs",
            "flux-1.1-pro",
            "Faster, better FLUX Pro",
            (
                _PROMPT,
                Field("image_prompt", "string"),
                Field("aspect_ratio", "string", "1:1", listed=_PRO_RATIOS),
                Field("width", "integer", low=256, high=1440),
                Field("height", "integer", low=256, high=1440),
                Field("safety_tolerance", "integer", 2, low=1, high=6),
                _SEED,
                Field("prompt_upsampling", "boolean", default=False),
                _FORMAT,
                _QUALITY,
            ),
            "string",
            flux_11_size,
            _image_counts,
        ),
        ModelSpec(
            "black-forest-labs",
            "flux-2-pro",
            "High-quality image generation and editing with support for eight reference images",
            (
                _PROMPT,
                Field("input_images", "array"),
                Field("aspect_ratio", "string", "1:1", listed=("match_input_image", *_PRO_RATIOS)),
                Field("resolution", "string", "1 MP", listed=tuple(RESOLUTIONS)),
                Field("width", "integer", low=256, high=2048),
                Field("height", "integer", low=256, high=2048),
                Field("safety_tolerance", "integer", 2, low=1, high=5),
                _SEED,
                _FORMAT,
                _QUALITY,
            ),
            "string",
            flux_2_size,
            _megapixel_counts,
        ),
        ModelSpec(
            "stability-ai",
            "sdxl",
            "A text-to-image generative AI model that creates beautiful images",
            (
                Field("prompt", "string", "An astronaut riding a rainbow unicorn"),
                Field("negative_prompt", "string", ""),
                Field("width", "integer", 1024, low=8, high=2048),
                Field("height", "integer", 1024, low=8, high=2048),
                _OUTPUTS,
                _SEED,
                Field("num_inference_steps", "integer", 50, low=1, high=500),
                Field("guidance_scale", "number", 7.5, low=1, high=50),
                Field("prompt_strength", "number", 0.8, low=0, high=1),
                Field("apply_watermark", "boolean", default=True),
                Field("disable_safety_checker", "boolean", default=False),
            ),
            "list",
            lambda given: (given["width"], given["height"]),
            _no_counts,
            default_format="png",
            versions=(
                "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc",
                "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b",
            ),
        ),
        ModelSpec(
            "ideogram-ai",
            "ideogram-v3-turbo",
            "The fastest and cheapest Ideogram v3",
            (
                _PROMPT,
                Field("aspect_ratio", "string", "1:1", listed=tuple(IDEOGRAM_RATIOS)),
                Field("resolution", "string", "None", listed=("None", *IDEOGRAM_SIZES)),
                Field("magic_prompt_option", "string", "Auto", listed=("Auto", "On", "Off")),
                Field(
                    "style_type",
                    "string",
                    "None",
                    listed=("None", "Auto", "General", "Realistic", "Design"),
                ),
                Field("image", "string"),
                Field("mask", "string"),
                Field("style_reference_images", "array"),
                Field("seed", "integer", low=0, high=2147483647),
            ),
            "string",
            ideogram_size,
            _one_image,
            default_format="png",
        ),
    )
}

VERSIONS: dict[str, ModelSpec] = {
    version: spec for spec in MODELS.values() for version in spec.versions
}
