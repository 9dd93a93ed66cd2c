"""The board: the open leads of a pipeline as cards in the columns of its stages."""
