"""Real servers that tests start and stop, one module each. They listen on 127.0.0.1, on free ports."""
