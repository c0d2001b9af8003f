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

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}
_MEBIPIXEL = 1 << 20

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


_RATIOS = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
_IDEOGRAM_RATIOS = {
    "1:3": (512, 1536),
    "3:1": (1536, 512),
    "1:2": (704, 1408),
    "2:1": (1408, 704),
    "9:16": (736, 1312),
    "16:9": (1312, 736),
    "10:16": (800, 1280),
    "16:10": (1280, 800),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1152),
    "4:3": (1152, 864),
    "4:5": (896, 1120),
    "5:4": (1120, 896),
    "1:1": (1024, 1024),
}
# Portrait sizes; each is offered the other way round as well.
_IDEOGRAM_HEIGHTS = {
    512: (1536,),
    576: (1408, 1472, 1536),
    640: (1344, 1408, 1472, 1536),
    704: (1152, 1216, 1280, 1344, 1408, 1472),
    736: (1312,),
    768: (1088, 1216, 1280, 1344),
    800: (1280,),
    832: (960, 1024, 1088, 1152, 1216, 1248),
    864: (1152,),
    896: (960, 1024, 1088, 1120, 1152),
    960: (1024, 1088),
    1024: (1024,),
}
_IDEOGRAM_SIZES = tuple(
    dict.fromkeys(
        size
        for width, heights in _IDEOGRAM_HEIGHTS.items()
        for height in heights
        for size in (f"{width}x{height}", f"{height}x{width}")
    )
)
_FORMATS = ("webp", "jpg", "png")
_RESOLUTIONS = {"match_input_image": 1.0, "0.5 MP": 0.5, "1 MP": 1.0, "2 MP": 2.0, "4 MP": 4.0}


def _rounded(pixels: float, low: int, high: int) -> int:
    return min(high, max(low, round(pixels / 32) * 32))


def _floored(pixels: float) -> int:
    return min(2048, max(256, math.floor(pixels / 32) * 32))


def _ratio_size(given: ModelInput) -> tuple[int, int]:
    width, height = _RATIOS[given["aspect_ratio"]]
    return (width // 2, height // 2) if given.get("megapixels") == "0.25" else (width, height)


def _flux_11_size(given: ModelInput) -> tuple[int, int]:
    if given["aspect_ratio"] != "custom":
        return _RATIOS[given["aspect_ratio"]]
    return tuple(_rounded(given.get(side, 1024), 256, 1440) for side in ("width", "height"))  # type: ignore[return-value]


def _flux_2_size(given: ModelInput) -> tuple[int, int]:
    ratio = given["aspect_ratio"]
    if ratio == "custom":
        return tuple(_rounded(given.get(side, 1024), 256, 2048) for side in ("width", "height"))  # type: ignore[return-value]
    across, down = (1, 1) if ratio == "match_input_image" else map(int, ratio.split(":"))
    pixels = _RESOLUTIONS[given["resolution"]] * _MEBIPIXEL
    width = math.sqrt(pixels * across / down)
    # Downwards, so that what was asked as 1 MP is never more than 1 MP, and billed as that.
    return _floored(width), _floored(width * down / across)


def _ideogram_size(given: ModelInput) -> tuple[int, int]:
    if given["resolution"] != "None":
        width, _, height = given["resolution"].partition("x")
        return int(width), int(height)
    return _IDEOGRAM_RATIOS[given["aspect_ratio"]]


def _image_counts(given: ModelInput, size: tuple[int, int]) -> dict[str, int]:
    del size
    return {"image_count": image_count(given), "image_output_count": image_count(given)}


def _megapixel_counts(given: ModelInput, size: tuple[int, int]) -> dict[str, int]:
    # An input image is a URL that nobody here can fetch, so each counts as one megapixel.
    return {
        "image_input_megapixel_count": len(given.get("input_images", [])),
        "image_output_count": 1,
        "image_output_megapixel_count": math.ceil(size[0] * size[1] / _MEBIPIXEL),
    }


_PROMPT = Field("prompt", "string", required=True)
_SEED = Field("seed", "integer")
_FORMAT = Field("output_format", "string", "webp", listed=_FORMATS)
_QUALITY = Field("output_quality", "integer", 80, low=0, high=100)
_OUTPUTS = Field("num_outputs", "integer", 1, low=1, high=4)
_OPEN_FLUX = (
    _PROMPT,
    Field("aspect_ratio", "string", "1:1", listed=tuple(_RATIOS)),
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
            _ratio_size,
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
            _ratio_size,
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
            _flux_11_size,
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
                Field("resolution", "string", "1 MP", listed=tuple(_RESOLUTIONS)),
                Field("width", "integer", low=256, high=2048),
                Field("height", "integer", low=256, high=2048),
                Field("safety_tolerance", "integer", 2, low=1, high=5),
                _SEED,
                _FORMAT,
                _QUALITY,
            ),
            "string",
            _flux_2_size,
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
            lambda given, size: {},
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
                Field("aspect_ratio", "string", "1:1", listed=tuple(_IDEOGRAM_RATIOS)),
                Field("resolution", "string", "None", listed=("None", *_IDEOGRAM_SIZES)),
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
            _ideogram_size,
            lambda given, size: {"image_output_count": 1},
            default_format="png",
        ),
    )
}

VERSIONS: dict[str, ModelSpec] = {
    version: spec for spec in MODELS.values() for version in spec.versions
}
