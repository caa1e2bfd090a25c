"""CLIP's contrastive pretraining on images with captions."""
