"""Archives: everything of one company in a file, from which another installation makes it again."""
