"""The package inside others; nothing else of it imports what is here."""
