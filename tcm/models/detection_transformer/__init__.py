"""Parts of detection transformers on several levels: attention, layers, matching, losses."""
