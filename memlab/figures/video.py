"""Frames of a medium as a moving picture."""

from pathlib import Path

import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from memlab.figures import style
from memlab.session import Film

PER_SECOND = 8
MOST_PANELS = 6


def animation(film: Film, path: Path) -> Path:
    """Write the film as GIF, or as MP4 where the path says so and ffmpeg is there.

    The colour scale is 0 … 1, and wider where values are; lines are folded. Returns the path
    written.
    """
    shown = film.frames.float().numpy()[:, :MOST_PANELS]
    frames = np.array([[style.folded(panel) for panel in frame] for frame in shown])
    moving = path.suffix == ".mp4" and FFMpegWriter.isAvailable()
    target = path if moving else path.with_suffix(".gif")
    figure = style.sheet(2.4 * frames.shape[1] + 0.9, 3.0, "")
    axes = figure.subplots(1, frames.shape[1], squeeze=False)[0]
    images = _images(figure, list(axes), frames)
    for panel, title in zip(axes, film.panels, strict=False):
        panel.set_title(title.replace("_", " "), fontsize=9)

    def show(at: int) -> list[Artist]:
        for image, plane in zip(images, frames[at], strict=True):
            image.set_data(plane)
        figure.suptitle(film.captions[at], x=0.01, ha="left", fontsize=10)
        return [*images]

    writer = FFMpegWriter(PER_SECOND) if moving else PillowWriter(PER_SECOND)
    FuncAnimation(figure, show, frames=len(frames), blit=False).save(target, writer=writer, dpi=100)
    return target


def _images(figure: Figure, axes: list[Axes], frames: NDArray[np.float32]) -> list[AxesImage]:
    low, high = min(0.0, float(np.nanmin(frames))), max(1.0, float(np.nanmax(frames)))
    images = [
        panel.imshow(plane, vmin=low, vmax=high, cmap="viridis")
        for panel, plane in zip(axes, frames[0], strict=True)
    ]
    for panel in axes:
        style.bare(panel)
    figure.colorbar(images[-1], ax=axes, shrink=0.85)
    return images
