"""CLIP4STR: a visual and a cross-modal branch on one CLIP.

Zhao et al., "CLIP4STR: A Simple Baseline for Scene Text Recognition with Pre-trained
Vision-Language Model", TIP 2024.

Shapes: B crops, K orders, N = B * K, M image tokens, D joint embedding, L positions, C classes.
"""

import torch
from torch import Tensor

from tcm.charset import CharsetConfig
from tcm.models.recognizers.attention import join
from tcm.models.recognizers.clip4str.captions import Captioner
from tcm.models.recognizers.clip4str.options import CrossTraining, DualDecoding
from tcm.models.recognizers.clip4str.towers import CLIPTowers, build_towers
from tcm.models.recognizers.decoder import Memory, PermutedDecoder
from tcm.models.recognizers.decoding import Reader, predicted_context
from tcm.models.recognizers.masks import cloze_mask
from tcm.models.recognizers.parts import build_part
from tcm.models.recognizers.permutations import OrderSampler
from tcm.models.recognizers.permuted import PermutedBatch, permuted_batch, permuted_loss
from tcm.models.recognizers.recognizer import TextRecognizer
from tcm.registry import MODELS
from tcm.structures import Config


@MODELS.register()
class CLIP4STR(TextRecognizer):
    """Read a crop, then read it again together with the CLIP text features of that answer.

    Parameters are under ``clip``, ``visual_decoder`` and ``cross_decoder``. The authors give the
    decoders 19 times the learning rate of CLIP.

    Args:
        pretrained: CLIP's weights as of `build_towers`; None for random initialisation.
        clip_model: Name of the architecture in open_clip, which `pretrained` belongs to.
        clip: Changes of the architecture in open_clip's form, as of `build_towers`.
        released_clip: Whether CLIP runs as in the released code, as of `build_towers`; the
            published checkpoints other than those on OpenAI's or Apple's weights need it, and that
            of H/14 on Apple's for its heads.
        frozen: Arguments of `CLIPTowers.freeze`; half of the 12 text layers by default.
        decoder: Arguments of `PermutedDecoder` but `tokens` and `width`, for both branches.
        charset: As of `Tokens`; the 94 printable characters by default.
        max_length: Characters that are read at most.
        captions: Arguments of `Captioner`.
        orders: Arguments of `OrderSampler`.
        training: Arguments of `CrossTraining`.
        decoding: Arguments of `DualDecoding`.
        normalisation: As of `TextRecognizer`. The released code trains with ``clip`` and tests with
            ``half``; here one name holds for both.
    """

    def __init__(
        self,
        pretrained: str | None,
        clip_model: str = "ViT-B-16-quickgelu",
        clip: Config | None = None,
        released_clip: bool = False,
        frozen: Config | None = None,
        decoder: Config | None = None,
        charset: CharsetConfig = 94,
        max_length: int = 25,
        captions: Config | None = None,
        orders: Config | None = None,
        training: Config | None = None,
        decoding: Config | None = None,
        normalisation: str = "clip",
    ) -> None:
        super().__init__(charset, max_length, normalisation)
        self.clip: CLIPTowers = build_towers(pretrained, clip_model, clip, released_clip)
        build_part(self.clip.freeze, frozen, "model.frozen")
        given = {"tokens": self.tokens, "width": self.clip.text_projection.shape[1]}
        self.visual_decoder, self.cross_decoder = (
            build_part(PermutedDecoder, decoder, "model.decoder", **given) for _ in range(2)
        )
        self.captioner = build_part(Captioner, captions, "model.captions")
        self.order_sampler = build_part(OrderSampler, orders, "model.orders")
        self.cross_training = build_part(CrossTraining, training, "model.training")
        self.decoding = build_part(DualDecoding, decoding, "model.decoding")
        if self.cross_training.cross_loss_w == 0:
            self._freeze_cross_branch()

    def forward(self, images: Tensor, max_length: int | None = None) -> Tensor:
        """Return the logits (B, L, C) of crops; L depends on the longest text that is read.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            max_length: Characters that are read; then none stops early. None reads until every
                text has ended.
        """
        if self.decoding.output == "visual":
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
        reader = self._reader(self.cross_decoder, max_length)
        image = self.cross_decoder.project(image_BMD)
        own = self.decoding.step_budget == "own"
        cross = [
            reader.read(
                self._with_captions(image, visual[0]),
                early_stop=own and max_length is None,
                budget=None if own else visual[0].shape[1],
            )
        ]
        for answer in visual[1:]:
            cross.append(reader.refine(self._with_captions(image, answer), cross[-1]))
        return visual, cross

    def loss(self, images: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses of a batch, named float32 scalars; their sum is what is minimised.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            targets: ``text_rows`` as of `Tokens.from_rows`.
        """
        ids = self.tokens.from_rows(targets["text_rows"])
        orders = self.order_sampler(ids.shape[1] - 2)
        return self.permuted_losses(images, permuted_batch(ids, orders, self.tokens))

    def permuted_losses(self, images: Tensor, batch: PermutedBatch) -> dict[str, Tensor]:
        """Return the losses of given orders, as of `loss`."""
        visual, cross = self.permuted_logits(images, batch)
        losses = {"loss_visual": permuted_loss(visual, batch, self.tokens)}
        if cross is not None:
            weight = self.cross_training.cross_loss_w
            losses["loss_cross"] = weight * permuted_loss(cross, batch, self.tokens)
        return losses

    def permuted_logits(self, images: Tensor, batch: PermutedBatch) -> tuple[Tensor, Tensor | None]:
        """Return the logits (N, L, C) of both branches for every order, in one pass each.

        Those of the cross-modal branch are None if its loss has no weight.

        Args:
            images: (B, 3, H, W) RGB in 0..255.
            batch: Of `permuted_batch`.
        """
        options = self.cross_training
        image_BMD = self._image_memory(images)
        queries = slice(0, batch.context.shape[1])
        memory = self.visual_decoder.project(image_BMD)
        visual = self.visual_decoder(
            batch.context, memory, queries, batch.hidden, batch.content_hidden
        )
        if options.cross_loss_w == 0:
            return visual, None
        context, hidden = batch.context, batch.hidden
        if not options.cross_gt_context:
            context = predicted_context(visual, self.tokens)
        if options.cross_cloze_mask:
            hidden = cloze_mask(queries.stop, images.device) | batch.padding
        image = self.cross_decoder.project(
            image_BMD.detach() if options.image_detach else image_BMD
        )
        memory = self._with_captions(image, visual)
        cross = self.cross_decoder(context, memory, queries, hidden, batch.content_hidden)
        return visual, cross

    def caption_memory(self, captions: list[str]) -> Tensor:
        """Return CLIP's text features (N, caption tokens, D); equal captions are encoded once."""
        places = {caption: i for i, caption in enumerate(dict.fromkeys(captions))}
        device = self.clip.positional_embedding.device
        text_memory = self.clip.text_memory(self.captioner.encode(list(places)).to(device))
        return text_memory[torch.tensor([places[c] for c in captions], device=device)]

    def _image_memory(self, images: Tensor) -> Tensor:
        return self.clip.image_memory(self.normalise(images))

    def _visual_answers(self, image_BMD: Tensor, max_length: int | None) -> list[Tensor]:
        reader = self._reader(self.visual_decoder, max_length)
        memory = self.visual_decoder.project(image_BMD)
        answers = [reader.read(memory, early_stop=max_length is None)]
        for _ in range(self.decoding.refine_iters):
            answers.append(reader.refine(memory, answers[-1]))
        return answers

    def _with_captions(self, image: Memory, answer_NLC: Tensor) -> Memory:
        """Return the cross-modal memory: the image's tokens, then those of the answer's caption."""
        captions = [self.captioner.caption(text) for text in self.tokens.texts(answer_NLC)]
        text = self.cross_decoder.project(self.caption_memory(captions))
        return [join(shared, own) for shared, own in zip(image, text, strict=True)]

    def _reader(self, decoder: PermutedDecoder, max_length: int | None) -> Reader:
        return Reader(decoder, self.tokens, self.decoding, self.steps(max_length))

    def _freeze_cross_branch(self) -> None:
        """Exclude what the loss does not reach, which distributed training would wait for."""
        self.cross_decoder.requires_grad_(False)
        for name, parameter in self.clip.named_parameters():
            if not name.startswith("visual."):
                parameter.requires_grad_(False)
