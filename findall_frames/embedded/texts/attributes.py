"""Of what numbers with a unit may tell, and the words beside them that say so."""

from __future__ import annotations

from typing import Final

from findall_frames.embedded.language.words import phrases

__all__ = ["ATTRIBUTES", "DIMENSIONS", "SAID_BY"]

ATTRIBUTES: Final[dict[str, tuple[str, ...]]] = {
    "length": phrases(
        """long, length, distance, lengthwise, stretch, stretches, stretching, stretched, extends,
        extend, extending, runs, run, running, covers, covering, measures, measured, measuring"""
    ),
    "depth": phrases("deep, depth, draws, draught, dredged, shallow, below, beneath, down"),
    "height": phrases(
        """high, tall, height, elevation, altitude, rises, rise, rising, towers, soars"""
    ),
    "width": phrases("wide, width, broad, breadth, across"),
    "diameter": phrases("across, diameter"),
    "wingspan": phrases("wingspan, wings"),
    "thickness": phrases("thick, thickness"),
    "distance": phrases("away, distance, apart"),
    "age": phrases("old, aged, age"),
    "duration": phrases("long, lasts, last, lasting, lasted, takes, take, took, taking, duration"),
    "price": phrases(
        """price, priced, prices, cost, costs, costing, fee, fees, fare, ticket, tickets, admission,
        entry, charge, charges, charged, tuition, pay, pays, paying, paid"""
    ),
    "salary": phrases(
        """salary, pay, pays, paying, paid, wage, wages, earn, earns, earned, earning, earnings,
        remuneration, compensation, stipend"""
    ),
    "rent": phrases("rent, rents, rented, rental, pay, pays, paying, paid"),
    "weight": phrases("weighs, weigh, weighed, weighing, weight, heavy, mass"),
}
"""By what a number with a unit tells: words beside it that say so."""

SAID_BY: Final = {
    word: frozenset(name for name, words in ATTRIBUTES.items() if word in words)
    for words in ATTRIBUTES.values()
    for word in words
}
DIMENSIONS: Final[dict[str, frozenset[str]]] = {
    "length": frozenset(
        ("length", "depth", "height", "width", "diameter", "thickness", "distance", "wingspan")
    ),
    "time": frozenset(("age", "duration")),
    "money": frozenset(("price", "salary", "rent")),
    "mass": frozenset(("weight",)),
}
