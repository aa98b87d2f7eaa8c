"""Pictures of the report: their bytes, their size, their caption, and the files beside the report."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import xarray as xr
from PIL import Image

from kgmm.figures.kinds.empty import reason_of
from kgmm.figures.registry import figure_kind


def pictures_of(paths: Iterable[str], threads: int = 1) -> dict[str, dict]:
    """Pictures as the template shows them, by their PNGs.

    Parameters
    ----------
    paths : iterable of str
        PNGs; the data of each lie beside it as NetCDF.
    threads : int
        To encode them, which is most of the time that a report takes.

    Returns
    -------
    dict
        ``image`` as base64, ``width`` and ``height`` at which it is as large as it was drawn, ``caption``, ``files``;
        of a picture without anything to show ``text``, the reason.
    """
    shown = {path: _shown(Path(path).with_suffix(".nc")) for path in dict.fromkeys(paths)}
    drawn = [path for path, found in shown.items() if "reason" not in found]
    with ThreadPoolExecutor(threads) as pool:
        images = dict(zip(drawn, pool.map(_image, drawn)))
    return {path: _picture(Path(path), found, images.get(path)) for path, found in shown.items()}


def _picture(path: Path, shown: dict, image: dict | None) -> dict:
    title = path.stem.replace("_", " ")
    if image is None:
        return {"text": shown["reason"], "title": title}
    folder, name = path.parts[-2:]
    return image | {
        "name": f"{folder}-{path.stem}",
        "title": title,
        "caption": shown.get("caption", ""),
        "files": [str(Path(folder, name).with_suffix(suffix)) for suffix in (".pdf", ".png", ".nc")],
    }


def _image(path: str) -> dict:
    """The bytes of a picture for the page, and its size."""
    content = io.BytesIO()
    with Image.open(path) as image:
        scale = 96 / image.info.get("dpi", (96, 96))[0]
        size = {"width": round(image.width * scale), "height": round(image.height * scale)}
        # Without loss, at about half the size of a PNG.
        image.convert("RGB").save(content, "WEBP", lossless=True, quality=40, method=3)
    return size | {"image": base64.b64encode(content.getvalue()).decode()}


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
