"""The parts of a running service: the dependencies of its handlers, its workers, health and shutdown."""
