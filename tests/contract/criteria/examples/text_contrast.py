"""Examples for `text_contrast`."""

from __future__ import annotations

from unit.validators.brand_pictures import headline
from unit.validators.sample_pictures import encoded, flat

_WHOLE: dict[str, object] = {}

PASSES = (
    ({"zone": _WHOLE}, encoded(headline("#ffffff", "#0b3d91"), "jpeg", quality=85)),
    ({"zone": _WHOLE, "size": "large"}, encoded(headline("#8a8a8a", "#ffffff"), "png")),
    ({"zone": {"height": 0.5}, "text_colour": "#ffffff"}, encoded(flat((20, 20, 60)), "png")),
)
FAILS = (
    ({"zone": _WHOLE}, encoded(headline("#8a8a8a", "#ffffff"), "png")),
    ({"zone": _WHOLE, "min_ratio": 12}, encoded(headline("#ffffff", "#0b3d91"), "png")),
    ({"zone": _WHOLE}, encoded(flat((200, 200, 200)), "png")),
    ({"zone": _WHOLE, "text_colour": "#ffffff"}, encoded(flat((200, 200, 200)), "webp")),
)
