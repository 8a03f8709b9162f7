"""Tables, lists and documents of prompts and questions."""
