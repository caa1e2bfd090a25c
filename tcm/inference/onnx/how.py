"""How an exported recognizer is read: what its folder says, checked, and what a user changes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from tcm.charset import Charset, Fold
from tcm.errors import ConfigError, DataError
from tcm.registry import Arguments, mistakes_of
from tcm.values import Bounds, NotNegative, Positive

Output = Literal["cross", "visual"]


@dataclass(frozen=True)
class Captions:
    """What captions of CLIP4STR are like.

    Attributes:
        characters: That they may have.
        context_length: Tokens of a caption.
        vocabulary: Name of the file of byte pairs.
        fold: Letter case that texts are brought to.
    """

    characters: str
    context_length: Annotated[int, Bounds(ge=2)]
    vocabulary: str
    fold: Fold | None = None

    @property
    def charset(self) -> Charset:
        """Return what keeps of a text its caption."""
        return Charset(self.characters, fold=self.fold)


@dataclass(frozen=True)
class How:
    """How crops are read; attributes that PARSeq and CLIP4STR share have their meaning there.

    Attributes:
        characters: In the order of their classes.
        max_label_length: Characters that are read at most.
        decode_ar: Whether characters are read one after the other; otherwise in one pass.
        refine_iters: Times that the whole text is read again.
        output: Whose answer counts: that of the ``cross`` or of the ``visual`` branch; PARSeq is a
            visual branch alone.
        step_budget: As of CLIP4STR.
        captions: Of the cross-modal branch; None if there is none.
    """

    characters: str
    max_label_length: Positive
    decode_ar: bool = True
    refine_iters: NotNegative = 1
    output: Output = "visual"
    step_budget: Literal["own", "visual"] = "own"
    captions: Captions | None = None

    def __post_init__(self) -> None:
        if self.output == "cross" and self.captions is None:
            raise ConfigError("output: there is no cross-modal branch, 'visual' alone is read")

    @classmethod
    def of_json(cls, content: Mapping[str, Any], place: str) -> "How":
        """Return what an exported folder says.

        Args:
            content: As of `tcm.contracts.Model.runtime` but ``kind``.
            place: File and key, which errors begin with.

        Raises:
            DataError: It is no such content.
        """
        mistakes = mistakes_of(_from_json, content, place, name="a recognizer")
        if mistakes:
            raise DataError(*mistakes)
        try:
            return _from_json(**content)
        except ConfigError as error:
            raise DataError(f"{place}: {error}") from error

    def changed(self, **changes: Any) -> "How":
        """Return this with what is not None changed: `decode_ar`, `refine_iters`, `output`.

        Raises:
            ConfigError: A value cannot be used.
        """
        wanted = {name: value for name, value in changes.items() if value is not None}
        mistakes = mistakes_of(_changes, wanted, "", name="reading")
        if mistakes:
            raise ConfigError(*mistakes)
        return replace(self, **wanted)


def _changes(
    decode_ar: bool = True, refine_iters: NotNegative = 1, output: Output = "visual"
) -> None:
    """Take what may be changed."""


def _from_json(
    characters: str,
    max_label_length: Positive,
    decode_ar: bool,
    refine_iters: NotNegative,
    output: Output = "visual",
    step_budget: Literal["own", "visual"] = "own",
    captions: Annotated[Mapping[str, Any] | None, Arguments(Captions)] = None,
) -> How:
    Charset(characters)  # which refuses what is twice there
    made = None if captions is None else Captions(**captions)
    return How(characters, max_label_length, decode_ar, refine_iters, output, step_budget, made)
