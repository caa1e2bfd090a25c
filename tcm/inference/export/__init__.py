"""From a model to an exported folder: graphs by PyTorch's exporter, compared with the model."""
