"""Pictures of the report: their bytes, their size, their caption, and the files beside the report."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import xarray as xr
from PIL import Image

from kgmm.figures.kinds.empty import reason_of
from kgmm.figures.registry import figure_kind


def picture_of(path: str | None) -> dict | None:
    """A picture as the template shows it.

    Parameters
    ----------
    path : str or None
        Its PNG; its data lie beside it as NetCDF.

    Returns
    -------
    dict or None
        ``image`` as base64, ``width`` and ``height`` at which it is as large as it was drawn, ``caption``, ``files``;
        of a picture without anything to show ``text``, the reason. ``None`` without a path.
    """
    if path is None:
        return None
    title = Path(path).stem.replace("_", " ")
    shown = _shown(Path(path).with_suffix(".nc"))
    if "reason" in shown:
        return {"text": shown["reason"], "title": title}
    content = io.BytesIO()
    with Image.open(path) as image:
        scale = 96 / image.info.get("dpi", (96, 96))[0]
        size = {"width": round(image.width * scale), "height": round(image.height * scale)}
        # Without loss, at about half the size of a PNG.
        image.convert("RGB").save(content, "WEBP", lossless=True, quality=40, method=3)
    folder, name = Path(path).parts[-2:]
    return size | {
        "image": base64.b64encode(content.getvalue()).decode(),
        "name": f"{folder}-{Path(name).stem}",
        "title": title,
        "caption": shown.get("caption", ""),
        "files": [str(Path(folder, name).with_suffix(suffix)) for suffix in (".pdf", ".png", ".nc")],
    }


def _shown(data: Path) -> dict:
    """The caption of a picture by the data that it shows; the reason of one that shows nothing."""
    if not data.exists():
        return {}
    with xr.open_dataset(data) as dataset:
        kind = dataset.attrs.get("kind")
        if kind == "empty":
            return {"reason": reason_of(dataset)}
        caption = None if kind is None else getattr(figure_kind(kind), "caption", None)
        return {} if caption is None else {"caption": caption(dataset)}
