"""MMOCR's configs read without MMOCR, and what they say in ours."""
