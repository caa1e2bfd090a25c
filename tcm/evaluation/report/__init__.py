"""What became of every text, as a protocol has matched it: figures by groups, and cases to show."""
