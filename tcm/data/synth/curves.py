"""Bends of a line of text: the arc and the wave, as maps of word coordinates with their inverses.

Word coordinates (u, v) are pixels, v down, with the ink box centred on the origin; x and y are the
same pixels after bending.

A polygon with few vertices cannot follow a bent outline exactly. Its vertices are therefore put
outside the curve by as much as the middle of its chords lies inside: with the angle (arc) or phase
(wave) d between two vertices, a chord's middle lies at cos(d/2) of what is bent, so the bend of the
polygon is 2 / (1 + cos(d/2)) times that of the word. This leaves a deviation of tan(d/4)**2 of what
is bent, about d**2 / 16, which the choice of the bend bounds.
"""

from dataclasses import dataclass

import numpy as np

_DEVIATION = 0.6  # pixels between polygon and curve, at most


@dataclass(frozen=True)
class Arc:
    """Text on a circle: a positive `radius` arches over its centre, a negative one hangs.

    The radius is in pixels, and so are coordinates, which are float arrays that broadcast.
    """

    radius: float

    def bend(
        self, u: np.ndarray, v: np.ndarray, excess: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y, the distance from the circle's centre multiplied by `excess`."""
        distance = (self.radius - v) * excess
        angle = u / self.radius
        return distance * np.sin(angle), self.radius - distance * np.cos(angle)

    def flatten(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return u and v: the inverse of `bend`."""
        sign = np.sign(self.radius)
        angle = np.arctan2(sign * x, sign * (self.radius - y))
        return self.radius * angle, self.radius - sign * np.hypot(x, self.radius - y)


@dataclass(frozen=True)
class Wave:
    """Text moved up and down by a sine; it takes coordinates as `Arc` does.

    Attributes:
        amplitude: Pixels.
        frequency: Radians per pixel.
        phase: Radians at the word's middle.
    """

    amplitude: float
    frequency: float
    phase: float

    def bend(
        self, u: np.ndarray, v: np.ndarray, excess: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y, the amplitude multiplied by `excess`."""
        return u, v + excess * self._rise(u)

    def flatten(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return u and v: the inverse of `bend`."""
        return x, y - self._rise(x)

    def _rise(self, u: np.ndarray) -> np.ndarray:
        return self.amplitude * np.sin(self.frequency * u + self.phase)


def random_arc(
    width: float, height: float, chords: int, rng: np.random.Generator
) -> tuple[Arc, float]:
    """Return an arc for a word of `width` x `height` px, and the angle in radians of a chord."""
    exact = 16 * _DEVIATION * chords**2 / (width + height)  # at the outer radius, up to 2 radians
    roomy = width / (1.3 * height)  # else letters would be squeezed at the inner radius
    angle = min(rng.uniform(0.7, 2.0), exact, roomy)
    radius = width / angle
    return Arc(radius if rng.random() < 0.5 else -radius), angle / chords


def random_wave(
    width: float, height: float, chords: int, rng: np.random.Generator
) -> tuple[Wave, float]:
    """Return a wave for a word of `width` x `height` px, and the phase in radians of a chord."""
    total = min(2 * np.pi * rng.uniform(0.5, 1.0), chords * np.pi / 2)  # a quarter per chord
    exact = _DEVIATION / np.tan(total / chords / 4) ** 2
    gentle = 0.6 * width / total  # letters are sheared by at most 0.6
    amplitude = min(rng.uniform(0.25, 0.6) * height, exact, gentle)
    return Wave(amplitude, total / width, rng.uniform(0, 2 * np.pi)), total / chords


def ribbon(curve: Arc | Wave, width: float, height: float, points: int, step: float) -> np.ndarray:
    """Return the polygon of a bent `width` x `height` px word.

    Args:
        curve: The bend.
        width: Pixels before bending.
        height: Pixels before bending.
        points: Vertices along the upper and along the lower side each.
        step: Angle or phase between two of them, in radians.

    Returns:
        float64 (2 * points, 2), clockwise from the reading-order top left.
    """
    u = np.linspace(-width / 2, width / 2, points)
    v = np.repeat([-height / 2, height / 2], points)
    x, y = curve.bend(np.concatenate([u, u[::-1]]), v, excess=2 / (1 + np.cos(step / 2)))
    return np.stack([x, y], axis=1)
