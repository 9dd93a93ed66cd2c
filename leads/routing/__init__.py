"""What decides where a lead goes and what it is made of, from plain values alone."""
