"""The container's parts and what each is built from, one module for each capability."""
