"""Models as folders that others can use: a card, weights, graphs; and the Hugging Face Hub."""
