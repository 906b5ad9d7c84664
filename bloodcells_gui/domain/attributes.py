"""How a leukocyte looks, in the words of eleven attributes (WBCAtt, Tsutsui et al. 2023).

Each word is a tag as well: a person who corrects a word gives the cell that tag (:mod:`.tags`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bloodcells_gui.domain.i18n import N_

#: Below this probability a word is said to be unsure.
SURE = 0.8


@dataclass(frozen=True, slots=True)
class Word:
    """One value of an attribute: the key of the labels, and what it is called (translation key, a tag)."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is described (translation key), and the words for it."""

    key: str
    name: str
    words: tuple[Word, ...]


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        "cell_size",
        N_("Cell size"),
        (Word("big", N_("Large cell")), Word("small", N_("Small cell"))),
    ),
    Attribute(
        "cell_shape",
        N_("Cell shape"),
        (Word("irregular", N_("Irregular cell")), Word("round", N_("Round cell"))),
    ),
    Attribute(
        "nucleus_shape",
        N_("Nucleus shape"),
        (
            Word("irregular", N_("Irregular nucleus")),
            Word("segmented-bilobed", N_("Bilobed nucleus")),
            Word("segmented-multilobed", N_("Multilobed nucleus")),
            Word("unsegmented-band", N_("Band-shaped nucleus")),
            Word("unsegmented-indented", N_("Indented nucleus")),
            Word("unsegmented-round", N_("Round nucleus")),
        ),
    ),
    Attribute(
        "nuclear_cytoplasmic_ratio",
        N_("Nucleus and cytoplasm"),
        (Word("high", N_("High N:C")), Word("low", N_("Low N:C"))),
    ),
    Attribute(
        "chromatin_density",
        N_("Chromatin"),
        (Word("densely", N_("Dense chromatin")), Word("loosely", N_("Loose chromatin"))),
    ),
    Attribute(
        "cytoplasm_vacuole",
        N_("Vacuoles in the cytoplasm"),
        (Word("no", N_("No vacuoles")), Word("yes", N_("Vacuoles"))),
    ),
    Attribute(
        "cytoplasm_texture",
        N_("Cytoplasm texture"),
        (Word("clear", N_("Clear cytoplasm")), Word("frosted", N_("Frosted cytoplasm"))),
    ),
    Attribute(
        "cytoplasm_colour",
        N_("Cytoplasm colour"),
        (
            Word("blue", N_("Blue cytoplasm")),
            Word("light blue", N_("Light blue cytoplasm")),
            Word("purple blue", N_("Purple-blue cytoplasm")),
        ),
    ),
    Attribute(
        "granule_type",
        N_("Kind of granules"),
        (
            Word("coarse", N_("Coarse granules")),
            Word("nil", N_("No granules")),
            Word("round", N_("Round granules")),
            Word("small", N_("Fine granules")),
        ),
    ),
    Attribute(
        "granule_colour",
        N_("Granule colour"),
        (
            Word("nil", N_("No granule colour")),
            Word("pink", N_("Pink granules")),
            Word("purple", N_("Purple granules")),
            Word("red", N_("Red granules")),
        ),
    ),
    Attribute(
        "granularity",
        N_("Granulation"),
        (Word("no", N_("Not granular")), Word("yes", N_("Granular"))),
    ),
)


@dataclass(frozen=True, slots=True)
class Said:
    """The word for one attribute of a cell.

    Attributes
    ----------
    attribute : Attribute
    word : Word
    probability : float
        Calibrated; 1 where a person chose the word.
    weight : float
        How much it speaks for the class that all words together speak for; 0 or below: not at all.
    by_person : bool
    """

    attribute: Attribute
    word: Word
    probability: float
    weight: float = 0.0
    by_person: bool = False

    @property
    def sure(self) -> bool:
        """Whether it is said without doubt."""
        return self.by_person or self.probability >= SURE


@dataclass(frozen=True, slots=True)
class Description:
    """A cell in words.

    Attributes
    ----------
    said : tuple of Said
        One for each attribute.
    probabilities : tuple of tuple of float
        Of every word of every attribute, in the order of :data:`ATTRIBUTES`.
    speaks_for : str
        Code of the leaf or row that the words speak for.
    share : float
        Calibrated probability of it among the classes that the words were taught on.
    unlike_taught : bool
        Whether stain or light differ from those of the laboratory that taught the words.
    """

    said: tuple[Said, ...]
    probabilities: tuple[tuple[float, ...], ...]
    speaks_for: str
    share: float
    unlike_taught: bool = False


def word_of_tag(tag: str) -> tuple[Attribute, Word] | None:
    """The attribute and word that a tag stands for; None for any other tag."""
    return _BY_TEXT.get(tag)


def corrected(description: Description, tags: Iterable[str]) -> Description:
    """The description with the words that a person gave the cell as tags in place of the program's."""
    chosen = {found[0].key: found[1] for tag in tags if (found := word_of_tag(tag))}
    said = tuple(
        Said(
            s.attribute,
            chosen[s.attribute.key],
            1.0,
            s.weight if s.word is chosen[s.attribute.key] else 0.0,
            True,
        )
        if s.attribute.key in chosen
        else s
        for s in description.said
    )
    return replace(description, said=said)


_BY_TEXT = {word.text: (attribute, word) for attribute in ATTRIBUTES for word in attribute.words}
#: Tags that stand for a word.
WORD_TAGS = frozenset(_BY_TEXT)
