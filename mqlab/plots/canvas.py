"""Drawing a journey: lanes, arrows, bars and signs, with time downwards or to the right.

Few artists, whatever the number of arrows: one collection of lines, one of heads, one of bars a look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from mqlab.plots.journey import BEFORE, NEVER, Arrow, Journey
from mqlab.plots.look import DOWN, GREY, INK, RED
from mqlab.trace.kinds import Direction
from mqlab.trace.schema import Entity

__all__ = ["Canvas"]

Point = tuple[float, float]


class Canvas:
    """Axes with a place for every lane and every row.

    Parameters
    ----------
    axes
        Limits are set already: arrow heads are turned on the page.
    journey
        What to draw.
    spots
        Where each lane stands across time.
    places
        Where each row stands along time.
    down
        Time runs down the page; otherwise to the right.
    rails
        Lanes on which every message has a line of its own: how far from the lane, by (lane, message).
    """

    def __init__(
        self,
        axes: Axes,
        journey: Journey,
        spots: Mapping[int, float],
        places: NDArray[np.float64],
        *,
        down: bool,
        rails: Mapping[tuple[int, int], float] | None = None,
    ) -> None:
        self.axes, self.journey, self.spots, self.places, self.down = axes, journey, spots, places, down
        self.rails = rails or {}
        limits = axes.get_ylim() if down else axes.get_xlim()
        self.first, self.last = min(limits), max(limits)
        self.half = 0.085 if down else 0.2  # of a bar's width

    def point(self, spot: float, place: float) -> Point:
        """Give a point on the page."""
        return (spot, place) if self.down else (place, spot)

    def place(self, row: int) -> float:
        """Where a row stands along time."""
        return self.first if row == BEFORE else self.last if row == NEVER else float(self.places[row])

    def spot(self, lane: int, message: int) -> float | None:
        """Where a message is on a lane; None where the lane is not drawn."""
        spot = self.spots.get(lane)
        return None if spot is None else spot + self.rails.get((lane, message), 0.0)

    def lanes(self, entities: Sequence[Entity]) -> None:
        """Draw a line for everybody, with a name."""
        lines = [[self.point(spot, self.first), self.point(spot, self.last)] for spot in self.spots.values()]
        self.axes.add_collection(LineCollection(lines, colors="#9a9a9a", linewidths=1.0, zorder=0.8))
        names = [entities[lane].name for lane in self.spots]
        if not self.down:
            self.axes.set_yticks(list(self.spots.values()), names)
            self.axes.tick_params(axis="y", length=0)
            self.axes.grid(visible=False, axis="y")
            self.axes.spines["left"].set_visible(False)
            return
        pitch = 2.9 / max(1, len(names) - 1)
        size = min(10.0, 72 * pitch / 0.72 / max(len(name) for name in names))
        for lane, spot in self.spots.items():
            self.axes.text(
                spot,
                self.first - 0.55,
                entities[lane].name,
                ha="center",
                va="bottom",
                size=size,
                weight="bold",
            )
            self.axes.text(
                spot,
                self.first - 0.1,
                entities[lane].kind,
                ha="center",
                va="bottom",
                size=min(9.0, size),
                color=GREY,
            )

    def stretches(
        self, looks: Mapping[str, tuple[str, float, str]], by_message: Mapping[int, str] | None = None
    ) -> None:
        """Draw bars: colour by what they are, or by message where ``by_message`` has colours."""
        bars: dict[tuple[str, float, str], list[list[Point]]] = {}
        for stretch in self.journey.stretches:
            look = (DOWN, 1.0, "///") if stretch.what == "down" else looks.get(stretch.what, (GREY, 0.4, ""))
            if by_message is not None and stretch.what != "down":
                look = (
                    by_message.get(stretch.message, GREY),
                    {"ready": 0.7, "unacked": 0.25, "work": 0.95}[stretch.what],
                    "",
                )
            wide = self.half * (1.35 if stretch.what == "down" else 0.8 if stretch.what == "work" else 1.0)
            if (stretch.lane, stretch.message) in self.rails:
                wide = 0.07
            spot, start, stop = (
                self.spot(stretch.lane, stretch.message),
                self.place(stretch.start),
                self.place(stretch.end),
            )
            if spot is None:
                continue
            corners = ((-wide, start), (wide, start), (wide, stop), (-wide, stop))
            bars.setdefault(look, []).append([self.point(spot + across, along) for across, along in corners])
        for (colour, alpha, hatch), polygons in bars.items():
            shapes = PolyCollection(polygons, facecolors=colour, alpha=alpha, linewidths=0, zorder=1.0)
            if hatch:  # on an opaque face: SVG would make the lines as pale as the face
                shapes.set(hatch=hatch, edgecolor=RED, zorder=0.7)
            self.axes.add_collection(shapes)

    def arrows(self, colour_of: Callable[[Arrow], str]) -> None:
        """Draw packets: answers dashed; what never arrives ends halfway, in a cross if it is lost."""
        solid: list[tuple[list[Point], str]] = []
        dashed: list[tuple[list[Point], str]] = []
        crosses: list[tuple[Point, str]] = []
        heads: list[tuple[Point, Point, str]] = []
        for arrow in self.journey.arrows:
            if (ends := self._ends(arrow)) is None:
                continue
            start, stop = ends
            colour = colour_of(arrow)
            answer = arrow.direction in (Direction.CONFIRM, Direction.ACK, Direction.RETURN)
            (dashed if answer or arrow.how == "open" else solid).append(([start, stop], colour))
            if arrow.how in ("lost", "stale"):
                crosses.append((stop, RED if self.down else colour))
            elif arrow.how == "arrives":
                heads.append((start, stop, colour))
        for lines, dash in ((solid, "solid"), (dashed, (0, (4, 2)))):
            self.axes.add_collection(
                LineCollection(
                    [line for line, _ in lines],
                    colors=[colour for _, colour in lines],
                    linewidths=1.5,
                    linestyles=[dash],
                    zorder=2,
                )
            )
        self._heads(heads)
        if crosses:
            points = np.array([point for point, _ in crosses])
            self.axes.scatter(
                points[:, 0],
                points[:, 1],
                marker="x",
                s=55,
                c=[c for _, c in crosses],
                linewidths=2.4,
                zorder=4,
            )

    def _ends(self, arrow: Arrow) -> tuple[Point, Point] | None:
        """Where an arrow begins and ends on the page; None where its lanes are not drawn."""
        message = int(self.journey.rows["message"][arrow.start])
        source, target = self.spot(arrow.from_lane, message), self.spot(arrow.to_lane, message)
        if source is None:
            return None
        begin = self.place(arrow.start)
        if target is None:
            target = source + (
                1.0 if arrow.direction in (Direction.PUBLISH, Direction.DELIVERY) else -1.0
            ) * (0.6 if self.down else 1.0)
        if arrow.how in ("arrives", "stale"):
            return self.point(source, begin), self.point(target, self.place(arrow.end))
        ahead = 0.0 if self.down else 0.012 * (self.last - self.first)
        halfway = source + (target - source) * 0.55
        return self.point(source, begin), self.point(halfway, begin + ahead)

    def _heads(self, heads: Sequence[tuple[Point, Point, str]]) -> None:
        """Draw all arrow heads at once, each turned as its line is on the page."""
        if not heads:
            return
        starts, stops = np.array([head[0] for head in heads]), np.array([head[1] for head in heads])
        on_page = self.axes.transData.transform(stops) - self.axes.transData.transform(starts)
        length = np.maximum(np.hypot(on_page[:, 0], on_page[:, 1]), 1e-9)
        ahead = on_page / length[:, None]
        self.axes.quiver(
            stops[:, 0],
            stops[:, 1],
            ahead[:, 0],
            ahead[:, 1],
            color=[colour for *_, colour in heads],
            pivot="tip",
            angles="uv",
            units="inches",
            scale_units="inches",
            scale=10.0,
            width=0.02,
            headwidth=5.0,
            headlength=5.5,
            headaxislength=5.0,
            minlength=0.0,
            zorder=3,
        )

    def dots(self, colours: Sequence[str]) -> None:
        """Mark every row on its lane, each in its colour."""
        spots = [self.spots.get(lane) for lane in self.journey.lane_of]
        drawn = [number for number, spot in enumerate(spots) if spot is not None]
        points = [self.point(spots[number] or 0.0, self.place(number)) for number in drawn]
        x, y = np.array(points).T
        self.axes.scatter(x, y, s=22, c=[colours[number] for number in drawn], linewidths=0, zorder=5)

    def signs(self, kinds: AbstractSet[int], colours: Mapping[int, str]) -> None:
        """Mark every row of these kinds with a diamond in its message's colour."""
        rows = self.journey.rows
        wanted = [
            n for n in range(len(rows)) if int(rows["kind"][n]) in kinds and int(rows["message"][n]) >= 0
        ]
        wanted = [
            n
            for n in wanted
            if self.journey.lane_of[n] in self.spots and self.first <= self.places[n] <= self.last
        ]
        if not wanted:
            return
        points = np.array(
            [
                self.point(self.spot(self.journey.lane_of[n], int(rows["message"][n])) or 0.0, self.place(n))
                for n in wanted
            ]
        )
        edges = [colours.get(int(rows["message"][n]), INK) for n in wanted]
        self.axes.scatter(
            points[:, 0],
            points[:, 1],
            marker="D",
            s=26,
            facecolors="white",
            edgecolors=edges,
            linewidths=1.6,
            zorder=5,
        )
