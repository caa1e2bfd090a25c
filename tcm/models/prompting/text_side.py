"""The text side of TCM and FastTCM.

Its parts are the predefined prompt, learnable contexts, the language prompt generator and the text
encoder. All of it is independent of the image in FastTCM, where the generator is fed by a
learnable meta query instead of the global image embedding, so that at deployment it shrinks to one
constant.

Shapes: B batch, K classes, W text width, D joint embedding.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tcm.clip.text import PromptedTextEncoder, tokenize
from tcm.errors import ConfigError
from tcm.models.prompting.decoder import init_linear


class LanguagePromptGenerator(nn.Sequential):
    """Turn a condition (B, D) into a prompt (B, W).

    Two linear layers, each behind a layer norm, with a ReLU between.

    Args:
        dim: D.
        text_width: W.
    """

    def __init__(self, dim: int, text_width: int) -> None:
        super().__init__(
            nn.LayerNorm(dim),
            nn.Linear(dim, dim),
            nn.ReLU(),
            nn.LayerNorm(dim),
            nn.Linear(dim, text_width),
        )
        self.apply(init_linear)


class TextSide(nn.Module):
    """Everything up to the text embedding.

    The text encoder is frozen; gradients pass through it to the rest.

    Args:
        text_encoder: The encoder, already built.
        dim: D.
        prompts: The K class texts; none with `num_contexts` > 0 uses the contexts alone.
        num_contexts: Learnable contexts; 0 for none.
        prompt_length: Tokens of a class text, padding included; None takes the longest. The result
            does not depend on it.
        generate_prompt: Whether the language prompt generator is used.
        meta_query: Whether the generator is fed by a learnable query (FastTCM) instead of the image
            (TCM).
    """

    def __init__(
        self,
        text_encoder: PromptedTextEncoder,
        dim: int,
        prompts: Sequence[str] | None,
        num_contexts: int,
        prompt_length: int | None = None,
        generate_prompt: bool = True,
        meta_query: bool = False,
    ) -> None:
        super().__init__()
        self.text_encoder = text_encoder.requires_grad_(False)
        size = text_encoder.vocab_size
        ids_KN = tokenize(prompts, prompt_length, size) if prompts else None
        self.register_buffer("token_ids", ids_KN, persistent=False)
        length = num_contexts + (0 if ids_KN is None else ids_KN.shape[1])
        if not 0 < length <= text_encoder.context_length:
            raise ConfigError(
                f"prompts and num_contexts make {length} tokens; "
                f"1 to {text_encoder.context_length} are possible"
            )
        self.num_classes = 1 if ids_KN is None else len(ids_KN)
        width = text_encoder.width
        self.contexts = self._parameter(1, num_contexts, width) if num_contexts else None
        self.meta_query = nn.Parameter(torch.randn(dim)) if meta_query else None
        self.prompt_generator = LanguagePromptGenerator(dim, width) if generate_prompt else None

    def forward(self, global_BD: Tensor | None = None) -> Tensor:
        """Return the text embeddings (B, K, D), not normalised.

        B is 1 where they do not depend on the image.

        Args:
            global_BD: The global image embedding; only a generator without meta query looks at it.
        """
        prompt_BW = None
        if self.prompt_generator is not None:
            condition = global_BD if self.meta_query is None else self.meta_query[None]
            prompt_BW = self.prompt_generator(condition)
        return self.text_encoder(self.token_ids, self.contexts, prompt_BW)

    @staticmethod
    def _parameter(*shape: int) -> nn.Parameter:
        return nn.Parameter(nn.init.trunc_normal_(torch.empty(shape), std=1.0, a=-2.0, b=2.0))
