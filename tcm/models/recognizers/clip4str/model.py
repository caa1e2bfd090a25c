"""CLIP4STR: a visual and a cross-modal branch on one CLIP.

Zhao et al., "CLIP4STR: A Simple Baseline for Scene Text Recognition with Pre-trained
Vision-Language Model", TIP 2024.

Shapes: B crops, K permutations, N = B * K, M image tokens, D joint embedding, L positions, C
classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from torch import Tensor

from tcm.charset import CharsetConfig
from tcm.contracts import Graph
from tcm.devices import on_device
from tcm.models.recognizers.clip4str.captions import VOCABULARY, Captioner
from tcm.models.recognizers.clip4str.graphs import captions_graph
from tcm.models.recognizers.clip4str.towers import ClipChanges, CLIPTowers, build_towers
from tcm.models.recognizers.parseq.attention import join
from tcm.models.recognizers.parseq.decoder import Memory, PARSeqDecoder
from tcm.models.recognizers.parseq.generate import (
    cloze_mask,
    generate,
    predicted_context,
    refine,
)
from tcm.models.recognizers.parseq.graphs import decoder_graphs, encoder_graph
from tcm.models.recognizers.parseq.permutation import (
    PermutationSampler,
    PermutedBatch,
    permuted_batch,
    permuted_loss,
)
from tcm.models.recognizers.parseq.tokenizer import Tokenizer
from tcm.models.recognizers.recognizer import Normalisation, TextRecognizer
from tcm.registry import MODELS
from tcm.structures import Config
from tcm.values import Bounds, NotNegative, NotNegativeFloat, Positive, PositiveFloat, Share


@MODELS.register()
class CLIP4STR(TextRecognizer):
    """Read a crop, then read it again together with the CLIP text features of that answer.

    Parameters are under ``clip``, ``visual_decoder`` and ``cross_decoder``. The authors give the
    decoders 19 times the learning rate of CLIP. Arguments have the names of the published configs
    where these have them.

    Args:
        pretrained: CLIP's weights as of `build_towers`; None for random initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        clip: Changes of the architecture in open_clip's form, as of `build_towers`.
        released_clip: Whether CLIP runs as in the released code, as of `build_towers`; the
            published checkpoints other than those on OpenAI's or Apple's weights need it, and that
            of H/14 on Apple's for its heads.
        text_freeze_nlayer: Text layers that are frozen, as of `CLIPTowers.freeze`; half of the 12
            by default.
        image_freeze_nlayer: Image layers that are frozen; by default not even the embeddings.
        dec_depth: Layers of each branch's decoder.
        dec_num_heads: Attention heads of the decoders.
        dec_mlp_ratio: Width of the decoders' feed-forward parts over their own.
        dropout: Of the decoders, as of `PARSeqDecoder`.
        charset: As `Charset.build` takes it.
        max_label_length: Characters that are read at most.
        caption_charset: As of `Captioner`.
        context_length: Tokens of a caption, as of `Captioner`.
        perm_num: Permutations of a training step, as of `PermutationSampler`.
        perm_forward: Whether left to right is among them.
        perm_mirrored: Whether each is followed by its mirror image.
        cross_loss_w: Weight of the cross-modal loss; with 0 the visual branch is trained alone.
        cross_cloze_mask: Whether the cross-modal queries see all characters but their own, in every
            permutation.
        cross_gt_context: Whether the cross-modal context is the label in training; otherwise it is
            the visual branch's answer.
        image_detach: Whether the cross-modal gradient stops before the image encoder.
        decode_ar: Whether characters are read one after the other; otherwise in one pass.
        refine_iters: Times that both branches read the whole text again, with the last answer as
            context; the authors use 1.
        output: Whose answer is the model's: that of the ``cross`` branch, or of the ``visual`` one,
            for which no caption is encoded.
        step_budget: Characters that the cross-modal branch reads one after the other at most:
            ``own`` lets it read until its texts have ended; ``visual`` gives it as many as the
            visual branch needed for the longest text of the batch, as the released code does, so
            that a result depends on the rest of the batch.
        normalisation: As of `TextRecognizer`. The released code trains with ``clip`` and tests with
            ``half``; here one name holds for both.
    """

    def __init__(
        self,
        pretrained: str | None,
        clip_model: str = "ViT-B-16-quickgelu",
        clip: ClipChanges = None,
        released_clip: bool = False,
        text_freeze_nlayer: Annotated[int, Bounds(ge=-1)] = 6,
        image_freeze_nlayer: Annotated[int, Bounds(ge=-1)] = -1,
        dec_depth: Positive = 1,
        dec_num_heads: Positive = 8,
        dec_mlp_ratio: PositiveFloat = 4.0,
        dropout: Share = 0.1,
        charset: CharsetConfig = 94,
        max_label_length: Positive = 25,
        caption_charset: CharsetConfig = 36,
        context_length: Annotated[int, Bounds(ge=2)] = 16,
        perm_num: Positive = 6,
        perm_forward: bool = True,
        perm_mirrored: bool = True,
        cross_loss_w: NotNegativeFloat = 1.0,
        cross_cloze_mask: bool = False,
        cross_gt_context: bool = True,
        image_detach: bool = True,
        decode_ar: bool = True,
        refine_iters: NotNegative = 1,
        output: Literal["cross", "visual"] = "cross",
        step_budget: Literal["own", "visual"] = "own",
        normalisation: Normalisation = "clip",
    ) -> None:
        super().__init__(normalisation)
        self.tokenizer = Tokenizer(charset, max_label_length)
        self.captioner = Captioner(caption_charset, context_length)
        self.sample_permutations = PermutationSampler(perm_num, perm_forward, perm_mirrored)
        self.clip: CLIPTowers = build_towers(pretrained, clip_model, clip, released_clip)
        self.clip.freeze(text_freeze_nlayer, image_freeze_nlayer)
        width = self.clip.text_projection.shape[1]
        self.visual_decoder, self.cross_decoder = (
            PARSeqDecoder(self.tokenizer, width, dec_num_heads, dec_depth, dec_mlp_ratio, dropout)
            for _ in range(2)
        )
        self.cross_loss_w = cross_loss_w
        self.cross_cloze_mask = cross_cloze_mask
        self.cross_gt_context = cross_gt_context
        self.image_detach = image_detach
        self.decode_ar = decode_ar
        self.refine_iters = refine_iters
        self.output = output
        self.step_budget = step_budget
        if cross_loss_w == 0:
            self._freeze_cross_branch()

    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, C) of crops, as of `TextRecognizer`."""
        if self.output == "visual":
            return self._visual_answers(self._image_memory(images), max_length)[-1]
        return self.branches(images, max_length)[1]

    def branches(self, images: Tensor, max_length: int | None = None) -> tuple[Tensor, Tensor]:
        """Return the last answers of the visual and of the cross-modal branch, each (B, L, C).

        Arguments as of `forward`.
        """
        visual, cross = self.answers(images, max_length)
        return visual[-1], cross[-1]

    def answers(
        self, images: Tensor, max_length: int | None = None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return what either branch answers at first and after each refinement.

        Each cross-modal answer has read the caption of the visual one beside it. Arguments as of
        `forward`.
        """
        image_BMD = self._image_memory(images)
        visual = self._visual_answers(image_BMD, max_length)
        decoder, steps = self.cross_decoder, self.tokenizer.steps(max_length)
        image = decoder.project(image_BMD)
        own = self.step_budget == "own"
        first = generate(
            decoder,
            self._with_captions(image, visual[0]),
            steps if own else visual[0].shape[1],
            self.decode_ar,
            early_stop=own and max_length is None,
        )
        cross = [first]
        for answer in visual[1:]:
            memory = self._with_captions(image, answer)
            cross.append(refine(decoder, memory, cross[-1], steps))
        return visual, cross

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of both branches, as of `TextRecognizer`."""
        ids = self.tokenizer.from_rows(targets["text_rows"])
        perms = self.sample_permutations(ids.shape[1] - 2)
        return self.permuted_losses(images, permuted_batch(ids, perms, self.tokenizer))

    def permuted_losses(self, images: Tensor, batch: PermutedBatch) -> dict[str, Tensor]:
        """Return the losses of given permutations, as of `loss`."""
        visual, cross = self.permuted_logits(images, batch)
        losses = {"loss_visual": permuted_loss(visual, batch, self.tokenizer)}
        if cross is not None:
            losses["loss_cross"] = self.cross_loss_w * permuted_loss(cross, batch, self.tokenizer)
        return losses

    def permuted_logits(self, images: Tensor, batch: PermutedBatch) -> tuple[Tensor, Tensor | None]:
        """Return the logits (N, L, C) of both branches for every permutation, in one pass each.

        Those of the cross-modal branch are None if its loss has no weight.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            batch: Of `permuted_batch`.
        """
        image_BMD = self._image_memory(images)
        queries = slice(0, batch.context.shape[1])
        memory = self.visual_decoder.project(image_BMD)
        visual = self.visual_decoder(
            batch.context, memory, queries, batch.hidden, batch.content_hidden
        )
        if self.cross_loss_w == 0:
            return visual, None
        context, hidden = batch.context, batch.hidden
        if not self.cross_gt_context:
            context = predicted_context(visual, self.tokenizer)
        if self.cross_cloze_mask:
            hidden = cloze_mask(queries.stop, images.device) | batch.padding
        image = self.cross_decoder.project(image_BMD.detach() if self.image_detach else image_BMD)
        memory = self._with_captions(image, visual)
        cross = self.cross_decoder(context, memory, queries, hidden, batch.content_hidden)
        return visual, cross

    def most_likely(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return ids and confidences, as of `TextRecognizer`."""
        return self.tokenizer.most_likely(logits)

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of ids, as of `TextRecognizer`."""
        return self.tokenizer.text(ids)

    def caption_memory(self, captions: list[str]) -> Tensor:
        """Return CLIP's text features (N, caption tokens, D); equal captions are encoded once."""
        ids, places = self._caption_ids(captions)
        return self.clip.text_memory(ids)[places]

    def with_captions(self, image: Memory, ids: Tensor, places: Tensor) -> Memory:
        """Return the cross-modal memory: the image's tokens, then those of a caption.

        Args:
            image: Of the cross-modal decoder's `project`, for a batch B.
            ids: int64 (U, caption tokens), the different captions.
            places: int64 (N,), which caption each has; N is a multiple of B.
        """
        text = self.cross_decoder.project(self.clip.text_memory(ids)[places])
        return [join(shared, own) for shared, own in zip(image, text, strict=True)]

    def memories(self, images: Tensor) -> dict[str, Memory]:
        """Return what is read of crops (B, 3, H, W).

        The visual decoder's ``memory``, and if the cross-modal branch answers, its part of the
        ``image``, which captions lack yet.
        """
        image_BMD = self._image_memory(images)
        memories = {"memory": self.visual_decoder.project(image_BMD)}
        if self.output == "cross":
            memories["image"] = self.cross_decoder.project(image_BMD)
        return memories

    def graphs(self) -> dict[str, Graph]:
        """Return the parts that are exported, as of `Model`."""
        encoder, memories = encoder_graph(self, self.memories, tuple(self.clip.visual.image_size))
        graphs = {"encoder": encoder, **decoder_graphs(self.visual_decoder, memories["memory"])}
        if self.output == "visual":
            return graphs
        captions, memory = captions_graph(
            self, self.with_captions, memories["image"], self.captioner.context_length
        )
        cross = decoder_graphs(self.cross_decoder, memory, "cross_")
        return {**graphs, "captions": captions, **cross}

    def runtime(self) -> Config:
        """Return how the graphs are read, as of `Model`."""
        reading = {
            "kind": "recognizer",
            "characters": self.tokenizer.charset.characters,
            "max_label_length": self.tokenizer.max_label_length,
            "decode_ar": self.decode_ar,
            "refine_iters": self.refine_iters,
            "output": self.output,
        }
        if self.output == "visual":
            return reading
        captions = self.captioner.as_json()
        return {**reading, "step_budget": self.step_budget, "captions": captions}

    def assets(self) -> list[Path]:
        """Return the vocabulary of captions, as of `Model`."""
        return [VOCABULARY] if self.output == "cross" else []

    def _image_memory(self, images: Tensor) -> Tensor:
        return self.clip.image_memory(self.normalise(images))

    def _visual_answers(self, image_BMD: Tensor, max_length: int | None) -> list[Tensor]:
        decoder, steps = self.visual_decoder, self.tokenizer.steps(max_length)
        memory = decoder.project(image_BMD)
        answers = [generate(decoder, memory, steps, self.decode_ar, max_length is None)]
        for _ in range(self.refine_iters):
            answers.append(refine(decoder, memory, answers[-1], steps))
        return answers

    def _with_captions(self, image: Memory, answer_NLC: Tensor) -> Memory:
        """Return the cross-modal memory of an answer's captions."""
        captions = [self.captioner.caption(text) for text in self.tokenizer.texts(answer_NLC)]
        return self.with_captions(image, *self._caption_ids(captions))

    def _caption_ids(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Return the ids of the different captions, and the place of each caption in them."""
        places = {caption: i for i, caption in enumerate(dict.fromkeys(captions))}
        device = self.clip.positional_embedding.device
        ids = on_device(self.captioner.encode(list(places)), device)
        return ids, on_device([places[c] for c in captions], device)

    def _freeze_cross_branch(self) -> None:
        """Exclude what the loss does not reach, which distributed training would wait for."""
        self.cross_decoder.requires_grad_(False)
        for name, parameter in self.clip.named_parameters():
            if not name.startswith("visual."):
                parameter.requires_grad_(False)
