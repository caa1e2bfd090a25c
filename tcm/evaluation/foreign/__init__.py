"""What other systems have saved: one reader a source, and what they share."""
